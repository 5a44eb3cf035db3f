"""False positives: how often tests of contagion claim something of people who have nothing to do with each other.

``python -m empdetect.bench.false_positives -o docs/results/false_positives.json``

Pairs without any coupling, at each lag-1 autocorrelation; with a trend in both; and with a stimulus that both saw, to
which the second person responds later. Every test is the one that users call. Without stimulus, any claim of an
association is false; with a stimulus, any claim of coupling is. A test may refuse, and says why; refusals are counted
apart. Target: no more than 6% false claims at level .05.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from empdetect.bench.study import write_study
from empdetect.contagion.gaps import Array
from empdetect.contagion.inference import compare_pair
from empdetect.contagion.measures.correlation import correlation
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.contagion.statistics import WindowedCorrelation
from empdetect.progress import track

MEMORIES = (0.99, 0.9, 0.5, 0.0)
"""Lag-1 autocorrelations."""
SECONDS, RATE = 600.0, 1.0
SURROGATES = 39
STRANGERS = 29
STIMULUS = 0.5
"""Share of each person's variance that the shared stimulus explains."""
STIMULUS_LAG = 2.0
"""By how much the second person responds later, in seconds."""
ALPHA = 0.05
FEW = 100
"""A share of fewer tested pairs says nothing."""
BATCH = 50
"""Pairs that are drawn at once."""

Trap = Literal["none", "trend", "stimulus"]


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


@dataclass(frozen=True)
class Test:
    """One test as a user would call it.

    Args:
        claims: ``claims(pairs, place)`` whether it claims what it must not, and why it refused.
        traps: what it is tried on.
        strangers: whether it needs strangers.
        times: so many times as many pairs: a test without surrogates costs little, and is counted the better.
    """

    claims: Callable[[Pairs, int], Outcome]
    traps: tuple[Trap, ...] = ("none", "trend")
    strangers: bool = False
    times: int = 1


@dataclass
class Count:
    """What came of one test on one kind of pairs."""

    made: int = 0
    at_level: int = 0
    refused: int = 0
    pairs: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count one pair."""
        self.pairs += 1
        self.made += outcome.made
        if outcome.reason:
            self.refused += 1
            # Without its numbers, so that equal reasons are one.
            self.reasons[outcome.reason.split(":", maxsplit=1)[0]] += 1
        else:
            self.at_level += outcome.p <= ALPHA + 1e-9

    def findings(self) -> dict[str, Any]:
        """For the file. A false claim counts among all pairs and among those that were tested."""
        tested = self.pairs - self.refused
        share = self.made / tested if tested else float("nan")
        error = (share * (1 - share) / tested) ** 0.5 if tested else float("nan")
        most = self.reasons.most_common(1)
        return {
            "pairs": self.pairs,
            "refused": self.refused,
            "false_claims": share,
            "p_at_level": self.at_level / tested if tested else float("nan"),
            "standard_error": error,
            "reason": most[0][0] if most else None,
        }


def false_positives(
    pairs: int,
    seed: int,
    names: Sequence[str] | None = None,
    keep: Callable[[Mapping[str, Any]], None] = lambda _: None,
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Share of false claims by test, trap and autocorrelation.

    Args:
        pairs: of each kind.
        seed: of all draws.
        names: of tests; None takes all.
        keep: takes what there is after each kind of pairs, so that a run that is cut off leaves something.
        known: what a run that was cut off left; that is not counted again.
    """
    tests = shipped_tests()
    chosen = {name: test for name, test in tests.items() if names is None or name in names}
    kinds = [(trap, memory) for memory in MEMORIES for trap in get_args(Trap)]
    found: dict[str, Any] = {name: {} for name in chosen}
    for place, (trap, memory) in enumerate(track(kinds, "pairs without coupling")):
        fitting = {name: test for name, test in chosen.items() if trap in test.traps}
        for name in list(fitting):
            if cell := (known or {}).get(name, {}).get(trap, {}).get(f"{memory:g}"):
                found[name].setdefault(trap, {})[f"{memory:g}"] = cell
                del fitting[name]
        counts = _counts(fitting, pairs, trap, memory, [seed, place]) if fitting else {}
        for name, count in counts.items():
            found[name].setdefault(trap, {})[f"{memory:g}"] = count.findings()
        keep(found)
    return found


def _counts(tests: Mapping[str, Test], pairs: int, trap: Trap, memory: float, seed: Sequence[int]) -> dict[str, Count]:
    counts = {name: Count() for name in tests}
    most = pairs * max(test.times for test in tests.values())
    for batch in range(0, most, BATCH):
        wanted = {name: test for name, test in tests.items() if batch < pairs * test.times}
        rng = np.random.default_rng([*seed, batch])
        drawn = draw_pairs(min(BATCH, most - batch), trap, memory, rng, any(test.strangers for test in wanted.values()))
        for name, test in wanted.items():
            for place in range(min(len(drawn.values), pairs * test.times - batch)):
                counts[name].add(test.claims(drawn, place))
    return counts


def draw_pairs(count: int, trap: Trap, memory: float, rng: np.random.Generator, strangers: bool = False) -> Pairs:
    """Draw pairs without coupling.

    Args:
        count: how many.
        trap: ``none``, a ``trend`` of three standard deviations in each person, or a ``stimulus`` that both see.
        memory: lag-1 autocorrelation of each person and of the stimulus.
        rng: of the draws.
        strangers: draw strangers, too.
    """
    conditions = Conditions(SECONDS, RATE, memory, trend=3.0 if trap == "trend" else 0.0)
    people = simulate_dyads(count, 0.0, direction="none", conditions=conditions, seed=rng).values
    others = np.zeros((count, 0, people.shape[-1]))
    if strangers:
        drawn = simulate_dyads(count * STRANGERS, 0.0, direction="none", conditions=conditions, seed=rng).values
        others = drawn[:, 1].reshape(count, STRANGERS, -1)
    if trap != "stimulus":
        return Pairs(people, strangers=others)
    late = round(STIMULUS_LAG * RATE)
    plain = Conditions(SECONDS + STIMULUS_LAG, RATE, memory)
    seen = simulate_dyads(count, 0.0, direction="none", conditions=plain, seed=rng).values[:, 0]
    now, then = np.sqrt(STIMULUS) * seen[:, late:], np.sqrt(STIMULUS) * seen[:, :-late]
    own = np.sqrt(1 - STIMULUS)
    pair = np.stack([own * people[:, 0] + now, own * people[:, 1] + then], axis=1)
    return Pairs(pair, seen[:, late:], own * others + then[:, None])


def shipped_tests() -> dict[str, Test]:
    """Every test that ``empdetect.contagion`` offers, by name."""
    raw, white = Preparation(whiten=False), Preparation()
    surrogates: dict[str, dict[str, Any]] = {
        "peak, phase": {},
        "peak, shifts": {"surrogate": "shifts"},
        "peak, segments": {"surrogate": "segments"},
        "windows, phase": {"statistic": WindowedCorrelation()},
    }
    tests = {"correlation, effective samples": Test(partial(_by_formula, whiten=False), times=2)}
    tests["correlation, prewhitened"] = Test(partial(_by_formula, whiten=True), times=2)
    for name, settings in surrogates.items():
        tests[f"{name}, prewhitened"] = Test(partial(_by_surrogates, preparation=white, **settings))
    for name in ("peak, phase", "peak, shifts", "windows, phase"):
        tests[name] = Test(partial(_by_surrogates, preparation=raw, **surrogates[name]))
    tests["peak, iaaft, prewhitened"] = Test(partial(_by_surrogates, preparation=white, surrogate="iaaft"))
    tests["peak, strangers"] = Test(partial(_by_strangers, preparation=raw), strangers=True)
    tests["coupling, nothing given"] = Test(_coupling, ("stimulus",))
    tests["coupling, stimulus given"] = Test(partial(_coupling, given=True), ("stimulus",))
    tests["coupling, strangers who saw the same"] = Test(_coupling_by_strangers, ("stimulus",), strangers=True)
    return tests


def _by_formula(pairs: Pairs, place: int, whiten: bool) -> Outcome:
    x, y = pairs.values[place]
    p = float(correlation(x, y, RATE, whiten=whiten).p)
    return Outcome(p <= ALPHA, p, "too few effective samples" if np.isnan(p) else "")


def _by_surrogates(pairs: Pairs, place: int, **settings: Any) -> Outcome:
    x, y = pairs.values[place]
    test = compare_pair(x, y, RATE, count=SURROGATES, alpha=ALPHA, seed=place, **settings)
    return Outcome(test.claim("association").made, test.p, test.adequacy.reason)


def _by_strangers(pairs: Pairs, place: int, preparation: Preparation) -> Outcome:
    assert pairs.strangers is not None
    x, y = pairs.values[place]
    test = compare_pair(x, y, RATE, strangers=pairs.strangers[place], preparation=preparation, alpha=ALPHA)
    return Outcome(test.claim("association").made, test.p, test.adequacy.reason)


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
    return Outcome(test.claim("coupling").made, test.p, test.adequacy.reason)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m empdetect.bench.false_positives", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True, help="file of results (JSON)")
    parser.add_argument("--pairs", type=int, default=1000, help="of each kind (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="go on where a run of the same command was cut off")
    given = parser.parse_args(arguments)
    command = f"python -m empdetect.bench.false_positives -o {given.out} --pairs {given.pairs} --seed {given.seed}"
    began = time.monotonic()

    def keep(found: Mapping[str, Any]) -> None:
        minutes = (time.monotonic() - began) / 60
        settings = {"level": ALPHA, "seconds": SECONDS, "rate": RATE, "surrogates": SURROGATES, "strangers": STRANGERS}
        findings = {**settings, "minutes": minutes, "highest": _highest(found), "tests": found}
        write_study(given.out, command, given.seed, findings)

    left = json.loads(given.out.read_text(encoding="utf-8")) if given.resume and given.out.exists() else {}
    known = left.get("tests") if left.get("command") == command else None
    found = false_positives(given.pairs, given.seed, keep=keep, known=known)
    sys.stdout.write(f"{given.out}: highest share of false claims {_highest(found):.3f}\n")
    return 0


def _highest(found: Mapping[str, Any]) -> float:
    """Highest share of false claims of any test on any kind of pairs; where it refuses nearly all, none is told."""
    cells = [cell for test in found.values() for trap in test.values() for cell in trap.values()]
    tested = [cell["false_claims"] for cell in cells if cell["pairs"] - cell["refused"] >= FEW]
    return max(tested, default=float("nan"))


if __name__ == "__main__":
    sys.exit(main())
