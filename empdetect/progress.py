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
