"""Clip order: whether it is the clip itself that an observer's face tells, or what is left of the one before.

``python -m empdetect.bench.clip_order -o docs/results/clip_order.json --data-root DIR --page docs/bench.md``

In the contagion experiment no clip was followed by one of its kind, so whoever knows the clip before knows much of this
one; and features that hold a trial against the seconds before it read what may be left of the clip before. Two
questions, both of answers about observers who were not learned from:

- Trials after a neutral clip, where the order says nothing: are they told, too?
- Neutral trials: do the answers there tell whether an angry or a happy clip came before?
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.benchmarks.contagion_emg import BENCHMARK
from empdetect.bench.intervals import Truth, interval_of
from empdetect.bench.metrics import auroc
from empdetect.bench.run import fold_count, fold_data, fold_of
from empdetect.bench.study import one_line_errors, publish
from empdetect.bench.system import System, unlabelled
from empdetect.datamodules.contagion_emg import ContagionEmgDataModule, clips, observers
from empdetect.datamodules.splits import group_of
from empdetect.progress import track
from empdetect.recording import Segment
from empdetect.task import Task
from empdetect.training import quieten

BASELINE = "functionals + logistic"
"""That of the benchmark which ours is compared with."""
QUESTIONS = {
    "all": "all clips",
    "after_neutral": "clips after a neutral one",
    "after_other": "clips after one of the other kind",
    "before_neutral": "neutral clips: angry or happy before",
}


def before(segment: Segment, kinds: Mapping[str, Sequence[str]]) -> str:
    """Kind of the clip before a trial; empty for the first."""
    place = int(segment.recording.id.rpartition("_")[2]) - 1
    return kinds[group_of(segment)][place - 1] if place > 0 else ""


def questions(segments: Sequence[Segment], kinds: Mapping[str, Sequence[str]]) -> dict[str, NDArray[np.float64]]:
    """For each question the labels that answers are held against ``(n,)``; NaN where a trial does not belong.

    Labels are 1 for a happy clip. Of neutral clips they are 1 where an angry one came before: if what is left of a
    smile lifts the seconds that a trial is held against, the trial looks angrier, so answers would run against it.
    """
    label = np.array([segment.labels["happy"] for segment in segments])
    previous = np.array([before(segment, kinds) for segment in segments])
    follows = np.where(previous == "angry", 1.0, np.where(previous == "happy", 0.0, np.nan))
    return {
        "all": label,
        "after_neutral": np.where(previous == "neutral", label, np.nan),
        "after_other": np.where(np.isfinite(follows), label, np.nan),
        "before_neutral": np.where(np.isfinite(label), np.nan, follows),
    }


def measure(system: System, data_root: str | None, seed: int = 0) -> dict[str, dict[str, Any]]:
    """What a system answers about trials whose order tells something, and about those of which it tells nothing.

    Args:
        system: learns from the training observers of each fold.
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        seed: of the training and the resamples.

    Returns:
        By question: ``auroc`` over all observers, its 95% ``interval`` (observers drawn) and ``trials``.

    Raises:
        InputError: the data are not there.
    """
    kinds = {group: [kind for _, kind in clips(values)] for group, values in observers(data_root).items()}
    everyone = ContagionEmgDataModule({}, data_root, neutral=True).segments()
    asked: list[Segment] = []
    chances: list[NDArray[np.float64]] = []
    for number in track(range(fold_count(fold_data(BENCHMARK, data_root, 0))), system.name):
        data = fold_data(BENCHMARK, data_root, number)
        tested = {group_of(segment) for segment in data.parts["test"]}
        segments = [segment for segment in everyone if group_of(segment) in tested]
        system.fit(fold_of(BENCHMARK, data, number, data_root, fast=False), seed)
        asked += segments
        chances.append(system.answers(unlabelled(segments))["happy"])
    return {
        name: _figure(asked, np.concatenate(chances), labels, data.task, seed)
        for name, labels in questions(asked, kinds).items()
    }


def _figure(
    segments: Sequence[Segment], chances: NDArray[np.float64], labels: NDArray[np.float64], task: Task, seed: int
) -> dict[str, Any]:
    there = np.isfinite(labels)
    groups = np.array([group_of(segment) for segment in segments])[there]
    found = interval_of(
        auroc, task, [Truth({"happy": labels[there]}, groups)], [{"happy": chances[there]}], "pooled", seed
    )
    return {"auroc": found.value, "interval": [found.low, found.high], "trials": int(there.sum())}


def table(rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Markdown: a line a question, a column a system."""
    head = f"| AUROC of | trials | {' | '.join(rows)} |\n|---|---|{'---|' * len(rows)}\n"
    lines = []
    for name, meaning in QUESTIONS.items():
        trials = next(iter(rows.values()))[name]["trials"]
        cells = [
            f"{row[name]['auroc']:.3f} [{', '.join(f'{end:.3f}' for end in row[name]['interval'])}]"
            for row in rows.values()
        ]
        lines.append(f"| {meaning} | {trials} | {' | '.join(cells)} |\n")
    return head + "".join(lines)


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = argparse.ArgumentParser("python -m empdetect.bench.clip_order", description=__doc__)
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="JSON", help="file for the figures")
    parser.add_argument("--data-root", metavar="DIR", help="folder of the datasets (default: $EMPDETECT_DATA)")
    parser.add_argument("--page", type=Path, help="also put the table between this page's markers (Markdown)")
    parser.add_argument("--seed", type=int, default=0, help="of resamples and training (default: %(default)s)")
    parsed = parser.parse_args(arguments)
    quieten()
    systems = (BENCHMARK.ours, next(one for one in BENCHMARK.baselines if one.name == BASELINE))
    rows = {system.name: measure(system, parsed.data_root, parsed.seed) for system in systems}
    publish(parsed, f"python -m empdetect.bench.clip_order -o {parsed.out}", rows, "clip order", table(rows))


if __name__ == "__main__":
    sys.exit(main())
