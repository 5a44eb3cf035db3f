"""Calibration: scores that mean what they say, and a 90% interval around each. Fitted on held-out segments.

Probabilities are put right by ``recalibration``, and their interval is that of ``frequency``; beside it stands the
set of labels that holds the true one in 90% of cases (``label_sets``). Numbers and ordinal
levels get the interval of ``conformal``, scaled to each segment: an ordinal level by the spread of its
probabilities, a number by how far the members of an ensemble disagree, if it is one (normalised residuals:
Papadopoulos et al., 2008).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from empdetect.models.conformal import COVERAGE, group_radius
from empdetect.models.doubt import doubt_of, typical_and_limit
from empdetect.models.frequency import Frequency, fit_frequency
from empdetect.models.heads import decode, level_probabilities
from empdetect.models.label_sets import fit_reach, label_sets
from empdetect.models.recalibration import Recalibration, best_recalibration
from empdetect.task import Target, Task

Array = NDArray[np.float64]

REFERENCES = ("Guo et al., ICML 2017 (calibration)", "Dunn et al., JASA 2022 (intervals for groups)")
"""Works to name in a paper that uses calibrated scores."""

LEAST_SPREAD = 0.05
"""Added to the spread of an ordinal score, as a share of the target's range: no interval shrinks to a point."""

MEANING = {
    True: "score: calibrated probability; low, high: 90% interval of how often segments of new people "
    "with a like score have this label; the labels of a prediction: a conformal set that holds the label of 90% of "
    "the segments of new people",
    False: "score: in the target's units; low, high: conformal interval that holds the label "
    "of 90% of the segments of new people",
}
"""What score and interval mean for targets that are (True) and are not (False) probabilities."""


@dataclass(frozen=True)
class Answers:
    """Scores of segments on one target.

    Args:
        scores: ``(n, measures)``.
        low, high: ``(n, measures)`` ends of the 90% intervals; NaN where there are none.
        reach: ``(n,)`` improbability up to which a label belongs to the set of 90%; None where there are no sets.
    """

    scores: Array
    low: Array
    high: Array
    reach: Array | None = None

    def take(self, rows: NDArray[np.bool_]) -> "Answers":
        """About some of the segments, ``(n,)``."""
        reach = None if self.reach is None else self.reach[rows]
        return Answers(self.scores[rows], self.low[rows], self.high[rows], reach)

    def labels(self, target: Target, rows: slice = slice(None)) -> NDArray[np.bool_] | None:
        """Whether each label is in the set that holds the true one in 90% of cases: ``(n, levels)``, or None."""
        if self.reach is None:
            return None
        scores = self.scores[rows]
        both = np.column_stack([1 - scores, scores]) if target.kind == "binary" else scores
        return label_sets(both, self.reach[rows])

    def widened(self, target: Target, doubt: Array) -> "Answers":
        """Intervals drawn towards the whole range of the target, which is ignorance, sets to all labels; scores stay.

        Args:
            target: the target.
            doubt: ``(n,)``, 0 leaves the interval as it is, 1 makes it the whole range.
        """
        lowest, highest = (0.0, 1.0) if target.kind == "nominal" else target.limits
        reach = None if self.reach is None else self.reach + doubt * (1 - self.reach)
        doubt = doubt[:, None]
        low, high = self.low + doubt * (lowest - self.low), self.high + doubt * (highest - self.high)
        return Answers(self.scores, low, high, reach)


@dataclass(frozen=True)
class TargetCalibration:
    """Calibration of one target.

    Args:
        cases: held-out segments it was fitted on.
        groups: so many groups (people) they came from.
        recalibration: of a categorical target; None for numbers.
        radius: half the width of the interval of a number or ordinal level of usual scale; of a binary or nominal
            target, how improbable a label of its 90% set may be (``label_sets``); None if there were too few cases.
        frequencies: one a measure of a binary or nominal target.
        spread: usual and largest usual disagreement of the members of an ensemble; zeros otherwise.
    """

    cases: int
    groups: int = 0
    recalibration: Recalibration | None = None
    radius: float | None = None
    frequencies: tuple[Frequency, ...] = ()
    spread: tuple[float, float] = (0.0, 0.0)

    def answers(self, target: Target, outputs: Tensor, spread: Array | None = None) -> Answers:
        """Calibrated scores of outputs ``(n, outputs)`` with their intervals: see ``MEANING``.

        Args:
            target: the target.
            outputs: of its head.
            spread: ``(n,)`` disagreement of the members of an ensemble; None for a single detector.
        """
        scores = self._scores(target, outputs)
        if target.kind in ("binary", "nominal"):
            found = self._frequency_intervals(scores)
        else:
            found = self._conformal_intervals(target, outputs, scores, spread)
        return found if spread is None else found.widened(target, doubt_of(spread, *self.spread))

    def _scores(self, target: Target, outputs: Tensor) -> Array:
        if not target.is_categorical:
            return np.asarray(decode(target, outputs).double().numpy())
        return measures_of(target, self.probabilities(target, outputs))

    def probabilities(self, target: Target, outputs: Tensor) -> Array:
        """Calibrated probabilities ``(n, levels)`` of a categorical target's outputs ``(n, outputs)``."""
        raw = np.asarray(level_probabilities(target, outputs.double()).numpy())
        return raw if self.recalibration is None else self.recalibration(raw)

    def _frequency_intervals(self, scores: Array) -> Answers:
        reach = None if self.radius is None else np.full(len(scores), self.radius)
        if not self.frequencies:
            return Answers(scores, np.full_like(scores, math.nan), np.full_like(scores, math.nan), reach)
        ends = [frequency.interval(column) for frequency, column in zip(self.frequencies, scores.T, strict=True)]
        low, high = (np.stack(side, axis=1) for side in zip(*ends, strict=True))
        return Answers(scores, low, high, reach)

    def _conformal_intervals(self, target: Target, outputs: Tensor, scores: Array, spread: Array | None) -> Answers:
        half = (math.nan if self.radius is None else self.radius) * self._scale(target, outputs, spread)[:, None]
        lowest, highest = target.limits
        return Answers(scores, np.maximum(lowest, scores - half), np.minimum(highest, scores + half))

    def _scale(self, target: Target, outputs: Tensor, spread: Array | None) -> Array:
        """By what the usual radius is multiplied for each segment: ``(n,)``."""
        if target.kind == "ordinal":
            probabilities = self.probabilities(target, outputs)
            levels = np.arange(target.levels)
            variance = probabilities @ levels**2 - (probabilities @ levels) ** 2
            return np.asarray(np.sqrt(np.maximum(variance, 0)) + LEAST_SPREAD * (target.levels - 1))
        usual = self.spread[0]
        return np.ones(len(outputs)) if spread is None or usual == 0 else (usual + spread) / (2 * usual)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "TargetCalibration":
        """Of what JSON made of ``dataclasses.asdict``."""
        recalibration = plain["recalibration"]
        return cls(
            plain["cases"],
            plain["groups"],
            None if recalibration is None else Recalibration.from_dict(recalibration),
            plain["radius"],
            tuple(Frequency.from_dict(frequency) for frequency in plain["frequencies"]),
            (plain["spread"][0], plain["spread"][1]),
        )


@dataclass(frozen=True)
class Calibration:
    """Calibration of a detector, by target."""

    targets: Mapping[str, TargetCalibration]

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return {name: asdict(target) for name, target in self.targets.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Calibration":
        """The calibration that ``to_dict`` described."""
        return cls({name: TargetCalibration.from_dict(fields) for name, fields in plain.items()})


UNCALIBRATED = TargetCalibration(0)
"""Raw scores, without intervals."""


def calibrate(
    task: Task,
    outputs: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    groups: NDArray[Any] | None = None,
    spread: Mapping[str, Array] | None = None,
) -> Calibration:
    """Fit on held-out segments: those of a validation split, or of all folds, each answered by the detector
    that was not trained on it (cross-conformal: many cases, and none lost to training).

    Args:
        task: the detector's task.
        outputs: by target, ``(n, outputs)`` of its head.
        labels: by target, ``(n,)``, NaN where unknown.
        groups: ``(n,)`` whose segment each is, as in ``splits.group_of``; None takes each for itself.
        spread: by target, ``(n,)`` disagreement of an ensemble's members; None for a single detector.
    """
    fitted = {}
    for target in task.targets:
        known = torch.isfinite(labels[target.name])
        chosen = known.numpy()
        whose = (np.arange(len(known)) if groups is None else groups)[chosen]
        spreads = None if spread is None else np.asarray(spread[target.name], float)[chosen]
        values = labels[target.name][known].double().numpy()
        fitted[target.name] = _calibrate_target(target, outputs[target.name][known], values, whose, spreads)
    return Calibration(fitted)


def _calibrate_target(
    target: Target, outputs: Tensor, labels: Array, groups: NDArray[Any], spread: Array | None
) -> TargetCalibration:
    if not len(labels):
        return UNCALIBRATED
    recalibration = None
    if target.is_categorical:
        raw = np.asarray(level_probabilities(target, outputs.double()).numpy())
        recalibration = best_recalibration(raw, labels.astype(int), groups)
    about = (0.0, 0.0) if spread is None else typical_and_limit(spread, groups)
    plain = TargetCalibration(len(labels), len(np.unique(groups)), recalibration, spread=about)
    scores = plain._scores(target, outputs)
    if target.kind in ("binary", "nominal"):
        carried = [labels == level for level in (range(target.levels) if target.kind == "nominal" else (1,))]
        found = [fit_frequency(column, has, groups) for column, has in zip(scores.T, carried, strict=True)]
        reach = fit_reach(plain.probabilities(target, outputs), labels.astype(int), groups)
        return TargetCalibration(plain.cases, plain.groups, recalibration, reach, tuple(found), about)
    errors = np.abs(scores[:, 0] - labels) / plain._scale(target, outputs, spread)
    return TargetCalibration(plain.cases, plain.groups, recalibration, group_radius(errors, groups), (), about)


def measures_of(target: Target, probabilities: Array) -> Array:
    """Scores ``(n, measures)`` of level probabilities: of the label 1, of each class, or the expected level."""
    if target.kind == "nominal":
        return probabilities
    if target.kind == "binary":
        return probabilities[:, 1:]
    return np.asarray(probabilities @ np.arange(target.levels, dtype=float))[:, None]


__all__ = ["COVERAGE", "MEANING", "UNCALIBRATED", "Answers", "Calibration", "TargetCalibration", "calibrate"]
