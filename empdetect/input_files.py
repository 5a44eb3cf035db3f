"""One recording to be scored: its files, opened as a Recording."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from empdetect.errors import InputError
from empdetect.participants.of_manifest import found_out
from empdetect.participants.people import WhoIsWho, people_of
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Task
from empdetect.windows import end_of
from empdetect.windows import segments as windows


@dataclass(frozen=True)
class Input:
    """One recording to be scored, not opened yet.

    Args:
        id: its name in all outputs.
        source: the file that stands for it in messages.
        files: its files by kind, one of ``KINDS``.
        segments: its segments, if a manifest gives them.
        notes: what the user should know about how its files were put together.
        problem: why it cannot be opened; empty if nothing is known.
        who: what is known and asked of the people in it.
    """

    id: str
    source: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    who: WhoIsWho = field(default_factory=WhoIsWho)

    def open(self) -> "Opened":
        """The recording.

        Raises:
            InputError: none of its files can be read.
        """
        if self.problem:
            raise InputError(self.problem)
        if self.segments:
            _refuse_unreadable(self.segments[0].recording)
            cast = found_out(self.segments[0].recording, self.who)
            given = [
                replace(segment, recording=cast.recording, participant=name)
                for segment in self.segments
                for name in cast.names[segment.participant]
            ]
            return Opened(cast.recording, tuple(given), (*self.notes, *cast.notes))
        people, notes = people_of(self.id, self.files, self.who)
        return Opened(Recording(self.id, people), (), (*self.notes, *notes))


@dataclass(frozen=True)
class Opened:
    """A recording and how it is to be scored.

    Args:
        recording: the recording.
        given: segments that a manifest asks for.
        notes: what the user should know, e.g. that a stream belongs to nobody.
    """

    recording: Recording
    given: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()

    def segments(self, task: Task) -> list[Segment]:
        """What to score: a manifest's segments that have times, else everyone in the windows of the task."""
        timed = [segment for segment in self.given if segment.start is not None or segment.end is not None]
        done = {segment.participant for segment in timed}
        wanted = {segment.participant for segment in self.given} - done
        if self.given and not wanted:
            return timed
        rest = windows(self.recording, task)
        return timed + [segment for segment in rest if not self.given or segment.participant in wanted]

    def end(self) -> float:
        """Moment at which the last stream that can be read ends, in seconds; 0 without a clock."""
        return end_of(self.recording)

    def transcript(self) -> Transcript:
        """What all participants said, by time, as far as it can be read."""
        files = {words.fingerprint(): (person, words) for person, words in self._readable()}
        found: list[Utterance] = []
        for person, words in files.values():
            alone = None if words.speakers else person.name
            found += [replace(u, speaker=u.speaker or alone) for u in words.utterances]
        return Transcript(tuple(sorted(found, key=lambda u: -1.0 if u.start is None else u.start)))

    def _readable(self) -> Iterator[tuple[Participant, Transcript]]:
        for person in self.recording.participants:
            if person.transcript is not None:
                with suppress(InputError):
                    yield person, person.transcript.read()


def _refuse_unreadable(recording: Recording) -> None:
    """Raise an InputError where streams were given and none of them can be read."""
    problems: dict[str, None] = {}
    for person in recording.participants:
        for _, stream in person.streams():
            try:
                stream.end()
            except InputError as error:
                problems[str(error)] = None
            else:
                return
    if problems:
        raise InputError("; ".join(problems))
