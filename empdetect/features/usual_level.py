"""What is usual around or before each frame, and how far it spreads, in numpy; NaN is what is unknown."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LIMIT = 5.0
"""Spreads beyond which a scaled value is cut: an artefact says no more than that."""
NORMAL_IQR = 1.349
"""Interquartile range of a normal distribution of spread 1."""
SEEN = 0.1
"""Share of the seconds before a frame, or before a trial, that must be known to tell what was usual."""
STEPS = 10
"""Steps of the clock, up to a frame, that tell which is usual: few, as a recording may go on at another rate."""


def median(values: Array) -> Array:
    """Median of each column ``(1, feature)`` over its known values; NaN if there are none."""
    return quantiles(values, [0.5])


def quartile_spread(values: Array) -> Array:
    """Spread of each column ``(feature,)`` over its known values: interquartile range / 1.349."""
    low, high = quantiles(values, [0.25, 0.75])
    return np.asarray((high - low) / NORMAL_IQR)


def in_spreads(values: Array, spread: Array) -> Array:
    """Columns divided by their spread and cut at ``LIMIT``; NaN where nothing changed."""
    return np.clip(values / np.where(spread > 0, spread, np.nan), -LIMIT, LIMIT)


def quantiles(values: Array, levels: Sequence[float]) -> Array:
    """Quantiles ``(level, feature)`` of the known values of each column ``(time, feature)``, or NaN."""
    columns = [column[np.isfinite(column)] for column in values.T]
    return np.array([np.quantile(c, levels) if len(c) else np.full(len(levels), np.nan) for c in columns]).T


def moving_mean(values: Array, times: Array, before: float, after: float) -> Array:
    """Mean of the known values from ``before`` seconds ahead of each frame to ``after`` it; NaN where there are none.

    Of values that do not change it is their value, to the last digit.

    Args:
        values: ``(time, feature)``
        times: ``(time,)`` growing.
        before: in seconds.
        after: in seconds.
    """
    total, count = _moving_sums(values, times, before, after)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Array = total / count
    steady, value = _steady(values, times, before, after)
    return np.where(steady & (count > 0), value, mean)


def _steady(values: Array, times: Array, before: float, after: float) -> tuple[NDArray[np.bool_], Array]:
    """Whether the known values around each frame are all the same, and the last of them, ``(time, feature)`` each.

    Changes are counted, as differences of sums would seldom be exactly 0. Means nothing where none is known.
    """
    known = np.isfinite(values)
    row = np.arange(len(values))[:, None]
    held = np.take_along_axis(values, np.maximum.accumulate(np.where(known, row, 0), axis=0), axis=0)
    changed = known.copy()
    changed[1:] &= held[1:] != held[:-1]
    changes = np.cumsum(changed, axis=0)
    first, last = _bounds(times, before, after)
    # That the first known value is another than the one before it does not count: that one lies outside.
    following = np.minimum.accumulate(np.where(known, row, len(values) - 1)[::-1], axis=0)[::-1]
    return changes[last - 1] == np.take_along_axis(changes, following[first], axis=0), held[last - 1]


def baseline(values: Array, times: Array, seconds: float) -> tuple[Array, Array]:
    """Median and spread by quartiles ``(1, feature)`` of the seconds before second 0; NaN until a tenth is known."""
    resting = (times >= -seconds) & (times < 0)
    before = values[resting]
    enough = _enough(np.where(resting[:, None], values, np.nan), times, seconds, np.zeros(1))
    return np.where(enough, median(before), np.nan), np.where(enough, quartile_spread(before), np.nan)


def past(values: Array, times: Array, seconds: float) -> tuple[Array, Array]:
    """Mean and standard deviation ``(time, feature)`` of the seconds up to each frame; NaN until a tenth is known.

    The first two moments are told nothing: the step between them may be a pause.
    """
    # The spread is a small difference of large squares unless the level is taken off first; that of the first known
    # value, as what comes later must not move what was usual before.
    level = first_known(values)
    mean = moving_mean(values - level, times, seconds, 0.0)
    square = moving_mean((values - level) ** 2, times, seconds, 0.0)
    _, place = np.unique(times, return_inverse=True)
    enough = _enough(values, times, seconds, times) & (place > 1)[:, None]
    variance = square - mean**2
    # A difference of sums is no better than the last digits of all that was added up so far: less is no change.
    rounding = 4 * np.finfo(np.float64).eps * _running(np.where(np.isfinite(values), (values - level) ** 2, 0.0))[1:]
    spread = np.sqrt(np.where(variance > rounding, variance, 0.0))
    return np.where(enough, mean + level, np.nan), np.where(enough, spread, np.nan)


def first_known(values: Array) -> Array:
    """First known value of each column ``(1, feature)``; 0 where there is none."""
    known = np.isfinite(values)
    first = np.take_along_axis(values, known.argmax(axis=0)[None], axis=0)
    return np.where(known.any(axis=0), first, 0.0)


def _enough(values: Array, times: Array, seconds: float, ends: Array) -> NDArray[np.bool_]:
    """Whether enough is known, ``(end, feature)``, of the ``seconds`` up to each of ``ends``, to tell what was usual.

    That is a tenth of these seconds and more than one moment: a level told by one moment alone is that moment's own.

    Args:
        values: ``(time, feature)``
        times: ``(time,)`` growing; rows of one time are one moment.
        seconds: how long.
        ends: ``(end,)`` in seconds.
    """
    moments, rows = np.unique(times, return_index=True)
    known = np.logical_or.reduceat(np.isfinite(values), rows, axis=0)
    lasting = _durations(moments)
    seen, count = _running(known * lasting[:, None]), _running(known.astype(np.float64))
    last = np.searchsorted(moments, ends, side="right")
    # A moment that began before these seconds is one of them, but its duration does not count.
    begun, first = np.searchsorted(moments - lasting, ends - seconds), np.searchsorted(moments, ends - seconds)
    # Sums of steps miss a whole number of seconds by their last digits.
    long_enough = seen[last] - seen[begun] >= seconds * SEEN * (1 - 1e-9)
    return np.asarray(long_enough & (count[last] - count[first] > 1))


def _durations(moments: Array) -> Array:
    """Seconds ``(moment,)`` that each moment stands for: those since the one before, at most the usual step.

    So a pause does not count as seen. The first moment stands for none. What is usual is told by the steps up to the
    moment, but for the second one, whose own step is the only one so far: there it takes the third as well.
    """
    lasting = np.zeros(len(moments))
    if len(moments) > 2:
        steps = np.diff(moments)
        usual = _usual_steps(steps)
        usual[0] = usual[1]
        lasting[1:] = np.minimum(steps, usual)
    return lasting


def _usual_steps(steps: Array) -> Array:
    """Median ``(step,)`` of each step and those before it, ``STEPS`` in all; of an even number the lower one."""
    padded = np.concatenate([np.full(STEPS - 1, np.inf), steps])
    ordered = np.sort(np.lib.stride_tricks.sliding_window_view(padded, STEPS), axis=1)
    place = np.arange(len(steps))
    return np.asarray(ordered[place, np.minimum(place, STEPS - 1) // 2])


def _moving_sums(values: Array, times: Array, before: float, after: float) -> tuple[Array, Array]:
    """Sum and number of known values around each frame, ``(time, feature)`` each."""
    known = np.isfinite(values)
    first, last = _bounds(times, before, after)
    total = _running(np.where(known, values, 0.0))
    count = _running(known.astype(np.float64))
    return total[last] - total[first], count[last] - count[first]


def _bounds(times: Array, before: float, after: float) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First frame ``(time,)`` of the seconds around each frame, and the one after their last."""
    return np.searchsorted(times, times - before), np.searchsorted(times, times + after, side="right")


def moved(values: Array, times: Array, shift: float) -> Array:
    """Values as they are ``shift`` seconds later, from the nearest frame; NaN where that is over half a frame off."""
    if shift == 0:
        return values
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    wanted = times + shift
    after = np.clip(np.searchsorted(times, wanted), 0, len(times) - 1)
    before = np.clip(after - 1, 0, len(times) - 1)
    nearest = np.where(np.abs(times[before] - wanted) <= np.abs(times[after] - wanted), before, after)
    found = values[nearest].copy()
    found[np.abs(times[nearest] - wanted) > 0.51 * step] = np.nan
    return found


def _running(values: Array) -> Array:
    """Sums ``(time + 1, feature)`` of all before each frame."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
