"""Event-locked mimicry: what an observer's muscles or skin do after something was shown to them, and in whom.

Trials are cut out around the onsets, brought to a unit in which observers compare, and averaged for each observer; the
test is over observers, for trials of one person are no independent cases.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.gaps import Array, mean
from empdetect.errors import InputError

FEWEST = 6
"""Observers below which no sign flips can give a p below .05 (two-sided) with room to spare."""


@dataclass(frozen=True)
class Trials:
    """Stretches of a signal around events.

    Args:
        values: ``(event, time)``; NaN beyond the recording and where nothing was measured.
        times: ``(time,)`` seconds from the event, the first ones negative.
    """

    values: Array
    times: Array

    def within(self, start: float, end: float) -> NDArray[np.bool_]:
        """Which samples ``(time,)`` lie in [start, end), in seconds from the event."""
        return np.asarray((self.times >= start - 1e-9) & (self.times < end - 1e-9), np.bool_)


@dataclass(frozen=True)
class Effect:
    """One number of each observer against 0.

    Args:
        mean: over observers, in the unit of the responses.
        low, high: its 95% interval (t).
        d: mean over the standard deviation of the observers (Cohen's d_z).
        t: of the mean, with ``observers - 1`` degrees of freedom.
        p: two-sided, of t.
        p_flips: two-sided, of the mean under random changes of the observers' signs.
        observers: with a known difference.
    """

    mean: float
    low: float
    high: float
    d: float
    t: float
    p: float
    p_flips: float
    observers: int


@dataclass(frozen=True)
class TimeCourse:
    """How a difference between conditions comes and goes.

    Args:
        times: ``(time,)`` seconds from the event.
        mean: ``(time,)`` over observers.
        low, high: ``(time,)`` its 95% interval at each moment (t).
        p: ``(time,)`` two-sided and right for all moments together: how often the greatest ``|t|`` of any moment is as
            high once the observers' signs are changed at random.
        observers: ``(time,)`` with a known value.
    """

    times: Array
    mean: Array
    low: Array
    high: Array
    p: Array
    observers: NDArray[np.int64]


def trials(
    values: ArrayLike, rate: float, events: ArrayLike, before: float, after: float, start: float = 0.0
) -> Trials:
    """Cut a signal around events. Linear in the samples that are cut out.

    Args:
        values: ``(time,)`` of the observer, NaN for missing.
        rate: samples per second, in Hz.
        events: ``(event,)`` when something was shown, in seconds on the recording's clock.
        before, after: how much to take, in seconds.
        start: moment of the first sample, in seconds.

    Raises:
        InputError: there is no event, or none within the recording.
    """
    signal, moments = np.asarray(values, np.float64), np.asarray(events, np.float64).ravel()
    if signal.ndim != 1 or not (np.isfinite(rate) and rate > 0) or not before >= 0 or not after > 0:
        raise InputError(
            f"Cutting trials: a signal (time,), a rate above 0 Hz and seconds before and after are needed, got "
            f"{signal.shape}, {rate:g}, {before:g} and {after:g}"
        )
    place = np.rint((moments - start) * rate).astype(np.int64)
    if not ((place >= 0) & (place < len(signal))).any():
        raise InputError(
            f"Cutting trials: none of {len(moments)} events lies between {start:g} and "
            f"{start + len(signal) / rate:g} s; check that events and signal run on one clock"
        )
    steps = np.arange(-round(before * rate), round(after * rate))
    wanted = place[:, None] + steps
    inside = (wanted >= 0) & (wanted < len(signal))
    cut = np.where(inside, signal[np.clip(wanted, 0, len(signal) - 1)], np.nan)
    return Trials(cut, steps / rate)


def responses(found: Trials, baseline: float, scale: Literal["log", "difference"] = "difference") -> Trials:
    """Trials as their change from the mean of the same trial's seconds before the event.

    Args:
        found: the trials.
        baseline: how many seconds before the event.
        scale: ``log`` takes natural logs first: amplitudes of muscles are skewed, and one twitch would outweigh all
            else; those that are not above 0 are unknown then. ``difference`` leaves the unit, as for skin.

    Raises:
        InputError: there is nothing before the events.
    """
    before = found.within(-baseline, 0.0)
    if not before.any():
        raise InputError(f"Taking the baseline: the trials hold nothing of the {baseline:g} s before the event")
    values = found.values
    if scale == "log":
        values = np.log(np.where(values > 0, values, np.nan))
    return Trials(values - mean(values[:, before])[:, None], found.times)


def within_observer(found: Trials) -> Trials:
    """Responses in units of the observer's own spread, over all their trials and moments.

    Observers differ in how strongly electrodes pick up their muscles. Bush, Hess and Wolford, "Transformations for
    within-subject designs: a Monte Carlo investigation", Psychol. Bull. 1993, recommend standard scores of each
    subject, and of 72 ways to treat facial muscles those with a baseline and with standard scores of each subject
    and muscle told happy from sad faces best (Rutkowska et al., Behav. Res. Methods 2024). The mean is not taken out:
    every response is a difference from its baseline already, and conditions are compared with each other.
    """
    known = found.values[np.isfinite(found.values)]
    spread = float(np.std(known)) if len(known) > 1 else 0.0
    return Trials(found.values / spread if spread > 0 else np.full_like(found.values, np.nan), found.times)


def window_means(found: Trials, start: float, end: float, least_known: float = 0.5) -> Array:
    """Mean ``(event,)`` of each trial from ``start`` to ``end``, in seconds; NaN where too little is known.

    Raises:
        InputError: the trials do not reach there.
    """
    inside = found.within(start, end)
    if not inside.any():
        raise InputError(
            f"Averaging trials from {start:g} to {end:g} s: they hold {found.times[0]:g} to {found.times[-1]:g} s"
        )
    part = found.values[:, inside]
    return np.where(np.isfinite(part).mean(axis=1) >= least_known, mean(part), np.nan)


def contrast(found: Trials, more: NDArray[np.bool_], less: NDArray[np.bool_]) -> Array:
    """Mean of some trials less the mean of others, ``(time,)``, of one observer.

    Args:
        found: all of the observer's trials.
        more, less: ``(event,)`` which trials are which.
    """
    return mean(found.values[more], axis=0) - mean(found.values[less], axis=0)


def observer_test(differences: ArrayLike, flips: int = 10_000, seed: int = 0) -> Effect:
    """Whether observers respond differently to two conditions: a paired t test, and the same by flipping signs.

    Args:
        differences: ``(observer,)`` each one's mean of one condition less that of the other, NaN for unknown.
        flips: random assignments of signs.
        seed: of these.

    Raises:
        InputError: there are fewer than six observers with a difference, or all are the same.
    """
    from scipy.stats import t as t_distribution

    values = np.asarray(differences, np.float64).ravel()
    values = values[np.isfinite(values)]
    count = len(values)
    if count < FEWEST or np.ptp(values) == 0:
        raise InputError(
            f"Testing observers: {FEWEST} at least with differences that vary are needed, got {count}; trials of one "
            "observer cannot stand for others"
        )
    t, error = _t(values[:, None])
    reach = float(t_distribution.ppf(0.975, count - 1) * error[0])
    center = float(values.mean())
    p_flips = float(_flipped(values[:, None], flips, seed)[0])
    p = float(2 * t_distribution.sf(abs(t[0]), count - 1))
    return Effect(
        center, center - reach, center + reach, float(center / values.std(ddof=1)), float(t[0]), p, p_flips, count
    )


def time_course(differences: ArrayLike, times: ArrayLike, flips: int = 2_000, seed: int = 0) -> TimeCourse:
    """The mean difference over time, with its interval, and p that is right for all moments together.

    Greatest statistic under sign flips: Nichols and Holmes, Hum. Brain Mapp. 2002. Cost: ``O(observers time flips)``.

    Args:
        differences: ``(observer, time)``; an observer that is unknown at some moment is left out there.
        times: ``(time,)`` seconds from the event.
        flips: random assignments of signs.
        seed: of these.

    Raises:
        InputError: there are fewer than six observers, or times and differences do not belong together.
    """
    from scipy.stats import t as t_distribution

    values, moments = np.asarray(differences, np.float64), np.asarray(times, np.float64)
    if values.ndim != 2 or len(values) < FEWEST or values.shape[1] != len(moments):
        raise InputError(
            f"Time course over observers: differences (observer, time) of {FEWEST} observers at least and one time a "
            f"moment are needed, got {values.shape} and {moments.shape}"
        )
    count = np.isfinite(values).sum(axis=0)
    center, (_, error) = mean(values, axis=0), _t(values)
    reach = t_distribution.ppf(0.975, np.maximum(count - 1, 1)) * error
    return TimeCourse(moments, center, center - reach, center + reach, _flipped(values, flips, seed), count)


def _t(values: Array) -> tuple[Array, Array]:
    """Student's t and standard error ``(time,)`` of the mean over ``(observer, time)``; NaN below six observers."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    center = mean(values, axis=0)
    squares = np.where(known, np.square(values - center), 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(count >= FEWEST, np.sqrt(squares / (count - 1) / count), np.nan)
        return center / np.where(error > 0, error, np.nan), error


def _flipped(values: Array, flips: int, seed: int) -> Array:
    """Share ``(time,)`` of flips, the observed one counted, whose greatest ``|t|`` of any moment is as high."""
    known = np.isfinite(values)
    filled, count = np.where(known, values, 0.0), known.sum(axis=0)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(flips, len(values)))
    squares = np.square(filled).sum(axis=0)
    center = signs @ filled / np.maximum(count, 1)
    # Flipping signs leaves the sum of squares as it is: t follows from the mean.
    with np.errstate(invalid="ignore", divide="ignore"):
        t = np.abs(center) / np.sqrt((squares - count * center**2) / (count - 1) / count)
    t = np.where(count >= FEWEST, t, -np.inf)
    observed = np.abs(_t(values)[0])
    greatest = np.nanmax(t, axis=1)
    above = (greatest[:, None] >= observed - 1e-9).sum(axis=0)
    return np.where(np.isfinite(observed), (above + 1) / (flips + 1), np.nan)
