"""Fundamental frequency by YIN (de Cheveigné & Kawahara, 2002, JASA 111, 1917-1930), in numpy.

librosa's compiles itself with numba on first use and stores the machine code in a cache that all processes share:
two that begin at once can read each other's half-written code and crash.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

THRESHOLD = 0.1
"""A dip below this is the period (step 4)."""


def yin(frames: Array, rate: int, lowest: float, highest: float) -> Floats:
    """Fundamental frequency in Hz of every frame, ``(time,)``: that of noise means nothing.

    Args:
        frames: ``(time, sample)``
        rate: in Hz.
        lowest: in Hz.
        highest: in Hz.
    """
    shortest, longest = int(rate / highest), min(int(np.ceil(rate / lowest)), frames.shape[1] - 2)
    difference = _normalised(_difference(frames, longest))[:, shortest : longest + 1]
    place = _first_dip(difference)
    return rate / (shortest + place + _shift(difference, place))


def _difference(frames: Array, longest: int) -> Floats:
    """Squared difference of each frame from itself ``lag`` samples later, zeros beyond its end; ``(time, lag)``."""
    from scipy.fft import irfft, next_fast_len, rfft

    size = next_fast_len(frames.shape[1] + longest, real=True)
    # Half the digits are enough for the correlation, and twice as fast.
    spectrum = rfft(frames.astype(np.float32, copy=False), size)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    correlation = irfft(power, size)[:, : longest + 1].astype(np.float64)
    squares = np.square(frames, dtype=np.float64)
    total = squares.sum(axis=1, keepdims=True)
    before = np.pad(np.cumsum(squares[:, :longest], axis=1), ((0, 0), (1, 0)))
    return 2 * (total - correlation) - before


def _normalised(difference: Floats) -> Floats:
    """Divided by the mean over all shorter lags (eq. 8)."""
    lags = np.arange(1, difference.shape[1])
    mean = np.cumsum(difference[:, 1:], axis=1) / lags
    return np.pad(difference[:, 1:] / np.maximum(mean, 1e-12), ((0, 0), (1, 0)), constant_values=1.0)


def _first_dip(difference: Floats) -> NDArray[np.int_]:
    """The first local minimum below the threshold, else the least value, ``(time,)``."""
    edges = np.pad(difference, ((0, 0), (1, 1)), mode="edge")
    dip = (difference < edges[:, :-2]) & (difference <= edges[:, 2:])
    dip[:, 0] = difference[:, 0] < difference[:, 1]
    deep = dip & (difference < THRESHOLD)
    return np.where(deep.any(axis=1), deep.argmax(axis=1), difference.argmin(axis=1))


def _shift(difference: Floats, place: NDArray[np.int_]) -> Floats:
    """From the dip to the bottom of the parabola through its neighbours, -1 to 1; 0 at the edges (step 5)."""
    inside = (place > 0) & (place < difference.shape[1] - 1)
    around = np.clip(place, 1, difference.shape[1] - 2)[:, None] + np.arange(-1, 2)
    left, middle, right = np.take_along_axis(difference, around, axis=1).T
    bend, lean = left - 2 * middle + right, left - right
    shift = np.divide(0.5 * lean, bend, out=np.zeros_like(bend), where=bend > 1e-12)
    return np.where(inside & (np.abs(shift) <= 1), shift, 0.0)
