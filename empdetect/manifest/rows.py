"""Rows of a manifest, understood: names, times and labels as typed values, and what is wrong with them."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from empdetect.errors import InputError
from empdetect.manifest.faults import Fault, ManifestError, shown
from empdetect.manifest.file import KEY, ManifestFile, Row
from empdetect.recording import SPLITS
from empdetect.task import Target

FILES = ("video", "audio", "transcript", "physiology", "features")
"""Columns that name the file of a stream."""
OFFSETS = {name: f"{name}_offset" for name in FILES}
RATE = "physiology_rate"
CHANNEL = "audio_channel"
PERSON_COLUMNS = ("role", *FILES, *OFFSETS.values(), RATE, CHANNEL)
"""Columns that say the same of a participant in each of their rows, or nothing."""
COLUMNS = (KEY, "participant", "split", "group", "start", "end", *PERSON_COLUMNS)
"""Columns that are no labels."""
ALONE = "speaker"
"""Name of a participant whose row does not name them."""

NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Entry:
    """A row, understood. A cell with a fault counts as unknown.

    Args:
        line: where it stands in the file.
        recording, participant: whom it is about.
        cells: all its known cells, as they stand.
        split: ``train``, ``val`` or ``test``.
        group: what must not cross a split; the recording unless given.
        start, end: seconds on the recording's clock.
        labels: known labels by target.
    """

    line: int
    recording: str
    participant: str
    cells: dict[str, str]
    split: str | None = None
    group: str = ""
    start: float | None = None
    end: float | None = None
    labels: dict[str, float] = field(default_factory=dict)


def read_entries(file: ManifestFile, targets: Sequence[Target] | None) -> tuple[list[Entry], list[Fault]]:
    """Understand the rows of a manifest.

    Args:
        file: its rows.
        targets: the labels a task asks for; None takes every further column of numbers as one.

    Returns:
        The rows that name a recording, and all faults of columns and cells.

    Raises:
        InputError: a target is called like a column that is no label, or no target has a column.
    """
    labels = label_columns(file, targets)
    faults = _column_faults(file, labels, targets)
    found = []
    for row in file.rows:
        entry, problems = _entry(row, labels, {target.name: target for target in targets or ()})
        faults += problems
        if entry is not None:
            found.append(entry)
    return found, faults + _empty_labels(file, labels, found)


def label_columns(file: ManifestFile, targets: Sequence[Target] | None) -> list[str]:
    """Columns that hold labels: those of the targets, or all further ones that mostly hold numbers.

    Raises:
        InputError: a target is called like a column that is no label.
    """
    if targets is None:
        further = [name for name in file.columns if name not in COLUMNS and _misspelt(name, file, ()) is None]
        return [name for name in further if _mostly_numbers(file, name)]
    taken = [target.name for target in targets if target.name in COLUMNS]
    if taken:
        raise InputError(f"Reading a manifest: the target '{taken[0]}' is called like a column; rename the target")
    return [target.name for target in targets if target.name in file.columns]


def require_labels(file: ManifestFile, targets: Sequence[Target]) -> None:
    """Make sure that one target at least has a column.

    Raises:
        InputError: none has.
    """
    names = [target.name for target in targets]
    if not any(name in file.columns for name in names):
        have = shown(", ".join(file.columns))
        fault = Fault(1, names[0], f"no column holds a label, the file has {have}", f"add {' or '.join(names)}")
        raise ManifestError(file.path, fault)


def _mostly_numbers(file: ManifestFile, column: str) -> bool:
    cells = [row.cells[column] for row in file.rows if column in row.cells]
    return 2 * sum(is_number(cell) for cell in cells) >= len(cells)


def is_number(cell: str) -> bool:
    """Whether a cell holds a finite number, written with a point."""
    return NUMBER.fullmatch(cell) is not None and math.isfinite(float(cell))


def _column_faults(file: ManifestFile, labels: Sequence[str], targets: Sequence[Target] | None) -> list[Fault]:
    """Columns that are neither known nor labels, and targets without a column."""
    wanted = [target.name for target in targets or ()]
    faults = []
    for name in file.columns:
        if name not in COLUMNS and name not in labels:
            faults += _unknown_column(file, name, wanted)
    for name in wanted:
        if name not in file.columns:
            remedy = "add it, or leave the target out of the task"
            faults.append(Fault(None, name, "this label of the task has no column", remedy, "warning"))
    return faults


def _misspelt(name: str, file: ManifestFile, wanted: Sequence[str]) -> str | None:
    """Column or target that is not there and that a name resembles."""
    absent = [column for column in (*COLUMNS, *wanted) if column not in file.columns]
    return next(iter(get_close_matches(name.lower(), absent, n=1, cutoff=0.8)), None)


def _unknown_column(file: ManifestFile, name: str, wanted: Sequence[str]) -> list[Fault]:
    lines = file.lines_of(name)
    meant = _misspelt(name, file, wanted)
    if meant is not None:
        remedy = f"rename it to '{meant}' if that is what it holds"
        return [Fault(line, name, "unknown column", remedy) for line in lines]
    why = (
        f"the targets of the task are {', '.join(wanted)}"
        if wanted
        else "it is no label, as it holds other than numbers"
    )
    remedy = "remove it, or make it a target of the task if it is a label"
    return [Fault(lines[0], name, f"unknown column, it is not read ({why})", remedy, "warning")]


def _empty_labels(file: ManifestFile, labels: Sequence[str], entries: Sequence[Entry]) -> list[Fault]:
    known = {name for entry in entries for name in entry.labels}
    remedy = "fill it in, or leave the target out of the task"
    return [
        Fault(file.columns[name], name, "no row has a usable value of this label", remedy, "warning")
        for name in labels
        if name not in known
    ]


def _entry(row: Row, labels: Sequence[str], targets: dict[str, Target]) -> tuple[Entry | None, list[Fault]]:
    recording = row.cells.get(KEY)
    if recording is None:
        return None, [Fault(row.line, KEY, "the recording has no name", "name it")]
    cells = _Cells(row)
    start, end = cells.seconds("start"), cells.seconds("end")
    if start is not None and end is not None and end <= start:
        cells.wrong("end", f"the segment ends at {end:g} s, not after its start at {start:g} s", "give a later end")
    known = {name: value for name in labels if (value := cells.label(name, targets.get(name))) is not None}
    return Entry(
        row.line,
        recording,
        row.cells.get("participant", ALONE),
        row.cells,
        cells.split(),
        row.cells.get("group", recording),
        start,
        end,
        known,
    ), cells.faults


class _Cells:
    """Reads the cells of one row and keeps what is wrong with them."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.faults: list[Fault] = []

    def wrong(self, column: str, problem: str, remedy: str) -> None:
        self.faults.append(Fault(self.row.line, column, problem, remedy))

    def seconds(self, column: str) -> float | None:
        cell = self.row.cells.get(column)
        if cell is None:
            return None
        if not is_number(cell):
            self.wrong(column, f"'{shown(cell)}' is no number", f"give seconds, such as 62.5{_hint(cell)}")
            return None
        if float(cell) < 0:
            remedy = "give seconds of 0 or more on the recording's clock, and shift the streams by their offsets"
            self.wrong(column, f"{float(cell):g} s is before the recording starts", remedy)
            return None
        return float(cell)

    def split(self) -> str | None:
        cell = self.row.cells.get("split")
        if cell is not None and cell not in SPLITS:
            allowed = f"write {', '.join(SPLITS[:-1])} or {SPLITS[-1]}, or leave the cells of this column empty"
            self.wrong("split", f"unknown split '{shown(cell)}'", allowed)
            return None
        return cell

    def label(self, column: str, target: Target | None) -> float | None:
        cell = self.row.cells.get(column)
        if cell is None:
            return None
        if target is not None and (level := _level(cell, target)) is not None:
            return float(level)
        if not is_number(cell) or _by_name_only(target):
            self.wrong(column, *_label_fault(cell, target))
            return None
        problem = None if target is None else target.label_problem(float(cell))
        if problem is not None:
            self.wrong(column, f"the label {problem}", "correct it, or leave the cell empty if it is unknown")
            return None
        return float(cell)


def _level(cell: str, target: Target) -> int | None:
    """Level or class that a cell names; '1.0' names the class '1'."""
    for level, name in enumerate(target.classes):
        if cell == name or (is_number(cell) and is_number(name) and float(cell) == float(name)):
            return level
    return None


def _by_name_only(target: Target | None) -> bool:
    """Whether levels go by their names alone: where names look like numbers, '1' may be a name or the second level."""
    return target is not None and any(is_number(name) for name in target.classes)


def _label_fault(cell: str, target: Target | None) -> tuple[str, str]:
    if cell.lower() in ("nan", "na", "none", "null", "inf", "-inf", "-", "?"):
        return f"'{shown(cell)}' is no label", "leave the cell empty, or write n/a, if the label is unknown"
    if target is not None and target.classes:
        return f"'{shown(cell)}' is no class of '{target.name}'", f"write one of {', '.join(target.classes)}"
    return f"'{shown(cell)}' is no number", f"write a number, or leave the cell empty if it is unknown{_hint(cell)}"


def _hint(cell: str) -> str:
    """What a cell that is almost a number should have looked like."""
    if ":" in cell:
        return " (not minutes and hours)"
    return " (with a point, not a comma)" if "," in cell else ""
