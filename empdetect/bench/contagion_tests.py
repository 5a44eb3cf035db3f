"""Tests of contagion as users call them, on pairs of people who have nothing to do with each other.

What ``false_positives`` counts: each test says whether it claims what it must not, or why it refuses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from empdetect.contagion.adequacy import judge
from empdetect.contagion.false_discovery import window_tests
from empdetect.contagion.gaps import Array
from empdetect.contagion.inference import PairTest, compare_pair
from empdetect.contagion.measures.correlation import correlation
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.contagion.statistics import WindowedCorrelation
from empdetect.contagion.surrogates import phase_randomised

SECONDS, RATE = 600.0, 1.0
SHORT = 120.0
"""Seconds of the pairs on which measures that cost more are tried."""
SURROGATES = 39
STRANGERS = 29
STIMULUS = 0.5
"""Share of each person's variance that the shared stimulus explains."""
STIMULUS_LAG = 2.0
"""By how much the second person responds later, in seconds."""
ALPHA = 0.05
MAX_LAG = 5.0
"""Largest lag that windows are searched for, in seconds."""

Trap: TypeAlias = Literal["none", "trend", "stimulus"]


@dataclass(frozen=True)
class Pairs:
    """Pairs that are not coupled.

    Args:
        values: ``(pair, person, time)``
        stimulus: ``(pair, time)`` what both saw, if they saw anything.
        strangers: ``(pair, stranger, time)`` others of the same kind, who saw the same.
    """

    values: Array
    stimulus: Array | None = None
    strangers: Array | None = None


@dataclass(frozen=True)
class Outcome:
    """What a test said of one pair.

    Args:
        made: whether it claims what it must not.
        p: of the test; a claim asks for a little less than the level, so that another seed does not take it back.
        reason: why it refused, if it did.
    """

    made: bool
    p: float
    reason: str = ""

    @classmethod
    def of(cls, test: PairTest, claim: str = "association") -> "Outcome":
        """Of a test with surrogates; one that has no p is none."""
        return cls(test.claim(claim).made, test.p, test.adequacy.reason or ("no value" if np.isnan(test.p) else ""))


@dataclass(frozen=True)
class Test:
    """One test as a user would call it.

    Args:
        claims: of each pair, whether it claims what it must not, and why it refused.
        traps: what it is tried on.
        strangers: whether it needs strangers.
        times: so many times as many pairs: a test without surrogates costs little, and is counted the better.
        seconds: length of the pairs.
    """

    claims: Callable[[Pairs], list[Outcome]]
    traps: tuple[Trap, ...] = ("none", "trend")
    strangers: bool = False
    times: int = 1
    seconds: float = SECONDS


def one_by_one(claim: Callable[..., Outcome], **settings: Any) -> Callable[[Pairs], list[Outcome]]:
    """The claims of a test that takes ``(pairs, place)`` and looks at one pair at a time."""
    return lambda pairs: [claim(pairs, place, **settings) for place in range(len(pairs.values))]


def draw_pairs(
    count: int,
    trap: Trap,
    memory: float,
    rng: np.random.Generator,
    strangers: bool = False,
    seconds: float = SECONDS,
) -> Pairs:
    """Draw pairs without coupling.

    Args:
        count: how many.
        trap: ``none``, a ``trend`` of three standard deviations in each person, or a ``stimulus`` that both see.
        memory: lag-1 autocorrelation of each person and of the stimulus.
        rng: of the draws.
        strangers: draw strangers, too.
        seconds: length of each.
    """
    conditions = Conditions(seconds, RATE, memory, trend=3.0 if trap == "trend" else 0.0)
    people = simulate_dyads(count, 0.0, direction="none", conditions=conditions, seed=rng).values
    others = np.zeros((count, 0, people.shape[-1]))
    if strangers:
        drawn = simulate_dyads(count * STRANGERS, 0.0, direction="none", conditions=conditions, seed=rng).values
        others = drawn[:, 1].reshape(count, STRANGERS, -1)
    if trap != "stimulus":
        return Pairs(people, strangers=others)
    late = round(STIMULUS_LAG * RATE)
    plain = Conditions(seconds + STIMULUS_LAG, RATE, memory)
    seen = simulate_dyads(count, 0.0, direction="none", conditions=plain, seed=rng).values[:, 0]
    now, then = np.sqrt(STIMULUS) * seen[:, late:], np.sqrt(STIMULUS) * seen[:, :-late]
    own = np.sqrt(1 - STIMULUS)
    pair = np.stack([own * people[:, 0] + now, own * people[:, 1] + then], axis=1)
    return Pairs(pair, seen[:, late:], own * others + then[:, None])


def pair_tests() -> dict[str, Test]:
    """Correlations of pairs, by formula, beside surrogates and beside strangers; and claims of coupling."""
    raw, white = Preparation(whiten=False), Preparation()
    surrogates: dict[str, dict[str, Any]] = {
        "peak, phase": {},
        "peak, shifts": {"surrogate": "shifts"},
        "peak, segments": {"surrogate": "segments"},
        "windows, phase": {"statistic": WindowedCorrelation()},
    }
    tests = {"correlation, effective samples": Test(one_by_one(_by_formula, whiten=False), times=2)}
    tests["correlation, prewhitened"] = Test(one_by_one(_by_formula, whiten=True), times=2)
    for name, settings in surrogates.items():
        tests[f"{name}, prewhitened"] = Test(one_by_one(_by_surrogates, preparation=white, **settings))
    for name in ("peak, phase", "peak, shifts", "windows, phase"):
        tests[name] = Test(one_by_one(_by_surrogates, preparation=raw, **surrogates[name]))
    tests["peak, iaaft, prewhitened"] = Test(one_by_one(_by_surrogates, preparation=white, surrogate="iaaft"))
    tests["windows, false discovery"] = Test(one_by_one(_by_windows))
    tests["peak, strangers"] = Test(one_by_one(_by_strangers, preparation=raw), strangers=True)
    tests["coupling, nothing given"] = Test(one_by_one(_coupling), ("stimulus",))
    tests["coupling, stimulus given"] = Test(one_by_one(_coupling, given=True), ("stimulus",))
    tests["coupling, strangers who saw the same"] = Test(
        one_by_one(_coupling_by_strangers), ("stimulus",), strangers=True
    )
    return tests


def _by_formula(pairs: Pairs, place: int, whiten: bool) -> Outcome:
    x, y = pairs.values[place]
    p = float(correlation(x, y, RATE, whiten=whiten).p)
    return Outcome(p <= ALPHA, p, "too few effective samples" if np.isnan(p) else "")


def _by_surrogates(pairs: Pairs, place: int, **settings: Any) -> Outcome:
    x, y = pairs.values[place]
    test = compare_pair(x, y, RATE, count=SURROGATES, alpha=ALPHA, seed=place, **settings)
    return Outcome.of(test)


def _by_windows(pairs: Pairs, place: int) -> Outcome:
    """Whether any window is named, as for the map of windows of a report."""
    x, y = pairs.values[place]
    x, y = Preparation().pair(x, y, RATE)
    adequacy = judge(x, y, RATE, MAX_LAG)
    if not adequacy.ok:
        return Outcome(False, float("nan"), adequacy.reason)
    made = phase_randomised(y, SURROGATES, np.random.default_rng(place))
    found = window_tests(x, y, made, RATE, MAX_LAG, rate_of_false=ALPHA)
    return Outcome(bool(found.found.any()), float(np.nanmin(found.q)))


def _by_strangers(pairs: Pairs, place: int, preparation: Preparation) -> Outcome:
    assert pairs.strangers is not None
    x, y = pairs.values[place]
    test = compare_pair(x, y, RATE, strangers=pairs.strangers[place], preparation=preparation, alpha=ALPHA)
    return Outcome.of(test)


def _coupling(pairs: Pairs, place: int, given: bool = False) -> Outcome:
    stimulus = pairs.stimulus[place] if given and pairs.stimulus is not None else None
    preparation = Preparation(stimulus=stimulus)
    x, y = pairs.values[place]
    test = compare_pair(x, y, RATE, preparation=preparation, count=SURROGATES, alpha=ALPHA, seed=place)
    claim = test.claim("coupling")
    return Outcome(claim.made, test.p, test.adequacy.reason or ("" if given else claim.sentence))


def _coupling_by_strangers(pairs: Pairs, place: int) -> Outcome:
    assert pairs.strangers is not None
    x, y = pairs.values[place]
    test = compare_pair(x, y, RATE, strangers=pairs.strangers[place], strangers_saw_the_same=True, alpha=ALPHA)
    return Outcome.of(test, "coupling")
