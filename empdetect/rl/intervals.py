"""Means over dialogues with 95% bootstrap intervals: whole scenarios are drawn, as dialogues of one are alike."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000

Parts = Mapping[str, tuple[float, float]]
"""By scenario, the sum of what is counted and how many there are of it."""


@dataclass(frozen=True)
class Interval:
    """A figure with its 95% interval; NaN where it is not defined."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "n/a"
        tail = "" if math.isnan(self.low) else f" ({self.low:.3g} to {self.high:.3g})"
        return f"{self.value:.3g}{tail}"


def parts_of(counted: Iterable[tuple[str, float, float]]) -> dict[str, tuple[float, float]]:
    """Sums by scenario of ``(scenario, sum, count)``; a sum of NaN is left out, its scenario kept."""
    found: dict[str, tuple[float, float]] = {}
    for scenario, total, count in counted:
        before = found.setdefault(scenario, (0.0, 0.0))
        if not math.isnan(total):
            found[scenario] = (before[0] + total, before[1] + count)
    return found


def interval_of(parts: Parts, seed: int = 0) -> Interval:
    """The mean over all that is counted, and its interval; one scenario gives none."""
    sums, counts = _arrays(parts, list(parts))
    drawn = _drawn(len(parts), seed)
    return _interval(_ratio(sums.sum(), counts.sum()), _ratios(sums[drawn].sum(1), counts[drawn].sum(1)), len(parts))


def difference_of(after: Parts, before: Parts, seed: int = 0) -> Interval:
    """How much higher the mean of ``after`` is, both drawn with the same scenarios; those of only one are left out."""
    shared = [scenario for scenario in after if scenario in before]
    (a, a_counts), (b, b_counts) = _arrays(after, shared), _arrays(before, shared)
    drawn = _drawn(len(shared), seed)
    value = _ratio(a.sum(), a_counts.sum()) - _ratio(b.sum(), b_counts.sum())
    differences = _ratios(a[drawn].sum(1), a_counts[drawn].sum(1)) - _ratios(b[drawn].sum(1), b_counts[drawn].sum(1))
    return _interval(value, differences, len(shared))


def pooled_interval(parts: Sequence[Parts], seed: int = 0) -> Interval:
    """The mean over several runs and its interval; runs and scenarios are drawn, as another seed is chance, too."""
    shared = _shared(parts)
    sums, counts = _stacked(parts, shared)
    runs, scenes = _weights(len(parts), len(shared), seed)
    value = _ratio(sums.sum(), counts.sum())
    return _interval(value, _ratios(_drawn_sums(sums, runs, scenes), _drawn_sums(counts, runs, scenes)), len(shared))


def pooled_difference(after: Sequence[Parts], before: Sequence[Parts], seed: int = 0) -> Interval:
    """How much higher the mean after several runs is than before the same ones, runs and scenarios both drawn."""
    shared = _shared([*after, *before])
    runs, scenes = _weights(len(after), len(shared), seed)
    (a, a_counts), (b, b_counts) = _stacked(after, shared), _stacked(before, shared)
    value = _ratio(a.sum(), a_counts.sum()) - _ratio(b.sum(), b_counts.sum())
    later, earlier = (
        _ratios(_drawn_sums(sums, runs, scenes), _drawn_sums(counts, runs, scenes))
        for sums, counts in ((a, a_counts), (b, b_counts))
    )
    return _interval(value, later - earlier, len(shared))


def _shared(parts: Sequence[Parts]) -> list[str]:
    return [scenario for scenario in parts[0] if all(scenario in others for others in parts)]


def _stacked(parts: Sequence[Parts], scenarios: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums and counts ``(run, scenario)``."""
    pairs = [_arrays(found, scenarios) for found in parts]
    return np.stack([sums for sums, _ in pairs]), np.stack([counts for _, counts in pairs])


def _weights(runs: int, scenarios: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How often each run ``(draw, run)`` and each scenario ``(draw, scenario)`` is drawn."""
    rng = np.random.default_rng(seed)
    by_run, by_scene = (
        rng.multinomial(size, [1 / size] * size, RESAMPLES).astype(np.float64) for size in (runs, max(scenarios, 1))
    )
    return by_run, by_scene[:, :scenarios]


def _drawn_sums(
    values: NDArray[np.float64], runs: NDArray[np.float64], scenes: NDArray[np.float64]
) -> NDArray[np.float64]:
    return ((runs @ values) * scenes).sum(1)


def _arrays(parts: Parts, scenarios: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pairs = np.array([parts[scenario] for scenario in scenarios], dtype=np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _drawn(count: int, seed: int) -> NDArray[np.intp]:
    return np.random.default_rng(seed).integers(0, max(count, 1), (RESAMPLES, count))


def _ratio(total: float, count: float) -> float:
    return float(total / count) if count else math.nan


def _ratios(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _interval(value: float, drawn: NDArray[np.float64], scenarios: int) -> Interval:
    known = drawn[~np.isnan(drawn)]
    if scenarios < 2 or not len(known):
        return Interval(value)
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(value, float(low), float(high))
