"""The shuffled-label control: a system that learned from shuffled labels must do no better than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from empdetect.bench.checks import ProtocolError
from empdetect.bench.metrics import Metric
from empdetect.bench.system import Answers, Fold, Labels, System, labels_of, unlabelled
from empdetect.recording import Segment
from empdetect.task import Task

SHUFFLES = 10
PERMUTATIONS = 400
SEGMENTS = 1000
"""It learns from so many segments of a fold, and is asked about so many: it must be cheap."""

SURE = 0.999
"""How sure a bound is, one-sided."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """The control in one fold.

    Args:
        values: ``(shuffle,)`` metric of systems that learned from shuffled labels.
        chance: ``(permutation,)`` mean metric of their answers against permuted test labels.
    """

    values: Array
    chance: Array


@dataclass(frozen=True)
class Control:
    """The control over the folds so far.

    Args:
        measured: mean metric of systems that learned from shuffled labels.
        chance: mean metric of their answers against shuffled test labels.
        limit: what ``measured`` may reach.
        folds: how many.
    """

    measured: float
    chance: float
    limit: float
    folds: int


def try_shuffled(fold: Fold, system: System, test: Sequence[Segment], metric: Metric, seed: int = 0) -> Trial:
    """Let a system learn one fold from shuffled labels, several times.

    Args:
        fold: what there is to learn from.
        system: a cheap one.
        test: what it is asked about.
        metric: what tells how well it does.
        seed: of the shuffles, with the fold's number.
    """
    generator = np.random.default_rng([seed, fold.number])
    train, asked = _some(fold.train, generator), _some(test, generator)
    found = []
    for shuffle in range(SHUFFLES):
        system.fit(replace(fold, train=shuffled(train, generator), val=()), seed + shuffle)
        found.append(system.answers(unlabelled(asked)))
    labels = labels_of(asked, fold.task)
    values = np.array([metric(labels, answers, fold.task) for answers in found])
    return Trial(values, _chance(found, labels, metric, fold.task, generator))


def check_control(benchmark: str, system: str, trials: Sequence[Trial]) -> Control:
    """What was learned from shuffled labels must be no better than chance, over all folds so far.

    Chance is the metric of the answers against permuted test labels. The limit is the 99.9% bound of
    these permutations or of the spread between shuffles, whichever is higher: people who are tested
    with many segments each make the spread larger than permutations tell. Folds are averaged, so the limit narrows
    with each.

    Raises:
        ProtocolError: it does better: labels leak, or the metric rewards knowing nothing.
    """
    values, chance = (np.nanmean([getattr(t, name) for t in trials], axis=0) for name in ("values", "chance"))
    measured, level = float(np.nanmean(values)), float(np.nanmean(chance))
    limit = limit_of(chance, values)
    if measured > limit + 1e-9:
        raise ProtocolError(
            f"{benchmark}: over {len(trials)} folds with shuffled labels '{system}' reaches {measured:.3f}, chance is "
            f"{level:.3f} (at most {limit:.3f}): labels leak into what it is given"
        )
    return Control(measured, level, limit, len(trials))


def limit_of(chance: Array, values: Array) -> float:
    """What the mean of values may reach by chance.

    Args:
        chance: ``(permutation,)`` the metric against permuted labels; its 99.9% quantile is one bound.
        values: ``(figure,)`` single figures; the other bound is how far their mean may lie above chance by Student's t.
            It counts where segments of one person are alike, which permutations do not know.
    """
    known, level = values[~np.isnan(values)], float(np.nanmean(chance))
    spread = 0.0
    if len(known) > 1:
        spread = float(student.ppf(SURE, len(known) - 1) * known.std(ddof=1) / len(known) ** 0.5)
    return max(float(np.nanquantile(chance, SURE)), level + spread)


def shuffled(segments: Sequence[Segment], generator: np.random.Generator) -> list[Segment]:
    """The same segments, labels dealt out anew among them."""
    order = generator.permutation(len(segments))
    return [replace(segment, labels=segments[other].labels) for segment, other in zip(segments, order, strict=True)]


def _some(segments: Sequence[Segment], generator: np.random.Generator) -> list[Segment]:
    chosen = sorted(generator.permutation(len(segments))[:SEGMENTS])
    return [segments[place] for place in chosen]


def _chance(
    found: Sequence[Answers], labels: Labels, metric: Metric, task: Task, generator: np.random.Generator
) -> Array:
    """Mean metric of the answers against each of many permutations of the labels."""
    count = len(next(iter(labels.values())))
    means = []
    for _ in range(PERMUTATIONS):
        order = generator.permutation(count)
        permuted = {name: values[order] for name, values in labels.items()}
        means.append(float(np.mean([metric(permuted, answers, task) for answers in found])))
    return np.array(means)
