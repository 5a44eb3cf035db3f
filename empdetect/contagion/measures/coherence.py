"""Coherence: at which frequencies two people's signals go together, and who is behind whom there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, mean, pair
from empdetect.errors import InputError


@dataclass(frozen=True)
class Coherence:
    """Coherence by frequency.

    Args:
        values: ``(..., frequency)`` magnitude-squared coherence, 0 to 1; NaN with fewer than two whole segments (one
            alone is always perfectly coherent). Of independent signals it is about ``1 / segments`` on average.
        frequencies: ``(frequency,)`` in Hz.
        lags: ``(..., frequency)`` seconds by which the second person follows, from the phase: known up to whole
            periods, so within half a period of 0; NaN at 0 Hz and at half of the rate, which have no phase.
        segments: ``(...)`` that are whole in both signals.
        quality: ``(...)`` their share of all.
    """

    values: Array
    frequencies: Array
    lags: Array
    segments: Array
    quality: Array


def coherence(x: ArrayLike, y: ArrayLike, rate: float, segment: float) -> Coherence:
    """Magnitude-squared coherence by Welch's method (Welch, IEEE TAE 1967; Carter, Proc. IEEE 1987).

    Segments overlap by half, each has its mean taken out and a Hann window laid on (``scipy.signal``). One in which a
    sample is unknown is left out: frequencies of a signal with invented values would be invented. Cost: ``O(n log m)``
    for segments of m; memory ``O(n)`` a pair.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        segment: length of a segment, in seconds: frequencies are ``1 / segment`` Hz apart.

    Raises:
        InputError: the signals do not belong together (``gaps.pair``) or hold less than two segments.
    """
    from scipy.signal import spectrogram

    one, other = pair(x, y, rate, "Coherence")
    length = round(segment * rate)
    step = length - length // 2
    if length < 4 or one.shape[-1] < length + step:
        raise InputError(
            f"Coherence: segments of 4 samples or more are needed, and room for two that overlap by half; got segments "
            f"of {segment:g} s in {one.shape[-1] / rate:g} s at {rate:g} Hz; choose another 'segment'"
        )
    settings = {"fs": rate, "window": "hann", "nperseg": length, "noverlap": length // 2, "mode": "complex"}
    frequencies, _, first = spectrogram(one, **settings)
    second = spectrogram(other, **settings)[2]
    known = np.isfinite(first[..., 0, :]) & np.isfinite(second[..., 0, :])
    powers = (mean(np.where(known[..., None, :], np.abs(z) ** 2, np.nan)) for z in (first, second))
    product = np.where(known[..., None, :], np.conj(first) * second, 0).sum(axis=-1)
    segments = known.sum(axis=-1)
    return _coherence(product, np.prod(list(powers), axis=0), segments, known.shape[-1], frequencies, rate / 2)


def _coherence(
    product: Array, powers: Array, segments: Array, of: int, frequencies: Array, highest: float
) -> Coherence:
    """Coherence from sums of cross-spectra ``(..., frequency)`` and products of mean spectra."""
    cross = product / np.maximum(segments, 1)[..., None]
    there = (segments[..., None] > 1) & (powers > 0)
    values = np.divide(np.abs(cross) ** 2, powers, out=np.full(powers.shape, np.nan), where=there)
    turns = np.where(there, -np.angle(cross) / (2 * np.pi), np.nan)
    # At 0 Hz and at half of the rate spectra are real: who is behind cannot be told.
    told = (frequencies > 0) & (frequencies < highest * (1 - 1e-9))
    lags = np.divide(turns, frequencies, out=np.full(powers.shape, np.nan), where=told)
    return Coherence(values, frequencies, lags, segments, segments / of)


def band_mean(found: Coherence, low: float, high: float) -> Array:
    """Mean coherence ``(...)`` over the frequencies from ``low`` to ``high`` Hz; one number to test.

    Raises:
        InputError: no frequency lies in between.
    """
    inside = (found.frequencies >= low) & (found.frequencies <= high)
    if not inside.any():
        raise InputError(
            f"Coherence from {low:g} to {high:g} Hz: there is no such frequency, they are "
            f"{found.frequencies[1]:g} Hz apart up to {found.frequencies[-1]:g} Hz; choose longer segments"
        )
    return mean(found.values[..., inside])
