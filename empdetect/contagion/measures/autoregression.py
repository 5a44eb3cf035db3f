"""A signal's own memory: fitted, and taken out (prewhitening)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array
from empdetect.errors import InputError


@dataclass(frozen=True)
class Whitened:
    """What of signals their own past does not tell.

    Args:
        values: ``(..., time - used)`` one-step prediction errors; NaN where the past is not known.
        order: ``(...)`` samples of the past that the prediction looks at.
        used: samples at the start that only served as past; the errors begin so many samples later.
    """

    values: Array
    order: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    used: int


def default_order(samples: int) -> int:
    """Longest past that is tried, in samples: ``10 log10 n`` as in R's ``ar``, a quarter of all at most."""
    return max(1, min(int(10 * np.log10(max(samples, 2))), samples // 4))


def prewhiten(x: ArrayLike, max_order: int | None = None) -> Whitened:
    """Take a signal's memory out: the prediction errors of an autoregression, its order chosen by AIC.

    Two signals with memory have large correlations by chance; two without have correlations of variance ``1/n``
    (Haugh, JASA 1976; Box and Jenkins, Time Series Analysis, ch. 11). The autoregression is Burg's (1968), as
    ``statsmodels.regression.linear_model.burg``. Cost is linear in length.

    Args:
        x: ``(..., time)`` of mean near 0 (detrended), NaN for missing.
        max_order: longest past that is tried, in samples; None takes ``default_order``.

    Raises:
        InputError: the past is as long as the signal.
    """
    values = np.asarray(x, np.float64)
    samples = values.shape[-1]
    most = default_order(samples) if max_order is None else max_order
    if not 0 <= most < samples - 1:
        raise InputError(
            f"Prewhitening: 'max_order' must be 0 or more and below the {samples} samples, got {most}; lower it"
        )
    forward, backward = values[..., 1:], values[..., :-1]
    known = np.maximum(np.isfinite(values).sum(axis=-1), 1)
    variance = np.nansum(values**2, axis=-1) / known
    best = values[..., most:].copy()
    with np.errstate(divide="ignore", invalid="ignore"):
        criterion, order = known * np.log(variance), np.zeros(values.shape[:-1], np.int64)
        for step in range(1, most + 1):
            reflection = _reflection(forward, backward)
            variance = variance * (1 - reflection**2)
            forward, backward = (
                forward - reflection[..., None] * backward,
                backward - reflection[..., None] * forward,
            )
            found = known * np.log(variance) + 2 * step
            better = found < criterion
            criterion, order = np.where(better, found, criterion), np.where(better, step, order)
            best[better] = forward[better][..., most - step :]
            forward, backward = forward[..., 1:], backward[..., :-1]
    return Whitened(best, order, most)


def _reflection(forward: Array, backward: Array) -> Array:
    """Burg's reflection coefficient ``(...)`` of errors of both directions, over the samples where both are known."""
    if np.isnan(forward).any() or np.isnan(backward).any():
        there = np.isfinite(forward) & np.isfinite(backward)
        forward, backward = np.where(there, forward, 0.0), np.where(there, backward, 0.0)
    power = np.einsum("...t,...t->...", forward, forward) + np.einsum("...t,...t->...", backward, backward)
    product = 2 * np.einsum("...t,...t->...", forward, backward)
    return np.asarray(np.divide(product, power, out=np.zeros_like(power), where=power > 0))


def autocorrelation(x: ArrayLike, longest: int) -> Array:
    """Autocorrelation ``(..., longest + 1)`` at lags from 0 samples, of signals ``(..., time)`` of mean near 0.

    The biased estimate (sums over known pairs, divided by the number of known samples), whose Fourier transform is
    never negative where nothing is missing.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    values = np.nan_to_num(np.asarray(x, np.float64))
    size = next_fast_len(values.shape[-1] + longest + 1, real=True)
    spectrum = np.abs(rfft(values, size, axis=-1)) ** 2
    sums = irfft(spectrum, size, axis=-1)[..., : longest + 1]
    power = sums[..., :1]
    return np.asarray(np.divide(sums, power, out=np.full_like(sums, np.nan), where=power > 0))
