"""The files of one recording: what kind each is, and how they are opened as a Recording."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from empdetect.errors import InputError
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.media import open_media, tracks
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.transcript import Transcript, TranscriptFile, Utterance
from empdetect.streams.video import VideoStream
from empdetect.task import Task
from empdetect.windows import end_of
from empdetect.windows import segments as windows

ALONE = "speaker"
"""Name of a participant whom no transcript names."""


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
    """

    id: str
    source: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""

    def open(self) -> "Opened":
        """The recording.

        Raises:
            InputError: none of its files can be read.
        """
        if self.problem:
            raise InputError(self.problem)
        if self.segments:
            return Opened(self.segments[0].recording, self.segments, self.notes)
        people, notes = _participants(self.files)
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


def _participants(files: Mapping[str, Path]) -> tuple[tuple[Participant, ...], list[str]]:
    """The people of a recording, and notes about streams that belong to none of them.

    Raises:
        InputError: none of the files can be read.
    """
    video, audio, problems = _media(files)
    words = TranscriptFile(files["transcript"]) if "transcript" in files else None
    speakers: tuple[str, ...] = ()
    if words is not None:
        try:
            speakers = words.read().speakers
        except InputError as error:
            problems.append(str(error))
    physiology = PhysiologyFile(files["physiology"]) if "physiology" in files else None
    if physiology is not None and len(problems) == len(files) - 1:
        problems += _problem_of(physiology)
    if len(problems) == len(files):
        raise InputError("; ".join(problems))
    if len(speakers) > 1:
        return tuple(Participant(name, transcript=words) for name in speakers), _unowned(files, speakers)
    name = speakers[0] if speakers else ALONE
    return (Participant(name, None, video, audio, words, physiology),), []


def _media(files: Mapping[str, Path]) -> tuple[VideoStream | None, AudioStream | None, list[str]]:
    """Picture, sound, and why files cannot be read. A file that cannot be read stays, so that its reason is told."""
    problems = []
    video, audio = files.get("video"), files.get("audio")
    found = tracks(video) if video else set()
    if video is not None and not found & {"video", "audio"}:
        problems += _unreadable(video, "video")
        found = {"video", "audio"}
    if audio is not None and "audio" not in tracks(audio):
        problems += _unreadable(audio, "audio")
    sound = audio or (video if "audio" in found else None)
    picture = video if "video" in found else None
    return (
        None if picture is None else VideoStream(picture),
        None if sound is None else AudioStream(sound),
        problems,
    )


def _unreadable(path: Path, kind: Literal["video", "audio"]) -> list[str]:
    try:
        with open_media(path, kind):
            return []
    except InputError as error:
        return [str(error)]


def _problem_of(physiology: PhysiologyFile) -> list[str]:
    try:
        physiology.read()
    except InputError as error:
        return [str(error)]
    return []


def _unowned(files: Mapping[str, Path], speakers: tuple[str, ...]) -> list[str]:
    """Notes about files that cannot be given to one of several speakers."""
    names = ", ".join(speakers[:4]) + (", ..." if len(speakers) > 4 else "")
    return [
        f"{path.name} is given to nobody: the transcript names {len(speakers)} speakers ({names}) and nothing says "
        "whose it is; a manifest can say so"
        for kind, path in files.items()
        if kind != "transcript"
    ]
