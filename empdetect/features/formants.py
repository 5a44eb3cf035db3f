"""Formants: resonances of the vocal tract, as poles of linear prediction (Markel and Gray, 1976)."""

import numpy as np
from numpy.typing import NDArray

from empdetect.features.pitch import framed

Array = NDArray[np.float64]

FORMANTS = 3
RATE = 11_000
"""In Hz: five formants of a grown-up lie below half of it."""
ORDER = 11
PRE_EMPHASIS = 0.94
LOWEST, HIGHEST, WIDEST = 90.0, 5000.0, 700.0
"""Poles outside this range, or wider, are no formants; in Hz."""


def formants(samples: Array, rate: int, step: float, count: int) -> tuple[Array, Array]:
    """Frequency and bandwidth in Hz, ``(time, FORMANTS)`` each; NaN where there is none.

    Args:
        samples: ``(sample,)``
        rate: in Hz.
        step: seconds from the centre of one frame to the next.
        count: number of frames.
    """
    from scipy.signal import resample_poly

    divisor = int(np.gcd(RATE, rate))
    sound = resample_poly(samples, RATE // divisor, rate // divisor)
    sound = np.append(sound[:1], sound[1:] - PRE_EMPHASIS * sound[:-1])
    length = round(0.025 * RATE)
    frames = framed(sound, length, round(step * RATE), count) * np.hamming(length)
    poles = np.linalg.eigvals(_companions(linear_prediction(frames, ORDER)))
    frequency = np.angle(poles) * RATE / (2 * np.pi)
    width = -np.log(np.maximum(np.abs(poles), 1e-9)) * RATE / np.pi
    resonant = (poles.imag > 1e-4) & (frequency > LOWEST) & (frequency < HIGHEST) & (width < WIDEST)
    frequency = np.where(resonant, frequency, np.inf)
    order = np.argsort(frequency, axis=1)[:, :FORMANTS]
    frequency = np.take_along_axis(frequency, order, axis=1)
    there = np.isfinite(frequency)
    return np.where(there, frequency, np.nan), np.where(there, np.take_along_axis(width, order, axis=1), np.nan)


def linear_prediction(frames: Array, order: int) -> Array:
    """Coefficients ``(time, order + 1)`` of the prediction error filter, the first 1 (Levinson and Durbin)."""
    size = 1 << int(np.ceil(np.log2(2 * frames.shape[1])))
    power = np.fft.irfft(np.abs(np.fft.rfft(frames, size)) ** 2)[:, : order + 1]
    error = power[:, 0] * 1.0001 + 1e-9
    filters = np.zeros((len(frames), order + 1))
    filters[:, 0] = 1.0
    for place in range(1, order + 1):
        reflection = -(filters[:, :place] * power[:, place:0:-1]).sum(axis=1) / error
        filters[:, 1 : place + 1] += reflection[:, None] * filters[:, place - 1 :: -1][:, :place]
        error = error * (1 - reflection**2)
    return filters


def _companions(filters: Array) -> Array:
    """Companion matrices ``(time, order, order)``, whose eigenvalues are the poles."""
    order = filters.shape[1] - 1
    matrices = np.zeros((len(filters), order, order))
    matrices[:, 0] = -filters[:, 1:]
    matrices[:, np.arange(1, order), np.arange(order - 1)] = 1.0
    return matrices
