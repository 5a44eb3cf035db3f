"""Cross-correlation at lags: over a whole recording, and window by window with peak picking.

Positive lag: the second person follows the first. Sums of products come from Fourier transforms, so the cost grows
with the length and not with the number of lags.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, Flags, known_share, pair, usable
from empdetect.contagion.measures.lagged_products import centred, overlap_correlations, window_correlations
from empdetect.errors import InputError


@dataclass(frozen=True)
class CrossCorrelation:
    """Correlation by lag.

    Args:
        values: ``(..., lag)`` Pearson's r over the part where both are known; NaN where that is too short or flat.
        lags: ``(lag,)`` in seconds, growing; positive: the second person follows.
        samples: ``(..., lag)`` how many samples are known in both.
        quality: ``(...)`` share of the samples that is known in both signals, 0 to 1.
    """

    values: Array
    lags: Array
    samples: Array
    quality: Array


@dataclass(frozen=True)
class WindowedCrossCorrelation:
    """Correlation by window and lag.

    Args:
        values: ``(..., window, lag)``; NaN where too little is known or one of the two does not move.
        lags: ``(lag,)`` in seconds, growing; positive: the second person follows.
        starts: ``(window,)`` of the first person's window, in seconds from the first sample.
        samples: ``(..., window, lag)`` how many samples are known in both.
        quality: ``(...)`` share of the samples that is known in both signals, 0 to 1.
    """

    values: Array
    lags: Array
    starts: Array
    samples: Array
    quality: Array


@dataclass(frozen=True)
class Peaks:
    """The peak of each row of correlations.

    Args:
        lags: ``(...)`` in seconds; NaN where there is no peak.
        values: ``(...)`` the correlation there.
    """

    lags: Array
    values: Array


def cross_correlation(x: ArrayLike, y: ArrayLike, rate: float, max_lag: float) -> CrossCorrelation:
    """Correlation of ``x(t)`` with ``y(t + lag)``, at each lag over the samples that overlap.

    Pearson's r of the overlapping parts, each with its own mean and spread, so every value is what
    ``numpy.corrcoef`` gives for the shifted signals (Box and Jenkins, Time Series Analysis, ch. 11, up to their
    common mean and spread for all lags, which ``statsmodels.tsa.stattools.ccf`` takes too).

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        max_lag: largest lag in both directions, in seconds.

    Raises:
        InputError: the signals do not belong together, or the largest lag leaves nothing to compare.
    """
    one, other = _checked(x, y, rate, "Cross-correlating")
    reach = lag_samples(max_lag, rate, one.shape[-1] - 1)
    values, samples = overlap_correlations(one, other, reach)
    return CrossCorrelation(values, np.arange(-reach, reach + 1) / rate, samples, _share(one, other))


def windowed_cross_correlation(
    x: ArrayLike,
    y: ArrayLike,
    rate: float,
    max_lag: float,
    window: float = 10.0,
    hop: float | None = None,
    least_known: float = 0.6,
) -> WindowedCrossCorrelation:
    """Correlation of a window of the first person with windows of the second that start so much later.

    Windowed lagged cross-correlation (Boker, Xu, Rotondo and King, Psychological Methods 7, 2002). Only windows for
    which all lags lie within the recording are used, so the first starts ``max_lag`` after the first sample. Cost is
    linear in length.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        max_lag: largest lag in both directions, in seconds.
        window: in seconds.
        hop: from one window's start to the next one's, in seconds; None takes half a window.
        least_known: share of a window that must be known in both, 0 to 1.

    Raises:
        InputError: the signals do not belong together, or no window fits.
    """
    one, other = _checked(x, y, rate, "Cross-correlating windows")
    length, step = round(window * rate), max(1, round((window / 2 if hop is None else hop) * rate))
    reach = lag_samples(max_lag, rate, one.shape[-1] - 1)
    if length < 3 or length + 2 * reach > one.shape[-1]:
        raise InputError(
            f"Cross-correlating windows of {window:g} s at lags up to {max_lag:g} s: a window needs 3 samples and, "
            f"with the lags on both sides, must fit into {one.shape[-1] / rate:g} s; change 'window' or 'max_lag'"
        )
    values, samples = window_correlations(one, other, reach, length, step)
    least = max(3.0, least_known * length)
    if samples.min() < least:
        values = np.where(samples >= least, values, np.nan)
    starts = (reach + step * np.arange(values.shape[-2])) / rate
    lags = np.arange(-reach, reach + 1) / rate
    return WindowedCrossCorrelation(values, lags, starts, samples, _share(one, other))


def pick_peaks(values: Array, lags: Array, reach: float = 0.5) -> Peaks:
    """The peak of each row that lies nearest to lag 0 (Boker et al., 2002, without their smoothing).

    A peak is higher than everything up to ``reach`` on both sides, and not at the end of the lags: there it might
    still rise. A row without one gets NaN.

    Args:
        values: ``(..., lag)``
        lags: ``(lag,)`` evenly spaced, in seconds.
        reach: in seconds.
    """
    from scipy.ndimage import maximum_filter1d

    around = max(1, round(reach / float(lags[1] - lags[0])))
    filled = np.nan_to_num(values, nan=-np.inf)
    highest = maximum_filter1d(filled, 2 * around + 1, axis=-1, mode="nearest")
    peak = (filled == highest) & np.isfinite(values)
    peak[..., :around] = peak[..., -around:] = False
    return _picked(values, lags, peak, np.where(peak, np.abs(lags), np.inf).argmin(axis=-1))


def highest_peak(values: Array, lags: Array, absolute: bool = True) -> Peaks:
    """The largest correlation of each row, of either sign unless ``absolute`` is False; ends of the lags count."""
    size = np.abs(values) if absolute else values
    known = np.isfinite(values)
    return _picked(values, lags, known, np.where(known, size, -np.inf).argmax(axis=-1))


def lag_samples(max_lag: float, rate: float, longest: int) -> int:
    """The largest lag as samples.

    Raises:
        InputError: it is negative, or leaves fewer than two samples to compare.
    """
    reach = round(max_lag * rate)
    if not 0 <= reach < longest:
        raise InputError(
            f"Cross-correlating at lags up to {max_lag:g} s: allowed is 0 to {(longest - 1) / rate:g} s for this length"
        )
    return reach


def _checked(x: ArrayLike, y: ArrayLike, rate: float, doing: str) -> tuple[Array, Array]:
    """Both signals centred; not broadcast against each other, which would do one person's part again and again."""
    pair(x, y, rate, doing)
    return centred(usable(np.asarray(x, np.float64))), centred(usable(np.asarray(y, np.float64)))


def _share(x: Array, y: Array) -> Array:
    return known_share(*np.broadcast_arrays(x, y))


def _picked(
    values: Array, lags: Array, candidates: Flags, place: np.ndarray[tuple[int, ...], np.dtype[np.intp]]
) -> Peaks:
    found = candidates.any(axis=-1)
    value = np.take_along_axis(values, place[..., None], axis=-1)[..., 0]
    return Peaks(np.where(found, lags[place], np.nan), np.where(found, value, np.nan))
