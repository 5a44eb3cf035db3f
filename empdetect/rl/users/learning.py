"""Learning a user from your copy of SAGE's logs, and how well that holds on scenarios it has not seen."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.progress import track
from empdetect.rl.users import change_model
from empdetect.rl.users.change_model import THRESHOLDS, ChangeModel, Floats, calibrated, expected_change, level_chances
from empdetect.rl.users.dialogue_logs import Step, read_steps
from empdetect.rl.users.learned import METRICS, MODEL, SAID
from empdetect.rl.users.moments import Moment, features
from empdetect.rl.users.said import Said

FOLDS = 5
BETTER = THRESHOLDS.index(0.0)


def learn_user(logs: Path, out: Path, seed: int = 0) -> dict[str, Any]:
    """Cross-validate by persona, fit on everything, write the folder of a ``LearnedUser``.

    No persona, and so no scenario, is on both sides of a fold. The calibration of each fold is fitted on
    the other folds' answers.

    Args:
        logs: folder of SAGE's logs, ``rlver/sage_logs_deepseek_v3``.
        out: folder to write.
        seed: fixes the resampling of the intervals.

    Returns:
        The metrics that are also in ``metrics.json``.

    Raises:
        InputError: the logs cannot be read.
    """
    steps = read_steps(logs)
    judged = [step for step in steps if step.change]  # 5 of 6,189 replies changed nothing
    changes = np.array([step.change for step in judged])
    folds = folds_of(judged)
    moments = [step.moment for step in judged]
    scores = held_out_scores(moments, changes, folds)
    metrics = measure(_calibrated_by_fold(scores, changes, folds), changes, judged, seed)
    frequencies = change_model.frequencies_of(moments)
    weights, intercepts = change_model.fit_scores(features(moments, frequencies), changes)
    slopes, shifts = change_model.platt(scores, changes)
    out.mkdir(parents=True, exist_ok=True)
    ChangeModel(weights, intercepts, slopes, shifts, frequencies).save(out / MODEL)
    Said.of(steps).save(out / SAID)
    (out / METRICS).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    return metrics


def folds_of(steps: Sequence[Step]) -> NDArray[np.int64]:
    """Fold of each step, by persona."""
    from sklearn.model_selection import GroupKFold

    folds = np.zeros(len(steps), dtype=np.int64)
    personas = [step.profile.group for step in steps]
    for number, (_, test) in enumerate(GroupKFold(FOLDS).split(folds, groups=personas)):
        folds[test] = number
    return folds


def held_out_scores(moments: Sequence[Moment], changes: Floats, folds: NDArray[np.int64]) -> Floats:
    """Scores of each fold by regressions, and frequencies of words, of the other folds, ``(moment, threshold)``."""
    scores = np.zeros((len(changes), len(THRESHOLDS)))
    for number in track(range(FOLDS), "Folds"):
        test = folds == number
        frequencies = change_model.frequencies_of([one for one, held_out in zip(moments, test) if not held_out])
        x = features(moments, frequencies)
        weights, intercepts = change_model.fit_scores(x[~test], changes[~test])
        scores[test] = x[test] @ weights.T.astype(np.float64) + intercepts
    return scores


def _calibrated_by_fold(scores: Floats, changes: Floats, folds: NDArray[np.int64]) -> Floats:
    above = np.zeros_like(scores)
    for number in range(FOLDS):
        test = folds == number
        above[test] = calibrated(scores[test], *change_model.platt(scores[~test], changes[~test]))
    return above


def measure(above: Floats, changes: Floats, steps: Sequence[Step], seed: int = 0) -> dict[str, Any]:
    """Figures of held-out answers.

    Args:
        above: ``(moment, threshold)`` probabilities.
        changes: ``(moment,)`` what happened, in points.
        steps: the moments' steps.
        seed: of the bootstrap over personas.

    Returns:
        AUC of "better or worse" with a 95% interval, the expected calibration error over ten equal bins, the Brier
        score, and correlation and mean absolute error of the expected change.
    """
    better, chance = changes > 0, above[:, BETTER]
    expected = expected_change(level_chances(above))
    low, high = np.nanpercentile(list(_resampled_auc(better, chance, steps, seed)), [2.5, 97.5])
    return {
        "replies": len(changes),
        "scenarios": len({step.profile.id for step in steps}),
        "personas": len({step.profile.group for step in steps}),
        "folds": FOLDS,
        "auc": area_under_curve(better, chance),
        "auc_low": float(low),
        "auc_high": float(high),
        "calibration_error": calibration_error(better, chance),
        "brier": float(np.square(chance - better).mean()),
        "change_correlation": float(np.corrcoef(expected, changes)[0, 1]),
        "change_mean_absolute_error": float(np.abs(expected - changes).mean()),
    }


def calibration_error(true: NDArray[np.bool_], chance: Floats, bins: int = 10) -> float:
    """Mean distance of probability and frequency over equal bins, weighted by their size."""
    places = np.minimum((chance * bins).astype(int), bins - 1)
    inside = [places == number for number in range(bins)]
    return float(sum(abs(chance[one].mean() - true[one].mean()) * one.mean() for one in inside if one.any()))


def area_under_curve(true: NDArray[np.bool_], chance: Floats) -> float:
    """Probability that a true one has the higher chance, ties half (Mann and Whitney); NaN if all are alike."""
    from scipy.stats import rankdata

    many, few = int(true.sum()), int((~true).sum())
    if not many or not few:
        return float("nan")
    return float((rankdata(chance)[true].sum() - many * (many + 1) / 2) / (many * few))


def _resampled_auc(better: NDArray[np.bool_], chance: Floats, steps: Sequence[Step], seed: int) -> Iterator[float]:
    _, persona = np.unique([step.profile.group for step in steps], return_inverse=True)
    places = [np.flatnonzero(persona == number) for number in range(persona.max() + 1)]
    choice = np.random.default_rng(seed)
    for _ in range(1000):
        drawn = np.concatenate([places[number] for number in choice.integers(len(places), size=len(places))])
        yield area_under_curve(better[drawn], chance[drawn])
