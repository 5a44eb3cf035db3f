"""Every measure of ``empdetect.contagion.measures`` as a test, on people who have nothing to do with each other.

A measure becomes a test as the docs say: as the statistic of ``compare_pair`` or ``compare_group``, which hold it
against surrogates; of muscles and skin, over observers. Granger causality also brings a p of its own. The surrogates
are made once for all measures and pairs, from the parts of these two functions, and give what they give.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from empdetect.bench.contagion_tests import ALPHA, RATE, SHORT, SURROGATES, Outcome, Pairs, Test, Trap
from empdetect.contagion.gaps import Array, mean
from empdetect.contagion.group_inference import GroupStatistic, worst_pair
from empdetect.contagion.inference import is_significant, permutation_p, surrogates_of
from empdetect.contagion.measures.coherence import band_mean, coherence
from empdetect.contagion.measures.concordance import concordance
from empdetect.contagion.measures.correlation import pearson
from empdetect.contagion.measures.granger import granger
from empdetect.contagion.measures.mimicry import (
    Trials,
    contrast,
    observer_test,
    responses,
    time_course,
    trials,
    window_means,
    within_observer,
)
from empdetect.contagion.measures.network import network
from empdetect.contagion.measures.phase import cluster_phase, group_phases, kuramoto_order, phase_locking
from empdetect.contagion.measures.recurrence import States, cross_recurrence, group_recurrence
from empdetect.contagion.measures.transfer_entropy import transfer_entropy
from empdetect.contagion.measures.warping import dynamic_time_warping
from empdetect.contagion.measures.wavelet_coherence import wavelet_coherence
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.statistics import Statistic

LAG = 3.0
"""Seconds that are searched, in both directions."""
HISTORY = 3.0
"""Seconds of the past that Granger causality looks at."""
BAND = (0.05, 0.15)
"""Hz between which rhythms are compared."""
EVENTS, BEFORE, AFTER = 12, 3.0, 6.0
"""Shown to each observer, and the seconds around them that are looked at."""
FLIPS = 499
CHUNK = 10
"""Pairs that are worked on at once, with all of their surrogates."""

STATISTICS: Mapping[str, Statistic] = {
    "concordance": lambda x, y, rate: concordance(x, y, rate).values,
    "coherence": lambda x, y, rate: band_mean(coherence(x, y, rate, 30.0), *BAND),
    "wavelet coherence": lambda x, y, rate: _mean(wavelet_coherence(x, y, rate, *BAND, per_octave=2).values),
    "phase locking": lambda x, y, rate: phase_locking(x, y, rate, *BAND).values,
    "recurrence": lambda x, y, rate: cross_recurrence(x, y, rate, LAG).values,
    "determinism": lambda x, y, rate: cross_recurrence(x, y, rate, LAG).determinism,
    # A distance: less of it is more alike.
    "time warping": lambda x, y, rate: -dynamic_time_warping(x, y, rate, LAG).values,
    "transfer entropy": lambda x, y, rate: transfer_entropy(x, y, rate, LAG, bins=2).values.max(axis=-1),
    "Granger": lambda x, y, rate: granger(x, y, rate, HISTORY).values.max(axis=-1),
}
"""By name: one number of a pair, larger where the two go together more."""

GROUP_STATISTICS: Mapping[str, GroupStatistic] = {
    "group recurrence": lambda x, rate: group_recurrence(x, rate, LAG, States(radius=1.0)).values,
    "Kuramoto order": lambda x, rate: kuramoto_order(group_phases(x, rate, *BAND)).values,
    "cluster phase": lambda x, rate: cluster_phase(group_phases(x, rate, *BAND)).values,
    "network": lambda x, rate: network(x, rate, lambda one, other: np.abs(pearson(one, other)[0])).values,
}
"""By name: one number of a group, larger where it goes together more."""

EVERYWHERE: tuple[Trap, ...] = ("none", "trend", "stimulus")


@dataclass(frozen=True)
class Beside:
    """Pairs and groups of three (the pair and a stranger) as ``compare_pair`` and ``compare_group`` would prepare them.

    Args:
        people: ``(group, person, time)`` of those that can carry a test.
        surrogates: ``(group, surrogate, person, time)`` of the second and the third person.
        reasons: of each that was drawn, why no test is made; empty if one is.
    """

    people: Array
    surrogates: Array
    reasons: tuple[str, ...]

    @classmethod
    def of(cls, pairs: Pairs, whiten: bool, persons: int) -> "Beside":
        """Of so many persons: two, or three."""
        assert persons == 2 or pairs.strangers is not None
        others = pairs.values[:, :0] if pairs.strangers is None else pairs.strangers[:, :1]
        drawn = np.concatenate([pairs.values, others], axis=1)[:, :persons]
        people, made, reasons = [], [], []
        for place, group in enumerate(drawn):
            stimulus = None if pairs.stimulus is None else pairs.stimulus[place]
            ready = Preparation(whiten=whiten, stimulus=stimulus)(group, RATE)
            reasons.append(worst_pair(ready, RATE, 0.0 if persons == 2 else LAG).reason)
            if not reasons[-1]:
                rng = np.random.default_rng(place)
                people.append(ready)
                made.append([surrogates_of(person, "phase", SURROGATES, rng, RATE, 0.0, 0.0) for person in ready[1:]])
        length = drawn.shape[-1]
        return cls(
            np.array(people).reshape(-1, persons, people[0].shape[-1] if people else length),
            np.swapaxes(np.array(made), 1, 2) if made else np.zeros((0, SURROGATES, persons - 1, length)),
            tuple(reasons),
        )

    def outcomes(self, statistic: GroupStatistic) -> list[Outcome]:
        """What a statistic of a group ``(..., person, time)`` claims of each."""
        parts = [self._p(statistic, first) for first in range(0, len(self.people), CHUNK)]
        p = iter(np.concatenate([np.zeros(0), *parts]))
        found = []
        for reason in self.reasons:
            each = float("nan") if reason else float(next(p))
            why = reason or ("no value" if np.isnan(each) else "")
            found.append(Outcome(bool(is_significant(each, SURROGATES, ALPHA)), each, why))
        return found

    def _p(self, statistic: GroupStatistic, first: int) -> Array:
        people, made = self.people[first : first + CHUNK], self.surrogates[first : first + CHUNK]
        alone = np.broadcast_to(people[:, None, :1], (*made.shape[:2], 1, made.shape[-1]))
        beside = statistic(np.concatenate([alone, made], axis=2), RATE)
        return permutation_p(statistic(people, RATE), np.moveaxis(beside, 1, 0))


@dataclass
class Prepared:
    """Pairs with their surrogates, of the last pairs that were asked for: all measures share them."""

    whiten: bool
    persons: int
    seen: Pairs | None = None
    beside: Beside | None = None

    def __call__(self, pairs: Pairs, statistic: GroupStatistic) -> list[Outcome]:
        """What a statistic claims of each."""
        if self.beside is None or self.seen is not pairs:
            self.seen, self.beside = pairs, Beside.of(pairs, self.whiten, self.persons)
        return self.beside.outcomes(statistic)


def measure_tests() -> dict[str, Test]:
    """Tests of all measures but plain correlation, by name; claims of coupling are made with the stimulus given."""
    tests = {}
    white, plain, groups = Prepared(True, 2), Prepared(False, 2), Prepared(True, 3)
    for name, statistic in STATISTICS.items():
        both = partial(_of_two, statistic)
        tests[f"{name}, prewhitened"] = Test(partial(white, statistic=both), EVERYWHERE, seconds=SHORT)
        tests[name] = Test(partial(plain, statistic=both), seconds=SHORT)
    for name, group_statistic in GROUP_STATISTICS.items():
        judged = partial(groups, statistic=group_statistic)
        tests[f"{name}, prewhitened"] = Test(judged, EVERYWHERE, strangers=True, seconds=SHORT)
    for name, select in (("Granger, F", False), ("Granger, F, order selected", True)):
        tests[name] = Test(partial(_by_f, select=select), EVERYWHERE, times=2)
    observed = Observed()
    for kind, name in enumerate(("t", "signs flipped", "time course")):
        tests[f"mimicry, {name}"] = Test(partial(observed, kind=kind), strangers=True, seconds=SHORT)
    return tests


def _mean(values: Array) -> Array:
    """Over frequencies and moments that are known."""
    return mean(values.reshape(*values.shape[:-2], -1))


def _of_two(statistic: Statistic, people: Array, rate: float) -> Array:
    return statistic(people[..., 0, :], people[..., 1, :], rate)


def _by_f(pairs: Pairs, select: bool) -> list[Outcome]:
    """Whether the first is said to lead the second."""
    x, y = pairs.values[:, 0], pairs.values[:, 1]
    found = granger(x, y, RATE, HISTORY, pairs.stimulus, select).p[:, 0]
    return [Outcome(bool(p <= ALPHA), float(p), "no value" if np.isnan(p) else "") for p in found]


@dataclass
class Observed:
    """The p of both tests and of the time course, of the last pairs that were asked for: each is made once."""

    seen: Pairs | None = None
    p: Array = field(default_factory=lambda: np.zeros((0, 3)))

    def __call__(self, pairs: Pairs, kind: int) -> list[Outcome]:
        """What one of the three claims of strangers to whom the condition of an event makes no difference."""
        if self.seen is not pairs:
            assert pairs.strangers is not None
            self.seen = pairs
            self.p = np.array([_effect(each, np.random.default_rng(n)) for n, each in enumerate(pairs.strangers)])
        return [Outcome(bool(p <= ALPHA), float(p)) for p in self.p[:, kind]]


def _effect(people: Array, rng: np.random.Generator) -> tuple[float, float, float]:
    """Of t, of flipped signs, and of the time course, for observers ``(person, time)``."""
    found = [_shown(person, rng) for person in people]
    differences, times = np.stack([each for each, _ in found]), found[0][1].times
    effect = observer_test(window_means(Trials(differences, times), 0.0, AFTER), FLIPS)
    return effect.p, effect.p_flips, float(np.nanmin(time_course(differences, times, FLIPS).p))


def _shown(person: Array, rng: np.random.Generator) -> tuple[Array, Trials]:
    """One observer's mean difference between conditions ``(time,)``, and the trials behind it."""
    last = len(person) / RATE - AFTER
    events = np.linspace(BEFORE, last, EVENTS, endpoint=False) + rng.uniform(0, (last - BEFORE) / EVENTS / 2, EVENTS)
    cut = within_observer(responses(trials(person, RATE, events, BEFORE, AFTER), BEFORE))
    more = rng.permutation(np.arange(EVENTS) % 2 == 0)
    return contrast(cut, more, ~more), cut
