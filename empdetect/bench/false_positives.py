"""False positives: how often tests of contagion claim something of people who have nothing to do with each other.

``python -m empdetect.bench.false_positives -o docs/results/false_positives.json``

Pairs without any coupling, at each lag-1 autocorrelation; with a trend in both; and with a stimulus that both saw, to
which the second person responds later. Every test is the one that users call. Without stimulus, any claim of an
association is false; with a stimulus, any claim of coupling is. A test may refuse, and says why; refusals are counted
apart. Target: no more than 6% false claims at level .05.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np

from empdetect.bench.contagion_tests import (
    ALPHA,
    RATE,
    SECONDS,
    SHORT,
    STRANGERS,
    SURROGATES,
    Outcome,
    Test,
    Trap,
    draw_pairs,
    pair_tests,
)
from empdetect.bench.measure_tests import measure_tests
from empdetect.bench.study import study_parser, write_study
from empdetect.progress import track

MEMORIES = (0.99, 0.9, 0.5, 0.0)
"""Lag-1 autocorrelations."""
FEW = 100
"""A share of fewer tested pairs says nothing."""
BATCH = 50
"""Pairs that are drawn at once."""


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
    for seconds in sorted({test.seconds for test in tests.values()}):
        alike = {name: test for name, test in tests.items() if test.seconds == seconds}
        most = pairs * max(test.times for test in alike.values())
        for batch in range(0, most, BATCH):
            wanted = {name: test for name, test in alike.items() if batch < pairs * test.times}
            # A stimulus is drawn after strangers, who are drawn before it even if nobody wants them: each test then
            # sees the same pairs, whichever others there are.
            strangers = trap == "stimulus" or any(test.strangers for test in wanted.values())
            rng = np.random.default_rng([*seed, batch])
            drawn = draw_pairs(min(BATCH, most - batch), trap, memory, rng, strangers, seconds)
            for name, test in wanted.items():
                for outcome in test.claims(drawn)[: pairs * test.times - batch]:
                    counts[name].add(outcome)
    return counts


def shipped_tests() -> dict[str, Test]:
    """Every test that ``empdetect.contagion`` offers, by name."""
    return {**pair_tests(), **measure_tests()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = study_parser("false_positives", __doc__, seed=0)
    parser.add_argument("--pairs", type=int, default=1000, help="of each kind (default: 1000)")
    parser.add_argument("--resume", action="store_true", help="go on where a run of the same command was cut off")
    parser.add_argument("--only", nargs="+", metavar="TEST", help="these alone; what the file tells of others stays")
    parser.add_argument("--table", action="store_true", help="print the file as a table, and count nothing")
    given = parser.parse_args(arguments)
    command = f"python -m empdetect.bench.false_positives -o {given.out} --pairs {given.pairs} --seed {given.seed}"
    left = json.loads(given.out.read_text(encoding="utf-8")) if given.out.exists() else {}
    if given.table:
        sys.stdout.write(table(left.get("tests", {})))
        return 0
    known = left.get("tests", {}) if left.get("command") == command and (given.resume or given.only) else {}
    others = {name: cells for name, cells in known.items() if given.only and name not in given.only}
    began, before = time.process_time(), left.get("processor_minutes", 0.0) if known else 0.0

    def keep(found: Mapping[str, Any]) -> None:
        every = {name: {**others, **found}[name] for name in shipped_tests() if name in {**others, **found}}
        settings = {"level": ALPHA, "seconds": SECONDS, "rate": RATE, "surrogates": SURROGATES, "strangers": STRANGERS}
        minutes = before + (time.process_time() - began) / 60
        findings = {**settings, "seconds_of_measures": SHORT, "processor_minutes": minutes}
        write_study(given.out, command, given.seed, {**findings, "highest": _highest(every), "tests": every})

    found = false_positives(given.pairs, given.seed, given.only, keep, known if given.resume else None)
    sys.stdout.write(f"{given.out}: highest share of false claims {_highest({**others, **found}):.3f}\n")
    return 0


def table(tests: Mapping[str, Any]) -> str:
    """The study as Markdown: a row a test, a column a kind of pairs.

    Args:
        tests: as the file holds them.
    """
    names = {"none": "independent", "trend": "trend", "stimulus": "shared stimulus"}
    head = [f"{names[trap]}, {memory:g}" for trap in get_args(Trap) for memory in sorted(MEMORIES)]
    lines = [["test", *head], ["---"] * (len(head) + 1)]
    for name, cells in tests.items():
        row = [cells.get(trap, {}).get(f"{memory:g}") for trap in get_args(Trap) for memory in sorted(MEMORIES)]
        lines.append([name, *map(_cell, row)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(cell: Mapping[str, Any] | None) -> str:
    """The share of false claims among tested pairs; beside it the share that was refused, if any was."""
    if cell is None:
        return "–"
    refused = cell["refused"] / cell["pairs"]
    if cell["false_claims"] is None or cell["pairs"] - cell["refused"] < FEW:
        return "refused"
    share = f"{cell['false_claims']:.3f}".removeprefix("0")
    return f"{share} ({refused:.0%} refused)" if refused >= 0.01 else share


def _highest(found: Mapping[str, Any]) -> float:
    """Highest share of false claims of any test on any kind of pairs; where it refuses nearly all, none is told."""
    cells = [cell for test in found.values() for trap in test.values() for cell in trap.values()]
    tested = [cell["false_claims"] for cell in cells if cell["pairs"] - cell["refused"] >= FEW]
    return max(tested, default=float("nan"))


if __name__ == "__main__":
    sys.exit(main())
