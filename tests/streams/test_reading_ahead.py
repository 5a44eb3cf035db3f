"""What is decoded ahead arrives in order, with its errors, and its thread ends."""

import threading
import time
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.streams.reading_ahead import reading_ahead


class Source:
    """Counts what it gave, and whether it was ended."""

    def __init__(self, length: int, error: Exception | None = None) -> None:
        self.length, self.error = length, error
        self.given, self.ended = 0, False

    def items(self) -> Generator[int, None, None]:
        try:
            for number in range(self.length):
                self.given += 1
                yield number
            if self.error is not None:
                raise self.error
        finally:
            self.ended = True


def waiting() -> int:
    return sum(thread.name == "reading ahead" for thread in threading.enumerate())


@given(st.integers(0, 30), st.integers(1, 9))
def test_all_items_come_in_order(length: int, count: int) -> None:
    source = Source(length)
    assert list(reading_ahead(source.items(), count)) == list(range(length))
    assert source.ended


@given(st.integers(0, 30), st.integers(1, 9))
def test_an_error_comes_after_what_came_before_it(length: int, count: int) -> None:
    coming = reading_ahead(Source(length, ValueError("broken")).items(), count)
    assert [next(coming) for _ in range(length)] == list(range(length))
    with pytest.raises(ValueError, match="broken"):
        next(coming)


@given(st.integers(0, 8))
def test_who_stops_early_leaves_nothing_running(taken: int) -> None:
    source = Source(1000)
    coming = reading_ahead(source.items(), 3)
    for _ in range(taken):
        next(coming)
    coming.close()
    assert source.ended == (taken > 0)  # one that was never asked never began
    assert source.given <= taken + 5
    assert waiting() == 0


def test_no_more_than_so_many_wait() -> None:
    source = Source(1000)
    coming = reading_ahead(source.items(), 4)
    next(coming)
    time.sleep(0.2)
    assert source.given <= 6  # one taken, four in the queue, one that waits for room
    coming.close()
