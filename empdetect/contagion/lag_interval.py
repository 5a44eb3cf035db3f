"""How late the second person follows, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from empdetect.contagion.gaps import Array, standardised
from empdetect.contagion.measures.cross_correlation import cross_correlation, highest_peak, lag_samples

Rng = np.random.Generator

BLOCKS = 30
"""Stretches of the recording that are drawn again and again; each must be longer than the lags."""
DRAWS = 1000


@dataclass(frozen=True)
class Lag:
    """Where the correlation peaks.

    Args:
        seconds: positive: the second person follows the first.
        low, high: 90% interval, in seconds, as everywhere in a Scores table.
        sure_low, sure_high: 95% interval, in seconds, which a claim of who leads rests on: it errs on either side.
        r: the correlation there.
        correlations: ``(lag,)`` at all lags.
        lags: ``(lag,)`` in seconds.
    """

    seconds: float
    low: float
    high: float
    sure_low: float
    sure_high: float
    r: float
    correlations: Array
    lags: Array


def find_lag(x: Array, y: Array, rate: float, max_lag: float, rng: Rng, least_lag: float = 0.0) -> Lag:
    """The lag of the largest correlation, of either sign, with a block bootstrap interval (Künsch, Ann. Statist. 1989).

    The recording is cut into ``BLOCKS`` stretches (fewer where the lags are long). Stretches are drawn with
    replacement, their products at each lag summed, and the peak looked for again.

    Args:
        x, y: ``(time,)`` prepared signals of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        max_lag: largest lag in both directions, in seconds.
        rng: of the draws.
        least_lag: leave out smaller lags, in seconds.
    """
    found = cross_correlation(x, y, rate, max_lag)
    counted = np.abs(found.lags) >= least_lag - 1e-9
    peak = highest_peak(np.where(counted, found.values, np.nan), found.lags)
    blocks = _block_products(standardised(x), standardised(y), lag_samples(max_lag, rate, len(x) - 1))
    drawn = rng.multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), DRAWS) @ blocks
    peaks = found.lags[(np.abs(drawn) * counted).argmax(axis=1)]
    at, r = float(peak.lags), float(peak.values)
    intervals = _interval(peaks, 0.90, at, rate), _interval(peaks, 0.95, at, rate)
    return Lag(at, *intervals[0], *intervals[1], r, found.values, found.lags)


def _interval(peaks: Array, level: float, at: float, rate: float) -> tuple[float, float]:
    """Of drawn lags, in seconds. The lag itself is in it, also when hardly any draw agrees.

    Nothing is known to less than half a sample.
    """
    tail = (1 - level) / 2
    low, high = np.quantile(peaks, [tail, 1 - tail], method="nearest")
    return min(float(low), at) - 0.5 / rate, max(float(high), at) + 0.5 / rate


def _block_products(x: Array, y: Array, reach: int) -> Array:
    """Sums of ``x(t) y(t + lag)`` over each block of time ``(block, lag)``; gaps count nothing."""
    length = max(len(x) // BLOCKS, 2 * reach, 1)
    blocks = max(1, len(x) // length)
    inner = np.nan_to_num(x[: blocks * length]).reshape(blocks, length)
    padded = np.pad(np.nan_to_num(y), (reach, reach))[: blocks * length + 2 * reach]
    outer = np.lib.stride_tricks.sliding_window_view(padded, length + 2 * reach)[::length]
    size = next_fast_len(length + 2 * reach, real=True)
    products = irfft(np.conj(rfft(inner, size)) * rfft(outer, size), size)
    return np.asarray(products[:, : 2 * reach + 1])
