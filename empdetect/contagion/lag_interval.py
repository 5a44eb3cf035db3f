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
        r: the correlation there.
        correlations: ``(lag,)`` at all lags.
        lags: ``(lag,)`` in seconds.
    """

    seconds: float
    low: float
    high: float
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
    low, high = np.quantile(found.lags[(np.abs(drawn) * counted).argmax(axis=1)], [0.05, 0.95], method="nearest")
    # The peak itself may fall outside when hardly any draw agrees; an interval always holds its own value, and nothing
    # is known to less than half a sample.
    at, half = float(peak.lags), 0.5 / rate
    return Lag(
        at, min(float(low), at) - half, max(float(high), at) + half, float(peak.values), found.values, found.lags
    )


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
