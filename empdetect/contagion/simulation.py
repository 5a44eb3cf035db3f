"""Simulated dyads and groups with a known truth: who follows whom, how strongly, how late and when.

Nobody can say of two real people whether emotion passed. Here it is known, so a measure's power, its false alarms and
the error of its lag can be counted, traps included: memory, trend, coupling that comes and goes, a stimulus that both
see although nothing passes between them, gaps, and clocks that do not agree.

Positive lag: the second person follows the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.series import Series
from empdetect.contagion.signals import Array, Flags, Rng, autoregressive, delayed, followed, sampled, stretches
from empdetect.errors import InputError

Direction = Literal["a_to_b", "b_to_a", "both", "none"]


@dataclass(frozen=True)
class Conditions:
    """How dyads or groups are simulated. A number holds for all of them, an array ``(dyad,)`` for each its own.

    Args:
        seconds: length of a recording.
        rate: samples per second of the simulation, in Hz, and of every recording unless ``rates`` says otherwise.
        autocorrelation: of each person's own signal and of the stimulus, from one sample to the next; 0 is white.
        coupled_share: share of the time in which people are coupled, 0 to 1.
        bout: mean length of a coupled stretch, in seconds, where the share is below 1.
        stimulus: share of each person's variance that comes from a stimulus all see, 0 to 1 (below 1 with coupling).
        stimulus_lag: how much later the second person (and every further one) reacts to it, in seconds.
        noise: share of the recorded variance that is white noise of the measurement, 0 to 1.
        trend: rise from start to end, in standard deviations of the signal; up or down by chance for each person.
        bursts: spread of the log of the strength with which each person's signal comes and goes, as slowly as a bout
            and for each by themselves: signals that are not stationary; 0 is steady.
        missing: share of the samples that are missing (NaN), in stretches.
        gap: mean length of a missing stretch, in seconds.
        rates: recorded samples per second of each person, in Hz, if they differ; none above ``rate`` tells more.
        offset: by how many seconds the clock of the second (and further) persons is ahead of the first one's.
        drift: by how much it runs fast, in parts per million.
    """

    seconds: float = 600.0
    rate: float = 10.0
    autocorrelation: ArrayLike = 0.9
    coupled_share: ArrayLike = 1.0
    bout: float = 60.0
    stimulus: ArrayLike = 0.0
    stimulus_lag: ArrayLike = 0.0
    noise: ArrayLike = 0.0
    trend: ArrayLike = 0.0
    bursts: ArrayLike = 0.0
    missing: ArrayLike = 0.0
    gap: float = 5.0
    rates: tuple[float, ...] = ()
    offset: ArrayLike = 0.0
    drift: ArrayLike = 0.0


@dataclass(frozen=True)
class Truth:
    """What holds of simulated dyads or groups.

    Args:
        strength: ``(dyad, leader, follower)`` correlation of the follower with the leader, the lag later, in coupled
            stretches, before stimulus, noise and trend are added; 0 where nobody follows. Exact where everybody
            follows one other at most; in circles up to the autocorrelation over twice the lag.
        lag: ``(dyad, leader, follower)`` in seconds, a whole number of samples; NaN where nobody follows.
        coupled: ``(dyad, time)`` whether people were coupled, at the simulation's rate, on the true clock.
        stimulus: ``(dyad,)`` share of the variance that a common stimulus explains.
        offset, drift: ``(dyad, person)`` of each clock, in seconds and in parts per million.
    """

    strength: Array
    lag: Array
    coupled: Flags
    stimulus: Array
    offset: Array
    drift: Array

    @property
    def present(self) -> Flags:
        """``(dyad,)`` whether anybody follows anybody."""
        return np.asarray((self.strength != 0).any(axis=(1, 2)) & self.coupled.any(axis=1))

    @property
    def direction(self) -> NDArray[np.str_]:
        """``(dyad,)`` who leads the pair of the first two: ``a_to_b``, ``b_to_a``, ``both`` or ``none``."""
        forth = (self.strength[:, 0, 1] != 0) & self.present
        back = (self.strength[:, 1, 0] != 0) & self.present
        return np.select([forth & back, forth, back], ["both", "a_to_b", "b_to_a"], "none")

    @property
    def signed_lag(self) -> Array:
        """``(dyad,)`` by how much the second follows the first, in seconds: negative if the first follows.

        NaN where neither or both follow.
        """
        one_way = [self.direction == "a_to_b", self.direction == "b_to_a"]
        return np.select(one_way, [self.lag[:, 0, 1], -self.lag[:, 1, 0]], np.nan)


@dataclass(frozen=True)
class Simulated:
    """Recordings of simulated people and the truth about them.

    Args:
        values: ``(dyad, person, time)``; NaN where missing, and after the end of people with a lower rate.
        rates: ``(person,)`` samples per second, in Hz.
        truth: what holds.
    """

    values: Array
    rates: Array
    truth: Truth

    def __len__(self) -> int:
        return len(self.values)

    def series(self, dyad: int) -> tuple[Series, ...]:
        """The recordings of one dyad or group, as each person's own clock tells them.

        Raises:
            InputError: too much of somebody is missing.
        """
        names = [chr(ord("a") + person) if person < 26 else f"person_{person}" for person in range(len(self.rates))]
        longest = self.values.shape[2] / self.rates.max()
        return tuple(
            Series("simulated", name, values[: round(longest * rate)], float(rate))
            for name, values, rate in zip(names, self.values[dyad], self.rates, strict=True)
        )


def simulate_dyads(
    dyads: int,
    coupling: ArrayLike = 0.3,
    lag: ArrayLike = 1.0,
    direction: Direction | Sequence[Direction] = "a_to_b",
    conditions: Conditions | None = None,
    seed: int | Rng = 0,
) -> Simulated:
    """Simulate pairs of people, all at once.

    Args:
        dyads: how many.
        coupling: correlation r of the follower with the leader at the lag, below 1; ``(dyad,)`` or one for all.
        lag: by how much the follower comes later, in seconds, 0 or more; rounded to whole samples.
        direction: who leads; one for all, or one for each dyad.
        conditions: everything else.
        seed: of the draws, or a generator.

    Raises:
        InputError: a number lies outside what is allowed, or there is not one for each dyad.
    """
    directions = np.broadcast_to(np.asarray(direction), (dyads,)) if np.ndim(direction) == 0 else np.asarray(direction)
    unknown = sorted(set(directions.tolist()) - set(get_args(Direction)))
    if unknown or len(directions) != dyads:
        raise InputError(
            f"Simulating {dyads} dyads: one direction, or one for each dyad, of {', '.join(get_args(Direction))} is "
            f"needed; got {len(directions)} of them, {', '.join(sorted(set(directions.tolist())))}"
        )
    strength, lags = np.zeros((dyads, 2, 2)), np.zeros((dyads, 2, 2))
    one, late = _each("coupling", coupling, dyads, -1.0, 1.0), _each("lag", lag, dyads, 0.0, np.inf, closed="low")
    for (leader, follower), way in zip([(0, 1), (1, 0)], ["a_to_b", "b_to_a"], strict=True):
        leads = (directions == way) | (directions == "both")
        strength[:, leader, follower] = np.where(leads, one, 0.0)
        lags[:, leader, follower] = np.where(leads, late, 0.0)
    return _simulate(strength, lags, conditions or Conditions(), np.random.default_rng(seed))


def simulate_groups(
    groups: int,
    network: ArrayLike,
    lags: ArrayLike = 1.0,
    conditions: Conditions | None = None,
    seed: int | Rng = 0,
) -> Simulated:
    """Simulate groups of three or more whose members follow each other along a network.

    Args:
        groups: how many.
        network: ``(leader, follower)``, or ``(group, leader, follower)``: strength with which one follows another; 0
            for not at all. For each follower the squares must sum to less than 1.
        lags: the same shape or one number, in seconds, 0 or more.
        conditions: everything else; its arrays are ``(group,)``.
        seed: of the draws, or a generator.

    Raises:
        InputError: the network is not square, follows itself or is too strong, or a number is not allowed.
    """
    shape = np.shape(network)[-2:]
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        raise InputError(
            f"Simulating groups: the network must be (leader, follower) over two or more people, got the shape "
            f"{np.shape(network)}"
        )
    strength = np.broadcast_to(np.asarray(network, float), (groups, *shape)).copy()
    late = np.broadcast_to(np.asarray(lags, float), strength.shape)
    return _simulate(
        strength, np.where(strength != 0, late, 0.0), conditions or Conditions(), np.random.default_rng(seed)
    )


@dataclass(frozen=True)
class _Plan:
    """The conditions with one number for each dyad."""

    autocorrelation: Array
    coupled_share: Array
    stimulus: Array
    stimulus_lag: Array
    noise: Array
    trend: Array
    bursts: Array
    missing: Array
    offset: Array
    drift: Array


def _plan(conditions: Conditions, dyads: int) -> _Plan:
    if not (conditions.rate > 0 and conditions.seconds * conditions.rate >= 2):
        raise InputError(
            f"Simulating {conditions.seconds:g} s at {conditions.rate:g} Hz: two samples at least are needed; "
            "raise 'seconds' or 'rate'"
        )
    return _Plan(
        _each("autocorrelation", conditions.autocorrelation, dyads, -1.0, 1.0),
        _each("coupled_share", conditions.coupled_share, dyads, 0.0, 1.0, closed="low high"),
        _each("stimulus", conditions.stimulus, dyads, 0.0, 1.0, closed="low high"),
        _each("stimulus_lag", conditions.stimulus_lag, dyads, -np.inf, np.inf),
        _each("noise", conditions.noise, dyads, 0.0, 1.0, closed="low high"),
        _each("trend", conditions.trend, dyads, -np.inf, np.inf),
        _each("bursts", conditions.bursts, dyads, 0.0, np.inf, closed="low"),
        _each("missing", conditions.missing, dyads, 0.0, 1.0, closed="low"),
        _each("offset", conditions.offset, dyads, -np.inf, np.inf),
        _each("drift", conditions.drift, dyads, -1e5, 1e5),
    )


def _each(name: str, value: ArrayLike, dyads: int, low: float, high: float, closed: str = "") -> Array:
    """One number for each dyad ``(dyad,)`` between ``low`` and ``high``; ``closed`` names the ends that are allowed."""
    numbers = np.asarray(value, float)
    if numbers.shape not in ((), (dyads,)):
        raise InputError(
            f"Simulating {dyads} dyads: '{name}' is one number or one for each, got the shape {numbers.shape}"
        )
    inside = (numbers > low) & (numbers < high)
    allowed = inside | ((numbers == low) & ("low" in closed)) | ((numbers == high) & ("high" in closed))
    if not allowed.all():
        wrong = float(numbers.reshape(-1)[int(np.argmin(allowed.reshape(-1)))])
        ends = f"from {low:g}" if "low" in closed else f"above {low:g}"
        ends += f" to {high:g}" if "high" in closed else f" and below {high:g}"
        raise InputError(f"Simulating dyads: '{name}' must be {ends}, got {wrong:g}")
    return np.broadcast_to(numbers, (dyads,))


def _simulate(strength: Array, lags: Array, conditions: Conditions, rng: Rng) -> Simulated:
    dyads, persons = strength.shape[:2]
    plan = _plan(conditions, dyads)
    rates = _rates(conditions, persons)
    if not (np.isfinite(lags) & (lags >= 0)).all():
        raise InputError(f"Simulating: lags must be 0 s or more, got {lags.reshape(-1)[np.argmin(lags >= 0)]:g}")
    steps = np.rint(lags * conditions.rate).astype(np.int64)
    _check_network(strength, steps)
    ahead = np.arange(persons)[None] > 0
    offset, drift = plan.offset[:, None] * ahead, plan.drift[:, None] * ahead
    seconds = round(conditions.seconds * conditions.rate) / conditions.rate
    # Clocks that are off look before the start and after the end; and it takes some lags until people are coupled.
    margin = float(np.abs(offset).max() + np.abs(drift).max() * 2e-6 * seconds + np.abs(plan.stimulus_lag).max())
    before = int(np.ceil(margin * conditions.rate)) + max(4, persons) * int(steps.max(initial=0)) + 1
    after = int(np.ceil(margin * conditions.rate)) + 1
    inside = round(seconds * conditions.rate)
    samples = before + inside + after
    coupled = stretches(rng, plan.coupled_share, max(conditions.bout * conditions.rate, 1.0), (dyads, samples))
    own = autoregressive(rng, plan.autocorrelation, persons, samples)
    x = followed(own, strength, steps, coupled)
    x = _stimulated(rng, x, plan, conditions.rate)
    values = _recorded(x, rates, conditions, offset, drift, before)
    values = _measured(rng, values, plan, conditions, rates)
    truth = Truth(
        strength,
        np.where(strength != 0, steps / conditions.rate, np.nan),
        coupled[:, before : before + inside],
        plan.stimulus,
        offset,
        drift,
    )
    return Simulated(values, rates, truth)


def _rates(conditions: Conditions, persons: int) -> Array:
    rates = np.asarray(conditions.rates or (conditions.rate,) * persons, float)
    if len(rates) != persons or not np.all(np.isfinite(rates) & (rates > 0)):
        raise InputError(
            f"Simulating: 'rates' must hold {persons} numbers above 0 Hz, one a person, got {list(conditions.rates)}"
        )
    return rates


def _check_network(strength: Array, steps: NDArray[np.int64]) -> None:
    persons = strength.shape[1]
    if np.einsum("dii->di", strength).any():
        raise InputError("Simulating groups: somebody follows themselves; the network's diagonal must be 0")
    most = float(np.square(strength).sum(axis=1).max())
    if not most < 1 or not np.isfinite(strength).all():
        raise InputError(
            f"Simulating groups: squared, the strengths with which one follows others sum to {most:g}; lower them "
            "until it is less than 1"
        )
    reach = at_once = ((strength != 0) & (steps == 0)).astype(int)
    for _ in range(persons):
        if np.einsum("dii->d", reach).any():
            raise InputError("Simulating groups: people follow each other in a circle without any lag; give one a lag")
        reach = reach @ at_once
    # People in a circle keep what they pass on bounded only if they lose some of it on the way round.
    if float(np.abs(np.linalg.eigvals(np.abs(strength))).max()) >= 1:
        raise InputError(
            "Simulating groups: people follow each other in a circle so strongly that nobody comes to rest"
        )


def _stimulated(rng: Rng, x: Array, plan: _Plan, rate: float) -> Array:
    """Everybody sees the same stimulus; all but the first react later to it."""
    if not plan.stimulus.any():
        return x
    seen = autoregressive(rng, plan.autocorrelation, 1, x.shape[2])[:, 0]
    late = delayed(seen, np.rint(plan.stimulus_lag * rate).astype(np.int64))
    common = np.stack([seen] + [late] * (x.shape[1] - 1), axis=1)
    share = plan.stimulus[:, None, None]
    return np.asarray(np.sqrt(1 - share) * x + np.sqrt(share) * common)


def _recorded(x: Array, rates: Array, conditions: Conditions, offset: Array, drift: Array, before: int) -> Array:
    """What each person's recorder holds ``(dyad, person, time)``: its own rate, on its own clock."""
    longest = round(conditions.seconds * rates.max())
    values = np.full((*x.shape[:2], longest), np.nan)
    for person, rate in enumerate(rates):
        samples = round(conditions.seconds * rate)
        clock = np.arange(samples) / rate
        if rate == conditions.rate and not offset[:, person].any() and not drift[:, person].any():
            values[:, person, :samples] = x[:, person, before : before + samples]
            continue
        true = (clock - offset[:, person, None]) / (1 + 1e-6 * drift[:, person, None])
        values[:, person, :samples] = sampled(x[:, person], conditions.rate, -before / conditions.rate, true)
    return values


def _measured(rng: Rng, values: Array, plan: _Plan, conditions: Conditions, rates: Array) -> Array:
    """Bursts; then noise, trend and gaps of the measurement."""
    if plan.bursts.any():
        memory = np.full(len(values), np.exp(-1 / max(conditions.bout * float(rates.max()), 1.0)))
        strength = autoregressive(rng, memory, values.shape[1], values.shape[2])
        values = values * np.exp(plan.bursts[:, None, None] * strength)
    if plan.noise.any():
        share = plan.noise[:, None, None]
        values = np.sqrt(1 - share) * values + np.sqrt(share) * rng.standard_normal(values.shape)
    if plan.trend.any():
        sign = rng.choice([-1.0, 1.0], size=(*values.shape[:2], 1))
        lengths = np.round(conditions.seconds * rates)[:, None]
        values = values + plan.trend[:, None, None] * sign * (np.arange(values.shape[2]) / lengths - 0.5)
    if plan.missing.any():
        length = max(conditions.gap * float(rates.max()), 1.0)
        values = np.where(stretches(rng, plan.missing[:, None], length, values.shape), np.nan, values)
    return values
