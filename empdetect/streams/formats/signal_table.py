"""Body signals as a table: a column a channel, a line a sample."""

import gzip
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.channels import CHANNELS, canonical_channel, column_of
from empdetect.streams.files import separator
from empdetect.streams.formats.cells import is_number

if TYPE_CHECKING:
    import pandas as pd


def channel_columns(table: "pd.DataFrame", path: Path) -> dict[str, int]:
    """Position of the column of each channel.

    Args:
        table: what the file holds.
        path: the file, for errors.

    Raises:
        InputError: no column means a channel, or several mean one and none alone bears its name.
    """
    names = [str(name) for name in table.columns]
    meant: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        channel = canonical_channel(name)
        if channel is not None:
            meant.setdefault(channel, []).append(position)
    if not meant:
        raise InputError(
            f"Reading the physiology {path}: no known channel among {', '.join(names)}; "
            f"name the columns {', '.join(CHANNELS)}"
        )
    return {channel: _one_of(channel, names, positions, path) for channel, positions in meant.items()}


def _one_of(channel: str, names: Sequence[str], positions: Sequence[int], path: Path) -> int:
    """The column that is the channel, or an error where that cannot be told."""
    found = column_of(channel, names, positions)
    if found is None:
        raise InputError(
            f"Reading the physiology {path}: several columns mean {channel} "
            f"({', '.join(names[i] for i in positions)}); keep one, call one of them {channel}, "
            f"or give each a site, as in {channel}_left"
        )
    return found


def column_numbers(table: "pd.DataFrame", position: int, path: Path) -> NDArray[np.float64]:
    """The values of a column; NaN for empty cells.

    Args:
        table: what the file holds.
        position: of the column.
        path: the file; where a cell is no number, its lines are counted.

    Raises:
        InputError: a cell is no number.
    """
    column = table.iloc[:, position]
    try:
        return np.asarray(column.to_numpy(float))
    except (ValueError, TypeError, OverflowError):
        row, value = next((row, value) for row, value in enumerate(column) if not is_number(value))
        raise InputError(
            f"Reading the physiology {path}: line {_line(row, path)}, column {table.columns[position]}: "
            f"'{str(value)[:40]}' is no number; write one, with a point and not a comma, or n/a for what was lost"
        ) from None


def _line(row: int, path: Path) -> int:
    """Which line of the file holds a row of its table; blank lines are no rows."""
    bids = path.name.endswith(".tsv.gz")
    row += 0 if bids else 1  # the header
    blank = " \r\n" if separator(path) == "\t" else None  # a line of tabs is a row of empty cells
    with (gzip.open if bids else open)(path, "rt", encoding="utf-8-sig") as file:
        filled = (number for number, line in enumerate(file, 1) if str(line).strip(blank))
        return next(islice(filled, row, None), row + 1)
