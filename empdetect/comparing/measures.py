"""What else a pair can be asked: each measure as one number that grows with how much two people go together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import ndtri

from empdetect.comparing.settings import Settings
from empdetect.contagion.gaps import Array, mean
from empdetect.contagion.measures.coherence import band_mean, coherence
from empdetect.contagion.measures.concordance import concordance
from empdetect.contagion.measures.granger import granger
from empdetect.contagion.measures.phase import phase_locking
from empdetect.contagion.measures.recurrence import cross_recurrence
from empdetect.contagion.measures.transfer_entropy import transfer_entropy
from empdetect.contagion.measures.warping import dynamic_time_warping
from empdetect.contagion.measures.wavelet_coherence import mean_wavelet_coherence
from empdetect.contagion.statistics import Correlation, PeakCorrelation, Statistic, WindowedCorrelation

MOST_PAST = 25
"""Samples of the past, at most, of measures whose cost or need of data grows fast with it."""


@dataclass(frozen=True)
class Measure:
    """A measure of a pair.

    Args:
        name: in rows.
        says: what its number is, in words.
        statistic: of ``x`` and ``y`` ``(..., time)`` and a rate in Hz; larger where two people go together more.
    """

    name: str
    says: str
    statistic: Statistic


def further_measures(settings: Settings, rate: float) -> list[Measure]:
    """The measures that settings name, beside their statistic.

    Args:
        settings: their lags, windows and band.
        rate: of the signals, in Hz.
    """
    return [measure for name in settings.further() for measure in FURTHER_MEASURES[name](settings, rate)]


def band_of(settings: Settings, rate: float) -> tuple[float, float]:
    """The band of phases, in Hz: the octave of which four to eight cycles fit into a window, unless one was given."""
    high = min(8 / settings.window, 0.4 * rate)
    return settings.band or (high / 2, high)


def normal_scores(x: Array) -> Array:
    """Ranks ``(..., time)`` as a normal distribution has them (van der Waerden, 1952); NaN stays.

    A distance between two signals depends on how each one's values are spread. With normal scores all signals and
    surrogates are spread alike, so only their order in time is left to differ.
    """
    known = np.isfinite(x)
    ranks = np.argsort(np.argsort(x, axis=-1), axis=-1) + 1.0
    return np.where(known, ndtri(ranks / (known.sum(axis=-1, keepdims=True) + 1)), np.nan)


def _lag0(settings: Settings, rate: float) -> list[Measure]:
    """Size of Pearson's r at lag 0."""
    return [Measure("lag0", "size of Pearson's r at lag 0", Correlation())]


def _peak(settings: Settings, rate: float) -> list[Measure]:
    """Largest Pearson's r, of either sign, at any lag."""
    says = f"largest r, of either sign, at lags up to {settings.max_lag:g} s"
    return [Measure("peak", says, PeakCorrelation(settings.max_lag, least_lag=settings.least_lag))]


def _windows(settings: Settings, rate: float) -> list[Measure]:
    """Mean size of Fisher's z over windows and lags."""
    statistic = WindowedCorrelation(settings.max_lag, settings.window, settings.hop, least_lag=settings.least_lag)
    return [Measure("windows", f"mean size of Fisher's z over windows of {settings.window:g} s and lags", statistic)]


def _concordance(settings: Settings, rate: float) -> list[Measure]:
    """Lin's concordance coefficient at lag 0."""
    says = "Lin's concordance at lag 0; levels went out with the trend"
    return [Measure("concordance", says, lambda x, y, rate: concordance(x, y, rate).values)]


def _coherence(settings: Settings, rate: float) -> list[Measure]:
    """Mean squared coherence over a band, by Welch's method, in segments as long as a window."""
    low, high = settings.band or (1 / settings.window, rate / 2)

    def statistic(x: Array, y: Array, rate: float) -> Array:
        return band_mean(coherence(x, y, rate, settings.window), low, high)

    return [Measure("coherence", f"mean squared coherence from {low:.3g} to {high:.3g} Hz", statistic)]


def _wavelet(settings: Settings, rate: float) -> list[Measure]:
    """Mean squared wavelet coherence over time and a band."""
    low, high = settings.band or (2 / settings.window, rate / 4)

    def statistic(x: Array, y: Array, rate: float) -> Array:
        return mean(mean_wavelet_coherence(x, y, rate, low, high, per_octave=4)[0])

    return [Measure("wavelet", f"mean squared wavelet coherence from {low:.3g} to {high:.3g} Hz", statistic)]


def _phase(settings: Settings, rate: float) -> list[Measure]:
    """Phase-locking value of a band."""
    low, high = band_of(settings, rate)

    def statistic(x: Array, y: Array, rate: float) -> Array:
        return phase_locking(x, y, rate, low, high).values

    return [Measure("phase", f"phase-locking value from {low:.3g} to {high:.3g} Hz", statistic)]


def _recurrence(settings: Settings, rate: float) -> list[Measure]:
    """Largest rate of cross-recurrence at any lag, of normal scores."""

    def statistic(x: Array, y: Array, rate: float) -> Array:
        found = cross_recurrence(normal_scores(x), normal_scores(y), rate, settings.max_lag)
        return found.profile.max(axis=-1)

    says = f"largest cross-recurrence rate at any lag up to {settings.max_lag:g} s, of normal scores, radius 0.5"
    return [Measure("recurrence", says, statistic)]


def _warping(settings: Settings, rate: float) -> list[Measure]:
    """Minus the mean distance after time warping, of normal scores."""

    def statistic(x: Array, y: Array, rate: float) -> Array:
        return -dynamic_time_warping(normal_scores(x), normal_scores(y), rate, settings.max_lag).values

    says = f"minus the mean distance after warping time by up to {settings.max_lag:g} s, of normal scores"
    return [Measure("warping", says, statistic)]


def _granger(settings: Settings, rate: float) -> list[Measure]:
    """Granger causality, each direction a test of its own."""
    past = min(settings.max_lag, MOST_PAST / rate)

    def statistic(x: Array, y: Array, rate: float, direction: int) -> Array:
        return np.asarray(granger(x, y, rate, past).values[..., direction])

    return _both_ways("granger", f"Granger causality over {past:.3g} s of the past, in nats", statistic)


def _transfer_entropy(settings: Settings, rate: float) -> list[Measure]:
    """Largest transfer entropy at any lag, each direction a test of its own."""
    reach = min(settings.max_lag, MOST_PAST / rate)

    def statistic(x: Array, y: Array, rate: float, direction: int) -> Array:
        found = transfer_entropy(x, y, rate, reach)
        return found.values[..., found.lags > 0 if direction == 0 else found.lags < 0].max(axis=-1)

    return _both_ways("transfer_entropy", f"largest transfer entropy at lags up to {reach:.3g} s, in bits", statistic)


def _both_ways(name: str, says: str, statistic: Callable[..., Array]) -> list[Measure]:
    """A measure of who tells of whom is two: each direction has a test of its own."""
    return [
        Measure(f"{name}_first_leads", f"{says}, first to second", partial(statistic, direction=0)),
        Measure(f"{name}_second_leads", f"{says}, second to first", partial(statistic, direction=1)),
    ]


FURTHER_MEASURES: dict[str, Callable[[Settings, float], list[Measure]]] = {
    "lag0": _lag0,
    "peak": _peak,
    "windows": _windows,
    "coherence": _coherence,
    "wavelet": _wavelet,
    "phase": _phase,
    "recurrence": _recurrence,
    "warping": _warping,
    "concordance": _concordance,
    "granger": _granger,
    "transfer_entropy": _transfer_entropy,
}
"""By the names that the command line gives them; their docstrings go with every table."""
