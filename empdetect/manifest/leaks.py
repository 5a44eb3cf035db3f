"""What a manifest says twice: duplicate rows, groups in two splits, one file under two names."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from empdetect.manifest.faults import Fault, shown
from empdetect.manifest.people import Person
from empdetect.manifest.rows import Entry
from empdetect.streams.files import file_fingerprint

RECORDED = ("video", "audio", "physiology", "features")
"""Streams of which two people cannot have the same. Two people may well say the same words."""


def duplicate_faults(entries: Iterable[Entry]) -> list[Fault]:
    """Rows that say again what an earlier one said: the same segment, or the same cells.

    Args:
        entries: the rows, those that shall be kept first.
    """
    seen: dict[object, Entry] = {}
    faults = []
    for entry in entries:
        key: object = (entry.recording, entry.participant, entry.start, entry.end)
        if not entry.labels:
            key = (key, tuple(sorted(entry.cells.items())))
        first = seen.setdefault(key, entry)
        if first is entry:
            continue
        problem = f"the same row as line {first.line}"
        if first.cells != entry.cells:
            problem = f"the same segment as line {first.line}, with other cells"
        remedy = "keep one row for a segment, with all its labels"
        faults.append(Fault(entry.line, None, problem, remedy))
    return faults


def split_faults(entries: Sequence[Entry]) -> list[Fault]:
    """Labelled rows whose group is in another split, or which alone have none.

    Args:
        entries: the labelled rows, those that shall be kept first.
    """
    splits: dict[str, Entry] = {}
    faults = []
    for entry in entries:
        if entry.split is None:
            continue
        first = splits.setdefault(entry.group, entry)
        if first.split != entry.split:
            group = f"group '{shown(entry.group)}' is in split {entry.split} here and in {first.split}"
            remedy = "put all rows of a group in one split"
            faults.append(Fault(entry.line, "group", f"{group} in line {first.line}", remedy))
    if splits:
        remedy = "give every labelled row a split, or none"
        faults += [
            Fault(entry.line, "split", "no split is given here, but in other rows", remedy)
            for entry in entries
            if "split" not in entry.cells
        ]
    return faults


def content_faults(people: Iterable[Person], order: Sequence[Entry]) -> list[Fault]:
    """Labelled rows that see the same recorded content as a row of another group.

    It is an error in two splits, and else a warning, as a later split by group may part them.

    Args:
        people: the participants and their streams.
        order: the labelled rows, those that shall be kept first.
    """
    owners = {(person.recording, person.name): person for person in people}
    content = _contents(owners.values())
    seen: dict[str, tuple[Entry, Path]] = {}
    warned = set()
    faults = []
    for entry in order:
        for kind, source in owners[entry.recording, entry.participant].usable().items():
            if kind not in RECORDED:
                continue
            same = content[source.path]
            first, path = seen.setdefault(same, (entry, source.path))
            if first.group == entry.group:
                continue
            apart = None not in (first.split, entry.split) and first.split != entry.split
            if apart or (first.recording != entry.recording and (same, entry.group) not in warned):
                warned.add((same, entry.group))
                faults.append(_content_fault(entry, kind, first, path, source.path, apart))
    return faults


def _content_fault(entry: Entry, kind: str, first: Entry, path: Path, again: Path, apart: bool) -> Fault:
    found = "the same file as" if path == again else f"the same content as '{shown(path.name)}'"
    where = f"in split {first.split}, here {entry.split}" if apart else f"of another group, '{shown(first.group)}'"
    problem = f"'{shown(again.name)}' is {found} in line {first.line}, {where}"
    remedy = "give both rows one group and one split, or remove one of them"
    return Fault(entry.line, kind, problem, remedy, "error" if apart else "warning")


def _contents(people: Iterable[Person]) -> dict[Path, str]:
    """A name for the content of each file: equal if the content is. Only files of equal size are read for it."""
    paths = {source.path for person in people for kind, source in person.usable().items() if kind in RECORDED}
    sizes = {path: path.stat().st_size for path in paths}
    sharing = Counter(sizes.values())
    return {path: file_fingerprint(path) if sharing[size] > 1 else str(path) for path, size in sizes.items()}
