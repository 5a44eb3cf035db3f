"""The change of emotion, learned from real dialogues: three calibrated logistic regressions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from empdetect.errors import InputError
from empdetect.rl.users.moments import TEXTS, Moment, counts, features, inverse_frequency

Floats = NDArray[np.float64]

THRESHOLDS = (-7.5, 0.0, 7.5)
"""A change is asked whether it is above each: 97% of the recorded ones are -10, -5, 5 or 10."""
LEVELS = (-10.0, -5.0, 5.0, 10.0)
"""The changes between the thresholds, in points."""
STRENGTH = 1.0
"""Inverse of the ridge penalty."""


@dataclass(frozen=True)
class ChangeModel:
    """How a reply will change a user's emotion.

    Args:
        weights: ``(threshold, feature)``.
        intercepts: ``(threshold,)``.
        slopes, shifts: ``(threshold,)`` of Platt's calibration: probability = sigmoid(slope * score + shift).
        frequencies: ``(3, BUCKETS)`` inverse document frequencies, see ``moments.features``.
    """

    weights: NDArray[np.float32]
    intercepts: Floats
    slopes: Floats
    shifts: Floats
    frequencies: NDArray[np.float32]

    def chances(self, moments: Sequence[Moment]) -> Floats:
        """Probability of each of ``LEVELS``, ``(moment, 4)``."""
        scores = features(moments, self.frequencies) @ self.weights.T.astype(np.float64) + self.intercepts
        return level_chances(_sigmoid(self.slopes * scores + self.shifts))

    def save(self, path: Path) -> None:
        """Write it as safetensors."""
        from safetensors.numpy import save

        path.write_bytes(save({name: np.ascontiguousarray(value) for name, value in vars(self).items()}))

    @classmethod
    def load(cls, path: Path) -> "ChangeModel":
        """Read what ``save`` wrote.

        Raises:
            InputError: there is no such file, or it is another.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            return cls(**load_file(path))
        except (OSError, SafetensorError, TypeError) as error:
            raise InputError(
                f"Loading a learned user: {path} cannot be read ({error}); make it with 'empdetect rl learn-user'"
            ) from None


def frequencies_of(moments: Sequence[Moment]) -> NDArray[np.float32]:
    """Inverse document frequencies of the three texts, ``(3, BUCKETS)``."""
    return np.stack([inverse_frequency(counts([getattr(moment, name) for moment in moments])) for name in TEXTS])


def fit_scores(x: csr_matrix, changes: Floats) -> tuple[NDArray[np.float32], Floats]:
    """Weights and intercepts of the three regressions, not yet calibrated."""
    fits = [_logistic(x, changes > threshold) for threshold in THRESHOLDS]
    weights = np.concatenate([fit.coef_ for fit in fits]).astype(np.float32)
    return weights, np.array([float(fit.intercept_[0]) for fit in fits])


def platt(scores: Floats, changes: Floats) -> tuple[Floats, Floats]:
    """Slope and shift for each threshold, from scores of dialogues that were not trained on.

    Args:
        scores: ``(moment, threshold)``.
        changes: ``(moment,)`` in points.
    """
    fits = [_logistic(scores[:, [place]], changes > threshold, 1e6) for place, threshold in enumerate(THRESHOLDS)]
    return np.array([float(fit.coef_[0, 0]) for fit in fits]), np.array([float(fit.intercept_[0]) for fit in fits])


def calibrated(scores: Floats, slopes: Floats, shifts: Floats) -> Floats:
    """Probability of a change above each threshold, ``(moment, threshold)``."""
    return _sigmoid(slopes * scores + shifts)


def level_chances(above: Floats) -> Floats:
    """Probability of each level from that of being above each threshold; thresholds that cross are put in order."""
    ordered = np.minimum.accumulate(above, axis=1)
    edges = np.concatenate([np.ones((len(above), 1)), ordered, np.zeros((len(above), 1))], axis=1)
    return edges[:, :-1] - edges[:, 1:]


def expected_change(chances: Floats) -> Floats:
    """Mean change in points, ``(moment,)``."""
    return chances @ np.array(LEVELS)


def _logistic(x: Any, y: NDArray[np.bool_], strength: float = STRENGTH) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, solver="liblinear", max_iter=300, random_state=0).fit(x, y)


def _sigmoid(scores: Floats) -> Floats:
    return np.exp(-np.logaddexp(0.0, -scores))


def rounded(points: float) -> float:
    """Points in tenths: the same on machines whose last bits differ."""
    return math.floor(points * 10 + 0.5) / 10
