"""The log of a run: CSV always, TensorBoard where it is installed, and a bar on a terminal."""

import csv
import importlib.util
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from empdetect.errors import InputError

LogRow = dict[str, float]


def write_csv(rows: Sequence[Mapping[str, float]], path: Path) -> None:
    """Write one line a step; what has no value in a step is left empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows([{name: f"{value:.6g}" for name, value in row.items()} for row in rows])


class TensorBoard:
    """The same figures as curves for TensorBoard.

    Args:
        folder: where its files go.
        first: step from which on what an earlier part of the run wrote no longer holds.

    Raises:
        InputError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path, first: int = 0) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError(
                "Logging to TensorBoard: it is not installed; run 'pip install tensorboard' or set "
                "'trainer.tensorboard' to false and read log.csv"
            ) from None
        self._writer = SummaryWriter(str(folder), purge_step=first)

    def write(self, row: Mapping[str, float]) -> None:
        """Add one step."""
        for name, value in row.items():
            if name != "step" and math.isfinite(value):
                self._writer.add_scalar(name.replace(".", "/"), value, int(row["step"]))
        self._writer.flush()


def open_board(folder: Path, wanted: bool | None, first: int = 0) -> TensorBoard | None:
    """Curves for TensorBoard if wanted; None wants them where it is installed."""
    installed = importlib.util.find_spec("tensorboard") is not None
    return TensorBoard(folder, first) if wanted or (wanted is None and installed) else None


def counted(first: int, last: int, rows: Sequence[Mapping[str, float]], name: str) -> Iterator[int]:
    """Steps ``first`` to ``last`` - 1, with a bar that tells the reward, if there is a terminal."""
    if not sys.stderr.isatty():
        yield from range(first, last)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(name, total=last, completed=first)
        for step in range(first, last):
            yield step
            progress.update(bar, advance=1, description=f"{name}, reward {rows[-1]['reward']:.3f}")
