"""What a 90% interval means for a probability: how often segments with a like score do carry the label.

A single segment has the label or not, so no interval can hold "its probability". The interval is about the
frequency among segments of new people that get about this score: Wilson's score interval (JASA 1927) around the
frequency seen in the nearest calibration cases. Cases of one person tell less than as many of different people,
so their number is divided by Kish's design effect, 1 + (m - 1) rho.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINS = 20
COARSE_BINS = 7
"""Bins in which segments of one person are compared."""
NEAREST = 20
"""A score is judged by the cases in its own and the neighbouring bins, or, if they are fewer, so many nearest."""
Z = 1.6449
"""Of a two-sided 90% interval of the normal distribution."""


@dataclass(frozen=True)
class Frequency:
    """How often the label was there among held-out cases of like score, for each of ``BINS`` equal bins from 0 to 1.

    Args:
        cases: number of near cases, divided by the design effect.
        shift: their frequency less their mean score.
        rho: correlation of the errors of two cases of one group and like score, for whoever judges the interval.
    """

    cases: tuple[float, ...]
    shift: tuple[float, ...]
    rho: float = 0.0

    def interval(self, scores: Array) -> tuple[Array, Array]:
        """Ends of the 90% interval around scores ``(n,)``; it holds the score itself."""
        bins = np.minimum((np.asarray(scores) * BINS).astype(int), BINS - 1)
        cases, shift = np.array(self.cases)[bins], np.array(self.shift)[bins]
        low, high = wilson(np.clip(scores + shift, 0, 1), cases)
        return np.minimum(scores, low), np.maximum(scores, high)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Frequency":
        """Of what JSON made of ``dataclasses.asdict``."""
        return cls(tuple(plain["cases"]), tuple(plain["shift"]), plain["rho"])


def fit_frequency(scores: Array, labels: NDArray[np.bool_], groups: NDArray[Any]) -> Frequency:
    """Frequencies of held-out cases.

    Args:
        scores: ``(n,)`` calibrated probabilities of one class; at least one.
        labels: ``(n,)`` whether it was the label.
        groups: ``(n,)`` whose segment it is.
    """
    errors = labels - scores
    # Of segments of like score: a person may be above their low scores and below their high ones.
    coarse = np.minimum((np.asarray(scores) * COARSE_BINS).astype(int), COARSE_BINS - 1)
    numbers = np.unique(groups, return_inverse=True)[1]
    rho = group_correlation(errors, numbers * COARSE_BINS + coarse)
    cases, shift = [], []
    for middle in (np.arange(BINS) + 0.5) / BINS:
        near = _nearest(scores, middle)
        cases.append(float(near.sum() / design_effect(groups[near], rho)))
        shift.append(float(errors[near].mean()))
    return Frequency(tuple(cases), tuple(shift), rho)


def _nearest(scores: Array, middle: float) -> NDArray[np.bool_]:
    """Cases in a bin and its neighbours, or the nearest ones."""
    distance = np.abs(scores - middle)
    reach = np.sort(distance)[min(NEAREST, len(scores)) - 1]
    return np.asarray(distance <= max(1.5 / BINS, reach))


def group_correlation(errors: Array, groups: NDArray[Any]) -> float:
    """Correlation of the errors of two cases of one group, 0 to 1; 0 if no group has two."""
    numbers = np.unique(groups, return_inverse=True)[1]
    counts = np.bincount(numbers)
    pairs = float((counts * (counts - 1)).sum())
    power = float(np.square(errors).mean())
    if pairs == 0 or power == 0:
        return 0.0
    shared = np.square(np.bincount(numbers, errors)).sum() - np.square(errors).sum()
    return float(np.clip(shared / pairs / power, 0.0, 1.0))


def design_effect(groups: NDArray[Any] | Sequence[Any], rho: float) -> float:
    """By how much cases in groups tell less than as many alone (Kish, 1965), at least 1."""
    counts = np.unique(np.asarray(groups), return_counts=True)[1]
    return float(1 + max(0.0, np.square(counts).sum() / counts.sum() - 1) * rho)


def wilson(share: Array, cases: Array, z: float = Z) -> tuple[Array, Array]:
    """Wilson score interval (JASA 1927) of shares seen in so many cases; 90% for the default ``z``, 0 to 1 for none."""
    cases = np.maximum(cases, 1e-9)
    centre = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * np.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
