"""The table of what reinforcement learning changed, from the outcomes of its runs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from empdetect.rl.intervals import Interval, Parts, pooled_difference, pooled_interval

SHOWN = {
    "format": "format",
    "tactic reuse": "tactic reuse",
    "head 'witness'": "witness",
    "head 'support'": "support",
    "words": "words a reply",
}
"""Figures besides the emotion, and what they are called; the heads are those of the held-out detectors."""
THINKS = {True: "with thoughts", False: "without thoughts"}


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
        warned: the step after which the monitor would have stopped the run; 0 if it would not have.
        minutes: wall clock of training and judging, without the warm-up that the runs of a seed share.
        curves: by column of the log, a value a step; None where it has none.
        warmup: minutes that the start of this form and seed took to make, once for all its runs.
        asked: what the command asked for besides the row and the seed.
        commit: of the code that trained it.
    """

    before: Mapping[str, Parts]
    after: Mapping[str, Parts]
    warned: int
    minutes: float
    curves: Mapping[str, list[float | None]]
    warmup: float | None = None
    asked: Mapping[str, int] = field(default_factory=dict)
    commit: str | None = None


Row = Mapping[str, Any]
"""What was found about one row, as the file of results has it."""
Found = Mapping[Cell, Mapping[int, Outcome]]
"""Outcomes by cell and seed."""


def change(outcomes: Sequence[Outcome], figure: str) -> tuple[Interval, Interval, Interval]:
    """A figure before and after, and how much it rose: 95% intervals over seeds and scenarios."""
    before, after = [o.before[figure] for o in outcomes], [o.after[figure] for o in outcomes]
    return pooled_interval(before), pooled_interval(after), pooled_difference(after, before)


def findings(found: Found) -> dict[str, dict[str, Any]]:
    """By row of the table what was found, curves too, as JSON takes it."""
    return {row.name: asdict(row) | _findings(by_seed) for row, by_seed in found.items()}


def _findings(by_seed: Mapping[int, Outcome]) -> dict[str, Any]:
    outcomes = list(by_seed.values())
    return {
        "seeds": list(by_seed),
        **{name: _plain(outcomes, name) for name in ("emotion", *SHOWN)},
        "gain_by_seed": [change([o], "emotion")[2].value for o in outcomes],
        "warned": [o.warned for o in outcomes],
        "minutes": [o.minutes for o in outcomes],
        "warmups": [o.warmup for o in outcomes],
        "commits": [o.commit for o in outcomes],
        "curves": [o.curves for o in outcomes],
    }


def table(rows: Mapping[str, Row]) -> str:
    """The table as Markdown.

    Args:
        rows: as ``findings`` gives them.
    """
    head = "| algorithm | think | detector head | user | gain of emotion | by seed | emotion |"
    head += "".join(f" {name} |" for name in SHOWN.values()) + " monitor would stop | minutes a run |"
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *map(_line, rows.values())]) + "\n"


def _line(row: Row) -> str:
    before, after = row["emotion"]["before"][0], row["emotion"]["after"][0]
    cells = [row["algorithm"].upper(), _yes(row["think"]), _yes(row["detector"]), row["difficulty"]]
    cells += [_signed(row["emotion"]["rise"]), ", ".join(f"{gain:+.1f}" for gain in row["gain_by_seed"])]
    cells.append(f"{before:.1f} to {after:.1f}")
    for name in SHOWN:
        old, new = row[name]["before"][0], row[name]["after"][0]
        cells.append(f"{old:.3g} to {new:.3g}: {_signed(row[name]['rise'], 2)}")
    cells.append(f"{sum(map(bool, row['warned']))} of {len(row['seeds'])}")
    cells.append(", ".join(f"{minutes:.1f}" for minutes in row["minutes"]))
    return f"| {' | '.join(cells)} |"


def head_effects(found: Found) -> dict[str, dict[str, Any]]:
    """What the detector head adds: policies trained with it against those without, of the same starts and seeds.

    Returns:
        By the rows that both have, and for all of a form and ``all``: by figure the difference with its 95% interval
        over runs and scenarios; pairs of runs under ``runs``.
    """
    pairs: dict[Cell, list[tuple[Outcome, Outcome]]] = {}
    for cell, by_seed in found.items():
        other = found.get(replace(cell, detector=False), {}) if cell.detector else {}
        if shared := [(by_seed[seed], other[seed]) for seed in by_seed if seed in other]:
            pairs[cell] = shared
    rows = {f"{c.algorithm.upper()}, {THINKS[c.think]}, {c.difficulty}": [c] for c in pairs}
    groups = {f"all {form}": [cell for cell in pairs if cell.think == think] for think, form in THINKS.items()}
    rows |= {name: cells for name, cells in (groups | {"all": [*pairs]}).items() if len(cells) > 1}
    together = {name: [pair for cell in cells for pair in pairs[cell]] for name, cells in rows.items()}
    return {name: {"runs": len(shared)} | _differences(shared) for name, shared in together.items()}


def _differences(pairs: Sequence[tuple[Outcome, Outcome]]) -> dict[str, list[float]]:
    found = {}
    for name in ("emotion", *SHOWN):
        gap = pooled_difference([on.after[name] for on, _ in pairs], [off.after[name] for _, off in pairs])
        found[name] = [gap.value, gap.low, gap.high]
    return found


def head_table(effects: Mapping[str, Row]) -> str:
    """What the head adds, as Markdown.

    Args:
        effects: as ``head_effects`` gives them.
    """
    head = "| with the head minus without | pairs of runs | emotion |" + "".join(f" {n} |" for n in SHOWN.values())
    rows = [
        f"| {name} | {row['runs']} | {_signed(row['emotion'])} | {' | '.join(_signed(row[n], 2) for n in SHOWN)} |"
        for name, row in effects.items()
    ]
    return "\n".join([head, "|---" * (head.count("|") - 1) + "|", *rows]) + "\n"


def _plain(outcomes: Sequence[Outcome], name: str) -> dict[str, list[float]]:
    names = ("before", "after", "rise")
    return {key: [i.value, i.low, i.high] for key, i in zip(names, change(outcomes, name))}


def _signed(gain: Sequence[float], digits: int = 1) -> str:
    value, low, high = gain
    return f"{value:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"
