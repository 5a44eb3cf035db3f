"""Recalibration: probabilities of levels or classes that come true as often as they say.

Every method maps the probabilities a detector gives to better ones, for binary, ordinal and nominal targets alike:

- ``none``: as they are, for a network that is honest already or cases too few to tell.
- ``temperature``: ``softmax(log p / T)`` (Guo et al., ICML 2017).
- ``shifted``: ``softmax(log p / T + b)``, bias-corrected temperature scaling (Alexandari et al., ICML 2020); for a
  binary target it is Platt's scaling. It puts right what weighing rare levels in training bends.
- ``isotonic``: one monotone curve a level, by pool adjacent violators, then normalised (Zadrozny and Elkan, KDD 2002).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Curve = tuple[tuple[float, ...], tuple[float, ...]]
"""A monotone curve: its corners' places and heights."""

FLOOR = 1e-3
"""Least probability a level enters with: crossing thresholds of an ordinal head may leave it none at all."""
FEWEST = {"none": 0, "temperature": 20, "shifted": 50, "isotonic": 200}
"""Methods from the simplest to the richest, and cases below which each is not tried."""
PARTS = 5
"""Parts of the groups on which methods are compared."""


@dataclass(frozen=True)
class Recalibration:
    """A fitted map from probabilities to probabilities.

    Args:
        method: ``none``, ``temperature``, ``shifted`` or ``isotonic``.
        temperature: divides the log-probabilities.
        bias: is added to them, one number a level; empty adds nothing.
        curves: of the isotonic method, one a level.
        prior: share of each level in the calibration cases, mixed into isotonic probabilities.
        weight: of the prior in that mixture: levels / (cases + levels).
    """

    method: str = "none"
    temperature: float = 1.0
    bias: tuple[float, ...] = ()
    curves: tuple[Curve, ...] = ()
    prior: tuple[float, ...] = ()
    weight: float = 0.0

    def __call__(self, probabilities: Array) -> Array:
        """Recalibrate ``(n, levels)``; rows sum to 1."""
        floored = _floored(probabilities)
        if self.method != "isotonic":
            return _softmax(np.log(floored) / self.temperature + (np.array(self.bias) if self.bias else 0.0))
        raised = np.stack([np.interp(p, x, y) for p, (x, y) in zip(floored.T, self.curves, strict=True)], axis=1)
        raised += 1e-9
        return (1 - self.weight) * raised / raised.sum(axis=1, keepdims=True) + self.weight * np.array(self.prior)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> "Recalibration":
        """Of what JSON made of ``dataclasses.asdict``."""
        curves = tuple((tuple(x), tuple(y)) for x, y in plain["curves"])
        return cls(**{**plain, "bias": tuple(plain["bias"]), "prior": tuple(plain["prior"]), "curves": curves})


def best_recalibration(probabilities: Array, levels: NDArray[np.int_], groups: NDArray[Any]) -> Recalibration:
    """The simplest method that none beats clearly, fitted on all cases.

    Methods are compared by their log-loss on groups that they were not fitted on. A richer one takes
    over if its gain, mean over groups, is above one standard error, and only if there are cases enough
    for it (``FEWEST``). One group alone changes nothing: what suits one person need not suit another.

    Args:
        probabilities: ``(n, levels)`` of held-out segments.
        levels: ``(n,)`` labels.
        groups: ``(n,)`` whose segment it is.
    """
    numbers = np.unique(groups, return_inverse=True)[1]
    counts = np.bincount(numbers)
    allowed = [name for name, fewest in FEWEST.items() if len(levels) >= fewest and len(counts) > 1]
    chosen = "none"
    lost = {name: _cross_fitted_losses(METHODS[name], probabilities, levels, numbers) for name in allowed}
    for name in allowed:
        gain = np.bincount(numbers, lost[chosen] - lost[name]) / counts
        if gain.mean() > gain.std(ddof=1) / math.sqrt(len(gain)):
            chosen = name
    return METHODS[chosen](probabilities, levels)


def fit_nothing(probabilities: Array, levels: NDArray[np.int_]) -> Recalibration:
    """Probabilities as they are."""
    return Recalibration()


def fit_temperature(probabilities: Array, levels: NDArray[np.int_]) -> Recalibration:
    """Temperature between 1/20 and 20 of the lowest log-loss."""
    logs = np.log(_floored(probabilities))
    return Recalibration("temperature", temperature=float(np.exp(_fit_shift(logs, levels, biased=False)[0])))


def fit_shifted(probabilities: Array, levels: NDArray[np.int_]) -> Recalibration:
    """Temperature and bias of the lowest log-loss."""
    found = _fit_shift(np.log(_floored(probabilities)), levels, biased=True)
    return Recalibration("shifted", temperature=float(np.exp(found[0])), bias=tuple(float(b) for b in found[1:]))


def fit_isotonic(probabilities: Array, levels: NDArray[np.int_]) -> Recalibration:
    """One monotone curve a level."""
    from sklearn.isotonic import IsotonicRegression

    cases, count = probabilities.shape
    floored = _floored(probabilities)
    curves = []
    for level in range(count):
        fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(floored[:, level], levels == level)
        curves.append((tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_))))
    prior = (np.bincount(levels, minlength=count) + 1) / (cases + count)
    return Recalibration(
        "isotonic", curves=tuple(curves), prior=tuple(map(float, prior)), weight=count / (cases + count)
    )


METHODS: dict[str, Callable[[Array, NDArray[np.int_]], Recalibration]] = {
    "none": fit_nothing,
    "temperature": fit_temperature,
    "shifted": fit_shifted,
    "isotonic": fit_isotonic,
}


def log_losses(probabilities: Array, levels: NDArray[np.int_]) -> Array:
    """``-log p`` of the label of each case ``(n,)``; probabilities below 1e-6 count as that."""
    return np.asarray(-np.log(np.clip(probabilities[np.arange(len(levels)), levels], 1e-6, 1.0)))


def _cross_fitted_losses(
    fit: Callable[[Array, NDArray[np.int_]], Recalibration],
    probabilities: Array,
    levels: NDArray[np.int_],
    groups: NDArray[Any],
) -> Array:
    from sklearn.model_selection import GroupKFold

    losses = np.empty(len(levels))
    parts = GroupKFold(min(PARTS, len(np.unique(groups))))
    for rest, part in parts.split(probabilities, levels, groups):
        losses[part] = log_losses(fit(probabilities[rest], levels[rest])(probabilities[part]), levels[part])
    return losses


def _fit_shift(logs: Array, levels: NDArray[np.int_], biased: bool) -> Array:
    """Log temperature, then a bias a level, by L-BFGS on the log-loss.

    A weak prior (one pseudo-case of variance 1 a parameter) keeps them finite when cases are few and easy to tell.
    """
    from scipy.optimize import minimize

    cases, count = logs.shape
    target = np.eye(count)[levels]

    def loss(parameters: Array) -> tuple[float, Array]:
        scaled = logs * np.exp(-parameters[0])
        found = _softmax(scaled + (parameters[1:] if biased else 0.0))
        value = log_losses(found, levels).mean() + 0.5 * np.square(parameters).sum() / cases
        error = (found - target) / cases
        slope = -(error * scaled).sum()
        gradient = np.concatenate([[slope], error.sum(axis=0)]) if biased else np.array([slope])
        return float(value), gradient + parameters / cases

    start = np.zeros(1 + count if biased else 1)
    bounds = [(-3.0, 3.0), *[(-8.0, 8.0)] * (len(start) - 1)]
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _floored(probabilities: Array) -> Array:
    raised = np.maximum(np.asarray(probabilities, float), FLOOR)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
