"""``empdetect bench``: several benchmarks one after the other, a file of results and one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from empdetect.bench.benchmark import Benchmark
from empdetect.bench.catalogue import check_names, load_benchmark
from empdetect.bench.checks import ProtocolError
from empdetect.bench.results import Results
from empdetect.bench.run import Tell, fold_data, fold_of, run_benchmark
from empdetect.bench.trained import TrainedDetector
from empdetect.errors import InputError
from empdetect.streams.files import fingerprint
from empdetect.training import commit, versions


@dataclass
class Outcome:
    """What came of it.

    Args:
        reports: by benchmark, also of those that broke off after some folds.
        failures: why a benchmark did not run to its end, by benchmark.
        saved: folders of detectors.
    """

    reports: dict[str, Any] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    saved: list[Path] = field(default_factory=list)


def run_benchmarks(
    names: Sequence[str],
    out: Path,
    data_root: str | None = None,
    seeds: int = 1,
    fast: bool = False,
    save: Path | None = None,
    tell: Tell = lambda _: None,
) -> Outcome:
    """Run benchmarks; one that cannot be run, or whose protocol is broken, does not stop the others.

    Args:
        names: which; none runs all.
        out: JSON file of results, written after each fold.
        data_root: folder that holds the datasets; None reads ``EMPDETECT_DATA``.
        seeds: how many seeds of our detector; their median is shown.
        fast: the first fold alone, in a hurry.
        save: folder for detectors trained on everything, one folder a benchmark; None trains none.
        tell: takes lines of progress.

    Raises:
        InputError: there is no such benchmark, or the settings do not go together.
    """
    if seeds < 1:
        raise InputError(f"Running benchmarks: 'seeds' must be 1 or more, got {seeds}")
    if fast and save is not None:
        raise InputError("Running benchmarks: --fast hardly trains, so there is nothing to --save; leave one out")
    outcome, results = Outcome(), Results(out)
    for name in check_names(names):
        try:
            benchmark = load_benchmark(name)
            if save is not None:
                saveable(benchmark)
            for report in run_benchmark(benchmark, data_root, seeds, fast, tell):
                outcome.reports[name] = report
                results.keep(name, report)
            if save is not None:
                outcome.saved.append(save_detector(benchmark, outcome.reports[name], save / name, data_root))
                tell(f"{name}: detector in {outcome.saved[-1]}")
        except InputError as error:
            outcome.failures[name] = f"not run: {error}"
        except ProtocolError as error:
            outcome.failures[name] = f"broken protocol: {error}"
        if name in outcome.failures:
            results.fail(name, outcome.failures[name])
            tell(f"{name}: {outcome.failures[name]}")
    return outcome


def save_detector(benchmark: Benchmark, report: Mapping[str, Any], folder: Path, data_root: str | None) -> Path:
    """Train on everything but a fold that calibrates, and write the detector's folder.

    Its card tells the figures of the benchmark, which were measured on folds it had not seen.

    Raises:
        InputError: see ``saveable``.
    """
    ours = saveable(benchmark)
    data = fold_data(benchmark, data_root, 0)
    fold = fold_of(benchmark, data, 0, data_root, fast=False)
    lines = report["lines"]
    facts = {
        "name": benchmark.name,
        "data": report["data"],
        "licence": report["licence"],
        "splits": f"Measured by `{report['command']}` ({benchmark.protocol}); each figure is of what was held out.",
        "fingerprint": fingerprint(data.fingerprint(), "trained on test"),
        "test": {line["metric"]: line["value"] for line in lines if line["value"] is not None},
        "majority": {line["metric"]: found["value"] for line in lines if (found := line["baselines"].get("majority"))},
        "date": report["date"],
        "commit": commit(),
        "versions": versions(),
        "seed": 0,
    }
    return ours.trained_on_everything(fold, 0, facts).save_pretrained(folder)


def saveable(benchmark: Benchmark) -> TrainedDetector:
    """Our system of a benchmark, if it can become one detector; asked before any fold is run.

    Raises:
        InputError: it is no detector that could score a recording by itself, or its members do not go together.
    """
    if not isinstance(benchmark.ours, TrainedDetector) or benchmark.zscore_by is not None:
        raise InputError(
            f"Saving a detector of {benchmark.name}: what is measured there cannot score a recording by itself; "
            "leave out --save"
        )
    benchmark.ours.check_joinable()
    return benchmark.ours
