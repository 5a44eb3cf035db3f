"""How two signals go together at several time scales at once.

One correlation sees one scale: slow moods, or single moments. People who really talk with each other agree a little
at each, so together the scales tell them from strangers better than any one does.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from empdetect.contagion.gaps import Array, interpolated
from empdetect.contagion.measures.correlation import pearson
from empdetect.contagion.measures.detrending import detrend

DEGREES = (1, 2, 3, 5)
"""Of the polynomials that are taken out before levels are correlated: the higher, the faster what is left."""
SLOPES = (4.0, 8.0)
"""Seconds over which slopes are smoothed."""
ACTIVITIES = (2.0, 4.0)
"""Seconds over which the size of changes, of either sign, is smoothed."""


def scale_correlations(x: Array, y: Array, rate: float) -> Array:
    """Fisher's z of the correlation of levels, slopes and activity of two people.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.

    Returns:
        ``(..., scale)``: levels at each of ``DEGREES``, slopes at each of ``SLOPES``, activity at ``ACTIVITIES``. NaN
        where one of the two does not move.
    """
    sides = [_views(np.asarray(signal, np.float64), rate) for signal in (x, y)]
    r = np.stack([pearson(one, other)[0] for one, other in zip(*sides)], axis=-1)
    return np.asarray(np.arctanh(np.clip(r, -0.9999, 0.9999)))


def _views(x: Array, rate: float) -> list[Array]:
    filled = interpolated(x)
    change = np.abs(np.gradient(filled, axis=-1))
    views = [detrend(x, degree) for degree in DEGREES]
    views += [gaussian_filter1d(filled, seconds * rate, axis=-1, order=1) for seconds in SLOPES]
    return views + [gaussian_filter1d(change, seconds * rate, axis=-1) for seconds in ACTIVITIES]


def against_cohort(pair: Array, first_with_cohort: Array, cohort_with_second: Array) -> Array:
    """How far a pair stands out from what each of the two does with a cohort of strangers.

    The mean over scales of z-scores, each the mean of two: the pair's value beside the first person's with the
    cohort's second persons, and beside the second person's with the cohort's first ones. Some people agree with
    everybody; this takes it out. Known as symmetric normalisation from speaker verification (Kenny, Odyssey 2010).

    Args:
        pair: ``(..., scale)`` of the pair.
        first_with_cohort: ``(..., stranger, scale)``
        cohort_with_second: ``(..., stranger, scale)``

    Returns:
        ``(...)``; scales that are not known count nothing.
    """
    z = [(pair - np.nanmean(c, axis=-2)) / np.nanstd(c, axis=-2) for c in (first_with_cohort, cohort_with_second)]
    return np.asarray(np.nanmean((z[0] + z[1]) / 2, axis=-1))
