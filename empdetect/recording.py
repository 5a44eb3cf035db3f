"""Recording: one interaction of one or more people, each with the streams recorded of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from empdetect.errors import InputError
from empdetect.streams.absent import Absent
from empdetect.streams.audio import AudioStream
from empdetect.streams.physiology import Physiology, PhysiologyFile
from empdetect.streams.table import Table, TableFile
from empdetect.streams.transcript import Transcript, TranscriptFile
from empdetect.streams.video import VideoStream

Words = Transcript | TranscriptFile | Absent
Body = Physiology | PhysiologyFile | Absent
Stream = AudioStream | VideoStream | Words | Body | Table | TableFile


Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Participant:
    """One person and what was recorded of them. Any stream may be missing.

    Args:
        name: how the person is called in the recording; the ``participant`` of its scores.
        role: what they are in it, e.g. ``target``, ``observer``, ``seeker``, ``supporter``.
        video, audio, transcript, physiology: the streams, all on the recording's clock.
        tables: features that another tool computed, by name, e.g. ``face``.
    """

    name: str
    role: str | None = None
    video: VideoStream | None = None
    audio: AudioStream | None = None
    transcript: Words | None = None
    physiology: Body | None = None
    tables: Mapping[str, Table | TableFile] = field(default_factory=dict)

    def streams(self) -> Iterator[tuple[str, Stream]]:
        """The streams that are there, by name."""
        for name in ("video", "audio", "transcript", "physiology"):
            stream = getattr(self, name)
            if stream is not None:
                yield name, stream
        yield from self.tables.items()

    def end(self) -> float:
        """Moment at which the last stream ends, in seconds; 0 if no stream has a clock."""
        return max((stream.end() for _, stream in self.streams()), default=0.0)


@dataclass(frozen=True)
class Recording:
    """One interaction.

    Args:
        id: its name; the ``recording`` of its scores.
        participants: the people in it, at least one, names unlike each other.
    """

    id: str
    participants: tuple[Participant, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "participants", tuple(self.participants))
        names = [participant.name for participant in self.participants]
        if not names:
            raise InputError(f"Recording '{self.id}': at least one participant is needed")
        if len(set(names)) < len(names):
            raise InputError(f"Recording '{self.id}': participants need names unlike each other, got {names}")

    def participant(self, name: str) -> Participant:
        """The participant of that name."""
        for participant in self.participants:
            if participant.name == name:
                return participant
        names = ", ".join(participant.name for participant in self.participants)
        raise InputError(f"Recording '{self.id}': no participant '{name}', it has {names}")

    def seen_from(self, name: str) -> tuple[Participant, ...]:
        """All participants, the named one first and the others in their order."""
        first = self.participant(name)
        return (first, *(other for other in self.participants if other is not first))

    def end(self) -> float:
        """Moment at which the last stream ends, in seconds; 0 without a clock."""
        return max(participant.end() for participant in self.participants)


@dataclass(frozen=True)
class Segment:
    """One thing to score or to learn from: a participant of a recording, from start to end.

    Args:
        recording: the recording.
        participant: name of the person who is scored; the others are their context.
        start, end: seconds on the recording's clock; None takes it from its start or to its end.
        labels: known labels by target name; NaN or absent is unknown.
        group: what must not be on both sides of a split (a person, a scenario, a duplicate).
        split: ``train``, ``val`` or ``test`` where the dataset fixes it.
        row: where the segment stands in its manifest, for messages.
    """

    recording: Recording
    participant: str
    start: float | None = None
    end: float | None = None
    labels: Mapping[str, float] = field(default_factory=dict)
    group: str | None = None
    split: str | None = None
    row: int | None = None

    def people(self) -> tuple[Participant, ...]:
        """The scored person first, then the others."""
        return self.recording.seen_from(self.participant)
