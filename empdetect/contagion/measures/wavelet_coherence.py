"""Wavelet coherence: when, and at which frequencies, two people's signals go together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.gaps import Array, Flags, interpolated, mean, near_gaps, pair, standardised, usable
from empdetect.errors import InputError

Complex = NDArray[np.complex128]

OMEGA = 6.0
"""Central frequency of the Morlet wavelet, in radians: six oscillations under its envelope."""
WAVELET = f"cmor2.0-{OMEGA / (2 * np.pi)}"
BLOCK = 4_000_000
"""Values of coherence that are held at a time where only their means are wanted."""
OCTAVES = 0.6
"""Over which scales are averaged: this wavelet's scale-decorrelation length (Torrence and Compo, 1998, table 2)."""


@dataclass(frozen=True)
class WaveletCoherence:
    """Coherence by frequency and time.

    Args:
        values: ``(..., frequency, time)`` squared coherence, 0 to 1; NaN where the ends of the recording or a gap
            reach into the wavelet.
        frequencies: ``(frequency,)`` in Hz, falling.
        lags: ``(..., frequency, time)`` seconds by which the second person follows, from the phase: within half a
            period of 0; NaN where the values are.
        quality: ``(...)`` share of the values that are known.
    """

    values: Array
    frequencies: Array
    lags: Array
    quality: Array


def wavelet_coherence(
    x: ArrayLike, y: ArrayLike, rate: float, low: float, high: float, per_octave: int = 8
) -> WaveletCoherence:
    """Wavelet coherence with the Morlet wavelet.

    ``|S(W_x* W_y / s)|^2 / (S(|W_x|^2 / s) S(|W_y|^2 / s))``, smoothed over time by a Gaussian of the wavelet's own
    width and over 0.6 octaves of scale: Torrence and Webster, J. Climate 1999, appendix; Grinsted, Moore and
    Jevrejeva, Nonlin. Proc. Geophys. 2004, eq. 8 to 10. Transforms by PyWavelets, which integrates the wavelet
    between samples: other implementations that sum it differ a little. Gaps are bridged by straight lines, and all
    that lies within the wavelet's e-folding time ``sqrt(2) s`` of a gap or an end is NaN.

    Independent signals are far from 0 here, for the smoothing leaves few degrees of freedom: compare with surrogates.
    Cost: ``O(n log n)`` a frequency; memory ``O(n)`` a pair and frequency, so for many pairs see
    ``mean_wavelet_coherence``.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        low, high: lowest and highest frequency, in Hz; at most half of the rate.
        per_octave: frequencies an octave.

    Raises:
        InputError: the signals do not belong together (``gaps.pair``) or the frequencies are out of range.
    """
    one, other = _side_by_side(x, y, rate)
    seconds = one.shape[-1] / rate
    if not 2 / seconds <= low < high <= rate / 2 or per_octave < 1:
        raise InputError(
            f"Wavelet coherence: frequencies from {2 / seconds:g} Hz (two periods in {seconds:g} s) to {rate / 2:g} Hz "
            f"(half of the rate) are allowed, lowest first; got {low:g} to {high:g} Hz"
        )
    count = int(np.floor(np.log2(high / low) * per_octave)) + 1
    frequencies = high * 2.0 ** (-np.arange(count) / per_octave)
    scales = OMEGA / (2 * np.pi) * rate / frequencies
    first, second = (transformed(z, scales) for z in (one, other))
    weight = 1 / scales.reshape(-1, *[1] * one.ndim)
    cross = _smoothed(np.conj(first) * second * weight, scales, per_octave)
    powers = [_smoothed(np.abs(z) ** 2 * weight, scales, per_octave).real for z in (first, second)]
    power = powers[0] * powers[1]
    values = np.divide(np.abs(cross) ** 2, power, out=np.full(power.shape, np.nan), where=power > 0)
    lost = np.stack([_reached(one, scale) | _reached(other, scale) for scale in scales])
    values = np.moveaxis(np.where(lost, np.nan, values), 0, -2)
    turns = np.moveaxis(np.where(lost, np.nan, -np.angle(cross) / (2 * np.pi)), 0, -2)
    quality = np.asarray(np.isfinite(values).mean(axis=(-2, -1)))
    return WaveletCoherence(values, frequencies, turns / frequencies[:, None], quality)


def mean_wavelet_coherence(
    x: ArrayLike, y: ArrayLike, rate: float, low: float, high: float, per_octave: int = 8
) -> tuple[Array, Array]:
    """Wavelet coherence averaged over time: what a pair is compared with hundreds of surrogates by.

    As ``wavelet_coherence``, some pairs at a time, so that memory does not grow with their number.

    Returns:
        Mean squared coherence ``(..., frequency)`` of what is known, and the frequencies ``(frequency,)`` in Hz.
    """
    one, other = _side_by_side(x, y, rate)
    shape, length = np.broadcast_shapes(one.shape, other.shape)[:-1], one.shape[-1]
    if one.size > length:
        one = np.broadcast_to(one, (*shape, length))
    one, other = one.reshape(-1, length), np.broadcast_to(other, (*shape, length)).reshape(-1, length)
    rows = max(1, BLOCK // (length * max(1, round(per_octave * np.log2(high / low)))))
    blocks = [slice(first, first + rows) for first in range(0, len(other), rows)]
    found = [
        wavelet_coherence(one[part] if len(one) > 1 else one, other[part], rate, low, high, per_octave)
        for part in blocks
    ]
    means = np.concatenate([mean(block.values) for block in found])
    return means.reshape(*shape, -1), found[0].frequencies


def _side_by_side(x: ArrayLike, y: ArrayLike, rate: float) -> tuple[Array, Array]:
    """Both with as many dimensions, not broadcast: one person is transformed once, however many surrogates there are.

    Raises:
        InputError: the signals do not belong together.
    """
    deep = pair(x, y, rate, "Wavelet coherence")[0].ndim
    one, other = (usable(np.asarray(z, np.float64)) for z in (x, y))
    return one.reshape((1,) * (deep - one.ndim) + one.shape), other.reshape((1,) * (deep - other.ndim) + other.shape)


def transformed(values: Array, scales: Array) -> Complex:
    """Morlet wavelet transform ``(scale, ..., time)`` of standardised signals; scales in samples."""
    import pywt

    filled = np.nan_to_num(interpolated(standardised(values)))
    return np.asarray(pywt.cwt(filled, scales, WAVELET, method="fft", axis=-1)[0], np.complex128)


def _smoothed(values: ArrayLike, scales: Array, per_octave: int) -> Complex:
    """Values ``(scale, ..., time)`` averaged over time as each scale asks for, then over scales."""
    spread = np.asarray(values)
    length = spread.shape[-1]
    # Zeros beyond the end, or the filter would fold the start in.
    size = 1 << int(np.ceil(np.log2(length + 6 * scales.max())))
    frequency = 2 * np.pi * np.fft.fftfreq(size)
    over_time = np.stack(
        [
            np.fft.ifft(np.fft.fft(row, size) * np.exp(-0.5 * (s * frequency) ** 2))[..., :length]
            for s, row in zip(scales, spread)
        ]
    )
    width = OCTAVES * per_octave / 2
    place = np.arange(len(scales))
    # A boxcar of 0.6 octaves, its last cells in part; at the lowest and highest scale what there is of it.
    weights = np.clip(width + 0.5 - np.abs(place[:, None] - place), 0, 1)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.tensordot(weights, over_time, axes=1), np.complex128)


def _reached(values: Array, scale: float) -> Flags:
    """Samples ``(..., time)`` within the wavelet's e-folding time of a gap or an end."""
    reach = int(np.ceil(np.sqrt(2) * scale))
    place = np.arange(values.shape[-1])
    ends = (place < reach) | (place >= values.shape[-1] - reach)
    return near_gaps(values, reach) | ends
