"""Calibration: scores that come true as often as they say, and intervals that hold what they promise."""

import json
import math

import numpy as np
import pytest
import torch

from empdetect.models.calibration import UNCALIBRATED, Answers, Calibration, TargetCalibration, calibrate
from empdetect.task import Target, Task

BINARY = Target("empathy", "binary")
NUMBER = Target("distress", "regression", range=(1, 7))
ORDINAL = Target("level", "ordinal", ("none", "weak", "strong"))
NOMINAL = Target("emotion", "nominal", ("calm", "angry", "sad"))
TASK = Task((BINARY, NUMBER, ORDINAL, NOMINAL))


def cases(size: int, seed: int = 0, people: int = 40) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Outputs three times too bold, and labels; numbers with a noise of 1."""
    rng = np.random.default_rng(seed)
    honest = {name: rng.standard_normal((size, width)) for name, width in (("empathy", 1), ("emotion", 3))}
    levels = np.sort(rng.standard_normal((size, 2)) * 1.5, axis=1)[:, ::-1]
    number = rng.uniform(0.2, 0.8, size)
    chance = np.exp(honest["emotion"])
    chance /= chance.sum(axis=1, keepdims=True)
    above = 1 / (1 + np.exp(-levels))
    labels = {
        "empathy": rng.random(size) < 1 / (1 + np.exp(-honest["empathy"][:, 0])),
        "emotion": (rng.random((size, 1)) > chance.cumsum(axis=1)).sum(axis=1),
        "level": (rng.random((size, 1)) < above).sum(axis=1),
        "distress": np.clip(1 + 6 * number + rng.standard_normal(size), 1, 7),
    }
    outputs = {"empathy": 3 * honest["empathy"], "emotion": 3 * honest["emotion"], "level": 3 * levels}
    outputs["distress"] = number[:, None]
    return (
        {name: torch.tensor(value.copy()).float() for name, value in outputs.items()},
        {name: torch.tensor(value.astype(float)).float() for name, value in labels.items()},
    )


@pytest.fixture(scope="module")
def fitted() -> Calibration:
    outputs, labels = cases(2000)
    return calibrate(TASK, outputs, labels, np.arange(2000) % 40)


def test_a_calibration_survives_json(fitted: Calibration) -> None:
    assert Calibration.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted
    assert Calibration.from_dict(json.loads(json.dumps(Calibration({"a": UNCALIBRATED}).to_dict()))).targets == {
        "a": UNCALIBRATED
    }


@pytest.mark.parametrize("target", [BINARY, NOMINAL], ids=lambda target: target.name)
def test_scores_come_true_as_often_as_they_say(target: Target, fitted: Calibration) -> None:
    outputs, labels = cases(4000, seed=1)
    found = fitted.targets[target.name].answers(target, outputs[target.name])
    for place in range(len(target.measures)):
        came = labels[target.name].numpy() == (place if target.kind == "nominal" else 1)
        for low in (0.0, 0.3, 0.6):
            near = (found.scores[:, place] >= low) & (found.scores[:, place] < low + 0.3)
            assert came[near].mean() == pytest.approx(found.scores[near, place].mean(), abs=0.06)


@pytest.mark.parametrize("target", [NUMBER, ORDINAL], ids=lambda target: target.name)
def test_nine_in_ten_labels_lie_in_their_interval(target: Target, fitted: Calibration) -> None:
    outputs, labels = cases(4000, seed=2)
    found = fitted.targets[target.name].answers(target, outputs[target.name])
    known = labels[target.name].numpy()
    held = (found.low[:, 0] <= known + 1e-6) & (known - 1e-6 <= found.high[:, 0])
    assert 0.88 <= held.mean() <= 0.92


@pytest.mark.parametrize("target", TASK.targets, ids=lambda target: target.name)
def test_intervals_hold_the_score_and_stay_in_range(target: Target, fitted: Calibration) -> None:
    found = fitted.targets[target.name].answers(target, cases(200, seed=3)[0][target.name])
    lowest, highest = (0.0, 1.0) if target.kind == "nominal" else target.limits
    assert found.scores.shape == (200, len(target.measures))
    assert (lowest <= found.low).all()
    assert (found.low <= found.scores).all()
    assert (found.scores <= found.high).all()
    assert (found.high <= highest).all()


def test_too_few_cases_give_no_interval_of_a_number() -> None:
    outputs, labels = cases(8)
    found = calibrate(TASK, outputs, labels).targets["distress"].answers(NUMBER, outputs["distress"])
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    assert np.isfinite(found.scores).all()


def test_no_label_at_all_gives_raw_scores_without_interval() -> None:
    outputs, labels = cases(30)
    unknown = {name: torch.full_like(values, math.nan) for name, values in labels.items()}
    fitted = calibrate(TASK, outputs, unknown)
    for target in TASK.targets:
        assert fitted.targets[target.name] == UNCALIBRATED
        assert np.isnan(fitted.targets[target.name].answers(target, outputs[target.name]).low).all()


def test_unknown_labels_are_left_out() -> None:
    outputs, labels = cases(100)
    labels["empathy"][50:] = math.nan
    fitted = calibrate(TASK, outputs, labels, np.arange(100) // 10)
    assert (fitted.targets["empathy"].cases, fitted.targets["empathy"].groups) == (50, 5)
    assert (fitted.targets["distress"].cases, fitted.targets["distress"].groups) == (100, 10)


def test_doubt_draws_intervals_to_the_whole_range_and_leaves_scores() -> None:
    answers = Answers(np.array([[3.0], [3.0], [3.0]]), np.full((3, 1), 2.0), np.full((3, 1), 5.0))
    wide = answers.widened(NUMBER, np.array([0.0, 0.5, 1.0]))
    assert wide.low[:, 0].tolist() == [2.0, 1.5, 1.0]
    assert wide.high[:, 0].tolist() == [5.0, 6.0, 7.0]
    assert wide.scores is answers.scores


def test_where_members_disagree_the_interval_of_a_number_is_wider() -> None:
    rng = np.random.default_rng(0)
    spread = rng.uniform(0.02, 0.2, 600)
    number = torch.full((600, 1), 0.5)
    labels = {"distress": torch.tensor(np.clip(4 + 6 * spread * rng.standard_normal(600), 1, 7)).float()}
    task = Task((NUMBER,))
    one = calibrate(task, {"distress": number}, labels, spread={"distress": spread}).targets["distress"]
    found = one.answers(NUMBER, number, spread)
    width = (found.high - found.low)[:, 0]
    sure, unsure = spread < 0.06, spread > 0.16
    assert width[unsure].mean() > 1.5 * width[sure].mean()
    far = one.answers(NUMBER, number[:1], np.array([5.0]))
    assert (far.low[0, 0], far.high[0, 0]) == (pytest.approx(1, abs=1e-3), pytest.approx(7, abs=1e-3))


def test_an_ordinal_level_that_is_sure_has_a_narrow_interval(fitted: Calibration) -> None:
    outputs = torch.tensor([[-9.0, -12.0], [3.0, -3.0]])
    found = fitted.targets["level"].answers(ORDINAL, outputs)
    assert found.high[0, 0] - found.low[0, 0] < 0.6 * (found.high[1, 0] - found.low[1, 0])


def test_a_calibration_of_nothing_is_no_calibration() -> None:
    assert TargetCalibration(0).answers(BINARY, torch.tensor([[0.0]])).scores[0, 0] == pytest.approx(0.5)
