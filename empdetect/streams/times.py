"""Times that can be true: what bounds the clock of a recording."""

from collections.abc import Iterable
from math import isfinite

LONGEST = 7 * 24 * 3600.0
"""Seconds that no recording exceeds. Later times are a date, milliseconds or a broken file."""


def time_problem(times: Iterable[float | None]) -> str:
    """What is wrong with seconds on a recording's clock, and what to do; empty if nothing is."""
    wrong = next((time for time in times if time is not None and not (isfinite(time) and abs(time) <= LONGEST)), None)
    if wrong is None:
        return ""
    return (
        f"a time of {wrong:g} s is no moment of a recording (a week is the longest); "
        "give seconds from its start, not milliseconds, a date or a time of day"
    )
