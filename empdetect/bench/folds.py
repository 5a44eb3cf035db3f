"""All folds of a configuration in turn, and one JSON file of what they measured.

``python -m empdetect.bench.folds --config configs/epitome.yaml -o docs/results/epitome.json --data-root DIR``
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from empdetect.datamodules.base import EmpathyDataModule
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.models.detector_module import DetectorModule
from empdetect.models.heads import decode, level_probabilities
from empdetect.models.metrics import TargetMetrics
from empdetect.task import Task
from empdetect.training import run

Metrics = dict[str, float]


class Answers:
    """Outputs and labels of the test segments of several folds: by target, ``(n, outputs)`` and ``(n,)``."""

    def __init__(self) -> None:
        self.outputs: dict[str, list[Tensor]] = {}
        self.labels: dict[str, list[Tensor]] = {}

    def add(self, outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> None:
        """Add a fold."""
        for name, output in outputs.items():
            self.outputs.setdefault(name, []).append(output)
            self.labels.setdefault(name, []).append(labels[name])

    def metrics(self, task: Task) -> Metrics:
        """Metrics over the segments of all folds as one set."""
        found: Metrics = {}
        for target in task.targets:
            outputs, labels = torch.cat(self.outputs[target.name]), torch.cat(self.labels[target.name])
            metric = TargetMetrics(target)
            answers = level_probabilities(target, outputs) if target.is_categorical else decode(target, outputs)
            metric.update(answers, labels)
            found |= {f"{target.name}/{name}": float(value) for name, value in metric.compute().items()}
        return found


def run_folds(config: Path, out: Path, data_root: str | None = None, folds: Sequence[int] | None = None) -> None:
    """Fit, test and measure one fold after the other; the file grows with each.

    Args:
        config: configuration of a training.
        out: JSON file for the results.
        data_root: folder that holds the datasets; None reads ``EMPDETECT_DATA``.
        folds: which folds to run; None runs all.

    Raises:
        InputError: the configuration or the data cannot be used, or a fold does not exist.
    """
    pooled = Answers()
    results: list[dict[str, Any]] = []
    waiting = list(folds) if folds is not None else [0]
    while waiting:
        fold = waiting.pop(0)
        started = time.monotonic()
        facts, module, data = fit_fold(config, fold, data_root)
        if folds is None and not results:
            waiting = list(range(1, data.folds))
        pooled.add(*answers_of(module, data))
        results.append(
            {
                "fold": fold,
                "segments": {name: len(part) for name, part in data.parts.items()},
                "fingerprint": facts["fingerprint"],
                "test": facts["test"],
                "majority": facts["majority"],
                "minutes": round((time.monotonic() - started) / 60, 1),
            }
        )
        write(out, report(config, out, facts, data.folds, results, pooled.metrics(data.task)))
        print(f"fold {fold}: {results[-1]['minutes']} min, {len(results)} of {len(folds or range(data.folds))} done")  # noqa: T201
    print_summary(json.loads(out.read_text(encoding="utf-8")))


def fit_fold(
    config: Path, fold: int, data_root: str | None
) -> tuple[Mapping[str, Any], DetectorModule, EmpathyDataModule]:
    """Fit one fold: what ``metrics.json`` tells of it, the module with its best weights, and its data."""
    arguments = ["fit", "--config", str(config), f"--data.fold={fold}"]
    command = run(arguments + ([f"--data.data_root={data_root}"] if data_root else []))
    folder = Path(command.trainer.log_dir or command.trainer.default_root_dir) / "detector"
    facts = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return facts, command.model, command.datamodule


def answers_of(module: DetectorModule, data: EmpathyDataModule) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Outputs ``(n, outputs)`` and labels ``(n,)`` of the test split, by target."""
    dataset = data.test_dataloader().dataset
    detector = Detector(module, data.features, device="cpu")
    outputs = detector.outputs([dataset[index] for index in range(len(data.parts["test"]))], data.batch_size)
    return outputs, {t.name: torch.from_numpy(data.labels("test", t.name)).float() for t in data.task.targets}


def report(
    config: Path,
    out: Path,
    facts: Mapping[str, Any],
    folds: int,
    results: Sequence[Mapping[str, Any]],
    pooled: Mapping[str, float],
) -> dict[str, Any]:
    """All that a reader needs to know of the figures, and to make them again."""
    names = ("name", "data", "licence", "parameters", "date", "commit", "versions", "seed")
    command = f"python -m empdetect.bench.folds --config configs/{config.name} -o docs/results/{out.name}"
    return {
        "command": f"{command} --data-root DIR",
        **{name: facts[name] for name in names},
        "machine": {
            "cpus": os.cpu_count(),
            "torch_threads": torch.get_num_threads(),
            "cuda": torch.cuda.is_available(),
        },
        "folds": folds,
        "folds_run": [result["fold"] for result in results],
        "mean": over_folds(results, "test", np.mean),
        "spread": over_folds(results, "test", np.std),
        "majority": over_folds(results, "majority", np.mean),
        "pooled": dict(pooled),
        "minutes": round(sum(result["minutes"] for result in results), 1),
        "results": list(results),
    }


def machine() -> dict[str, Any]:
    """What the folds ran on, as far as it bears on the minutes."""
    return {"cpus": os.cpu_count(), "torch_threads": torch.get_num_threads(), "cuda": torch.cuda.is_available()}


def over_folds(results: Sequence[Mapping[str, Any]], what: str, average: Any) -> Metrics:
    """A statistic over the folds of each metric."""
    return {name: float(average([result[what][name] for result in results])) for name in results[0][what]}


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON with numbers of four digits; what is not defined is null."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        if isinstance(value, float):
            return round(value, 4) if np.isfinite(value) else None
        return value

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain(content), indent=2) + "\n", encoding="utf-8")


def print_summary(content: Mapping[str, Any]) -> None:
    """Print one table: each metric as mean and spread over folds, pooled, and of the majority."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{content['name']}: {len(content['folds_run'])} of {content['folds']} folds")
    for column in ("metric", "mean", "spread", "pooled", "majority"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name in content["mean"]:
        values = [content[part].get(name) for part in ("mean", "spread", "pooled", "majority")]
        table.add_row(name, *("n/a" if value is None else f"{value:.3f}" for value in values))
    Console().print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = argparse.ArgumentParser("python -m empdetect.bench.folds", description=__doc__)
    parser.add_argument("--config", required=True, type=Path, metavar="YAML", help="configuration of a training")
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="JSON", help="file for the results")
    parser.add_argument("--data-root", metavar="DIR", help="folder of the datasets (default: $EMPDETECT_DATA)")
    parser.add_argument("--folds", type=int, nargs="+", metavar="N", help="run only these folds (default: all)")
    parsed = parser.parse_args(arguments)
    try:
        run_folds(parsed.config, parsed.out, parsed.data_root, parsed.folds)
    except InputError as error:
        print(f"empdetect: {error}", file=sys.stderr)  # noqa: T201
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
