"""Whether two signals can carry a test at all: better no p than a wrong one."""

from dataclasses import dataclass

import numpy as np

from empdetect.contagion.claims import SOME_TWO
from empdetect.contagion.gaps import Array
from empdetect.contagion.measures.correlation import effective_samples
from empdetect.contagion.measures.detrending import detrend
from empdetect.contagion.series import unusable

LEAST_KNOWN = 0.5
"""Share of the samples that must be known in both signals."""
LEAST_EFFECTIVE = 50.0
"""Independent samples needed; false positives were counted above this (``docs/results/false_positives.json``)."""
LAGS_WITHIN = 6.0
"""The recording must be so many times as long as the largest lag."""
MEMORIES_PER_SEGMENT = 6.0
"""A shuffled segment must be so many times as long as the memory of both signals."""


@dataclass(frozen=True)
class Adequacy:
    """What two signals can carry.

    Args:
        samples: known in both.
        known: share of the samples that is known in both, 0 to 1: the quality of the answer.
        effective: independent samples that would tell as much of a correlation.
        memory: seconds that one independent sample spans.
        reason: why no test is made, one sentence; empty if one is.
    """

    samples: int
    known: float
    effective: float
    memory: float
    reason: str = ""

    @property
    def ok(self) -> bool:
        """Whether a test is made."""
        return not self.reason


def judge(
    x: Array,
    y: Array,
    rate: float,
    max_lag: float = 0.0,
    segment: float | None = None,
    people: tuple[str, str] = SOME_TWO,
) -> Adequacy:
    """Judge two prepared signals ``(time,)``.

    Args:
        x, y: of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        max_lag: largest lag that is searched, in seconds.
        segment: length of the segments that are to be shuffled, in seconds, if any are.
        people: what they are called.
    """
    for person, signal in zip(people, (x, y), strict=True):
        if why := unusable(signal):
            return Adequacy(0, 0.0, 0.0, float("nan"), f"{person}'s signal tells nothing: {why}")
    known = np.isfinite(x) & np.isfinite(y)
    count, share = int(known.sum()), float(known.mean())
    effective = float(effective_samples(detrend(x, 0), detrend(y, 0))) * count / max(_fewest(x, y), 1)
    memory = count / rate / max(effective, 1e-9)
    found = Adequacy(count, share, effective, memory)
    return Adequacy(count, share, effective, memory, _reason(found, len(x) / rate, max_lag, segment))


def _fewest(x: Array, y: Array) -> int:
    return int(min(np.isfinite(x).sum(), np.isfinite(y).sum()))


def _reason(found: Adequacy, seconds: float, max_lag: float, segment: float | None) -> str:
    if found.known < LEAST_KNOWN:
        return f"too many gaps: {found.known:.0%} of the time is known in both, {LEAST_KNOWN:.0%} is needed"
    if seconds < LAGS_WITHIN * max_lag:
        return (
            f"too short: {seconds:.0f} s for lags up to {max_lag:g} s, {LAGS_WITHIN * max_lag:.0f} s are needed; "
            "record longer or search smaller lags"
        )
    if found.effective < LEAST_EFFECTIVE:
        return (
            f"too short for signals as slow as these: they tell as much as {found.effective:.0f} independent samples "
            f"(one in {found.memory:.1f} s), {LEAST_EFFECTIVE:.0f} are needed; record longer, or prewhiten"
        )
    if segment is not None and segment < MEMORIES_PER_SEGMENT * found.memory:
        return (
            f"segments too short: {segment:g} s where the signals' memory is {found.memory:.1f} s; "
            f"shuffle segments of {MEMORIES_PER_SEGMENT * found.memory:.0f} s or more, or prewhiten"
        )
    return ""
