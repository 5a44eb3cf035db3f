"""Schedule: whether answers tell what was going on in a segment, or when it was and what came before it.

``python -m empdetect.bench.schedule [NAME...] -o docs/results/schedule.json --data-root DIR --page docs/bench.md``

In two studies that we have, everyone went through the tasks or clips in one or two orders. Whoever knows the moment
then knows much of the label, and signals drift over a session: they know the moment. And features that hold a segment
against what came before read what may be left of it. Both questions are asked of answers about people who were not
learned from:

- Of two segments at the same moment of two people's sessions, does the one with the label get the higher answer? When
  it was tells nothing there.
- Where nothing else came before, and where the label is neither: do answers tell what came before?
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.benchmark import Benchmark
from empdetect.bench.benchmarks.contagion_emg import BENCHMARK as CONTAGION
from empdetect.bench.benchmarks.stress_predict import BENCHMARK as STRESS
from empdetect.bench.clock import start_of
from empdetect.bench.intervals import Truth, interval_of
from empdetect.bench.metrics import auroc_within
from empdetect.bench.run import fold_count, fold_data, fold_of
from empdetect.bench.study import command_of, one_line_errors, publish, refuse_to_lose_rows, study_parser
from empdetect.bench.system import System, unlabelled
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.contagion_emg import ContagionEmgDataModule, clip_number, clips, observers
from empdetect.datamodules.splits import group_of
from empdetect.datamodules.stress_predict import StressPredictDataModule
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.recording import Segment
from empdetect.task import Task
from empdetect.training import quieten

Floats = NDArray[np.float64]
STRATUM = "stratum"


@dataclass(frozen=True)
class Question:
    """What answers are held against.

    Args:
        asked: in words.
        labels: ``(n,)`` 0 or 1; NaN where a segment does not belong.
        moments: ``(n,)``; only pairs of one moment, answered by the same trained system, count. None counts all pairs.
    """

    asked: str
    labels: Floats
    moments: Floats | None = None


@dataclass(frozen=True)
class Study:
    """A benchmark and its questions.

    Args:
        benchmark: gives folds, ours and the baselines; it has one target.
        baselines: names of those that are asked, too.
        data: from the folder of the datasets; its segments are all that are asked about, also some without a label.
        questions: about segments, in their order, with the folder of the datasets.
    """

    benchmark: Benchmark
    baselines: tuple[str, ...]
    data: Callable[[str | None], EmpathyDataModule]
    questions: Callable[[Sequence[Segment], str | None], list[Question]]


def contagion_questions(segments: Sequence[Segment], data_root: str | None) -> list[Question]:
    """Of trials with angry, happy (1) and neutral faces.

    Of neutral ones the label is 1 where an angry clip came before: if what is left of a smile lifts the seconds that a
    trial is held against, the trial looks angrier, so answers would run against it.
    """
    kinds = {group: [kind for _, kind in clips(values)] for group, values in observers(data_root).items()}
    earlier = [kinds[group_of(segment)][: clip_number(segment) - 1] for segment in segments]
    label = np.array([segment.labels["happy"] for segment in segments])
    first = np.array([set(before) <= {"neutral"} for before in earlier])
    last = np.array([before[-1] if before else "" for before in earlier])
    follows = np.where(last == "angry", 1.0, np.where(last == "happy", 0.0, np.nan))
    return [
        Question("all clips", label),
        Question("clips of one number in their sessions", label, np.array([clip_number(s) for s in segments], float)),
        Question("the first angry or happy clip", np.where(first, label, np.nan)),
        Question("neutral clips: angry or happy before", np.where(np.isfinite(label), np.nan, follows)),
    ]


def stress_questions(segments: Sequence[Segment], data_root: str | None) -> list[Question]:
    """Of windows of stress (1) and rest."""
    label = np.array([segment.labels["stress"] for segment in segments])
    moments = np.array([start_of(segment) for segment in segments])
    return [Question("all windows", label), Question("windows of one minute of their sessions", label, moments)]


STUDIES = (
    Study(
        CONTAGION,
        ("functionals + logistic", "clip number alone"),
        lambda data_root: ContagionEmgDataModule({}, data_root, neutral=True),
        contagion_questions,
    ),
    Study(
        STRESS,
        ("heart rate + logistic", "clock alone"),
        lambda data_root: StressPredictDataModule({}, data_root),
        stress_questions,
    ),
)


def measure(study: Study, data_root: str | None, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Figures of ours and of the baselines.

    Args:
        study: what is asked.
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        seed: of the training and the resamples.

    Returns:
        By question: ``segments``, how many are compared with any; and by system ``auroc`` over all people with its 95%
        ``interval`` (people drawn).

    Raises:
        InputError: the data are not there.
    """
    data = study.data(data_root)
    everything = data.segments()
    chosen = [one for one in study.benchmark.baselines if one.name in study.baselines]
    if len(chosen) < len(study.baselines):
        raise RuntimeError(f"{study.benchmark.name} has not all of {', '.join(study.baselines)}")
    found: dict[str, dict[str, Any]] = {}
    for system in (study.benchmark.ours, *chosen):
        segments, folds, chances = answered(study.benchmark, system, everything, data_root, seed)
        for question in study.questions(segments, data_root):
            truth, there = _truth(data.task, segments, folds, question)
            shown = interval_of(
                auroc_within(STRATUM), data.task, [truth], [{data.task.targets[0].name: chances[there]}], "pooled", seed
            )
            row = found.setdefault(question.asked, {"segments": int(there.sum())})
            row[system.name] = {"auroc": shown.value, "interval": [shown.low, shown.high]}
    return found


def answered(
    benchmark: Benchmark, system: System, everything: Sequence[Segment], data_root: str | None, seed: int
) -> tuple[list[Segment], NDArray[np.int64], Floats]:
    """Segments in the order of the folds that test their people, the folds, and answers ``(n, levels)``."""
    asked: list[Segment] = []
    folds: list[int] = []
    chances: list[Floats] = []
    for number in track(range(fold_count(fold_data(benchmark, data_root, 0))), f"{benchmark.name}, {system.name}"):
        data = fold_data(benchmark, data_root, number)
        tested = {group_of(segment) for segment in data.parts["test"]}
        segments = [segment for segment in everything if group_of(segment) in tested]
        system.fit(fold_of(benchmark, data, number, data_root, fast=False), seed)
        asked += segments
        folds += [number] * len(segments)
        chances.append(system.answers(unlabelled(segments))[data.task.targets[0].name])
    return asked, np.array(folds), np.concatenate(chances)


def _truth(
    task: Task, segments: Sequence[Segment], folds: NDArray[np.int64], question: Question
) -> tuple[Truth, NDArray[np.bool_]]:
    """Labels, strata and people of the segments that are compared with any, and which these are ``(n,)``."""
    strata = np.zeros(len(folds)) if question.moments is None else _strata(folds, question.moments)
    known = np.isfinite(question.labels)
    both = [one for one in np.unique(strata) if len(set(question.labels[known & (strata == one)])) == 2]
    there = known & np.isin(strata, both)
    groups = np.array([group_of(segment) for segment in segments])[there]
    return Truth({task.targets[0].name: question.labels[there], STRATUM: strata[there]}, groups), there


def _strata(folds: NDArray[np.int64], moments: Floats) -> Floats:
    """A number ``(n,)`` for each fold and moment: one fold's answers need not be on the scale of another's."""
    _, places = np.unique(np.stack([folds, moments]), axis=1, return_inverse=True)
    return places.astype(np.float64)


def table(rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Markdown: a line a question, a column a system; a head for each benchmark."""
    lines = []
    for name, questions in rows.items():
        systems = [key for key in next(iter(questions.values())) if key != "segments"]
        lines.append(f"| AUROC, `{name}` | segments | {' | '.join(systems)} |\n|---|---|{'---|' * len(systems)}\n")
        for asked, row in questions.items():
            cells = [
                f"{row[one]['auroc']:.3f} [{', '.join(f'{x:.3f}' for x in row[one]['interval'])}]" for one in systems
            ]
            lines.append(f"| {asked} | {row['segments']} | {' | '.join(cells)} |\n")
        lines.append("\n")
    return "".join(lines[:-1])


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("schedule", __doc__, "data_root", "page", seed=0)
    studies = {study.benchmark.name: study for study in STUDIES}
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{' or '.join(studies)} (default: all)")
    parsed = parser.parse_args(arguments)
    unknown = sorted(set(parsed.names) - set(studies))
    if unknown:
        raise InputError(f"Asking about schedules: unknown {', '.join(unknown)}; known are {', '.join(studies)}")
    refuse_to_lose_rows(parsed.out, parsed.names)
    quieten()
    rows = {name: measure(studies[name], parsed.data_root, parsed.seed) for name in parsed.names or studies}
    publish(parsed, command_of(parsed, "schedule"), rows, "schedule", table(rows))


if __name__ == "__main__":
    sys.exit(main())
