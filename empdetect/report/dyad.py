"""What a page on two people shows, in plain numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from empdetect.report.dyad_measures import Measured

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LagOverTime:
    """Correlation by window and lag.

    Args:
        middles: ``(window,)`` of the windows, in seconds.
        lags: ``(lag,)`` in seconds, growing; positive: the second person follows.
        values: ``(window, lag)`` Pearson's r, NaN where too little is known.
        peaks: ``(window,)`` lag of the highest, of either sign; NaN where there is none.
        heights: ``(window,)`` r there.
        q: ``(window,)`` smallest false-discovery rate at which the window would be named.
        named: ``(window,)`` whether it is.
    """

    middles: Array
    lags: Array
    values: Array
    peaks: Array
    heights: Array
    q: Array
    named: NDArray[np.bool_]


@dataclass(frozen=True)
class Dyad:
    """Two people and what was found of them by one signal.

    Args:
        people: names of the first and the second.
        signal: what was compared.
        start, end: of what was tested, in seconds.
        facts: heading, figure and a line below it, of the cards of the first screen.
        claims: what kind, whether it may be made (None: not tested), and what may be said or why not.
        lags, correlations: ``(lag,)`` correlation of the whole by lag, in seconds.
        lag: the lag found and the ends of its 90% interval, in seconds; None where none was.
        observed, p: the pair's statistic and its permutation p; NaN where no test was made.
        surrogates: ``(surrogate,)`` the same statistic.
        statistic, made_of: what both axes of that figure are called.
        over_time: the lag over time; None where no window fits or no test was made.
        measures: the statistic and further ones; empty where there is only the statistic.
        clocks: how streams were brought together: offset, drift, rates, gaps; one sentence each.
        methods: the text for a methods section.
    """

    people: tuple[str, str]
    signal: str
    start: float
    end: float
    facts: Sequence[tuple[str, str, str]]
    claims: Sequence[tuple[str, bool | None, str]]
    lags: Array
    correlations: Array
    observed: float
    p: float
    surrogates: Array
    statistic: str
    made_of: str
    methods: str
    lag: tuple[float, float, float] | None = None
    over_time: LagOverTime | None = None
    clocks: Sequence[str] = field(default_factory=tuple)
    measures: Sequence[Measured] = field(default_factory=tuple)
