"""The table of what reinforcement learning changed, from the outcomes of its runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from empdetect.rl.intervals import Interval, Parts, difference_of, interval_of, parts_of

SHOWN = ("format", "tactic reuse", "head 'witness'", "words")
"""Figures besides the emotion; ``head 'witness'`` is the held-out detector's."""


@dataclass(frozen=True)
class Cell:
    """One row of the table.

    Args:
        algorithm: ``ppo`` or ``grpo``.
        think: whether the policy thinks before it speaks.
        detector: whether the detector is a second head.
        difficulty: of the user, in training and in judging.
    """

    algorithm: str
    think: bool
    detector: bool
    difficulty: str

    @property
    def name(self) -> str:
        """Name of its runs."""
        return "-".join((self.algorithm, self.form, "detector" if self.detector else "emotion", self.difficulty))

    @property
    def form(self) -> str:
        """Form of its replies, as in the presets' names."""
        return "think" if self.think else "say"


@dataclass(frozen=True)
class Outcome:
    """What one run found.

    Args:
        before, after: sums and counts by figure and scenario, on held-out profiles.
        stopped: what the monitor said; empty if it did not stop the run.
        minutes: wall clock of training and judging; of the last part, if it was stopped in between.
        curves: by column of the log, a value a step; None where it has none.
    """

    before: Mapping[str, Parts]
    after: Mapping[str, Parts]
    stopped: str
    minutes: float
    curves: Mapping[str, list[float | None]]


Found = Mapping[Cell, Mapping[int, Outcome]]
"""Outcomes by cell and seed."""


def pooled(outcomes: Iterable[Mapping[str, Parts]], figure: str) -> Parts:
    """One figure of several seeds, scenario by scenario."""
    parts = [found[figure] for found in outcomes if figure in found]
    return parts_of((scenario, *counted) for found in parts for scenario, counted in found.items())


def change(outcomes: Iterable[Outcome], figure: str) -> tuple[Interval, Interval, Interval]:
    """A figure before and after, and how much it rose: 95% intervals over scenarios, seeds pooled."""
    found = list(outcomes)
    before, after = pooled([o.before for o in found], figure), pooled([o.after for o in found], figure)
    return interval_of(before), interval_of(after), difference_of(after, before)


def table(found: Found) -> str:
    """The table as Markdown."""
    head = "| algorithm | think | detector head | user | gain of emotion | by seed | emotion |"
    head += "".join(f" {name} |" for name in SHOWN) + " stopped | minutes a run |"
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *(_line(*item) for item in found.items())])


def _line(row: Cell, by_seed: Mapping[int, Outcome]) -> str:
    outcomes = list(by_seed.values())
    before, after, gain = change(outcomes, "emotion")
    cells = [row.algorithm.upper(), _yes(row.think), _yes(row.detector), row.difficulty, _signed(gain)]
    cells.append(", ".join(f"{change([o], 'emotion')[2].value:+.1f}" for o in outcomes))
    cells.append(f"{before.value:.1f} to {after.value:.1f}")
    for name in SHOWN:
        old, new, moved = change(outcomes, name)
        cells.append(f"{old.value:.3g} to {new.value:.3g}: {_signed(moved, 2)}")
    cells.append(f"{sum(bool(o.stopped) for o in outcomes)} of {len(outcomes)}")
    cells.append(f"{sum(o.minutes for o in outcomes) / len(outcomes):.1f}")
    return f"| {' | '.join(cells)} |"


def findings(found: Found) -> dict[str, Any]:
    """All of it as JSON takes it, curves too."""
    return {
        "rows": {
            row.name: {
                "seeds": list(by_seed),
                **{name: _plain(by_seed.values(), name) for name in ("emotion", *SHOWN)},
                "gain_by_seed": [change([o], "emotion")[2].value for o in by_seed.values()],
                "stopped": [o.stopped for o in by_seed.values()],
                "minutes": [o.minutes for o in by_seed.values()],
                "curves": [o.curves for o in by_seed.values()],
            }
            for row, by_seed in found.items()
        }
    }


def _plain(outcomes: Iterable[Outcome], name: str) -> dict[str, list[float]]:
    names = ("before", "after", "rise")
    return {key: [i.value, i.low, i.high] for key, i in zip(names, change(outcomes, name))}


def _signed(gain: Interval, digits: int = 1) -> str:
    return f"{gain.value:+.{digits}f} ({gain.low:+.{digits}f} to {gain.high:+.{digits}f})"


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
