"""Progress bars for long work: shown on a terminal, silent everywhere else."""

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Go through ``items`` with a progress bar on stderr, if that is a terminal.

    Args:
        items: what to go through.
        description: what is being done.
        total: how many there are; asked of ``items`` unless given.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    if not sys.stderr.isatty() or (total is not None and total < 2):
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(items, description, total, console=Console(stderr=True), transient=True)


class Bars:
    """Two bars on stderr, if that is a terminal: how many things are done, and below it how far the present one is.

    Args:
        description: what is being done.
        total: of how many things.
    """

    def __init__(self, description: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        # A name in square brackets is a name, and no colour.
        name, told = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[told]}", markup=False)
        times = (TimeElapsedColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        shown = sys.stderr.isatty()
        self._progress = Progress(name, BarColumn(), told, *times, console=console, transient=True, disable=not shown)
        self._all = self._progress.add_task(description, total=total, told=f"0 of {total}")
        self._one = self._progress.add_task("", total=None, told="")
        self._done, self._total = 0, total

    def now(self, name: str, told: str = "") -> None:
        """Say what is at work, and how far it is."""
        self._progress.update(self._one, description=name, told=told)

    def advance(self) -> None:
        """One more thing is done."""
        self._done += 1
        self._progress.update(self._all, completed=self._done, told=f"{self._done} of {self._total}")

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
