"""Reading ahead: what comes next is decoded in a thread of its own while what came is used."""

from collections.abc import Generator, Iterator
from contextlib import closing
from queue import Empty, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")

POLL = 0.01
"""Seconds between two looks whether the thread has ended."""


def reading_ahead(items: Generator[T, None, None], count: int) -> Generator[T, None, None]:
    """The same items, up to ``count`` of them made before they are asked for.

    Args:
        items: made outside Python for the most part, or there is nothing to gain. Ended when this is.
        count: how many may wait.

    Raises:
        Exception: what making the items raises, after those that came before.
    """
    queue: Queue[T | _End] = Queue(count)
    stop = Event()

    def fill() -> None:
        end = _End()
        try:
            with closing(items):
                for item in items:
                    queue.put(item)
                    if stop.is_set():
                        return
        except BaseException as error:  # raised again where the items are used
            end = _End(error)
        queue.put(end)

    thread = Thread(target=fill, name="reading ahead", daemon=True)
    thread.start()
    try:
        yield from _taken(queue)
    finally:
        stop.set()
        _let_end(thread, queue)


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def _taken(queue: "Queue[T | _End]") -> Iterator[T]:
    while True:
        item = queue.get()
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return
        yield item


def _let_end(thread: Thread, queue: "Queue[T | _End]") -> None:
    """Wait for the thread, which may itself wait for room in the queue."""
    while thread.is_alive():
        try:
            queue.get_nowait()
        except Empty:
            thread.join(POLL)
