"""Reliability: how far calibrated scores and their intervals come true on segments that nobody learned from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from empdetect.models.calibration import Answers, TargetCalibration
from empdetect.models.frequency import Z, design_effect
from empdetect.models.recalibration import log_losses
from empdetect.task import Target

Array = NDArray[np.float64]

ECE_BINS = 15
"""Equal bins of the top probability from 0 to 1 (Guo et al., ICML 2017), each weighted by its cases."""
SCORE_BINS = 10
FEWEST_IN_BIN = 20
SHOWN_GROUPS = 60
"""Of more groups only mean and range are told."""


@dataclass(frozen=True)
class Judged:
    """Answers about test segments with a known label.

    Args:
        target: what is asked.
        answers: calibrated, with intervals; rows belong to ``labels``.
        before: ``(n, levels)`` probabilities of a categorical target before calibration; empty for numbers.
        after: the same after it.
        labels: ``(n,)``.
        groups: ``(n,)`` whose segment it is.
        rhos: of the ``Frequency`` of each measure, if there are any.
    """

    target: Target
    answers: Answers
    before: Array
    after: Array
    labels: Array
    groups: NDArray[Any]
    rhos: tuple[float, ...] = ()

    def take(self, rows: NDArray[np.bool_]) -> "Judged":
        """Some of the segments, ``(n,)``."""
        of_rows = {name: getattr(self, name)[rows] for name in ("before", "after", "labels", "groups")}
        return replace(self, answers=self.answers.take(rows), **of_rows)


def judged(
    target: Target,
    calibration: TargetCalibration,
    outputs: torch.Tensor,
    answers: Answers,
    labels: Array,
    groups: NDArray[Any],
) -> Judged:
    """Put together what is known of a target's test segments, leaving out those without a label."""
    known = np.isfinite(labels)
    before = after = np.zeros((int(known.sum()), 0))
    if target.is_categorical:
        chosen = outputs[torch.from_numpy(known)]
        before = TargetCalibration(0).probabilities(target, chosen)
        after = calibration.probabilities(target, chosen)
    rhos = tuple(frequency.rho for frequency in calibration.frequencies)
    return Judged(target, answers.take(known), before, after, labels[known], groups[known], rhos)


def reliability(parts: Sequence[Judged]) -> dict[str, Any]:
    """Figures of one target over one or several folds; NaN where they are not defined.

    ``ece`` is that of the top probability in ``ECE_BINS`` equal bins, from torchmetrics; ``nll`` the mean
    ``-log p`` of the label, ``brier`` the squared error summed over levels, each before and after
    calibration, over the segments of all folds as one set. For ``coverage`` see ``coverage_of``, for
    ``set_coverage`` see ``coverage_of_sets``.
    """
    labels = np.concatenate([part.labels for part in parts])
    groups = np.concatenate([part.groups for part in parts])
    figures: dict[str, Any] = {"cases": len(labels), "groups": len(np.unique(groups))}
    if parts[0].target.is_categorical and len(labels):
        before, after = (np.concatenate([getattr(part, when) for part in parts]) for when in ("before", "after"))
        for when, probabilities in (("before", before), ("after", after)):
            found = probability_figures(probabilities, labels.astype(int))
            figures |= {f"{name}_{when}": value for name, value in found.items()}
    known = [part for part in parts if len(part.labels)]
    return figures | coverage_of(known) | coverage_of_sets(known)


def probability_figures(probabilities: Array, levels: NDArray[np.int_]) -> dict[str, float]:
    """ECE, NLL and Brier score of probabilities ``(n, levels)`` against labels ``(n,)``."""
    from torchmetrics.functional.classification import multiclass_calibration_error

    count = probabilities.shape[1]
    truth = np.eye(count)[levels]
    ece = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(levels), count, n_bins=ECE_BINS, norm="l1"
    )
    return {
        "ece": float(ece),
        "nll": float(log_losses(probabilities, levels).mean()),
        "brier": float(np.square(probabilities - truth).sum(axis=1).mean()),
    }


def coverage_of(parts: Sequence[Judged]) -> dict[str, Any]:
    """How often the 90% interval held what it is about.

    Of a number or ordinal level: the label itself; the mean over groups, its standard error, and each group's.
    Of a probability: the frequency of the label among the segments of a fold that got about this score
    (``SCORE_BINS`` bins of equal counts a measure, ``FEWEST_IN_BIN`` or more segments in each), and in each group.
    What is observed in a bin is itself uncertain, so it may miss the interval's end by as much as chance moves it
    in 90% of cases: the half-widths of both are added in squares.
    """
    if not parts or any(np.isnan(part.answers.low).any() for part in parts):
        return {"coverage": math.nan, "coverage_error": math.nan, "width": math.nan}
    width = float(np.concatenate([(part.answers.high - part.answers.low).ravel() for part in parts]).mean())
    if parts[0].target.kind in ("binary", "nominal"):
        return {**_frequency_coverage(parts), "width": width}
    return {**_summary(_by_group([_held(part) for part in parts], parts)), "width": width}


def coverage_of_sets(parts: Sequence[Judged]) -> dict[str, Any]:
    """How often the 90% set of labels held the label, mean over groups; ``set_size`` labels were in it on average.

    ``accuracy`` is the same of the likeliest label alone, below which no set can be. Empty where there are no sets.
    """
    sets = [part.answers.labels(part.target) for part in parts]
    if not parts or any(each is None for each in sets):
        return {}
    held, right, sizes = [], [], []
    for part, labels in zip(parts, sets, strict=True):
        assert labels is not None
        rows, levels = np.arange(len(part.labels)), part.labels.astype(int)
        inside, top = labels[rows, levels], part.after.argmax(axis=1) == levels
        held.append(inside)
        right.append(top)
        sizes.append(labels.sum(axis=1))
    found = {f"set_{name}": value for name, value in _summary(_by_group(held, parts)).items()}
    accuracy = float(_by_group(right, parts).mean())
    return {**found, "set_size": float(np.concatenate(sizes).mean()), "accuracy": accuracy}


def _held(part: Judged) -> NDArray[np.bool_]:
    """Whether each label ``(n,)`` lies in its interval."""
    low, high = part.answers.low[:, 0] - 1e-9, part.answers.high[:, 0] + 1e-9
    return np.asarray((low <= part.labels) & (part.labels <= high))


def _by_group(values: Sequence[NDArray[np.bool_]], parts: Sequence[Judged]) -> Array:
    """Mean of each group ``(group,)``; one that several folds ask about is still one group."""
    _, whose = np.unique(np.concatenate([part.groups for part in parts]), return_inverse=True)
    return np.asarray(np.bincount(whose, weights=np.concatenate(values)) / np.bincount(whose))


def _frequency_coverage(parts: Sequence[Judged]) -> dict[str, Any]:
    bins: list[float] = []
    groups: list[float] = []
    for part in parts:
        for measure, level in enumerate(range(part.target.levels) if part.target.kind == "nominal" else (1,)):
            order = np.argsort(part.answers.scores[:, measure], kind="stable")
            count = max(1, min(SCORE_BINS, len(order) // FEWEST_IN_BIN))
            whose = [np.flatnonzero(part.groups == group) for group in np.unique(part.groups)]
            bins += [_holds(part, measure, level, rows) for rows in np.array_split(order, count)]
            groups += [_holds(part, measure, level, rows) for rows in whose]
    return {
        "coverage": float(np.mean(bins)),
        "coverage_error": float(np.std(bins) / math.sqrt(len(bins))),
        "bins": len(bins),
        "coverage_of_groups": float(np.mean(groups)),
    }


def _holds(test: Judged, measure: int, level: int, rows: NDArray[np.int_]) -> float:
    """1 if the frequency of a level among some segments is what their mean interval allows, else 0."""
    score, low, high = (
        float(side[rows, measure].mean()) for side in (test.answers.scores, test.answers.low, test.answers.high)
    )
    found = float((test.labels[rows] == level).mean())
    cases = len(rows) / design_effect(test.groups[rows], test.rhos[measure])
    chance = Z * math.sqrt(max(score * (1 - score), 0.25 / cases) / cases)
    reach = high - score if found > score else score - low
    return float(abs(found - score) <= math.hypot(reach, chance))


def _summary(each: Array) -> dict[str, Any]:
    """Mean over groups with its standard error, and each group's where they are few: sorted, without names."""
    found: dict[str, Any] = {
        "coverage": float(each.mean()),
        "coverage_error": float(each.std(ddof=1) / math.sqrt(len(each))) if len(each) > 1 else math.nan,
    }
    if len(each) <= SHOWN_GROUPS:
        found["by_group"] = sorted(round(float(value), 3) for value in each)
    return found


def plain(figures: Mapping[str, Any]) -> dict[str, Any]:
    """For JSON: four digits, and None where a number is not defined."""
    return {
        name: (round(value, 4) if math.isfinite(value) else None) if isinstance(value, float) else value
        for name, value in figures.items()
    }
