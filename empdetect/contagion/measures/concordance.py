"""Concordance: whether two people's signals are not only alike in shape but equal in level and spread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, known_share, mean, pair


@dataclass(frozen=True)
class Concordance:
    """Concordance of pairs.

    Args:
        values: ``(...)`` Lin's coefficient, -1 to 1; NaN where a signal does not vary.
        quality: ``(...)`` share of the samples that are known of both.
    """

    values: Array
    quality: Array


def concordance(x: ArrayLike, y: ArrayLike, rate: float) -> Concordance:
    """Concordance correlation coefficient of two signals in the same units, such as continuous ratings.

    ``2 cov(x, y) / (var x + var y + (mean x - mean y)^2)`` with moments divided by n: Lin, "A concordance
    correlation coefficient to evaluate reproducibility", Biometrics 1989; torchmetrics divides by n - 1. 1 only
    where both are equal; unlike a correlation it falls with a difference in level or spread, so signals of other
    units or people of other baselines are to be standardised first. Samples that are unknown of one are left out
    for both. Cost: linear.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.

    Raises:
        InputError: the signals do not belong together; see ``gaps.pair``.
    """
    one, other = pair(x, y, rate, "Concordance")
    known = np.isfinite(one) & np.isfinite(other)
    one, other = np.where(known, one, np.nan), np.where(known, other, np.nan)
    means = mean(one), mean(other)
    centred = one - means[0][..., None], other - means[1][..., None]
    spread = mean(centred[0] ** 2) + mean(centred[1] ** 2) + (means[0] - means[1]) ** 2
    both = mean(centred[0] * centred[1])
    values = np.divide(2 * both, spread, out=np.full(np.shape(both), np.nan), where=spread > 0)
    return Concordance(values, known_share(one, other))
