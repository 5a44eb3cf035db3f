"""What a stimulus that both saw explains, taken out of both.

Two people who watch the same film correlate and need not know of each other. Only what the film does not explain can
be coupling.
"""

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, interpolated
from empdetect.contagion.measures.autoregression import prewhiten
from empdetect.errors import InputError

SAMPLES_PER_TERM = 5
"""Known samples that each fitted number needs."""


def partial_out(x: ArrayLike, stimulus: ArrayLike, rate: float, response: float = 10.0, whiten: bool = True) -> Array:
    """What of a signal neither a linear response to the stimulus nor its own past explains.

    Least squares on the stimulus at each lag from 0 to ``response`` (a finite impulse response; Dale, Human Brain
    Mapping 8, 1999) and, at once, on the signal's own past (an ARX model; Ljung, System Identification, 1999, ch. 4).
    Without the past, the response of a slow signal is estimated so badly that some of the stimulus stays in both
    people, and looks like coupling. What somebody does that is not linear in the stimulus, or later, stays in.

    Args:
        x: ``(..., time)`` of one person each, of mean near 0, NaN for missing.
        stimulus: ``(time,)`` or ``(feature, time)`` what was seen or heard, on the same clock; gaps in it are bridged.
        rate: samples per second, in Hz.
        response: how late a person may still respond, in seconds.
        whiten: take the signal's own past out, as many samples of it as ``prewhiten`` finds.

    Returns:
        ``(..., time)``; NaN where ``x`` or what it is told from is not known, such as the first ``response`` seconds.

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
    needed = SAMPLES_PER_TERM * lags * len(seen) + lags
    if values.shape[-1] < needed:
        raise InputError(
            f"Taking out a stimulus at lags up to {response:g} s: {needed / rate:g} s of recording are needed, got "
            f"{values.shape[-1] / rate:g} s; lower 'response' or the rate"
        )
    past = np.concatenate([_past(row, lags, start=0) for row in seen], axis=1)
    orders = prewhiten(interpolated(values)).order if whiten else np.zeros(values.shape[:-1], np.int64)
    rows = values.reshape(-1, values.shape[-1])
    left = [_unexplained(row, past, int(order)) for row, order in zip(rows, orders.reshape(-1))]
    return np.stack(left).reshape(values.shape)


def _past(x: Array, terms: int, start: int) -> Array:
    """Samples ``start`` to ``start + terms - 1`` ago ``(time, term)``, NaN before the first one."""
    padded = np.concatenate([np.full(start + terms - 1, np.nan), x])
    return np.lib.stride_tricks.sliding_window_view(padded, terms)[: len(x), ::-1]


def _unexplained(x: Array, seen: Array, order: int) -> Array:
    """What is left of one signal ``(time,)`` after what was seen ``(time, term)`` and its own past."""
    # Gaps in the own past are bridged: see ``preparation``.
    terms = [seen, np.ones((len(x), 1))] + ([_past(interpolated(x), order, start=1)] if order else [])
    design = np.concatenate(terms, axis=1)
    known = np.isfinite(x) & np.isfinite(design).all(axis=1)
    left = np.full(x.shape, np.nan)
    if known.sum() >= SAMPLES_PER_TERM * design.shape[1]:
        # Neighbouring lags of a slow stimulus are nearly the same: directions that cannot be told apart are dropped.
        weights = np.linalg.lstsq(design[known], x[known], rcond=1e-9)[0]
        left[known] = x[known] - design[known] @ weights
    return left
