"""What a stimulus that both saw explains, taken out of both.

Two people who watch the same film correlate and need not know of each other. Only what the film does not explain can
be coupling.
"""

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, interpolated
from empdetect.errors import InputError

SAMPLES_PER_LAG = 10
"""Known samples that each fitted lag needs."""


def partial_out(x: ArrayLike, stimulus: ArrayLike, rate: float, response: float = 10.0) -> Array:
    """What of a signal a linear response to the stimulus does not explain.

    Least squares on the stimulus at each lag from 0 to ``response`` (a finite impulse response, as in Dale, Human
    Brain Mapping 8, 1999). What somebody does in a way that is not linear in the stimulus, or later, stays in.

    Args:
        x: ``(..., time)`` of one person, NaN for missing.
        stimulus: ``(time,)`` or ``(feature, time)`` what was seen or heard, on the same clock; gaps in it are bridged.
        rate: samples per second, in Hz.
        response: how late a person may still respond, in seconds.

    Returns:
        ``(..., time)``; NaN where ``x`` is, and for the first ``response`` seconds, whose past nobody recorded.

    Raises:
        InputError: the lengths differ, nothing of the stimulus is known, or the recording is too short to fit it.
    """
    values, seen = np.asarray(x, np.float64), interpolated(np.atleast_2d(np.asarray(stimulus, np.float64)))
    if seen.ndim != 2 or seen.shape[-1] != values.shape[-1] or not np.isfinite(seen).all():
        raise InputError(
            f"Taking out a stimulus: it must be known and as long as the signals ({values.shape[-1]} samples), got the "
            f"shape {np.shape(stimulus)}; bring it to their grid first"
        )
    lags = round(response * rate) + 1
    needed = SAMPLES_PER_LAG * lags * len(seen) + lags
    if values.shape[-1] < needed:
        raise InputError(
            f"Taking out a stimulus at lags up to {response:g} s: {needed / rate:g} s of recording are needed, got "
            f"{values.shape[-1] / rate:g} s; lower 'response' or the rate"
        )
    windows = np.lib.stride_tricks.sliding_window_view(seen, lags, axis=-1)
    design = np.moveaxis(windows, 0, 1).reshape(windows.shape[1], -1)
    design = np.concatenate([design - design.mean(axis=0), np.ones((len(design), 1))], axis=1)
    rows = values.reshape(-1, values.shape[-1])
    left = np.full(rows.shape, np.nan)
    for row, out in zip(rows[:, lags - 1 :], left[:, lags - 1 :]):
        known = np.isfinite(row)
        if known.sum() > SAMPLES_PER_LAG * design.shape[1] // 2:
            # Neighbouring lags of a slow stimulus are nearly the same: the pseudo-inverse drops what cannot be told.
            weights = np.linalg.lstsq(design[known], row[known], rcond=1e-6)[0]
            out[known] = row[known] - design[known] @ weights
    return left.reshape(values.shape)
