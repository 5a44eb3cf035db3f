"""Who is compared: files of one person each, recordings of several, or the people of a Scores table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from empdetect.comparing.utterances import utterance_series
from empdetect.contagion.series import Series
from empdetect.contagion.sources import available, series_of, series_of_scores
from empdetect.errors import InputError
from empdetect.file_kinds import kind_of, name_of
from empdetect.input_files import Input
from empdetect.inputs import find_recordings
from empdetect.participants.people import WhoIsWho, people_of
from empdetect.recording import Participant
from empdetect.scores import COLUMNS, Scores
from empdetect.streams.files import require_file, separator
from empdetect.streams.table import TableFile

if TYPE_CHECKING:
    from empdetect.comparing.settings import Settings

TABLE = "table"
"""Name of the one table of a person whose file is one; its columns go by their own names."""
SCORE_RATE = 1.0
"""Samples a second, in Hz, of scores of windows and utterances, unless told otherwise."""


@dataclass(frozen=True)
class Person:
    """One person and how their signals are read.

    Args:
        name: of the person.
        signals: names of those that are there.
        read: gives the series of a name, at a rate in Hz where the signal has none of its own.
    """

    name: str
    signals: tuple[str, ...]
    read: Callable[[str, float | None], Series]


Opened: TypeAlias = tuple[tuple[Person, ...], tuple[str, ...]]
"""People, and what the user should know of their files."""


@dataclass(frozen=True)
class Group:
    """People who were together, not opened yet.

    Args:
        entry: how outputs and messages call it.
        open: gives the people and what the user should know of their files.
    """

    entry: Input
    open: Callable[[], Opened]


def groups_of(inputs: Sequence[Path | str], settings: "Settings", who: WhoIsWho | None = None) -> list[Group]:
    """The groups that inputs name.

    Args:
        inputs: two or more files, one a person; or one recording, folder, pattern or manifest; or the ``scores.tsv``
            of ``empdetect score``.
        settings: its detector scores the utterances of transcripts.
        who: who the people of recordings are.

    Raises:
        InputError: a file does not exist, or nothing was found.
    """
    if not inputs:
        raise InputError("Comparing people: give two files or more, one a person, or one recording")
    paths = [Path(name) for name in inputs]
    if len(paths) > 1:
        for path in paths:
            require_file(path)
        return [_of_files(paths, settings)]
    if _is_scores(paths[0]):
        return _of_scores(paths[0])
    return [Group(entry, partial(_of_recording, entry, settings)) for entry in find_recordings(inputs, who=who)]


def person_of_file(path: Path, name: str, settings: "Settings") -> Person:
    """The person whom a file holds.

    Args:
        path: media, physiology, a transcript, or a table (.csv, .tsv) with a column of seconds.
        name: of the person.
        settings: its detector scores utterances.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    require_file(path)
    if _is_table(path):
        return _of_participant(Participant(name, tables={TABLE: TableFile(path)}), settings)
    people, _ = people_of(name, {kind_of(path): path}, WhoIsWho())
    if len(people) > 1:
        raise InputError(
            f"Reading {path}: it holds {len(people)} people ({', '.join(person.name for person in people)}), one is "
            "needed; give it alone to compare them, or one file a person"
        )
    [one] = people
    return _of_participant(
        Participant(name, None, one.video, one.audio, one.transcript, one.physiology, one.tables), settings
    )


def _of_files(paths: Sequence[Path], settings: "Settings") -> Group:
    names = _names(paths)
    shared = "+".join(names)

    def opened() -> Opened:
        return tuple(person_of_file(path, name, settings) for path, name in zip(paths, names, strict=True)), ()

    return Group(Input(shared, paths[0]), opened)


def _names(paths: Sequence[Path]) -> list[str]:
    """Names of files without endings; with their folder where two are called alike."""
    short = [name_of(path) for path in paths]
    if len(set(short)) == len(short):
        return short
    longer = [f"{path.absolute().parent.name}-{name}" for path, name in zip(paths, short, strict=True)]
    if len(set(longer)) < len(longer):
        raise InputError(f"Comparing people: two of the files are called alike ({', '.join(longer)}); rename one")
    return longer


def _of_recording(entry: Input, settings: "Settings") -> Opened:
    opened = entry.open()
    return tuple(_of_participant(person, settings) for person in opened.recording.participants), opened.notes


def _of_participant(person: Participant, settings: "Settings") -> Person:
    plain = person.tables[TABLE].read().columns if TABLE in person.tables else ()
    words = utterance_series(person, settings.detector) if person.transcript is not None else None
    there = (*plain, *(name for name in available(person) if not name.startswith(f"{TABLE}.")))

    def read(signal: str, rate: float | None) -> Series:
        if signal in plain:
            return replace(series_of(person, f"{TABLE}.{signal}", rate), name=signal)
        if words is not None and signal not in there:
            return words(signal, rate or SCORE_RATE)
        return series_of(person, signal, rate)

    return Person(person.name, there, read)


def _of_scores(path: Path) -> list[Group]:
    scores = Scores.read(path)
    recordings = map(str, scores.table["recording"].unique())
    return [Group(Input(name, path), partial(_scored, scores, name)) for name in recordings]


def _scored(scores: Scores, recording: str) -> Opened:
    table = scores.table[scores.table["recording"] == recording]
    return tuple(_scored_person(scores, recording, str(name)) for name in table["participant"].unique()), ()


def _scored_person(scores: Scores, recording: str, name: str) -> Person:
    table = scores.table[(scores.table["recording"] == recording) & (scores.table["participant"] == name)]

    def read(signal: str, rate: float | None) -> Series:
        return series_of_scores(scores, recording, name, signal, rate or SCORE_RATE)

    return Person(name, tuple(map(str, table["measure"].unique())), read)


def _is_table(path: Path) -> bool:
    body = path.name.lower().endswith(("_physio.csv", "_physio.tsv"))
    return path.suffix.lower() in (".csv", ".tsv") and not body and "text" not in _header(path)


def _is_scores(path: Path) -> bool:
    return path.suffix == ".tsv" and path.is_file() and _header(path) == list(COLUMNS)


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            return [name.strip() for name in file.readline().rstrip("\r\n").split(separator(path))]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Reading {path}: it is no table of text ({error}); give a CSV or TSV in UTF-8") from None
