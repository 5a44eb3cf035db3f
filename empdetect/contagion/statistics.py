"""One number of a pair, computed alike for the pair and for its surrogates.

A statistic takes ``x (..., time)``, ``y (..., time)`` and the rate in Hz, and gives ``(...)``; any function that does
is one, such as a measure with its settings fixed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from empdetect.contagion.gaps import Array, Flags
from empdetect.contagion.measures.correlation import pearson
from empdetect.contagion.measures.cross_correlation import lag_samples
from empdetect.contagion.measures.lagged_products import centred, overlap_correlations, window_correlations

Statistic: TypeAlias = Callable[[Array, Array, float], Array]


@dataclass(frozen=True)
class Correlation:
    """Size of Pearson's r at lag 0.

    Args:
        absolute: count r and -r alike; False looks for people who move in the same direction.
    """

    absolute: bool = True

    def __call__(self, x: Array, y: Array, rate: float) -> Array:
        """The statistic ``(...)``."""
        r = pearson(x, y)[0]
        return np.abs(r) if self.absolute else r


@dataclass(frozen=True)
class PeakCorrelation:
    """Largest Pearson's r of all lags. The surrogates are searched for theirs too, which pays for the search.

    Args:
        max_lag: largest lag in both directions, in seconds.
        absolute: count r and -r alike.
        least_lag: leave out smaller lags, in seconds. Two regions of one camera share its noise in the same frame,
            two microphones of one room the same sound: an association at lag 0 may be the recorder's.
    """

    max_lag: float = 5.0
    absolute: bool = True
    least_lag: float = 0.0

    def __call__(self, x: Array, y: Array, rate: float) -> Array:
        """The statistic ``(...)``."""
        reach = lag_samples(self.max_lag, rate, x.shape[-1] - 1)
        r, _ = overlap_correlations(centred(x), centred(y), reach)
        r = r[..., _counted(reach, self.least_lag, rate)] if self.least_lag else r
        return _highest(np.abs(r) if self.absolute else r)


@dataclass(frozen=True)
class WindowedCorrelation:
    """Mean over windows and lags of Fisher's z of Pearson's r: coupling that may change its lag and sign.

    What rMEA and SUSY call synchrony (Ramseyer and Tschacher, J. Consult. Clin. Psychol. 79, 2011).

    Args:
        max_lag: largest lag in both directions, in seconds.
        window: in seconds.
        hop: from one window to the next, in seconds; None takes half a window.
        absolute: take the size of each window's and lag's z, so that moving against each other is synchrony too.
        least_lag: leave out smaller lags, in seconds; see ``PeakCorrelation``.
    """

    max_lag: float = 5.0
    window: float = 30.0
    hop: float | None = None
    absolute: bool = True
    least_lag: float = 0.0

    def __call__(self, x: Array, y: Array, rate: float) -> Array:
        """The statistic ``(...)``."""
        reach, length = lag_samples(self.max_lag, rate, x.shape[-1] - 1), round(self.window * rate)
        step = max(1, round((self.window / 2 if self.hop is None else self.hop) * rate))
        r, samples = window_correlations(centred(x), centred(y), reach, length, step)
        r = np.where(samples >= 0.6 * length, np.clip(r, -0.9999, 0.9999), np.nan)
        r = r[..., _counted(reach, self.least_lag, rate)] if self.least_lag else r
        z = np.arctanh(np.abs(r) if self.absolute else r)
        return _mean(z, axes=2)


def _counted(reach: int, least_lag: float, rate: float) -> Flags:
    """Which lags from ``-reach`` to ``reach`` samples count."""
    return np.asarray(np.abs(np.arange(-reach, reach + 1)) >= round(least_lag * rate), np.bool_)


def _highest(values: Array) -> Array:
    """Largest known value of each row, NaN where none is known; without numpy's warning."""
    highest = np.max(values, axis=-1, where=np.isfinite(values), initial=-np.inf)
    return np.where(np.isfinite(highest), highest, np.nan)


def _mean(values: Array, axes: int) -> Array:
    """Mean of the known values over the last axes."""
    over = tuple(range(-axes, 0))
    known = np.isfinite(values)
    count = known.sum(axis=over)
    total = np.where(known, values, 0.0).sum(axis=over)
    return np.asarray(np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0))
