"""Does reinforcement learning raise the emotion of users it has not met? The whole table, resumable.

``python -m empdetect.bench.rl_learning -o runs/rl-learning`` trains PPO and GRPO, with and without thoughts,
with and without the detector head, with vanilla and challenging users, three seeds each: 48 runs of the
embedded policy. A run that has ended is not done again, and one that was stopped goes on.
"""

import argparse
import contextlib
import itertools
import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empdetect.bench.configs import find_config
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.rl.intervals import Interval, Parts, difference_of, interval_of, parts_of
from empdetect.rl.monitor import RewardHacked
from empdetect.rl.run import train_from_config

WITNESS = {
    "validation": {
        "class_path": "empdetect.rl.rewards.detector.DetectorReward",
        "init_args": {"detector": "text-empathy", "measure": "mint_validation"},
    }
}
"""A measure that no run trains on. It was learned from other people's data, but reads with the same network."""
EMOTION_ONLY = {"emotion": {"class_path": "empdetect.rl.rewards.emotion.EmotionReward"}}
SHOWN = ("emotion", "format", "tactic reuse", "words", "head 'validation'")


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
        parts = (self.algorithm, "think" if self.think else "say", "detector" if self.detector else "emotion")
        return "-".join((*parts, self.difficulty))

    def overrides(self, out: Path, seed: int, steps: int, small: bool) -> dict[str, Any]:
        """Settings that make the embedded preset this cell."""
        told: dict[str, Any] = {"out": out, "seed": seed, "trainer.steps": steps, "accelerator": "cpu"}
        told |= {"user.init_args.difficulty": self.difficulty, "witnesses": json.dumps(WITNESS)}
        if not self.detector:
            told |= {"rewards": json.dumps(EMOTION_ONLY), "weights": json.dumps({"emotion": 1.0})}
        if small:
            told |= {"warmup_rounds": 1, "warmup.steps": 10, "evaluate.samples": 1}
            told |= {"trainer.profiles_per_step": 2, "trainer.group_size": 2, "trainer.max_turns": 2}
        return told


CELLS = tuple(
    Cell(*settings)
    for settings in itertools.product(("ppo", "grpo"), (False, True), (False, True), ("vanilla", "challenging"))
)


@dataclass(frozen=True)
class Outcome:
    """What one run found.

    Args:
        before, after: sums and counts by figure and scenario, on held-out profiles.
        stopped: what the monitor said; empty if it did not stop the run.
        minutes: wall clock of training and judging; of the last part, if it was stopped in between.
    """

    before: Mapping[str, Parts]
    after: Mapping[str, Parts]
    stopped: str
    minutes: float


def run_cell(cell: Cell, folder: Path, seed: int, steps: int, small: bool) -> Outcome:
    """Train and judge one cell with one seed, or read what an earlier call found."""
    out = folder / f"{cell.name}-{seed}"
    done = out / "outcome.json"
    if not done.is_file():
        began = time.monotonic()
        preset = find_config(f"rl/embedded-{cell.algorithm}-{'think' if cell.think else 'say'}")
        with contextlib.suppress(RewardHacked):  # kept in evaluation.json, and told in the table
            train_from_config(preset, cell.overrides(out, seed, steps, small))
        found = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
        found["minutes"] = (time.monotonic() - began) / 60
        done.write_text(json.dumps(found), encoding="utf-8")
    return Outcome(**json.loads(done.read_text(encoding="utf-8")))


def pooled(outcomes: Iterable[Mapping[str, Parts]], figure: str) -> Parts:
    """One figure of several seeds, scenario by scenario."""
    parts = [found[figure] for found in outcomes if figure in found]
    return parts_of((scenario, *counted) for found in parts for scenario, counted in found.items())


def table(found: Mapping[Cell, Sequence[Outcome]]) -> str:
    """The table as Markdown: gains over the start, with 95% intervals over scenarios, seeds pooled."""
    head = "| algorithm | think | detector head | user | gain of emotion | gain by seed |"
    head += "".join(f" {name}, before to after |" for name in SHOWN) + " stopped | minutes a run |"
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    for cell, outcomes in found.items():
        before, after = ([getattr(o, part) for o in outcomes] for part in ("before", "after"))
        gain = difference_of(pooled(after, "emotion"), pooled(before, "emotion"))
        seeds = [difference_of(o.after["emotion"], o.before["emotion"]).value for o in outcomes]
        moved = [f"{_mean(before, name):.3g} to {_mean(after, name):.3g}" for name in SHOWN]
        stopped = sum(bool(o.stopped) for o in outcomes)
        minutes = sum(o.minutes for o in outcomes) / len(outcomes)
        words = (cell.algorithm.upper(), _yes(cell.think), _yes(cell.detector), cell.difficulty, _gain(gain))
        cells = (
            *words,
            ", ".join(f"{s:+.1f}" for s in seeds),
            *moved,
            f"{stopped} of {len(outcomes)}",
            f"{minutes:.1f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(evaluations: Sequence[Mapping[str, Parts]], figure: str) -> float:
    return interval_of(pooled(evaluations, figure)).value


def _gain(gain: Interval) -> str:
    return f"{gain.value:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})"


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = argparse.ArgumentParser("python -m empdetect.bench.rl_learning", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of the runs and of table.md")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="rows, as in grpo-say-emotion-vanilla"
    )
    parser.add_argument("--seeds", type=int, default=3, help="seeds a row (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=60, help="updates a run (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="tiny dialogues: does it work?")
    parsed = parser.parse_args(arguments)
    try:
        sys.stdout.write(_run(parsed) + "\n")
    except InputError as error:
        sys.stderr.write(f"rl_learning: {error}\n")
        return 2
    return 0


def _run(parsed: argparse.Namespace) -> str:
    by_name = {cell.name: cell for cell in CELLS}
    unknown = sorted(set(parsed.only) - set(by_name))
    if unknown:
        raise InputError(f"Measuring learning: no row {', '.join(unknown)}; there are {', '.join(by_name)}")
    cells = [by_name[name] for name in parsed.only or by_name]
    found: dict[Cell, list[Outcome]] = {cell: [] for cell in cells}
    for cell, seed in track([(cell, seed) for cell in cells for seed in range(parsed.seeds)], "Runs"):
        found[cell].append(run_cell(cell, parsed.out, seed, parsed.steps, parsed.small))
    text = table(found)
    (parsed.out / "table.md").write_text(text + "\n", encoding="utf-8")
    return text


if __name__ == "__main__":
    sys.exit(main())
