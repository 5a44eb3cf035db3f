"""Settings of the networks that ``bench.peers`` compares, chosen by accuracy on validation parts.

``python -m empdetect.bench.peer_settings -o docs/results/peer_settings.json --data-root DIR``

Every network is trained with every setting of its grid, in the loop of ``bench.peers``, and never tested. What
``peer_networks.CHOSEN`` holds is the best of each grid.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from empdetect.bench.peer_networks import FACTORIES, mmsa_classes
from empdetect.bench.peers import BATCH, COMPONENTS, EPOCHS, PATIENCE, Fold, fit, ravdess_folds, right, widths_of
from empdetect.bench.results import Results
from empdetect.bench.run import machine
from empdetect.bench.study import one_line_errors, study_parser
from empdetect.bench.system import NotAvailable
from empdetect.errors import InputError
from empdetect.task import Task
from empdetect.training import commit, quieten, versions

GRIDS: dict[str, dict[str, Sequence[float]]] = {
    "ours": {"width": (128, 256), "modality_dropout": (0.3, 0.5), "learning_rate": (1e-3, 2e-3)},
    "LF-DNN": {"width": (128, 256), "weight_decay": (0.0, 1e-3), "learning_rate": (1e-3, 2e-3, 4e-3)},
    "TFN": {"width": (32, 64), "weight_decay": (0.0, 1e-3), "learning_rate": (1e-3, 2e-3, 4e-3)},
    "LMF": {"width": (64, 128), "rank": (4, 8), "weight_decay": (0.0, 1e-3), "learning_rate": (2e-3, 4e-3)},
    "MulT": {"width": (40, 80), "learning_rate": (2.5e-4, 5e-4, 1e-3, 2e-3)},
}
"""Values of each setting that are tried, each with each: as many settings for MMSA's networks as for ours, or more."""
FOLDS = (1, 3)
"""Folds whose training part teaches and whose validation part chooses."""
SEEDS = 3


def search(
    task: Task,
    folds: Sequence[Fold],
    grids: Mapping[str, Mapping[str, Sequence[Any]]],
    epochs: int,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """By network, all its settings with their accuracy on the validation parts, best first.

    Of settings with the same four digits, the first of the grid comes first.

    Args:
        task: sizes the networks.
        folds: as ``peers.prepared`` gives them; their test parts are not looked at.
        grids: by network and setting, the values.
        epochs: at most so many.
        tell: takes lines of progress.
    """
    from sklearn.model_selection import ParameterGrid

    found: dict[str, Any] = {}
    for name, grid in grids.items():
        tried = []
        for settings in ParameterGrid(grid):
            reached = [_reached(task, fold, name, settings, seed, epochs) for fold in folds for seed in range(SEEDS)]
            accuracy = round(float(np.mean(reached)), 4)
            tried.append({**settings, "accuracy": accuracy, "runs": [round(one, 4) for one in reached]})
            tell(f"{name} {settings}: {accuracy:.4f}")
        found[name] = sorted(tried, key=lambda one: -one["accuracy"])
    return found


def _reached(task: Task, fold: Fold, name: str, settings: Mapping[str, Any], seed: int, epochs: int) -> float:
    """Validation accuracy of one training."""
    contender = FACTORIES[name](**settings)
    torch.manual_seed(seed)
    network = contender.build(widths_of(fold), task)
    fit(network, contender, fold["train"], fold["val"], seed, epochs)
    return float(right(network, fold["val"]).mean())


def best(found: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By network, the settings of the highest accuracy."""
    return {
        name: {key: value for key, value in tried[0].items() if key not in ("accuracy", "runs")}
        for name, tried in found.items()
    }


def run(data_root: str | None) -> dict[str, Any]:
    """Everything, with what it was measured on.

    Raises:
        InputError: the data, or MMSA, are not there.
    """
    try:
        mmsa_classes()
    except NotAvailable as error:
        raise InputError(f"Searching settings of peers: {error}") from None
    torch.set_num_threads(1)
    task, folds = ravdess_folds(data_root)
    chosen = [folds[number] for number in FOLDS]
    found = search(task, chosen, GRIDS, EPOCHS, lambda line: print(line, file=sys.stderr))  # noqa: T201
    return {
        "title": "Settings of the networks in the fusion against peers",
        "command": "python -m empdetect.bench.peer_settings -o JSON --data-root DIR",
        "settings": {"components": COMPONENTS, "epochs": EPOCHS, "patience": PATIENCE, "batch": BATCH},
        "folds": list(FOLDS),
        "seeds": list(range(SEEDS)),
        "tried": found,
        "versions": {**versions(), "MMSA": version("MMSA")},
        "commit": commit(),
        "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(),
    }


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("peer_settings", __doc__, "data_root")
    parsed = parser.parse_args(arguments)
    quieten()
    results = Results(parsed.out)
    results.keep("peer_settings", run(parsed.data_root))
    for name, settings in best(results.benchmarks["peer_settings"]["tried"]).items():
        print(name, settings)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
