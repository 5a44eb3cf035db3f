"""Correlations at lags from Fourier transforms: the arithmetic behind ``cross_correlation``.

Nothing is checked here. Signals are ``(..., time)`` and must be centred; leading dimensions broadcast, and what does
not depend on the second signal is done once for all of them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from empdetect.contagion.gaps import Array

FLAT = 1e-6
"""A stretch counts as moving if its variance is more than this share of the whole signal's."""
AT_ONCE = 2**18
"""Numbers of a map that are worked on at once; more would leave the processor's cache and take three times as long."""


def centred(x: Array) -> Array:
    """Signals less the mean of their known samples."""
    known = np.isfinite(x)
    if known.all():
        return np.asarray(x - x.mean(axis=-1, keepdims=True))
    count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    return np.asarray(x - np.where(known, x, 0.0).sum(axis=-1, keepdims=True) / count)


def overlap_correlations(x: Array, y: Array, reach: int) -> tuple[Array, Array]:
    """Pearson's r of ``x(t)`` and ``y(t + lag)`` over the overlap.

    Args:
        x, y: ``(..., time)``, centred.
        reach: largest lag, in samples.

    Returns:
        r and the number of samples known in both, ``(..., lag)``, from ``-reach`` to ``reach``.
    """
    edges = [(0, 0)] * (y.ndim - 1) + [(reach, reach)]
    if np.isnan(x).any() or np.isnan(y).any():
        flat = FLAT * _variance(x), FLAT * _variance(y)
        return _masked(x, np.pad(y, edges, constant_values=np.nan), 2 * reach + 1, flat)
    products = _products(x, np.pad(y, edges), 2 * reach + 1)
    count = x.shape[-1] - np.abs(np.arange(-reach, reach + 1)).astype(np.float64)
    # At a positive lag, the end of x and the beginning of y have no partner.
    sums_x, spread_x = _without_ends(x, count)
    sums_y, spread_y = (part[..., ::-1] for part in _without_ends(y, count))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (products - sums_x * sums_y / count) / np.sqrt(spread_x * spread_y)
    return np.clip(r, -1.0, 1.0), np.broadcast_to(count, products.shape)


def window_correlations(x: Array, y: Array, reach: int, length: int, step: int) -> tuple[Array, Array]:
    """Pearson's r of a window of ``x`` and windows of ``y`` that start up to ``reach`` earlier or later.

    Args:
        x, y: ``(..., time)``, centred.
        reach: largest lag, in samples.
        length: of a window, in samples.
        step: from one window's start to the next one's, in samples; the first starts at ``reach``.

    Returns:
        r and the number of samples known in both, ``(..., window, lag)``.
    """
    shape = np.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    samples = x.shape[-1]
    inner = np.lib.stride_tricks.sliding_window_view(x[..., reach : samples - reach], length, axis=-1)[..., ::step, :]
    outer = np.lib.stride_tricks.sliding_window_view(y, length + 2 * reach, axis=-1)[..., ::step, :]
    windows, lags = inner.shape[-2], 2 * reach + 1
    if np.isnan(x).any() or np.isnan(y).any():
        flat = FLAT * _variance(x)[..., None], FLAT * _variance(y)[..., None]
        return _masked(inner, outer, lags, flat)
    spectrum, scale_x = _window_spectra(inner, length + 2 * reach, FLAT * _variance(x) * length)
    scale_y = np.lib.stride_tricks.sliding_window_view(_moving_scale(y, length), lags, axis=-1)[..., ::step, :]
    found = np.empty((*shape, windows, lags))
    # Views: what is the same for all signals is not copied.
    spectra = np.broadcast_to(spectrum, (*shape, *spectrum.shape[-2:]))
    outers = np.broadcast_to(outer, (*shape, *outer.shape[-2:]))
    scales = [np.broadcast_to(scale, (*shape, *scale.shape[-2:])) for scale in (scale_x, scale_y)]
    for at in np.ndindex(shape[:-1]):
        _fill_windows(found[at], spectra[at], outers[at], scales[0][at], scales[1][at])
    return found, np.broadcast_to(np.array(float(length)), found.shape)


def _fill_windows(found: Array, spectrum: NDArray[np.complex128], outer: Array, scale_x: Array, scale_y: Array) -> None:
    """Fill in correlations ``(signal, window, lag)``, or ``(window, lag)``, some at a time."""
    if found.ndim == 2:
        _fill_windows(found[None], spectrum[None], outer[None], scale_x[None], scale_y[None])
        return
    windows, lags = found.shape[-2:]
    rows = max(1, AT_ONCE // (windows * lags))
    chunk = windows if rows > 1 else max(1, AT_ONCE // lags)
    for row in range(0, len(found), rows):
        for first in range(0, windows, chunk):
            at = slice(row, row + rows), slice(first, first + chunk)
            r = _products_with(spectrum[at], outer[at], lags)
            r *= scale_x[at]
            r *= scale_y[at]
            np.clip(r, -1.0, 1.0, out=found[at])


def _variance(x: Array) -> Array:
    """Mean square ``(..., 1)`` of the known samples of centred signals."""
    known = np.isfinite(x)
    total = np.where(known, x, 0.0)
    square = np.einsum("...t,...t->...", total, total) / np.maximum(known.sum(axis=-1), 1)
    return np.asarray(square)[..., None]


def _products(x: Array, y: Array, lags: int) -> Array:
    """Sums over t of ``x(t) y(t + k)`` for k from 0 to ``lags - 1``; ``y`` must be ``lags - 1`` longer than ``x``."""
    return _products_with(np.conj(rfft(x, _size(y.shape[-1]), axis=-1)), y, lags)


def _products_with(spectrum: NDArray[np.complex128], y: Array, lags: int) -> Array:
    size = _size(y.shape[-1])
    return np.asarray(irfft(spectrum * rfft(y, size, axis=-1), size, axis=-1)[..., :lags])


def _size(samples: int) -> int:
    return int(next_fast_len(samples, real=True))


def _without_ends(x: Array, count: Array) -> tuple[Array, Array]:
    """Sum, and sum of squares about the mean, of the part of ``x`` that each lag leaves ``(..., lag)``."""
    reach = len(count) // 2

    def left(z: Array) -> Array:
        head = np.cumsum(z[..., :reach], axis=-1)[..., ::-1]  # gone at lags -reach to -1
        tail = np.cumsum(z[..., ::-1][..., :reach], axis=-1)  # gone at lags 1 to reach
        gone = np.concatenate([head, np.zeros((*z.shape[:-1], 1)), tail], axis=-1)
        return np.asarray(z.sum(axis=-1, keepdims=True) - gone)

    sums = left(x)
    spread = left(x**2) - sums**2 / count
    return sums, np.where(spread > FLAT * _variance(x) * count, spread, np.nan)


def _window_spectra(inner: Array, longest: int, flat: Array) -> tuple[NDArray[np.complex128], Array]:
    """Conjugate spectra of windows about their own mean, and one over their norm (NaN if they do not move)."""
    own = inner - inner.mean(axis=-1, keepdims=True)
    spread = np.einsum("...t,...t->...", own, own)
    scale = np.where(spread > flat, 1 / np.sqrt(np.maximum(spread, 1e-300)), np.nan)
    return np.conj(rfft(own, _size(longest), axis=-1)), scale[..., None]


def _moving_scale(y: Array, length: int) -> Array:
    """One over the norm of each window of ``length`` about its own mean ``(..., time - length + 1)``."""

    def moving(z: Array) -> Array:
        summed = np.cumsum(z, axis=-1)
        summed[..., length:] -= summed[..., :-length].copy()
        return summed[..., length - 1 :]

    spread = moving(y**2) - moving(y) ** 2 / length
    flat = FLAT * _variance(y) * length
    return np.where(spread > flat, 1 / np.sqrt(np.maximum(spread, 1e-300)), np.nan)


def _masked(x: Array, y: Array, lags: int, flat: tuple[Array, Array]) -> tuple[Array, Array]:
    """Correlations and counts over the samples that are known in both; ``flat``: variances that are no movement."""
    there_x, there_y = np.isfinite(x).astype(np.float64), np.isfinite(y).astype(np.float64)
    x, y = np.nan_to_num(x), np.nan_to_num(y)
    count = np.rint(_products(there_x, there_y, lags))
    sums = _products(x, there_y, lags), _products(there_x, y, lags)
    squares = _products(x**2, there_y, lags), _products(there_x, y**2, lags)
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = _products(x, y, lags) - sums[0] * sums[1] / count
        spread = [square - total**2 / count for total, square in zip(sums, squares)]
        r = covariance / np.sqrt(spread[0] * spread[1])
        moving = (spread[0] > flat[0] * count) & (spread[1] > flat[1] * count) & (count >= 3)
    return np.where(moving, np.clip(r, -1.0, 1.0), np.nan), count
