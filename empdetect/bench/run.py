"""Running a benchmark: fold by fold, every system on the same parts, and one report of what was measured."""

import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from empdetect.bench.benchmark import Benchmark
from empdetect.bench.checks import (
    FoldChecks,
    check_alone,
    check_answers,
    check_named,
    text_of,
)
from empdetect.bench.control import Control, Trial, check_control, try_shuffled
from empdetect.bench.intervals import Truth
from empdetect.bench.report import line_reports
from empdetect.bench.system import Answers, Fold, NotAvailable, System, labels_of, unlabelled
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.splits import group_of
from empdetect.recording import Segment
from empdetect.streams.files import fingerprint
from empdetect.task import Task
from empdetect.training import commit, versions

Tell = Callable[[str], None]
"""Takes one line of progress."""


@dataclass
class Measured:
    """What one system answered with one seed, fold by fold.

    Args:
        system: who.
        seed: of its training.
        answers: of each fold's test part.
        minutes: each fold's training and answering took.
        missing: why it cannot run here; empty if it can.
    """

    system: System
    seed: int
    answers: list[Answers] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    missing: str = ""


@dataclass
class Progress:
    """What is known of a benchmark so far.

    Args:
        benchmark: which.
        folds: how many there are.
        seeds: of our detector.
        fast: whether it was run in a hurry.
        ours: our detector, one entry a seed.
        baselines: one entry each.
        data: the data module of the last fold.
        tested: labels and groups of each fold's test part.
        parts: of each fold, how many segments each part has, and the fingerprint of them.
        trials: with shuffled labels, by fold.
        control: what they come to.
    """

    benchmark: Benchmark
    folds: int
    seeds: Sequence[int]
    fast: bool
    ours: list[Measured]
    baselines: list[Measured]
    data: EmpathyDataModule
    tested: list[Truth] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    control: Control | None = None

    @property
    def everyone(self) -> list[Measured]:
        """Baselines first: they are quick, and their faults cost no night."""
        return [*self.baselines, *self.ours]


def run_benchmark(
    benchmark: Benchmark, data_root: str | None = None, seeds: int = 1, fast: bool = False, tell: Tell = lambda _: None
) -> Iterator[dict[str, Any]]:
    """Run all folds and yield a report after each; the last one is whole.

    Args:
        benchmark: which.
        data_root: folder that holds the datasets; None reads ``EMPDETECT_DATA``.
        seeds: how many seeds of our detector; the report shows their median.
        fast: the first fold alone, one seed, two short epochs: to see that it works, not how well.
        tell: takes lines of progress.

    Raises:
        InputError: the data are missing, or a configuration cannot be used.
        ProtocolError: a check failed.
    """
    check_named(benchmark.name, benchmark.zscore_by)
    chosen = range(1 if fast else seeds)
    data = fold_data(benchmark, data_root, 0)
    ours, baselines = [Measured(benchmark.ours, seed) for seed in chosen], [Measured(s, 0) for s in benchmark.baselines]
    state = Progress(benchmark, fold_count(data), chosen, fast, ours, baselines, data)
    checks = FoldChecks(benchmark.name, benchmark.shortest_text)
    for number in range(1 if fast else state.folds):
        state.data = data if number == 0 else fold_data(benchmark, data_root, number)
        checks.check(state.data.parts, number)
        _run_fold(state, number, data_root, tell)
        yield report(state)


def fold_data(benchmark: Benchmark, data_root: str | None, number: int) -> EmpathyDataModule:
    """The data module of one fold, split, without any features.

    Raises:
        InputError: the data are missing or not what they should be.
    """
    data = benchmark.data(features={}, data_root=data_root, fold=number, **benchmark.data_args)
    data.setup("fit")
    return data


def fold_count(data: EmpathyDataModule) -> int:
    """How many folds there are: one where the dataset has a split of its own."""
    return 1 if all(segment.split for part in data.parts.values() for segment in part) else data.folds


def truth_of(test: Sequence[Segment], task: Task) -> Truth:
    """Labels and groups of a test part."""
    return Truth(labels_of(test, task), np.array([group_of(segment) for segment in test]))


def fold_of(benchmark: Benchmark, data: EmpathyDataModule, number: int, data_root: str | None, fast: bool) -> Fold:
    """What systems may learn from."""
    train, val = data.parts["train"], data.parts["val"]
    return Fold(data.task, number, train, val, data_root, benchmark.data_args, benchmark.zscore_by, fast)


def _run_fold(state: Progress, number: int, data_root: str | None, tell: Tell) -> None:
    benchmark, data = state.benchmark, state.data
    fold, test = fold_of(benchmark, data, number, data_root, state.fast), data.parts["test"]
    if benchmark.control is not None:
        state.trials.append(try_shuffled(fold, benchmark.control, test, benchmark.lines[0].metric))
        state.control = check_control(benchmark.name, benchmark.control.name, state.trials)
    for measured in state.everyone:
        if not measured.missing:
            _measure(measured, benchmark.name, fold, test, tell)
    state.tested.append(truth_of(test, data.task))
    counts = {name: len(part) for name, part in data.parts.items()}
    state.parts.append({"fold": number, "segments": counts, "fingerprint": data.fingerprint()})


def _measure(measured: Measured, benchmark: str, fold: Fold, test: Sequence[Segment], tell: Tell) -> None:
    """Fit and ask one system; it is left out from now on if something it needs is not installed."""
    system, started = measured.system, time.monotonic()
    try:
        system.fit(fold, measured.seed)
    except NotAvailable as reason:
        measured.missing = str(reason)
        tell(f"{benchmark}: {system.name} is left out: {reason}")
        return
    answers = system.answers(unlabelled(test))
    who = f"{benchmark}, {system.name}"
    check_answers(who, fold.number, answers, test, fold.task)
    check_alone(who, fold, system, test, answers)
    measured.answers.append(answers)
    measured.minutes.append(round((time.monotonic() - started) / 60, 2))
    tell(f"{benchmark}: fold {fold.number}, {system.name}, seed {measured.seed}: {measured.minutes[-1]:.1f} min")


def report(state: Progress) -> dict[str, Any]:
    """All that a reader needs to know of the figures, and to make them again."""
    benchmark, data = state.benchmark, state.data
    whole = len(state.tested) == state.folds and not state.fast
    return {
        "title": benchmark.title,
        "protocol": benchmark.protocol,
        "command": _command(state),
        "settings": benchmark.ours.settings() if isinstance(benchmark.ours, TrainedDetector) else {},
        "fast": state.fast,
        "folds": state.folds,
        "folds_done": len(state.tested),
        "pooling": benchmark.pooling,
        "seeds": list(state.seeds),
        "data": f"{data.about} {data.source}".strip(),
        "licence": data.licence,
        "fingerprint": fingerprint(*(part["fingerprint"] for part in state.parts)),
        "lines": line_reports(
            benchmark.lines,
            data.task,
            state.tested,
            [measured.answers for measured in state.ours],
            {m.system.name: m.answers for m in state.baselines if not m.missing},
            benchmark.pooling,
            whole,
        ),
        "missing": {m.system.name: m.missing for m in state.baselines if m.missing},
        "checks": _checks(state),
        "fold_parts": state.parts,
        "minutes": [
            {"system": m.system.name, "seed": m.seed, "per_fold": m.minutes} for m in state.everyone if not m.missing
        ],
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "versions": versions(),
        "machine": machine(),
    }


def machine() -> dict[str, Any]:
    """What the folds ran on, as far as it bears on figures and minutes."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": processor(),
        "cpus": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "gpu": gpu,
        "python": platform.python_version(),
    }


def processor() -> str:
    """Name of the processor where Linux or the platform tells it, else of its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next((name for name in names if name), platform.processor() or platform.machine())


def _command(state: Progress) -> str:
    seeds = f" --seeds {len(state.seeds)}" if len(state.seeds) > 1 else ""
    return f"empdetect bench {state.benchmark.name} --data-root DIR{seeds}{' --fast' if state.fast else ''}"


def _checks(state: Progress) -> dict[str, Any]:
    """What was checked; a check that fails leaves no report."""
    said = any(text_of(segment) for part in state.data.parts.values() for segment in part)
    # A set that was published in parts has no groups of ours that could be torn apart; its copies were dropped.
    can_fail = {"groups": state.folds > 1, "texts": said}
    passed = [name for name, possible in can_fail.items() if possible]
    passed += ["prediction counts", "predictions are numbers", "learned from the fold alone"]
    if state.benchmark.zscore_by is None:
        passed.append("no answer depends on what else is tested")
    control: Mapping[str, float] = vars(state.control) if state.control is not None else {}
    return {"passed": passed, "shuffled_labels": {name: round(value, 4) for name, value in control.items()}}
