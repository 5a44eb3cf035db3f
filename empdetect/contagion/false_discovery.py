"""Many tests at once: windows of one pair, or measures, or pairs."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, Flags
from empdetect.contagion.inference import permutation_p
from empdetect.contagion.measures.cross_correlation import Peaks, highest_peak, windowed_cross_correlation

Method = Literal["bh", "by"]


@dataclass(frozen=True)
class WindowTests:
    """Each window of a pair beside the windows of its surrogates.

    Args:
        starts: ``(window,)`` in seconds from the first sample.
        peaks: ``(window,)`` lag in seconds and correlation of each window's peak.
        p: ``(window,)`` NaN where too little is known.
        q: ``(window,)`` smallest false-discovery rate at which the window would be named.
        found: ``(window,)`` whether it is named.
    """

    starts: Array
    peaks: Peaks
    p: Array
    q: Array
    found: Flags


def false_discovery(p: ArrayLike, method: Method = "by") -> Array:
    """Adjust p-values for their number: the share of false ones among those at or below a q is q at most.

    ``scipy.stats.false_discovery_control``, for any shape and with NaN for tests that were not made.

    Args:
        p: ``(...)`` of tests of any kind: windows, measures, pairs.
        method: ``by`` (Benjamini and Yekutieli, 2001) holds for tests that depend on each other in any way, such as
            overlapping windows or several measures of one pair; ``bh`` (Benjamini and Hochberg, 1995) for independent
            ones.

    Returns:
        ``(...)`` adjusted, NaN where ``p`` is NaN.
    """
    from scipy.stats import false_discovery_control

    values = np.asarray(p, np.float64)
    adjusted = np.full(values.shape, np.nan)
    made = np.isfinite(values)
    if made.any():
        adjusted[made] = false_discovery_control(values[made], method=method)
    return adjusted


def window_tests(
    x: Array,
    y: Array,
    surrogates: Array,
    rate: float,
    max_lag: float = 5.0,
    window: float = 30.0,
    hop: float | None = None,
    rate_of_false: float = 0.05,
    method: Method = "by",
    least_lag: float = 0.0,
) -> WindowTests:
    """Find the windows in which the two go together.

    A window's peak is held against the peaks of all windows of all surrogates, which is fair if the surrogates are
    alike from start to end, as phase-randomised ones are. The p-values are then adjusted for the number of windows.

    Args:
        x, y: ``(time,)`` prepared signals of the first and the second person, NaN for missing.
        surrogates: ``(surrogate, time)`` of the second person's.
        rate: samples per second, in Hz.
        max_lag, window, hop: in seconds; see ``windowed_cross_correlation``.
        rate_of_false: share of false ones among the windows named, at most.
        method: see ``false_discovery``.
        least_lag: leave out smaller lags, in seconds; see ``PeakCorrelation``.

    Raises:
        InputError: no window fits.
    """
    found = windowed_cross_correlation(x, y, rate, max_lag, window, hop)
    counted = np.abs(found.lags) >= least_lag - 1e-9
    peaks = highest_peak(np.where(counted, found.values, np.nan), found.lags)
    beside = windowed_cross_correlation(x, surrogates, rate, max_lag, window, hop)
    heights = np.abs(highest_peak(np.where(counted, beside.values, np.nan), beside.lags).values).ravel()
    p = permutation_p(np.abs(peaks.values), np.broadcast_to(heights[:, None], (len(heights), len(found.starts))))
    q = false_discovery(p, method)
    return WindowTests(found.starts, peaks, p, q, np.asarray(q <= rate_of_false, np.bool_))
