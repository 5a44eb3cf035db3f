"""Conformal intervals whose cases come in groups: segments of one person are not exchangeable with another's.

A split-conformal interval (Lei et al., JASA 2018) holds a new case of the *same* people in 90% of cases. People
differ, so for those of a *new* person it is too narrow, the more so the fewer were held out. Here every group
weighs the same (Dunn et al., JASA 2022, "pooling CDFs"), and the interval is then stretched by what groups need
that were left out in turn: the 90% quantile of each error over the radius that the *other* groups suggest. With
few groups that is cross-conformal prediction over them (Vovk, AMAI 2015). Unlike the guaranteed interval of that
setting (Lee et al., 2023, HCP), which is endless below ten groups, it can be used with two.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COVERAGE = 0.9
"""Share of cases an interval is meant to hold."""
FEWEST = 9
"""A 90% interval needs at least 9 held-out cases: ceil(10 * 0.9) = 9 of them bound it."""
PARTS = 40
"""Groups are left out one by one up to so many, more than that in so many parts."""


def group_radius(errors: Array, groups: NDArray[Any]) -> float | None:
    """Radius that holds an error of a new group in 90% of cases; None with fewer than 9 cases.

    Args:
        errors: ``(n,)`` absolute errors of held-out segments, each over the scale that its interval is to have.
        groups: ``(n,)`` whose segment it is. One group alone gets the split-conformal radius.
    """
    if len(errors) < FEWEST:
        return None
    numbers = np.unique(groups, return_inverse=True)[1]
    weights = group_weights(groups)
    parts = numbers % PARTS
    if parts.max() == 0:
        return weighted_quantile(errors, weights, _corrected(len(errors)))
    stretch = np.empty(len(errors))
    for part in np.unique(parts):
        out = parts == part
        radius = weighted_quantile(errors[~out], weights[~out], COVERAGE)
        stretch[out] = errors[out] / max(radius, 1e-9)
    factor = weighted_quantile(stretch, weights, _corrected(len(errors)))
    return factor * max(weighted_quantile(errors, weights, COVERAGE), 1e-9)


def group_weights(groups: NDArray[Any]) -> Array:
    """Weights ``(n,)`` that make every group count the same, summing to 1."""
    _, numbers, counts = np.unique(groups, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / (len(counts) * counts[numbers]))


def weighted_quantile(values: Array, weights: Array, level: float) -> float:
    """Smallest value up to which at least ``level`` of the weight lies."""
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(int(np.searchsorted(share, level - 1e-12)), len(values) - 1)])


def _corrected(cases: int) -> float:
    """The level raised for the new case itself: ceil((n + 1) 0.9) / n."""
    return min(1.0, math.ceil((cases + 1) * COVERAGE) / cases)
