"""What came of ``bench.peers``: figures with intervals over actors, and the table of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.intervals import Truth, resamples
from empdetect.bench.peer_networks import FACE, KERNEL, OURS, VOICE
from empdetect.bench.report import median_place

Floats = NDArray[np.float64]

ABSENT: dict[str, tuple[str, ...]] = {"all": (), "no voice": (VOICE,), "no face": (FACE,)}
"""What is missing at test time, by what the table calls it."""


@dataclass(frozen=True)
class HeldOut:
    """The test part of a fold.

    Args:
        labels: ``(n,)``
        groups: actor of each clip.
    """

    labels: NDArray[np.int64]
    groups: tuple[str, ...]


@dataclass
class Measured:
    """What one network did.

    Args:
        name: of the network.
        parameters: trained numbers, or those a kernel machine keeps.
        right: by what was missing, one row a seed and fold: 1 where a test clip's likeliest level is right.
        epoch_seconds: processor time of training epochs, the median of each training.
        epochs: of each training.
        seconds: processor time of each training as a whole, validation with it.
    """

    name: str
    parameters: int = 0
    right: dict[str, dict[tuple[int, int], Floats]] = field(default_factory=lambda: {kind: {} for kind in ABSENT})
    epoch_seconds: list[float] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def by_seed(self) -> dict[int, float]:
        """Accuracy over all folds, nothing missing, by seed."""
        answers = self.right["all"]
        found = {seed: [right for (_, s), right in answers.items() if s == seed] for _, seed in sorted(answers)}
        return {seed: float(np.concatenate(folds).mean()) for seed, folds in found.items()}

    @property
    def median_seed(self) -> int:
        """The seed whose figures are shown."""
        return list(self.by_seed)[median_place(list(self.by_seed.values()))]


def report(measured: Sequence[Measured], tests: Sequence[HeldOut]) -> dict[str, Any]:
    """Figures of everyone, and how far ours is ahead of the best and of the fastest of the others."""
    systems = {each.name: _figures(each, tests) for each in measured}
    return {"systems": systems, "ahead": _ahead(measured, systems, tests)}


def _figures(found: Measured, tests: Sequence[HeldOut]) -> dict[str, Any]:
    per_clip = {kind: _per_clip(found, kind) for kind in ABSENT}
    return {
        "parameters": found.parameters,
        "seconds_an_epoch": float(np.median(found.epoch_seconds)),
        "epochs": float(np.median(found.epochs)),
        "by_seed": list(found.by_seed.values()),
        "seconds_of_training": float(np.median(found.seconds)),
        **{
            kind: {"accuracy": _interval(shares, tests, accuracy), "uar": _interval(shares, tests, uar)}
            for kind, shares in per_clip.items()
        },
        "lost": {
            kind: _interval([a - b for a, b in zip(per_clip["all"], per_clip[kind], strict=True)], tests, accuracy)
            for kind in ABSENT
            if kind != "all"
        },
        "runs": [
            {"fold": fold, "seed": seed, **{k: float(found.right[k][fold, seed].mean()) for k in ABSENT}}
            | {"uar": uar(answers, tests[fold].labels)}
            for (fold, seed), answers in found.right["all"].items()
        ],
    }


def _per_clip(found: Measured, kind: str) -> list[Floats]:
    """Whether the median seed was right about each test clip, fold by fold."""
    answers, middle = found.right[kind], found.median_seed
    return [answers[fold, middle] for fold in sorted({fold for fold, _ in answers})]


def accuracy(shares: Floats, labels: NDArray[Any]) -> float:
    """Mean of what is right."""
    return float(shares.mean())


def uar(shares: Floats, labels: NDArray[Any]) -> float:
    """Mean of what is right of each level, their mean."""
    return float(np.mean([shares[labels == level].mean() for level in np.unique(labels)]))


def _interval(
    shares: Sequence[Floats], tests: Sequence[HeldOut], metric: Callable[[Floats, NDArray[Any]], float]
) -> dict[str, float]:
    """The figure of all folds as one set, with the 95% interval over actors."""
    truths = [Truth({}, np.array(test.groups)) for test in tests]
    labels = [test.labels for test in tests]

    def value(places: Sequence[NDArray[np.intp]]) -> float:
        pairs = list(zip(shares, labels, places, strict=True))
        return metric(np.concatenate([s[at] for s, _, at in pairs]), np.concatenate([y[at] for _, y, at in pairs]))

    drawn = [value(places) for places in resamples(truths, "pooled", 0)]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return {"value": value([np.arange(len(y)) for y in labels]), "low": float(low), "high": float(high)}


def _ahead(measured: Sequence[Measured], systems: Mapping[str, Any], tests: Sequence[HeldOut]) -> dict[str, Any]:
    """Accuracy before the best of the others, time beside the fastest, loss beside that which loses least."""
    by_name = {each.name: each for each in measured}
    others = [name for name in by_name if name not in (OURS.name, KERNEL)]
    if not others:
        return {}
    best = max(others, key=lambda name: systems[name]["all"]["accuracy"]["value"])
    fastest = min(others, key=lambda name: systems[name]["seconds_an_epoch"])
    pairs = zip(_per_clip(by_name[OURS.name], "all"), _per_clip(by_name[best], "all"), strict=True)
    return {
        "best": best,
        "accuracy": _interval([a - b for a, b in pairs], tests, accuracy),
        "fastest": fastest,
        "times_as_fast": systems[fastest]["seconds_an_epoch"] / systems[OURS.name]["seconds_an_epoch"],
        "missing": {kind: _least_lost(by_name, systems, others, kind, tests) for kind in ABSENT if kind != "all"},
    }


def _least_lost(
    by_name: Mapping[str, Measured],
    systems: Mapping[str, Any],
    others: Sequence[str],
    kind: str,
    tests: Sequence[HeldOut],
) -> dict[str, Any]:
    """What is lost without a modality by ours, by the one of the others that loses least, and how much less by ours."""
    least = min(others, key=lambda name: systems[name]["lost"][kind]["value"])
    ours, theirs = (
        [a - b for a, b in zip(_per_clip(by_name[name], "all"), _per_clip(by_name[name], kind), strict=True)]
        for name in (OURS.name, least)
    )
    return {
        "least": least,
        "theirs": systems[least]["lost"][kind]["value"],
        "ours": systems[OURS.name]["lost"][kind]["value"],
        "less": _interval([b - a for a, b in zip(ours, theirs, strict=True)], tests, accuracy),
    }


def peers_table(found: Mapping[str, Any]) -> str:
    """Markdown table: a line a network."""
    lost, costs = ("without voice (lost)", "without face (lost)"), ("ms an epoch", "epochs", "parameters")
    columns = ("network", "accuracy", "by seed", "UAR", *lost, *costs)
    head = f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n"
    return head + "".join(_line(name, figures) for name, figures in found["systems"].items())


def _line(name: str, figures: Mapping[str, Any]) -> str:
    without = [
        f"{figures[kind]['accuracy']['value']:.3f} (−{figures['lost'][kind]['value']:.3f})"
        for kind in ABSENT
        if kind != "all"
    ]
    whole, by_level = (_with_interval(figures["all"][metric]) for metric in ("accuracy", "uar"))
    cells = [whole, ", ".join(f"{value:.3f}" for value in figures["by_seed"]), by_level, *without]
    cells += [f"{1000 * figures['seconds_an_epoch']:.0f}", f"{figures['epochs']:.0f}", f"{figures['parameters']:,}"]
    return f"| {name} | {' | '.join(cells)} |\n"


def _with_interval(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
