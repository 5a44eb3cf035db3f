"""Metrics of a benchmark: labels, answers and task in, one number out, higher is better.

Where a task has several targets it is their mean; ``only`` takes one of them. They agree with
``models.metrics`` and are fast enough to be computed a thousand times for an interval.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.system import Answers, Labels
from empdetect.task import Task

Metric: TypeAlias = Callable[[Labels, Answers, Task], float]
"""``metric(labels, answers, task)``; NaN where it is not defined."""

Values: TypeAlias = NDArray[np.float64]


def accuracy(labels: Labels, answers: Answers, task: Task) -> float:
    """Share of the segments whose likeliest level is right."""
    return _mean(lambda y, p: float((p.argmax(axis=1) == y).mean()), labels, answers, task)


def macro_f1(labels: Labels, answers: Answers, task: Task) -> float:
    """F1 of each level, their mean; levels in neither labels nor answers are left out, as in scikit-learn."""
    return _mean(lambda y, p: float(np.mean(_f1_of_levels(y, p))), labels, answers, task)


def positive_f1(labels: Labels, answers: Answers, task: Task) -> float:
    """F1 of level 1 of each binary target; its mean is the macro-F1 of many labels that may go together."""

    def f1(y: Values, p: Values) -> float:
        chosen = p.argmax(axis=1) == 1
        hits, wanted = float((chosen & (y == 1)).sum()), float(chosen.sum() + (y == 1).sum())
        return 2 * hits / wanted if wanted else 0.0

    return _mean(f1, labels, answers, task)


def uar(labels: Labels, answers: Answers, task: Task) -> float:
    """Unweighted average recall: the mean over the levels that occur in the labels."""

    def recall(y: Values, p: Values) -> float:
        right = p.argmax(axis=1) == y
        return float(np.mean([right[y == level].mean() for level in np.unique(y)]))

    return _mean(recall, labels, answers, task)


def auroc(labels: Labels, answers: Answers, task: Task) -> float:
    """Area under the ROC curve of a binary target; of more levels, the mean of one against the rest."""

    def area(y: Values, p: Values) -> float:
        levels = [1] if p.shape[1] == 2 else range(p.shape[1])
        return float(np.mean([_area(y == level, p[:, level]) for level in levels]))

    return _mean(area, labels, answers, task)


def auroc_within(strata: str) -> Metric:
    """Area under the ROC curve of a binary target over pairs of one stratum (Mann and Whitney).

    Args:
        strata: name under which the labels hold the stratum of each case.
    """

    def within(labels: Labels, answers: Answers, task: Task) -> float:
        name = task.targets[0].name
        areas, pairs = [], []
        for stratum in np.unique(labels[strata]):
            here = labels[strata] == stratum
            positive = labels[name][here] == 1
            if positive.any() and not positive.all():
                areas.append(_area(positive, answers[name][here, 1]))
                pairs.append(positive.sum() * (~positive).sum())
        return float(np.average(areas, weights=pairs)) if areas else float("nan")

    return within


def sign_auroc(labels: Labels, answers: Answers, task: Task) -> float:
    """Area under the ROC curve of the sign of a number, by the number that was answered; labels of 0 are left out."""

    def area(y: Values, p: Values) -> float:
        moved = y != 0
        return _area(y[moved] > 0, _number(p)[moved])

    return _mean(area, labels, answers, task)


def pearson(labels: Labels, answers: Answers, task: Task) -> float:
    """Pearson's r of a number, or of the expected level."""

    def r(y: Values, p: Values) -> float:
        x = _number(p)
        if len(x) < 2 or min(x.std(), y.std()) < 1e-9:
            return float("nan")
        return float(np.corrcoef(x, y)[0, 1])

    return _mean(r, labels, answers, task)


def ccc(labels: Labels, answers: Answers, task: Task) -> float:
    """Concordance correlation (Lin, Biometrics 1989) of a number, or of the expected level."""

    def concordance(y: Values, p: Values) -> float:
        x = _number(p)
        if len(x) < 2:
            return float("nan")
        # With n - 1 in the variances, as torchmetrics has it.
        scale = x.var(ddof=1) + y.var(ddof=1) + (x.mean() - y.mean()) ** 2
        return float(2 * np.cov(x, y)[0, 1] / scale) if scale > 0 else float("nan")

    return _mean(concordance, labels, answers, task)


def only(target: str, metric: Metric) -> Metric:
    """The metric of one target alone."""

    def of_one(labels: Labels, answers: Answers, task: Task) -> float:
        return metric({target: labels[target]}, {target: answers[target]}, Task((task.target(target),), unit=task.unit))

    return of_one


def _mean(of_target: Callable[[Values, Values], float], labels: Labels, answers: Answers, task: Task) -> float:
    """Mean over the targets, each over its known labels; NaN if any is not defined."""
    found = []
    for target in task.targets:
        known = np.isfinite(labels[target.name])
        if not known.any():
            return float("nan")
        found.append(of_target(labels[target.name][known], answers[target.name][known]))
    return float(np.mean(found))


def _f1_of_levels(y: Values, p: Values) -> list[float]:
    levels = p.shape[1]
    counts = np.bincount(levels * y.astype(int) + p.argmax(axis=1), minlength=levels**2).reshape(levels, levels)
    wanted = counts.sum(axis=0) + counts.sum(axis=1)
    return [2 * counts[level, level] / wanted[level] for level in range(levels) if wanted[level]]


def _area(positive: NDArray[np.bool_], scores: Values) -> float:
    """Probability that a positive case scores above a negative one, ties counting half (Mann and Whitney)."""
    from scipy.stats import rankdata

    hits = int(positive.sum())
    misses = len(positive) - hits
    if not hits or not misses:
        return float("nan")
    return float((rankdata(scores)[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def _number(p: Values) -> Values:
    """The number, or the expected level."""
    number: Values = p[:, 0] if p.shape[1] == 1 else p @ np.arange(p.shape[1])
    return number
