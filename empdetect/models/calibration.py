"""Calibration: scores that mean what they say, and a 90% interval around each.

Categorical targets: temperature scaling (Guo et al., ICML 2017). Numbers and ordinal levels: split
conformal intervals (Lei et al., JASA 2018). All of it is fitted on held-out segments.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from empdetect.models.heads import decode, level_probabilities
from empdetect.task import Target, Task

COVERAGE = 0.9
"""Share of cases an interval is meant to hold."""

BINS = 20
FEWEST = 9
"""A 90% conformal interval needs at least 9 held-out cases: ceil(10 * 0.9) = 9 of them bound it."""

MEANING = {
    True: "score: calibrated probability; low, high: 90% Wilson interval of how often "
    "calibration cases with a like score had this label",
    False: "score: in the target's units; low, high: split conformal interval "
    "that held the label in 90% of calibration cases",
}
"""What score and interval mean for targets that are (True) and are not (False) probabilities."""


@dataclass(frozen=True)
class TargetCalibration:
    """Calibration of one target.

    Args:
        cases: held-out segments it was fitted on.
        temperature: divides the outputs of a categorical target.
        radius: half the width of the interval of a number or ordinal level, in the target's units;
            None if there were too few cases.
        density: for each measure of a binary or nominal target, how many held-out scores fell in
            each of ``BINS`` equal bins from 0 to 1.
    """

    cases: int
    temperature: float = 1.0
    radius: float | None = None
    density: tuple[tuple[int, ...], ...] = ()

    def interval(self, target: Target, measure: int, score: float) -> tuple[float, float]:
        """The 90% interval of a score: see ``MEANING``. NaN, NaN with too few cases to tell."""
        if target.kind in ("binary", "nominal"):
            return wilson(score, self._cases_near(measure, score))
        if self.radius is None:
            return (math.nan, math.nan)
        low, high = target.limits
        return (max(low, score - self.radius), min(high, score + self.radius))

    def _cases_near(self, measure: int, score: float) -> int:
        """Held-out cases whose score fell into the same bin or a neighbouring one."""
        place = min(int(score * BINS), BINS - 1)
        return sum(self.density[measure][max(place - 1, 0) : place + 2])


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
        return cls(
            {
                name: TargetCalibration(**{**fields, "density": tuple(tuple(row) for row in fields["density"])})
                for name, fields in plain.items()
            }
        )


def calibrate(task: Task, outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Calibration:
    """Fit on held-out segments.

    Args:
        task: the detector's task.
        outputs: by target, ``(n, outputs)`` of its head.
        labels: by target, ``(n,)``, NaN where unknown.
    """
    fitted = {}
    for target in task.targets:
        known = torch.isfinite(labels[target.name])
        fitted[target.name] = _calibrate_target(target, outputs[target.name][known], labels[target.name][known])
    return Calibration(fitted)


def _calibrate_target(target: Target, outputs: Tensor, labels: Tensor) -> TargetCalibration:
    cases = len(labels)
    if cases == 0:
        return TargetCalibration(0, density=((0,) * BINS,) * len(target.measures))
    temperature = best_temperature(target, outputs, labels) if target.is_categorical else 1.0
    scores = decode(target, outputs, temperature).double().numpy()
    if target.kind in ("binary", "nominal"):
        counts = [np.histogram(column, bins=BINS, range=(0, 1))[0] for column in scores.T]
        return TargetCalibration(cases, temperature, density=tuple(tuple(map(int, row)) for row in counts))
    errors = np.abs(scores[:, 0] - labels.double().numpy())
    return TargetCalibration(cases, temperature, radius=conformal_radius(errors))


def best_temperature(target: Target, outputs: Tensor, labels: Tensor) -> float:
    """Temperature between 1/20 and 20 with the lowest negative log-likelihood on known labels ``(n,)``."""
    from scipy.optimize import minimize_scalar

    levels = labels.long()

    def loss(log_temperature: float) -> float:
        chosen = level_probabilities(target, outputs.double(), math.exp(log_temperature)).gather(1, levels.unsqueeze(1))
        return -float(chosen.clamp(min=1e-12).log().mean())

    return math.exp(float(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def conformal_radius(errors: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float | None:
    """The ceil((n + 1) 0.9)-th smallest absolute error (Lei et al., 2018, section 2.2); None if n is too small."""
    rank = math.ceil((len(errors) + 1) * COVERAGE)
    if len(errors) < FEWEST or rank > len(errors):
        return None
    return float(np.sort(errors)[rank - 1])


def wilson(share: float, cases: int, z: float = 1.6449) -> tuple[float, float]:
    """Wilson score interval (JASA 1927) of a share seen in so many cases; 90% for the default ``z``.

    NaN, NaN without any case.
    """
    if cases == 0:
        return (math.nan, math.nan)
    centre = (share + z**2 / (2 * cases)) / (1 + z**2 / cases)
    half = z / (1 + z**2 / cases) * math.sqrt(share * (1 - share) / cases + z**2 / (4 * cases**2))
    # The interval holds the score itself: it tells how sure the score is, it does not shift it.
    return (min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half)))
