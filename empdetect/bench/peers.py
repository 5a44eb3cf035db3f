"""Fusion against peers: our detector and the networks of MMSA, on the same features in the same loop.

``python -m empdetect.bench.peers -o docs/results/peers.json --data-root DIR``

RAVDESS: voice functionals and OpenFace action units, standardised by actor (without labels), 5 folds by actor. In
each fold both modalities are standardised by the training part, and the voice is reduced to the principal
components of that part. Every network learns from the training part in one plain loop (the same batches, the same
loss, early stopping on the same validation part); MMSA's own trainers are left aside, as they end only by early
stopping, know the metrics of three data sets alone, and MulT's asks torch for an argument that it no longer has.
"""

import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from empdetect.bench.calibration import digits
from empdetect.bench.peer_figures import ABSENT, Floats, HeldOut, Measured, peers_table, report
from empdetect.bench.peer_networks import (
    FACE,
    KERNEL,
    OURS,
    VOICE,
    Contender,
    FusedNetwork,
    OurDetector,
    as_frames,
    kernel_machine,
    peers,
)
from empdetect.bench.results import Results, read_results
from empdetect.bench.run import machine
from empdetect.bench.study import one_line_errors, study_parser
from empdetect.bench.system import NotAvailable
from empdetect.bench.table import update_page
from empdetect.datamodules.ravdess import ACTION_UNITS, RavdessDataModule
from empdetect.datamodules.splits import group_of
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.features.table import TableFeatures
from empdetect.features.voice import VoiceFunctionals
from empdetect.recording import SPLITS, Segment, Split
from empdetect.task import Task
from empdetect.training import commit, quieten, versions

COMPONENTS = 100
"""Principal components that are kept of the voice."""
EPOCHS, PATIENCE, BATCH = 30, 6, 64
"""At most so many epochs; so many without a better validation accuracy end the training."""
LIMIT = 4.0
"""Standardised values beyond it are cut."""


@dataclass(frozen=True)
class Part:
    """One part of a fold, ready for every network.

    Args:
        inputs: by modality ``(n, feature)``.
        labels: ``(n,)``
        groups: actor of each clip.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    groups: tuple[str, ...]

    def take(self, places: Tensor) -> dict[str, Tensor]:
        """Inputs of some clips."""
        return {name: x[places] for name, x in self.inputs.items()}


Fold = dict[Split, Part]


def ravdess_folds(data_root: str | None) -> tuple[Task, list[Fold]]:
    """Task and folds of RAVDESS, prepared.

    Raises:
        InputError: the data are not there.
    """
    features: dict[str, Extractor] = {
        VOICE: VoiceFunctionals(speeds=(0.9, 1.0, 1.11)),
        FACE: TableFeatures(ACTION_UNITS, modality=FACE, table=FACE),
    }
    data = RavdessDataModule(features, data_root, zscore_by="group")
    data.prepare_data()
    rows = {
        example.segment.recording.id: {name: people[0].values[0] for name, people in example.inputs.items()}
        for split in SPLITS
        for example in data.examples(split)
    }
    folds = []
    for number in range(data.folds):
        fold = RavdessDataModule(features, data_root, fold=number)
        fold.summary()
        folds.append(prepared(fold.parts, rows, data.task))
    return data.task, folds


def prepared(
    parts: Mapping[Split, Sequence[Segment]], rows: Mapping[str, Mapping[str, NDArray[np.float32]]], task: Task
) -> Fold:
    """A fold's parts, standardised and reduced by its training part.

    Args:
        parts: segments by split.
        rows: by recording and modality ``(feature,)``; NaN where unknown.
        task: its first target is the label.
    """
    values: dict[str, dict[Split, Floats]] = {}
    for name in (VOICE, FACE):
        each = {split: np.stack([rows[s.recording.id][name] for s in part]) for split, part in parts.items()}
        values[name] = standardised(each)
    values[VOICE] = reduced(values[VOICE], COMPONENTS)
    label = task.targets[0].name
    return {
        split: Part(
            {name: torch.tensor(each[split], dtype=torch.float32) for name, each in values.items()},
            torch.tensor([int(segment.labels[label]) for segment in part]),
            tuple(group_of(segment) for segment in part),
        )
        for split, part in parts.items()
    }


def standardised(each: Mapping[Split, NDArray[Any]]) -> dict[Split, Floats]:
    """Values ``(n, feature)`` by the training part's mean and spread; what is unknown becomes its mean, 0."""
    mean, spread = np.nanmean(each["train"], axis=0), np.nanstd(each["train"], axis=0)
    scale = np.where(spread > 1e-6, spread, 1.0)
    return {split: np.clip(np.nan_to_num((x - mean) / scale), -LIMIT, LIMIT) for split, x in each.items()}


def reduced(each: Mapping[Split, Floats], components: int) -> dict[Split, Floats]:
    """Principal components of the training part, all divided by one number, so that the first stay the largest."""
    from sklearn.decomposition import PCA

    axes = PCA(min(components, *each["train"].shape), random_state=0).fit(each["train"])
    size = axes.transform(each["train"]).std()
    return {split: axes.transform(x) / size for split, x in each.items()}


def compare(
    task: Task,
    folds: Sequence[Fold],
    others: Sequence[Contender],
    seeds: int,
    epochs: int = EPOCHS,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Measured]:
    """Train and test everyone, in turn in each fold and seed, so that a busy machine slows all alike.

    Args:
        task: sizes the networks.
        folds: as ``prepared`` gives them.
        others: networks to compare ours with.
        seeds: how many.
        epochs: at most so many.
        tell: takes lines of progress.
    """
    found = {name: Measured(name) for name in (OURS.name, KERNEL, *(other.name for other in others))}
    for number, fold in enumerate(folds):
        _solve(task, fold, number, found[KERNEL])
        for seed in range(seeds):
            for contender in (OURS, *others):
                _train(contender, task, fold, (number, seed), epochs, found[contender.name])
            tell(f"fold {number}, seed {seed} done")
    return list(found.values())


def _train(contender: Contender, task: Task, fold: Fold, run: tuple[int, int], epochs: int, found: Measured) -> None:
    torch.manual_seed(run[1])
    network = contender.build(widths_of(fold), task)
    began = time.process_time()
    spent = fit(network, contender, fold["train"], fold["val"], run[1], epochs)
    found.seconds.append(time.process_time() - began)
    found.parameters = sum(p.numel() for p in network.parameters() if p.requires_grad)
    found.epoch_seconds.append(float(np.median(spent)))
    found.epochs.append(len(spent))
    for kind, missing in ABSENT.items():
        found.right[kind][run] = right(network, fold["test"], missing)


def fit(network: FusedNetwork, contender: Contender, train: Part, val: Part, seed: int, epochs: int) -> list[float]:
    """Train, keep the weights of the best validation accuracy, and give the processor time of each epoch."""
    generator, optimizer = torch.Generator().manual_seed(seed), contender.optimizer(network)
    spent: list[float] = []
    best, weights, since = -1.0, network.state_dict(), 0
    while len(spent) < epochs and since < PATIENCE:
        began = time.process_time()
        _epoch(network, optimizer, train, torch.randperm(len(train.labels), generator=generator), contender.clip)
        spent.append(time.process_time() - began)
        reached = float(right(network, val).mean())
        since += 1
        if reached > best:
            best, since = reached, 0
            weights = {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(weights)
    return spent


def _epoch(
    network: FusedNetwork, optimizer: torch.optim.Optimizer, train: Part, order: Tensor, clip: float | None
) -> None:
    network.train()
    # Batches of one are left out: a batch has no spread then, which MMSA's networks normalise by.
    for places in (part for part in torch.split(order, BATCH) if len(part) > 1):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(train.take(places)), train.labels[places])
        torch.autograd.backward(loss)
        if clip is not None:
            nn.utils.clip_grad_value_(network.parameters(), clip)
        optimizer.step()


@torch.no_grad()
def right(network: FusedNetwork, part: Part, missing: Collection[str] = ()) -> Floats:
    """1 where the likeliest level of a clip is right, else 0: ``(n,)``."""
    network.eval()
    hits: Floats = (network(part.inputs, missing).argmax(dim=1) == part.labels).double().numpy()
    return hits


def _solve(task: Task, fold: Fold, number: int, found: Measured) -> None:
    """The kernel machine learns from the training part alone too; it has no seed."""
    network, train = kernel_machine(widths_of(fold), task), fold["train"]
    began = time.process_time()
    solve(network, train)
    answers = {kind: right(network, fold["test"], missing) for kind, missing in ABSENT.items()}
    found.seconds.append(time.process_time() - began)
    found.epoch_seconds.append(found.seconds[-1])
    found.epochs.append(1)
    found.parameters = network.module.kernel_heads.vectors.numel()
    for kind, answer in answers.items():
        found.right[kind][number, 0] = answer


def solve(network: OurDetector, train: Part) -> None:
    """Hand the training part to heads that are solved."""
    target = network.module.task.targets[0].name
    frames, masks = as_frames(train.inputs)
    vectors = {name: x[:, 0] for name, x in frames.items()}
    present = {name: mask[:, 0] for name, mask in masks.items()}
    network.module.kernel_heads.fit(vectors, present, {target: train.labels.float()}, train.groups, True)


def widths_of(fold: Fold) -> dict[str, int]:
    """Features of each modality."""
    return {name: x.shape[1] for name, x in fold["train"].inputs.items()}


def run(data_root: str | None, seeds: int) -> dict[str, Any]:
    """Everything, with what it was measured on.

    Raises:
        InputError: the data, or MMSA, are not there.
    """
    try:
        others = peers()
    except NotAvailable as error:
        raise InputError(f"Comparing with peers: {error}") from None
    torch.set_num_threads(1)
    task, folds = ravdess_folds(data_root)
    measured = compare(task, folds, others, seeds, tell=lambda line: print(line, file=sys.stderr))  # noqa: T201
    return {
        "title": "Fusion against peers",
        "data": f"{RavdessDataModule.about} {RavdessDataModule.source}",
        "licence": RavdessDataModule.licence,
        "command": f"python -m empdetect.bench.peers -o JSON --data-root DIR --seeds {seeds}",
        "settings": {"components": COMPONENTS, "epochs": EPOCHS, "patience": PATIENCE, "batch": BATCH},
        "seeds": list(range(seeds)),
        **report(measured, [HeldOut(fold["test"].labels.numpy(), fold["test"].groups) for fold in folds]),
        "versions": {**versions(), "MMSA": version("MMSA")},
        "commit": commit(),
        "machine": machine(),
        "date": datetime.now(UTC).date().isoformat(),
    }


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("peers", __doc__, "data_root")
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="of each network; the median is shown (default: 3)"
    )
    parser.add_argument("--page", type=Path, metavar="MD", help="put the table of results that are there into a page")
    parsed = parser.parse_args(arguments)
    quieten()
    if parsed.page is not None:
        update_page(parsed.page, "peers", peers_table(read_results(parsed.out)["fusion_peers"]))
        return
    results = Results(parsed.out)
    results.keep("fusion_peers", digits(run(parsed.data_root, parsed.seeds)))
    print(peers_table(results.benchmarks["fusion_peers"]))  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
