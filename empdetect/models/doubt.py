"""Doubt: how far something goes beyond what was usual in the training and validation data, from 0 to 1.

A distance or a disagreement is first laid on a scale whose 0 is the median of held-out segments and whose 1 is
their 95% quantile, every group weighing the same. Up to 1 there is no doubt; beyond, ``1 - exp(-(x - 1))``: it
starts softly, is 0.4 at 1.5, 0.63 at 2 and 0.95 at 4.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.models.conformal import group_weights, weighted_quantile

Array = NDArray[np.float64]

TAIL = 0.95
"""Share of held-out segments that give no doubt at all."""
STRANGE = 0.5
"""Doubt from which on the reason is told."""


def typical_and_limit(values: Array, groups: NDArray[Any]) -> tuple[float, float]:
    """Median and 95% quantile of values ``(n,)`` of held-out segments, every group weighing the same."""
    weights = group_weights(groups)
    return weighted_quantile(values, weights, 0.5), weighted_quantile(values, weights, TAIL)


def doubt_of(values: Array, typical: float, limit: float) -> Array:
    """Doubt ``(n,)`` of values; none where nothing usual is known."""
    return np.asarray(1 - np.exp(-np.maximum(0.0, on_scale(values, typical, limit) - 1)))


def on_scale(values: Array, typical: float, limit: float) -> Array:
    """Values ``(n,)`` on the scale whose 0 is the typical one and whose 1 is the limit; 0 if these do not differ."""
    if not limit > typical:
        return np.zeros(len(values))
    return (np.asarray(values, float) - typical) / (limit - typical)
