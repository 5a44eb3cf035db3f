"""Scores: the long table of a detector's answers. Every other output derives from it."""

import csv
import io
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from empdetect.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "recording": "Name of the recording.",
    "participant": "Name of the person the score is about.",
    "start": "Start of the window on the recording's clock, in seconds; n/a if the recording has no clock.",
    "end": "End of the window on the recording's clock, in seconds; n/a if the recording has no clock.",
    "measure": "What is scored: a target of the detector's task, or target=class for a class probability.",
    "score": "The calibrated score; n/a if the window could not be scored.",
    "low": "Lower end of the 90% interval; n/a if the detector is not calibrated, or had fewer than 9 cases for it.",
    "high": "Upper end of the 90% interval; n/a where low is.",
    "quality": "Mean signal quality of the modalities the detector reads, 0 (nothing there, or nothing like its "
    "training data) to 1.",
    "modalities": "Modalities that were there, each with its signal quality, as in audio:0.98 text:1.00.",
    "carried": "How much the score changes when a modality is left out (score with it minus score without), as in "
    "audio:+0.120 text:-0.031; n/a where there was one modality alone, which carried it all, or no score.",
    "reason": "Why there is no score, or why it is doubtful; n/a if neither.",
}
"""Columns of the table and what they mean."""

NUMBERS = ("start", "end", "score", "low", "high", "quality")
TEXTS = tuple(name for name in COLUMNS if name not in NUMBERS)
DECIMALS = 6
LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


@dataclass(frozen=True)
class Scores:
    """The long table: one row per recording, participant, window and measure.

    Args:
        table: data frame with the columns of ``COLUMNS``; numbers are NaN and texts empty where there is nothing.
        about: what was scored with what: detector, task, settings; goes into the sidecar.
    """

    table: "pd.DataFrame"
    about: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], about: Mapping[str, Any] | None = None) -> "Scores":
        """Scores of rows that name the columns; columns left out are empty."""
        import pandas as pd

        table = pd.DataFrame(list(rows), columns=list(COLUMNS))
        return cls(_typed(table), dict(about or {}))

    def __len__(self) -> int:
        return len(self.table)

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dictionaries by column; NaN and empty texts where there is nothing."""
        return [{str(name): value for name, value in row.items()} for row in self.table.to_dict("records")]

    def write(self, path: Path) -> Path:
        """Write the table as ``.tsv`` with its JSON sidecar, or all in one ``.json``.

        A ``.json`` with all rows is a sidecar too: a ``.tsv`` of the same name, written before or
        after it, shares it. Numbers have up to 6 decimals.

        Raises:
            InputError: the ending is neither, or the file cannot be written.
        """
        if path.suffix not in (".tsv", ".json"):
            raise InputError(f"Writing scores to {path}: allowed endings are .tsv, .json")
        if path.suffix == ".json":
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_json(path, {**_head(self.about), "rows": _rows(self.table)})
            return path
        sidecar = path.with_suffix(".json")
        shared = _holds_rows(sidecar)
        with ScoresFile(path, self.about) as file:
            file.add(self)
        if shared:
            self.write(sidecar)
        return path

    @classmethod
    def read(cls, path: Path) -> "Scores":
        """Read a table that ``write`` wrote.

        Raises:
            InputError: the file is missing or not a Scores table.
        """
        if not path.is_file():
            raise InputError(f"Reading scores: no file {path}")
        if path.suffix == ".json":
            content = _read_json(path)
            if "rows" not in content:
                raise InputError(f"Reading scores from {path}: it holds no rows; read the .tsv that it lies beside")
            return cls.of(content["rows"], content["about"])
        sidecar = path.with_suffix(".json")
        about = _read_json(sidecar)["about"] if sidecar.is_file() else {}
        return cls(_typed(_read_tsv(path)), about)


class ScoresFile:
    """A ``.tsv`` that grows row by row, so that a stopped run loses nothing; a context manager.

    Args:
        path: the file; an older one is replaced, and so is its sidecar.
        about: as for ``Scores``.

    Raises:
        InputError: the file cannot be written.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("wb", buffering=0)
            _write_json(path.with_suffix(".json"), _head(about))
            append(self._file, ("\t".join(COLUMNS) + "\n").encode())

    def add(self, scores: Scores) -> None:
        """Write rows to the disk."""
        self.add_lines(as_lines(scores))

    def add_lines(self, lines: str) -> None:
        """Write rows that ``as_lines`` made. If they do not fit on the disk, none of them is left there."""
        with writing(self.path):
            append(self._file, lines.encode())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> "ScoresFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def as_lines(scores: Scores) -> str:
    """Rows as they stand in a ``.tsv``, each with its line end."""
    return _joined({name: scores.table[name].tolist() for name in COLUMNS})


def lines_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """``as_lines`` of ``Scores.of`` the rows, without a data frame: of many small recordings those take most time."""
    kept = list(rows)
    return _joined(_plain({name: [row.get(name) for row in kept] for name in COLUMNS}))


def from_lines(lines: str, about: Mapping[str, Any] | None = None) -> Scores:
    """Scores of rows that ``as_lines`` made."""
    return Scores.of(rows_of(lines), about)


def rows_of(lines: str) -> list[dict[str, Any]]:
    """Plain rows of lines that ``as_lines`` made: NaN and '' where there is nothing."""
    rows = lines.split("\n")[:-1]
    cells = ((None if cell == "n/a" else cell for cell in row.split("\t")) for row in rows)
    return [
        {name: _number(cell) if name in NUMBERS else cell or "" for name, cell in zip(COLUMNS, row, strict=True)}
        for row in cells
    ]


def _joined(columns: Mapping[str, Sequence[Any]]) -> str:
    # Texts hold no tabs and line ends, so nothing needs quotes and every line is one row.
    cells = [
        ["n/a" if math.isnan(v) else repr(v) for v in values] if name in NUMBERS else [v or "n/a" for v in values]
        for name, values in columns.items()
    ]
    return "".join("\t".join(row) + "\n" for row in zip(*cells, strict=True))


def _number(cell: object) -> float:
    return math.nan if cell is None else float(str(cell))


def _plain(columns: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    """Numbers as floats of 6 decimals, texts as one line each; NaN and '' where there is nothing."""
    import numpy as np
    import pandas as pd

    found: dict[str, list[Any]] = {}
    for name, values in columns.items():
        if name in NUMBERS:
            found[name] = np.round(np.array(values, float), DECIMALS).tolist()
        else:
            found[name] = ["" if pd.isna(value) else one_line(value) for value in values]
    return found


def append(file: "io.FileIO", data: bytes) -> None:
    """Write all of the data to the end of an unbuffered file, or none of it.

    Raises:
        OSError: they cannot be written, as on a full disk.
    """
    end, rest = file.seek(0, os.SEEK_END), memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError:
        with suppress(OSError):
            file.truncate(end)
        raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell an output that cannot be written as an ``InputError``: a full disk, a folder without permission."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"Writing {path}: {error.strerror or error}; give an output folder that can be written and has room"
        ) from None


def _head(about: Mapping[str, Any]) -> dict[str, Any]:
    return {"about": dict(about), "columns": COLUMNS}


def _holds_rows(path: Path) -> bool:
    try:
        return path.is_file() and "rows" in _read_json(path)
    except InputError:
        return False


def _rows(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows for JSON, null where a number is not known."""
    plain = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"Reading scores from {path}: not valid JSON ({error})") from None
    if not isinstance(content, dict) or "about" not in content:
        raise InputError(f"Reading scores from {path}: it must hold about, columns and rows")
    return content


def _read_tsv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    texts = dict.fromkeys(TEXTS, str)
    how: dict[str, Any] = {"na_values": ["n/a"], "keep_default_na": False, "dtype": texts, "quoting": csv.QUOTE_NONE}
    try:
        table = pd.read_csv(path, sep="\t", float_precision="round_trip", **how)
    except ValueError as error:  # pandas raises many kinds of it
        raise InputError(f"Reading scores from {path}: not a table ({error})") from None
    if list(table.columns) != list(COLUMNS):
        raise InputError(f"Reading scores from {path}: the columns must be {', '.join(COLUMNS)}")
    return table


def _typed(table: "pd.DataFrame") -> "pd.DataFrame":
    """Numbers as floats of 6 decimals, texts as one line each, empty texts as ''."""
    import pandas as pd

    if table.empty:
        return table.astype({**dict.fromkeys(NUMBERS, float), **dict.fromkeys(TEXTS, object)})
    # Column by column pandas is ten times slower, and many recordings are small.
    known = _plain({name: table[name].tolist() for name in COLUMNS})
    columns = {name: known.get(str(name), table[name]) for name in table.columns}
    return pd.DataFrame(columns, index=table.index)


def one_line(text: object) -> str:
    """Text as one cell of a table can hold it, in UTF-8."""
    return LINE_BREAKS.sub(" ", str(text)).encode("utf-8", "backslashreplace").decode()
