"""Relative features: how far a person is from their own usual level. No labels are needed, so anyone's can be had."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features, Origin
from empdetect.recording import Participant, Stream

Array = NDArray[np.float64]
LIMIT = 5.0
"""Spreads beyond which a scaled value is cut: an artefact says no more than that."""
NORMAL_IQR = 1.349
"""Interquartile range of a normal distribution of spread 1."""
SEEN = 0.1
"""Share of the seconds before a frame, or before a trial, that must be known to tell what was usual."""
STEPS = 10
"""Steps of the clock, up to a frame, that tell which is usual: few, as a recording may go on at another rate."""
LAST_DIGIT = float(np.finfo(np.float32).eps)
"""Spread, as a share of the usual level, up to which nothing changed: features are numbers of 32 bits."""


class RelativeFeatures(Extractor):
    """Another extractor's features as differences from the person's own usual level.

    Bodies differ more between people than within one: a resting heart rate of 60 or 90, electrodes that sit
    well or badly. What is usual is told from the recording alone, ``against`` one of these parts of it:

    - ``recording``: the median of all of it, the future too, so the recording must be complete.
    - ``around``: the mean of the ``seconds`` around each frame; slow drifts do not count.
    - ``past``: the mean of the ``seconds`` up to each frame, which can be had while the recording goes on, as soon
      as the frame's own value can: body signals are filtered and counted, some up to 30 s ahead (of skin
      conductance; others some 15), and the depth of a breath is told by all of its unbroken piece.
    - ``baseline``: the median of the ``seconds`` before second 0, for recordings of one trial each. This is
      baseline correction as in psychophysiology (scaled: ``zscore`` of MNE-Python, but with quartiles).

    Past and baseline tell nothing until a tenth of their seconds has been seen.

    Args:
        features: gives the features; its frames come in the order of their times.
        against: see above.
        seconds: how much of the recording; not with ``recording``.
        scaled: divide by the spread of the same part, and cut at 5 spreads. The spread is the standard deviation
            of the past, the interquartile range / 1.349 of a baseline, or, of ``recording`` and ``around``, that
            of all differences. Where nothing changed, no spread can be told, and the value is unknown.
        shifts: seconds; the columns are repeated for each, as they are so much later (before, if negative) and
            unknown where the recording does not reach.
    """

    whole = True
    version = 3

    def __init__(
        self,
        features: Extractor,
        against: Literal["recording", "around", "past", "baseline"] = "recording",
        seconds: float | None = None,
        scaled: bool = False,
        shifts: Sequence[float] = (0.0,),
    ) -> None:
        _check(against, seconds, shifts)
        self.features = features
        self.against = against
        self.seconds = seconds
        self.scaled = scaled
        self.shifts = tuple(shifts)
        self.modality = features.modality
        self.by_role = features.by_role
        self.references = features.references
        # It grows with either of the two, so that no cache keeps what an older version of the inner one gave.
        self.version = type(self).version * features.version
        self.width = features.width * len(self.shifts)
        told_before = against in ("past", "baseline") and max(self.shifts) <= 0
        self.past_only = told_before and (features.past_only or not features.whole)

    def streams(self, person: Participant) -> Sequence[Stream]:
        """Those of the extractor."""
        return self.features.streams(person)

    def resources(self) -> Sequence[Path]:
        """Those of the extractor."""
        return self.features.resources()

    def learned_from(self) -> Sequence[Origin]:
        """What the extractor's own weights learned from."""
        return self.features.learned_from()

    def absent(self, person: Participant) -> str:
        """As the extractor tells it."""
        return self.features.absent(person)

    def extract(self, person: Participant) -> Features:
        """Values ``(frame, shift * feature)``: all columns of the first shift, then those of the next.

        Raises:
            InputError: the extractor cannot read a stream, or gives frames without times.
        """
        found = self.features.extract(person)
        if not found.observed:
            return Features.missing(self.width, found.reason)
        if not np.isfinite(found.times).all():
            raise InputError(f"Relative features of {person.name}: frames without times have no usual level before")
        known = np.where(found.mask[:, None], found.values, np.nan).astype(np.float64)
        values = self._relative(known, found.times)
        told = np.isfinite(values).any(axis=1)
        if not told.any():
            return Features.missing(self.width, self._too_little())
        shifted = np.concatenate([moved(values, found.times, shift) for shift in self.shifts], axis=1)
        mask = np.asarray(np.isfinite(shifted).any(axis=1), np.bool_)
        if not mask.any():
            return Features.missing(self.width, self._out_of_reach())
        quality = np.where(mask, found.quality, 0).astype(np.float32)
        causes = [self._too_little()] if (found.mask & ~told & ~mask).any() else []
        causes += [self._out_of_reach()] if (told & ~mask).any() else []
        return Features(shifted.astype(np.float32), found.times, mask, quality, _of_windows(found.reason, causes))

    def _too_little(self) -> str:
        """Why there may be no usual level."""
        steady = ", or nothing changed in them" if self.scaled else ""
        if self.seconds is None or self.against == "around":
            return "nothing changed in the recording"
        whole = f"the {self.seconds:g} s before {'the trial' if self.against == 'baseline' else 'it'}"
        return f"less than {SEEN * self.seconds:g} s of {whole} are known{steady}"

    def _out_of_reach(self) -> str:
        """Why there may be nothing although the usual level is known: nothing is where the shifts point."""
        places = " or ".join(f"{abs(shift):g} s {'after' if shift > 0 else 'before'}" for shift in self.shifts)
        return f"nothing is known {places} it"

    def _relative(self, known: Array, times: Array) -> Array:
        usual, spread = self._usual(known, times)
        values = known - usual
        if not self.scaled:
            return values
        spread = quartile_spread(values) if spread is None else spread
        return in_spreads(values, np.where(spread > LAST_DIGIT * np.abs(usual), spread, 0.0))

    def _usual(self, known: Array, times: Array) -> tuple[Array, Array | None]:
        """The usual level and its spread, or None where that is the differences' own."""
        if self.seconds is None:
            return median(known), None
        if self.against == "around":
            level = _first_known(known)
            return moving_mean(known - level, times, self.seconds / 2, self.seconds / 2) + level, None
        if self.against == "past":
            return past(known, times, self.seconds)
        return baseline(known, times, self.seconds)


def _of_windows(reason: str, causes: Sequence[str]) -> str:
    """What ``Features.window`` tells where it finds nothing though the whole holds something; empty without causes."""
    return ", or ".join([reason or "nothing observed in this window", *causes]) if causes else reason


def _check(against: str, seconds: float | None, shifts: Sequence[float]) -> None:
    if against not in ("recording", "around", "past", "baseline"):
        raise InputError(f"Relative features: 'against' is recording, around, past or baseline, got {against}")
    if (seconds is None) != (against == "recording") or (seconds is not None and not 0 < seconds < math.inf):
        raise InputError(
            f"Relative features: 'seconds' is above 0, and left out with 'against: recording'; got {seconds} "
            f"against {against}"
        )
    if not shifts or not all(map(math.isfinite, shifts)):
        raise InputError(f"Relative features: 'shifts' holds at least one number of seconds, got {list(shifts)}")


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
    level = _first_known(values)
    mean = moving_mean(values - level, times, seconds, 0.0)
    square = moving_mean((values - level) ** 2, times, seconds, 0.0)
    _, place = np.unique(times, return_inverse=True)
    enough = _enough(values, times, seconds, times) & (place > 1)[:, None]
    variance = square - mean**2
    # A difference of sums is no better than the last digits of all that was added up so far: less is no change.
    rounding = 4 * np.finfo(np.float64).eps * _running(np.where(np.isfinite(values), (values - level) ** 2, 0.0))[1:]
    spread = np.sqrt(np.where(variance > rounding, variance, 0.0))
    return np.where(enough, mean + level, np.nan), np.where(enough, spread, np.nan)


def _first_known(values: Array) -> Array:
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
