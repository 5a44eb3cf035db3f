"""Label sets: the labels that a segment may well have, so many that the true one is among them in 90% of cases.

Split-conformal sets of all labels that are not too improbable (least ambiguous sets: Sadinle et al., JASA 2019),
with groups counted as in ``conformal``. The likeliest label is always in the set: no set is empty, and where a
detector is right in more than 90% of cases, its sets hold one label and are right as often as it is.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.models.conformal import group_radius

Array = NDArray[np.float64]


def fit_reach(probabilities: Array, levels: NDArray[np.int_], groups: NDArray[Any]) -> float | None:
    """Improbability up to which a label belongs to the set; None with too few cases to tell.

    Args:
        probabilities: ``(n, levels)`` of held-out segments, calibrated.
        levels: ``(n,)`` labels.
        groups: ``(n,)`` whose segment it is.
    """
    errors = improbability(probabilities)[np.arange(len(levels)), levels]
    reach = group_radius(errors, groups)
    return None if reach is None else min(reach, 1.0)


def label_sets(probabilities: Array, reach: Array) -> NDArray[np.bool_]:
    """Whether each label is in a segment's set ``(n, levels)``.

    Args:
        probabilities: ``(n, levels)``
        reach: ``(n,)`` see ``fit_reach``; 0 leaves the likeliest label alone, 1 takes all.
    """
    return np.asarray(improbability(probabilities) <= reach[:, None] + 1e-9)


def improbability(probabilities: Array) -> Array:
    """One less the probability of each label ``(n, levels)``; 0 of the likeliest."""
    found = 1 - np.asarray(probabilities, float)
    found[np.arange(len(found)), np.argmin(found, axis=1)] = 0.0
    return found
