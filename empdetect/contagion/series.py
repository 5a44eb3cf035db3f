"""Series: one signal of one person at a steady rate, checked at the door; what every measure starts from."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.errors import InputError

Array = NDArray[np.float64]

FLAT = 1e-12
"""A signal whose whole spread is below this share of its size is constant: what is left is rounding."""
JITTER = 0.1
"""Steps within this share of the usual one, or of a multiple of it, are steady: time stamps are rounded."""
LONGEST = 200_000_000
"""Samples of a series, at most: one wrong time stamp must not fill the memory."""


@dataclass(frozen=True)
class Series:
    """One signal of one person.

    Args:
        name: what is measured, e.g. ``motion_energy``, ``EDA_phasic``, ``valence``.
        person: of whom.
        values: ``(time,)`` float64; NaN where nothing was measured.
        rate: samples per second, in Hz.
        start: moment of the first sample on the recording's clock, in seconds.

    Raises:
        InputError: fewer than two samples are known, all known ones are equal, one is infinite, or the rate or
            the start is no such number: no measure of two people can be had from that.
    """

    name: str
    person: str
    values: Array
    rate: float
    start: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.asarray(self.values, np.float64))
        if self.values.ndim != 1:
            raise InputError(f"{self.title}: values (time,) are needed, got the shape {self.values.shape}")
        if not (np.isfinite(self.rate) and self.rate > 0) or not np.isfinite(self.start):
            raise InputError(
                f"{self.title}: a rate above 0 Hz and a start in seconds are needed, "
                f"got {self.rate:g} and {self.start:g}"
            )
        if np.isinf(self.values).any():
            count = int(np.isinf(self.values).sum())
            raise InputError(f"{self.title}: {count} values are infinite; write NaN where nothing was measured")
        problem = unusable(self.values)
        if problem:
            raise InputError(f"{self.title}: {problem}; two people cannot be compared by it, leave it out")

    @property
    def title(self) -> str:
        """How messages call it."""
        return f"The signal '{self.name}' of {self.person}"

    @property
    def end(self) -> float:
        """Moment just after the last sample, in seconds."""
        return self.start + len(self.values) / self.rate

    @property
    def times(self) -> Array:
        """``(time,)`` moment of each sample on the recording's clock, in seconds."""
        return self.start + np.arange(len(self.values)) / self.rate

    @property
    def quality(self) -> float:
        """Share of the samples that are known, 0 to 1."""
        return float(np.isfinite(self.values).mean())

    def cut(self, start: float, end: float) -> "Series":
        """The samples at the moments in [start, end), in seconds.

        Raises:
            InputError: what is left there is not usable.
        """
        inside = np.flatnonzero((self.times >= start - 1e-9) & (self.times < end - 1e-9))
        if not len(inside):
            raise InputError(
                f"{self.title} lasts from {self.start:g} to {self.end:g} s; "
                f"nothing of it lies in {start:g} to {end:g} s"
            )
        first = int(inside[0])
        return replace(self, values=self.values[inside], start=self.start + first / self.rate)

    @classmethod
    def at(cls, name: str, person: str, times: ArrayLike, values: ArrayLike, rate: float | None = None) -> "Series":
        """A series of samples that carry their own times; rows that are left out become NaN.

        Args:
            name, person: as for the series.
            times: ``(time,)`` growing, in seconds. Rows whose time or value is unknown count as left out.
            values: ``(time,)``
            rate: samples per second, in Hz; None takes it from the times, which must be steady then. Times that
                are not steady go to the nearest sample of the rate that is given; several there are averaged.

        Raises:
            InputError: times stand still or run backwards, or are not steady and no rate is given.
        """
        moments, numbers = np.asarray(times, np.float64), np.asarray(values, np.float64)
        title = f"The signal '{name}' of {person}"
        if moments.shape != numbers.shape or moments.ndim != 1:
            raise InputError(f"{title}: one time a value is needed, got {moments.shape} and {numbers.shape}")
        timed = np.isfinite(moments)
        moments, numbers = moments[timed], numbers[timed]
        if len(moments) < 2:
            raise InputError(f"{title}: two samples with times at least are needed, got {len(moments)}")
        _check_growing(title, moments)
        place, rate = _places(title, moments, rate)
        if place[-1] >= LONGEST:
            raise InputError(
                f"{title}: at {rate:g} Hz its times from {moments[0]:g} to {moments[-1]:g} s span {place[-1] + 1} "
                f"samples, {LONGEST} at most are allowed; look for a wrong time among them"
            )
        return cls(name, person, _mean_at(place, numbers), rate, float(moments[0]))

    @classmethod
    def over(
        cls, name: str, person: str, starts: ArrayLike, ends: ArrayLike, values: ArrayLike, rate: float
    ) -> "Series":
        """A series that holds a value over each stretch of time, such as a score of each utterance.

        Args:
            name, person: as for the series.
            starts, ends: ``(stretch,)`` in seconds, starts growing. Between stretches nothing is known; where two
                overlap, the later one counts.
            values: ``(stretch,)``
            rate: samples per second, in Hz.

        Raises:
            InputError: starts run backwards, or a stretch ends before it starts.
        """
        begin, stop, numbers = (np.asarray(column, np.float64) for column in (starts, ends, values))
        title = f"The signal '{name}' of {person}"
        if begin.shape != stop.shape or begin.shape != numbers.shape or begin.ndim != 1 or not len(begin):
            raise InputError(f"{title}: a start, an end and a value for each of some stretches are needed")
        if not (np.diff(begin) >= 0).all() or not (stop >= begin).all():
            raise InputError(f"{title}: stretches must come in the order of their starts and end after them; sort them")
        if not rate > 0 or (stop.max() - begin[0]) * rate >= LONGEST:
            raise InputError(f"{title}: {begin[0]:g} to {stop.max():g} s cannot be sampled at {rate:g} Hz")
        moments = begin[0] + np.arange(int(np.ceil((stop.max() - begin[0]) * rate))) / rate
        place = np.searchsorted(begin, moments, side="right") - 1
        return cls(name, person, np.where(moments < stop[place], numbers[place], np.nan), rate, float(begin[0]))


def unusable(values: Array) -> str:
    """Why a signal ``(time,)`` cannot be compared with another, in a few words; empty if it can."""
    known = values[np.isfinite(values)]
    if not len(known):
        return f"none of its {len(values)} samples is known" if len(values) else "it has no samples"
    if len(known) < 2:
        return f"one of its {len(values)} samples is known, two at least are needed"
    if np.ptp(known) <= FLAT * np.abs(known).max():
        return f"all known samples are {known[0]:g}"
    return ""


def varying(values: Array) -> NDArray[np.bool_]:
    """Which signals of ``(..., time)`` have two known samples that differ: the only ones that can be compared."""
    known = np.isfinite(values)
    highest = np.max(values, axis=-1, where=known, initial=-np.inf)
    lowest = np.min(values, axis=-1, where=known, initial=np.inf)
    with np.errstate(invalid="ignore"):
        moves = highest - lowest > FLAT * np.maximum(np.abs(highest), np.abs(lowest))
    return np.asarray((known.sum(axis=-1) > 1) & moves, np.bool_)


def _check_growing(title: str, moments: Array) -> None:
    back = np.flatnonzero(np.diff(moments) <= 0)
    if len(back):
        row = int(back[0]) + 1
        raise InputError(
            f"{title}: times must grow, but sample {row + 1} is at {moments[row]:g} s after one at "
            f"{moments[row - 1]:g} s; sort the rows by time and keep one for each moment"
        )


def _places(title: str, moments: Array, rate: float | None) -> tuple[NDArray[np.int64], float]:
    """Number of the sample that each moment belongs to, and the rate."""
    if rate is not None:
        if not (np.isfinite(rate) and rate > 0):
            raise InputError(f"{title}: the rate must be above 0 Hz, got {rate:g}")
        return np.rint((moments - moments[0]) * rate).astype(np.int64), rate
    step = float(np.median(np.diff(moments)))
    jumps = np.diff(moments) / step
    uneven = np.abs(jumps - np.rint(jumps)) > JITTER
    if (uneven | (np.rint(jumps) < 1)).any():
        row = int(np.flatnonzero(uneven | (np.rint(jumps) < 1))[0]) + 1
        raise InputError(
            f"{title}: times are not steady (the usual step is {step:g} s, before sample {row + 1} it is "
            f"{moments[row] - moments[row - 1]:g} s); give the rate in Hz that it is to have"
        )
    place = np.concatenate([[0], np.cumsum(np.rint(jumps))]).astype(np.int64)
    # Over the whole length: a single step is rounded to the digits of the file.
    return place, float(place[-1] / (moments[-1] - moments[0]))


def _mean_at(place: NDArray[np.int64], numbers: Array) -> Array:
    """Mean of the known numbers at each place, NaN where there are none."""
    known = np.isfinite(numbers)
    count = np.bincount(place[known], minlength=place[-1] + 1)
    total = np.bincount(place[known], numbers[known], minlength=place[-1] + 1)
    return np.asarray(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0), np.float64)
