"""Linear models of the baselines: one a target, its strength chosen on the validation part."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.system import Answers, Labels
from empdetect.task import Target, Task

Kind = Literal["svm", "logistic"]
Rows = Any
"""``(n, feature)``: an array, or a sparse matrix of scipy."""


class LinearModels:
    """A linear model for each target: support vectors or logistic regression for levels, ridge for numbers.

    The strength (C, or one over alpha) that does best on the validation part is taken, and the model is
    then fitted on both parts. Classes are weighed alike.

    Args:
        kind: of the model of levels.
        strengths: to choose from; a single one is taken as it is.
    """

    def __init__(self, kind: Kind, strengths: Sequence[float]) -> None:
        self.kind = kind
        self.strengths = tuple(strengths)
        self._models: dict[str, tuple[Target, Any, NDArray[np.float64]]] = {}

    def fit(self, task: Task, train: tuple[Rows, Labels], val: tuple[Rows, Labels], seed: int) -> None:
        """Fit every target on its known labels."""
        from scipy.sparse import issparse, vstack

        stack = vstack if issparse(train[0]) else np.concatenate
        everything = stack([train[0], val[0]]) if len(val[1][task.targets[0].name]) else train[0]
        self._models = {}
        for target in task.targets:
            strength = self._best(target, train, val, seed)
            labels = np.concatenate([train[1][target.name], val[1][target.name]])
            self._models[target.name] = _fitted(self.kind, target, strength, everything, labels, seed)

    def answers(self, rows: Rows) -> Answers:
        """Probabilities ``(n, levels)`` or numbers ``(n, 1)`` by target."""
        return {name: _answers(*model, rows) for name, model in self._models.items()}

    def _best(self, target: Target, train: tuple[Rows, Labels], val: tuple[Rows, Labels], seed: int) -> float:
        known = np.isfinite(val[1][target.name])
        if len(self.strengths) == 1 or not known.any():
            return self.strengths[len(self.strengths) // 2]
        labels = val[1][target.name][known]
        rows = val[0][np.flatnonzero(known)]
        found = [
            _quality(target, labels, _answers(*_fitted(self.kind, target, s, *_of(train, target), seed), rows))
            for s in self.strengths
        ]
        return self.strengths[int(np.argmax(found))]


def _of(part: tuple[Rows, Labels], target: Target) -> tuple[Rows, NDArray[np.float64]]:
    return part[0], part[1][target.name]


def _fitted(
    kind: Kind, target: Target, strength: float, rows: Rows, labels: NDArray[np.float64], seed: int
) -> tuple[Target, Any, NDArray[np.float64]]:
    """Target, fitted model (or its only answer) and the levels that the model knows."""
    known = np.flatnonzero(np.isfinite(labels))
    rows, labels = rows[known], labels[known]
    levels = np.unique(labels)
    if len(levels) < 2:
        return target, float(levels[0]) if len(levels) else 0.0, levels
    model = _model(kind, target, strength, len(levels), rows.shape, seed)
    return target, model.fit(rows, labels), levels


def _model(kind: Kind, target: Target, strength: float, levels: int, shape: tuple[int, int], seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    if not target.is_categorical:
        return Ridge(alpha=1 / strength)
    if kind == "svm":
        return LinearSVC(C=strength, class_weight="balanced", dual="auto", random_state=seed, max_iter=3000)
    # Both forms have one answer: the dual one is the fastest there is for many sparse words, but hardly comes to an end
    # with tens of thousands of segments of few features.
    dual = shape[0] <= shape[1]
    model = LogisticRegression(
        solver="liblinear", dual=dual, C=strength, class_weight="balanced", random_state=seed, max_iter=300
    )
    return model if levels == 2 else OneVsRestClassifier(model)


def _answers(target: Target, model: Any, levels: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
    count = rows.shape[0]
    if not target.is_categorical:
        numbers = np.full(count, model) if isinstance(model, float) else model.predict(rows)
        low, high = target.limits
        clipped: NDArray[np.float64] = np.asarray(numbers, float).reshape(-1, 1).clip(low, high)
        return clipped
    found = np.zeros((count, target.levels))
    if isinstance(model, float):
        found[:, int(model)] = 1.0
    else:
        found[:, levels.astype(int)] = _probabilities(model, rows)
    return found


def _probabilities(model: Any, rows: Rows) -> NDArray[np.float64]:
    """``(n, known levels)``; distances of support vectors are made to sum to 1, without calibration."""
    from scipy.special import expit, softmax

    if hasattr(model, "predict_proba"):
        found: NDArray[np.float64] = model.predict_proba(rows)
        return found
    distances = model.decision_function(rows)
    if distances.ndim == 1:
        return np.stack([expit(-distances), expit(distances)], axis=1)
    spread: NDArray[np.float64] = softmax(distances, axis=1)
    return spread


def _quality(target: Target, labels: NDArray[np.float64], answers: NDArray[np.float64]) -> float:
    """How well the answers fit: negative squared error of numbers, else macro-F1."""
    from sklearn.metrics import f1_score

    if not target.is_categorical:
        return -float(np.mean((answers[:, 0] - labels) ** 2))
    return float(f1_score(labels, answers.argmax(axis=1), average="macro"))
