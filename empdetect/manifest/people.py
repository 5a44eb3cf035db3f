"""The people of a manifest: what all rows of a participant together say of them and their streams."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from empdetect.manifest.faults import Fault, shown
from empdetect.manifest.media import Problem
from empdetect.manifest.rows import CHANNEL, FILES, OFFSETS, PERSON_COLUMNS, RATE, Entry, is_number
from empdetect.recording import Participant
from empdetect.streams.audio import AudioStream
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.table import TableFile
from empdetect.streams.transcript import TranscriptFile
from empdetect.streams.video import VideoStream


@dataclass(frozen=True)
class Source:
    """Where a stream comes from.

    Args:
        path: its file.
        offset: moment on the recording's clock at which the file starts, in seconds.
        rate: sampling rate in Hz, for physiology.
        channel: which channel of a sound is this person, counted from 0; None mixes all.
    """

    path: Path
    offset: float = 0.0
    rate: float | None = None
    channel: int | None = None


@dataclass
class Person:
    """A participant of a recording.

    Args:
        recording, name: who it is.
        entries: their rows.
        given: what the rows say of them, by column: the cell and the line that says it first.
        sources: their streams by kind.
        problems: what is wrong with each stream, by kind.
    """

    recording: str
    name: str
    entries: list[Entry] = field(default_factory=list)
    given: dict[str, tuple[str, int]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)

    def usable(self) -> dict[str, Source]:
        """The streams that nothing but warnings speak against."""
        return {kind: source for kind, source in self.sources.items() if not self.broken(kind)}

    def broken(self, kind: str) -> bool:
        """Whether a stream cannot be used."""
        return any(problem.severity == "error" for problem in self.problems.get(kind, ()))

    def participant(self) -> Participant:
        """The participant with the streams that can be used."""
        sources = self.usable()
        video, audio, transcript, physiology, features = (
            sources.get(kind) for kind in ("video", "audio", "transcript", "physiology", "features")
        )
        return Participant(
            self.name,
            self.given["role"][0] if "role" in self.given else None,
            None if video is None else VideoStream(video.path, video.offset),
            None if audio is None else AudioStream(audio.path, audio.offset, audio.channel),
            None if transcript is None else TranscriptFile(transcript.path, transcript.offset),
            None if physiology is None else PhysiologyFile(physiology.path, physiology.rate, physiology.offset),
            {} if features is None else {"features": TableFile(features.path, features.offset)},
        )


def gather(entries: Iterable[Entry], folder: Path) -> tuple[list[Person], list[Fault]]:
    """Put the rows of each participant together.

    Args:
        entries: the rows.
        folder: where relative paths start.

    Returns:
        The people in the order of the rows, and the rows that contradict an earlier one.
    """
    people: dict[tuple[str, str], Person] = {}
    faults = []
    for entry in entries:
        person = people.setdefault((entry.recording, entry.participant), Person(entry.recording, entry.participant))
        person.entries.append(entry)
        for column in PERSON_COLUMNS:
            faults += _take(person, entry, column)
    for person in people.values():
        for kind in FILES:
            if kind in person.given:
                _add_source(person, kind, folder)
    return list(people.values()), faults


def stream_faults(people: Iterable[Person]) -> list[Fault]:
    """The problems of all streams, as faults of rows.

    An error makes every row of the participant unusable; a warning is said once for a file.
    """
    faults = []
    warned = set()
    for person in people:
        for kind, problems in person.problems.items():
            for problem in problems:
                if problem.severity == "error":
                    faults += [_stream_fault(person, entry, kind, problem) for entry in person.entries]
                elif (person.given[kind][0], problem) not in warned:
                    warned.add((person.given[kind][0], problem))
                    faults.append(_stream_warning(person, kind, problem))
    return faults


def _stream_fault(person: Person, entry: Entry, kind: str, problem: Problem) -> Fault:
    cell, line = person.given[kind]
    where = "" if kind in entry.cells else f" (named in line {line})"
    return Fault(entry.line, problem.column, f"'{shown(cell)}'{where}: {problem.problem}", problem.remedy)


def _stream_warning(person: Person, kind: str, problem: Problem) -> Fault:
    cell, line = person.given[kind]
    return Fault(line, problem.column, f"'{shown(cell)}': {problem.problem}", problem.remedy, "warning")


def _take(person: Person, entry: Entry, column: str) -> list[Fault]:
    cell = entry.cells.get(column)
    if cell is None:
        return []
    before, line = person.given.setdefault(column, (cell, entry.line))
    if _same(before, cell):
        return []
    problem = (
        f"'{shown(cell)}' contradicts '{shown(before)}' of the same participant '{shown(person.name)}' "
        f"of '{shown(person.recording)}' in line {line}"
    )
    return [Fault(entry.line, column, problem, "say the same in both, or give this row another recording")]


def _same(one: str, other: str) -> bool:
    if is_number(one) and is_number(other):
        return float(one) == float(other)
    return os.path.normpath(one) == os.path.normpath(other)


def _add_source(person: Person, kind: str, folder: Path) -> None:
    problems: list[Problem] = []
    offset = _number(person, OFFSETS[kind], "seconds, such as 1.5 or -0.2", problems)
    rate = _number(person, RATE, "Hz above 0, such as 64", problems) if kind == "physiology" else None
    channel = _number(person, CHANNEL, "a channel counted from 0", problems) if kind == "audio" else None
    if rate is not None and rate <= 0:
        problems.append(Problem(RATE, f"a rate of {rate:g} Hz is impossible", "give Hz above 0, such as 64"))
    if channel is not None and channel not in range(64):
        problems.append(Problem(CHANNEL, f"channel {channel:g} is impossible", "count channels from 0"))
        channel = None
    person.problems[kind] = problems
    path = folder / person.given[kind][0]
    person.sources[kind] = Source(path, offset or 0.0, rate, None if channel is None else int(channel))


def _number(person: Person, column: str, wanted: str, problems: list[Problem]) -> float | None:
    cell = person.given.get(column, (None, 0))[0]
    if cell is None:
        return None
    if not is_number(cell):
        problems.append(Problem(column, f"'{shown(cell)}' is no number", f"give {wanted}"))
        return None
    return float(cell)


def together(people: Iterable[Person]) -> dict[str, Sequence[Person]]:
    """The people of each recording."""
    recordings: dict[str, list[Person]] = {}
    for person in people:
        recordings.setdefault(person.recording, []).append(person)
    return {name: tuple(members) for name, members in recordings.items()}
