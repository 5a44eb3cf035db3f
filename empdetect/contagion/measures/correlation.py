"""Correlation of two people's signals, and how many independent samples it rests on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, known_share, pair
from empdetect.contagion.measures.autoregression import autocorrelation, prewhiten
from empdetect.contagion.measures.detrending import detrend


@dataclass(frozen=True)
class Correlation:
    """Correlations, and what is known of them without surrogates.

    Args:
        values: ``(...)`` Pearson's r, -1 to 1; NaN where it is not defined.
        samples: ``(...)`` known in both signals.
        effective: ``(...)`` independent samples that would tell as much.
        p: ``(...)`` two-sided, of r from 0; NaN where fewer than ``LEAST_EFFECTIVE`` effective samples are left.
        quality: ``(...)`` share of the samples that is known in both signals, 0 to 1.
    """

    values: Array
    samples: Array
    effective: Array
    p: Array
    quality: Array


LEAST_EFFECTIVE = 150.0
"""Effective samples below which no p is given. Their number is itself estimated: of signals with fewer, those few whose
number comes out far too high would pass a lower limit, with p too small. 150 refuses signals of 600 samples and lag-1
autocorrelation .9 (which hold 63) nearly always; chosen on other draws than those of the study of false positives."""


def correlation(
    x: ArrayLike, y: ArrayLike, rate: float, degree: int = 1, whiten: bool = False, max_order: int | None = None
) -> Correlation:
    """Correlation at lag 0, with a p-value that knows of the signals' own memory.

    Two slow signals correlate by chance far more than two fast ones. Either the p-value counts effective samples,
    ``n / (1 + 2 sum_k (1 - k/n) a_k b_k)`` over the autocorrelations a and b of both (Bartlett, 1946; Pyper and
    Peterman, Can. J. Fish. Aquat. Sci. 55, 1998, eq. 1); or the memory is taken out of both signals first.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        degree: of the polynomial that is taken out of both first; see ``detrend``.
        whiten: correlate what each one's own past does not tell; see ``prewhiten``.
        max_order: of ``prewhiten``.

    Raises:
        InputError: the signals do not belong together; see ``gaps.pair``.
    """
    one, other = pair(x, y, rate, "Correlating")
    quality = known_share(one, other)
    one, other = detrend(one, degree), detrend(other, degree)
    if whiten:
        one, other = prewhiten(one, max_order).values, prewhiten(other, max_order).values
    r, samples = pearson(one, other)
    # The degrees of the polynomial are gone, and so are those of two means.
    effective = np.minimum(effective_samples(one, other), samples) - degree
    return Correlation(r, samples, effective, correlation_p(r, effective), quality)


def pearson(x: Array, y: Array) -> tuple[Array, Array]:
    """Pearson's r ``(...)`` over the samples known in both signals ``(..., time)``, and how many those are."""
    if np.isnan(x).any() or np.isnan(y).any():
        there = np.isfinite(x) & np.isfinite(y)
        count = there.sum(axis=-1)
        x, y = np.where(there, x, 0.0), np.where(there, y, 0.0)
        divisor = np.maximum(count, 1)[..., None]
        x = np.where(there, x - x.sum(axis=-1, keepdims=True) / divisor, 0.0)
        y = np.where(there, y - y.sum(axis=-1, keepdims=True) / divisor, 0.0)
    else:
        count = np.full(np.broadcast_shapes(x.shape, y.shape)[:-1], x.shape[-1])
        x, y = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    product = np.einsum("...t,...t->...", x, y)
    scale = np.sqrt(np.einsum("...t,...t->...", x, x) * np.einsum("...t,...t->...", y, y))
    scale = np.broadcast_to(scale, product.shape)
    r = np.divide(product, scale, out=np.full(product.shape, np.nan), where=scale > 0)
    return np.clip(r, -1.0, 1.0), np.asarray(count, np.float64)


def effective_samples(x: Array, y: Array) -> Array:
    """Independent samples ``(...)`` that would tell as much of a correlation as these ``(..., time)``.

    Autocorrelations are summed up to a fifth of the length, as Pyper and Peterman advise; never more samples than
    there are.
    """
    samples = x.shape[-1]
    longest = max(1, samples // 5)
    product = autocorrelation(x, longest) * autocorrelation(y, longest)
    weight = 1 - np.arange(1, longest + 1) / samples
    known = np.minimum(np.isfinite(x).sum(axis=-1), np.isfinite(y).sum(axis=-1))
    inflation = np.maximum(1 + 2 * (weight * product[..., 1:]).sum(axis=-1), 1.0)
    return np.asarray(known / inflation)


def correlation_p(r: Array, effective: Array) -> Array:
    """Two-sided p ``(...)`` of r over so many effective samples (Student's t); NaN below ``LEAST_EFFECTIVE``."""
    from scipy.stats import t

    freedom = np.maximum(effective - 2, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.abs(r) * np.sqrt(freedom / (1 - r**2))
    return np.asarray(np.where((effective >= LEAST_EFFECTIVE) & np.isfinite(r), 2 * t.sf(statistic, freedom), np.nan))
