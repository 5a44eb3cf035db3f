"""Ratings over time, as observers draw them with a joystick or a slider: the mean of each window is its label."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from empdetect.datamodules.label_table import read_cells
from empdetect.errors import InputError
from empdetect.task import Target, Task
from empdetect.windows import spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATED = 0.5
"""Share of a window's ratings that must be known; the label of others would stand for a moment only."""


@dataclass(frozen=True)
class Ratings:
    """One rated quantity over time.

    Args:
        times: ``(time,)`` seconds on the recording's clock, growing.
        values: ``(time,)``; NaN where nobody rated.
    """

    times: "NDArray[np.float64]"
    values: "NDArray[np.float64]"

    def end(self) -> float:
        """Moment up to which the last rating holds: as long as ratings usually lie apart."""
        step = float(np.median(np.diff(self.times))) if len(self.times) > 1 else 0.0
        return float(self.times[-1]) + step

    def windows(self, task: Task) -> Iterator[tuple[float, float, float]]:
        """Start, end and mean rating of each window of the task, in seconds; those hardly rated are left out."""
        for start, end in spans(self.end(), task):
            inside = self.values[(self.times >= start - 1e-6) & (self.times < end - 1e-6)]
            known = np.isfinite(inside)
            if len(inside) and known.mean() >= RATED:
                yield start, end, float(inside[known].mean())


def read_ratings(
    path: Path, column: str, target: Target, time: str | None = None, rate: float | None = None, unit: float = 1.0
) -> Ratings:
    """Read a table of ratings.

    Args:
        path: a comma-separated file, one rating a line.
        column: the ratings.
        target: what they rate; its range says which are allowed.
        time: column of their seconds; None where ``rate`` says them.
        rate: ratings a second, in Hz, the first at 0 s; None where ``time`` says them.
        unit: what a rating is divided by, to come from the file's scale to the target's.

    Raises:
        InputError: the file or a column is missing, a cell is no number or out of range, times do not grow, or
            there are no ratings.
    """
    names = [column] if time is None else [column, time]
    cells = read_cells(path, names)
    values = np.array([_number(path, row, line[column]) for row, line in enumerate(cells, 1)]) / unit
    if not np.isfinite(values).any():
        raise InputError(f"Reading the ratings {path}: no line holds a number in '{column}'; export them again")
    for row in np.flatnonzero(np.isfinite(values)):
        problem = target.label_problem(float(values[row]))
        if problem:
            raise InputError(f"Reading the ratings {path}: row {row + 1}: {problem}")
    if time is not None:
        times = np.array([_number(path, row, line[time]) for row, line in enumerate(cells, 1)])
    else:
        times = np.arange(len(values)) / (rate or np.nan)
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise InputError(f"Reading the ratings {path}: the seconds of the rows do not grow; sort them, each once")
    return Ratings(times, values)


def _number(path: Path, row: int, cell: str | None) -> float:
    try:
        return float("nan") if cell is None else float(cell)
    except ValueError:
        raise InputError(f"Reading the ratings {path}: row {row}: '{cell}' is no number") from None
