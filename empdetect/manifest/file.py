"""The file of a manifest: its lines as rows of text cells, with exact line numbers, from TSV or JSONL.

A TSV has no quoting: every line is one row, and a cell holds neither tabs nor line ends. So the line
of a row is the line an editor shows, and a quotation mark in a name is just that.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from empdetect.errors import InputError
from empdetect.manifest.faults import Fault, ManifestError, shown
from empdetect.streams.files import require_file

ENDINGS = (".tsv", ".jsonl")
UNKNOWN = ("", "n/a")
"""Cells that say that a value is not known."""
KEY = "recording"
"""The one column that every manifest needs."""


@dataclass(frozen=True)
class Row:
    """One row.

    Args:
        line: where it stands, counted from 1.
        cells: its known cells by column.
    """

    line: int
    cells: dict[str, str]


@dataclass
class ManifestFile:
    """What a manifest's file holds.

    Args:
        path: the file.
        columns: each column and the line that first names it.
        rows: the rows that could be read.
        faults: why others could not.
    """

    path: Path
    columns: dict[str, int] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def lines_of(self, column: str) -> list[int]:
        """Lines that name a column: the first of a TSV, each row that has it of a JSONL."""
        if self.path.suffix.lower() == ".tsv":
            return [self.columns[column]]
        return [row.line for row in self.rows if column in row.cells] or [self.columns[column]]

    def add(self, line: int, cells: Mapping[str, str]) -> None:
        """Add a row, with the cells that can be used."""
        stripped = {name: cell.strip() for name, cell in cells.items()}
        known = {name: cell for name, cell in stripped.items() if cell not in UNKNOWN}
        broken = [name for name, cell in known.items() if not _is_unicode(cell)]
        for name in broken:
            self.faults.append(
                Fault(
                    line,
                    name,
                    f"'{shown(known[name])}' holds bytes that are not UTF-8",
                    "rename the file to plain letters if it is a path, and save the manifest as UTF-8",
                )
            )
        if KEY not in broken:
            self.rows.append(Row(line, {name: cell for name, cell in known.items() if name not in broken}))


def read_file(path: Path) -> ManifestFile:
    """Read the rows of a manifest.

    Args:
        path: ``.tsv`` (tabs, UTF-8, first line names the columns) or ``.jsonl`` (one object a line).

    Raises:
        InputError: the file is missing or empty, has another ending, is not UTF-8, is separated by
            anything but tabs, or lacks the column ``recording``.
    """
    if path.suffix.lower() not in ENDINGS:
        raise InputError(
            f"Reading the manifest {shown(str(path))}: allowed endings are {', '.join(ENDINGS)}; "
            "export a table as tab-separated text in UTF-8"
        )
    lines = _lines(require_file(path))
    return _read_tsv(path, lines) if path.suffix.lower() == ".tsv" else _read_jsonl(path, lines)


def write_manifest(path: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write a manifest that ``read_file`` reads.

    Args:
        path: ``.tsv`` or ``.jsonl``.
        rows: texts, paths and numbers by column; None and NaN are unknown.

    Raises:
        InputError: another ending, or a cell or name that a manifest cannot hold.
    """
    table = [{name: _written(name, value) for name, value in row.items()} for row in rows]
    columns = list(dict.fromkeys(name for row in table for name in row))
    if path.suffix.lower() == ".tsv":
        lines = ["\t".join(columns), *("\t".join(row.get(name) or "n/a" for name in columns) for row in table)]
    elif path.suffix.lower() == ".jsonl":
        lines = [json.dumps(row, ensure_ascii=False) for row in table]
    else:
        raise InputError(f"Writing the manifest {path}: allowed endings are {', '.join(ENDINGS)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return path


def _written(column: str, value: object) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        value = None
    for text in (column or "\t", "" if value is None else str(value)):
        if re.search(r"[\t\r\n\0]", text) or text != text.strip() or not _is_unicode(text):
            raise InputError(
                f"Writing a manifest: '{shown(text)}' in column '{shown(column)}' cannot be written; "
                "leave out tabs, line ends, spaces at the edges and letters that are not Unicode"
            )
    return None if value is None else str(value)


def _is_unicode(text: str) -> bool:
    """Whether the text holds no byte that was not UTF-8 and no half of a surrogate pair."""
    return not any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def _lines(path: Path) -> list[str]:
    data = path.read_bytes()
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        fault = Fault(1, None, "the file is not UTF-8 text (it may be UTF-16, or a spreadsheet)", "save it as UTF-8")
        raise ManifestError(path, fault)
    return re.split(r"\r\n|\n|\r", data.decode("utf-8-sig", errors="surrogateescape"))


def _read_tsv(path: Path, lines: Sequence[str]) -> ManifestFile:
    header = [name.strip() or f"column {number}" for number, name in enumerate(lines[0].split("\t"), 1)]
    problem = _header_fault(header, lines[0])
    if problem is not None:
        raise ManifestError(path, problem)
    file = ManifestFile(path, dict.fromkeys(header, 1))
    for line, text in enumerate(lines[1:], 2):
        if not text.strip():
            continue
        cells = text.split("\t")
        if len(cells) == len(header):
            file.add(line, dict(zip(header, cells)))
        else:
            file.faults.append(_width_fault(line, text, len(cells), len(header)))
    return file


def _header_fault(header: Sequence[str], text: str) -> Fault | None:
    if not _is_unicode(text):
        return Fault(1, None, "the names of the columns are not UTF-8", "save the file as UTF-8")
    other = next((mark for mark in (",", ";", "|") if KEY in (cell.strip(' "') for cell in text.split(mark))), None)
    if len(header) == 1 and header[0] != KEY and other is not None:
        return Fault(1, None, f"the columns are separated by '{other}', not by tabs", "save it as tab-separated text")
    if KEY not in header:
        have = shown(", ".join(header))
        return Fault(1, KEY, f"this column is missing, the file has {have}", f"name the recordings' column '{KEY}'")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        return Fault(1, twice[0], "two columns have this name", "rename or remove one of them")
    return None


def _width_fault(line: int, text: str, cells: int, columns: int) -> Fault:
    other = next((mark for mark in (",", ";", "|") if len(text.split(mark)) == columns), None)
    found = f"it has {cells} cell{'s' if cells > 1 else ''}, the first line names {columns}"
    if other is not None:
        return Fault(line, None, f"{found}: the cells are separated by '{other}'", "separate them by tabs")
    return Fault(line, None, found, "write every cell, n/a where nothing is known, with one tab between two cells")


def _read_jsonl(path: Path, lines: Sequence[str]) -> ManifestFile:
    file = ManifestFile(path)
    for line, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            cells = _object(text)
        except (ValueError, RecursionError) as error:
            remedy = 'write one object a line, such as {"recording": "r1", "audio": "r1.wav"}'
            file.faults.append(Fault(line, None, f"not a row of JSON ({shown(str(error))})", remedy))
            continue
        for name in cells:
            file.columns.setdefault(name, line)
        file.add(line, cells)
    if KEY not in file.columns:
        have = shown(", ".join(file.columns)) or "none that can be read"
        fault = Fault(1, KEY, f"no row has this key, the keys are {have}", f"name the recording of each row in '{KEY}'")
        raise ManifestError(path, fault)
    return file


def _object(text: str) -> dict[str, str]:
    """The cells of one line of JSON.

    Raises:
        ValueError: it is not an object of texts, numbers, true, false and null, each key once.
    """
    content = json.loads(text, object_pairs_hook=_pairs)
    if not isinstance(content, dict):
        raise ValueError("an object in braces is needed")
    return {name: _cell(name, value) for name, value in content.items()}


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key stands twice")
    return content


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"'{name}' holds a {type(value).__name__}, a text or a number is needed")
