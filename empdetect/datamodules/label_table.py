"""Tables of labels: one line a segment, read as text and checked cell by cell."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from empdetect.errors import InputError
from empdetect.streams.files import require_file, separator
from empdetect.task import Target

UNKNOWN = ("", "n/a", "nan", "unknown")
"""Cells that say that a value is not known, in small or capital letters."""

Cells = dict[str, str | None]
"""A line by column; None where it is not known."""


def read_cells(
    path: Path, columns: Sequence[str], renamed: Mapping[str, str] | None = None, escape: str | None = None
) -> list[Cells]:
    """Read the lines of a table.

    Args:
        path: separated by commas, semicolons or tabs; the first line names the columns.
        columns: those that must be there, under their new names.
        renamed: new names of columns by old ones.
        escape: the letter that takes a quotation mark's meaning, if the file has one.

    Raises:
        InputError: the file is missing or no such table, lacks a column or has no lines.
    """
    import pandas as pd

    require_file(path)
    try:
        table = pd.read_csv(
            path, sep=separator(path), dtype=str, keep_default_na=False, escapechar=escape, skipinitialspace=True
        )
    except Exception as error:  # pandas raises many kinds
        raise InputError(f"Reading the table {path}: {str(error).strip()}") from None
    table.columns = [(renamed or {}).get(str(name).strip(), str(name).strip()) for name in table.columns]
    missing = [name for name in columns if name not in table.columns]
    if missing:
        have = ", ".join(map(str, table.columns[:10]))
        raise InputError(f"Reading the table {path}: it lacks the columns {', '.join(missing)}; it has {have}")
    if table.empty:
        raise InputError(f"Reading the table {path}: it names columns and holds no lines; copy it again")
    return [{str(name): known(cell) for name, cell in line.items()} for line in table.to_dict("records")]


def read_labels(cells: Cells, targets: Sequence[Target], where: str) -> dict[str, float]:
    """Known labels of a line; a class may be given by its number or its name.

    Args:
        cells: the line.
        targets: the labels wanted; each is a column.
        where: the file and the row, for messages.

    Raises:
        InputError: a label is no number and no class, or not allowed.
    """
    found = {}
    for target in targets:
        cell = cells[target.name]
        if cell is None:
            continue
        try:
            value = float(target.classes.index(cell)) if cell in target.classes else float(cell)
        except ValueError:
            allowed = f" or one of {', '.join(target.classes)}" if target.classes else ""
            raise InputError(f"Reading {where}: '{target.name}' is '{cell[:40]}', not a number{allowed}") from None
        problem = target.label_problem(value)
        if problem:
            raise InputError(f"Reading {where}: {problem}")
        found[target.name] = value
    return found


def required(cells: Cells, columns: Sequence[str], where: str) -> tuple[str, ...]:
    """Cells that must be known.

    Raises:
        InputError: one is not.
    """
    missing = [name for name in columns if cells[name] is None]
    if missing:
        raise InputError(f"Reading {where}: {', '.join(missing)} must not be empty; fill it in or remove the row")
    return tuple(str(cells[name]) for name in columns)


def known(cell: object) -> str | None:
    """A cell without the spaces around it; None where it says that nothing is known."""
    text = str(cell).strip()
    return None if text.lower() in UNKNOWN else text
