"""Bootstrap intervals by group (Efron 1979): whole people or posts are drawn, never single segments of theirs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.metrics import Metric
from empdetect.bench.system import Answers, Labels
from empdetect.task import Task

RESAMPLES = 1000
Pooling = Literal["pooled", "mean"]
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Truth:
    """The test part of one fold.

    Args:
        labels: by target ``(n,)``.
        groups: ``(n,)`` group of each segment.
    """

    labels: Labels
    groups: NDArray[np.str_]

    @cached_property
    def one_group(self) -> bool:
        """Whether all its segments are of one group."""
        return len(np.unique(self.groups)) == 1


@dataclass(frozen=True)
class Interval:
    """A figure with its 95% interval; NaN where it is not defined."""

    value: float
    low: float
    high: float


def value_of(
    metric: Metric, task: Task, tested: Sequence[Truth], answers: Sequence[Answers], pooling: Pooling
) -> float:
    """A metric over several folds: of all answers as one set, or the mean of each fold's."""
    return _value(metric, task, tested, answers, [np.arange(len(fold.groups)) for fold in tested], pooling)


def interval_of(
    metric: Metric, task: Task, tested: Sequence[Truth], answers: Sequence[Answers], pooling: Pooling, seed: int = 0
) -> Interval:
    """The metric with its 95% interval.

    Args:
        metric, task: what is measured.
        tested: labels and groups, fold by fold.
        answers: of one system, fold by fold.
        pooling: how folds become one figure.
        seed: of the resampling.
    """
    drawn = [_value(metric, task, tested, answers, places, pooling) for places in resamples(tested, pooling, seed)]
    return _interval(value_of(metric, task, tested, answers, pooling), drawn)


def difference_of(
    metric: Metric,
    task: Task,
    tested: Sequence[Truth],
    ours: Sequence[Answers],
    theirs: Sequence[Answers],
    pooling: Pooling,
    seed: int = 0,
) -> Interval:
    """How far ``ours`` is ahead of ``theirs``, both measured on the same resampled groups."""

    def ahead(places: Sequence[Places]) -> float:
        return _value(metric, task, tested, ours, places, pooling) - _value(
            metric, task, tested, theirs, places, pooling
        )

    drawn = [ahead(places) for places in resamples(tested, pooling, seed)]
    return _interval(ahead([np.arange(len(fold.groups)) for fold in tested]), drawn)


def resamples(tested: Sequence[Truth], pooling: Pooling, seed: int) -> Iterator[list[Places]]:
    """Places in each fold's test part, drawn by group.

    As one set, groups are drawn over all folds. For a mean of folds they are drawn within each fold,
    so that no fold is left without any; where every fold tests one group, folds are drawn, and a fold
    that was drawn twice is there twice.
    """
    generator = np.random.default_rng(seed)
    members = [_members(fold.groups) for fold in tested]
    alone = all(len(groups) == 1 for groups in members)
    for _ in range(RESAMPLES):
        if pooling == "mean" and not alone:
            yield [_drawn(groups, generator.integers(len(groups), size=len(groups))) for groups in members]
        else:
            yield _over_folds(members, generator)


def _over_folds(members: Sequence[Sequence[Places]], generator: np.random.Generator) -> list[Places]:
    owner = np.concatenate([np.full(len(groups), fold) for fold, groups in enumerate(members)])
    number = np.concatenate([np.arange(len(groups)) for groups in members])
    chosen = generator.integers(len(owner), size=len(owner))
    return [_drawn(groups, number[chosen[owner[chosen] == fold]]) for fold, groups in enumerate(members)]


def _members(groups: NDArray[np.str_]) -> list[Places]:
    """Places of each group."""
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    return np.split(order, starts[1:])


def _drawn(groups: Sequence[Places], chosen: Places) -> Places:
    return np.concatenate([groups[number] for number in chosen]) if len(chosen) else np.zeros(0, np.intp)


def _value(
    metric: Metric,
    task: Task,
    tested: Sequence[Truth],
    answers: Sequence[Answers],
    places: Sequence[Places],
    pooling: Pooling,
) -> float:
    labels = [{name: values[at] for name, values in fold.labels.items()} for fold, at in zip(tested, places)]
    given = [{name: values[at] for name, values in fold.items()} for fold, at in zip(answers, places)]
    if pooling == "pooled":
        return metric(_joined(labels), _joined(given), task)
    # A fold that tests one group may be drawn more than once, and counts as often.
    weights = [len(at) / len(fold.groups) for fold, at in zip(tested, places)]
    alone = all(fold.one_group for fold in tested)
    found = [
        (metric(each, answer, task), weight if alone else 1.0)
        for each, answer, weight in zip(labels, given, weights)
        if weight
    ]
    return float(np.average([value for value, _ in found], weights=[weight for _, weight in found]))


def _joined(folds: Sequence[Labels]) -> Labels:
    return {name: np.concatenate([fold[name] for fold in folds]) for name in folds[0]}


def _interval(value: float, drawn: Sequence[float]) -> Interval:
    known = np.array(drawn)[np.isfinite(drawn)]
    # A metric that most resamples leave undefined has no interval worth the name.
    if len(known) < RESAMPLES / 2:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.quantile(known, (0.025, 0.975))
    return Interval(value, float(low), float(high))
