"""Reliability: the figures say what happened to the test segments."""

import math

import numpy as np
import pytest
import torch

from empdetect.models.calibration import Answers, TargetCalibration
from empdetect.models.reliability import Judged, judged, plain, reliability
from empdetect.task import Target

BINARY = Target("empathy", "binary")
NUMBER = Target("distress", "regression", range=(1, 7))
NOMINAL = Target("emotion", "nominal", ("calm", "angry", "sad"))


def numbers(held: list[bool], groups: list[str]) -> Judged:
    """Answers of 4 with the interval 3 to 5; labels inside or outside of it."""
    count = len(held)
    answers = Answers(np.full((count, 1), 4.0), np.full((count, 1), 3.0), np.full((count, 1), 5.0))
    empty = np.zeros((count, 0))
    return Judged(NUMBER, answers, empty, empty, np.where(held, 4.5, 6.0), np.array(groups))


def probabilities(said: float, truth: float, size: int, half: float, rho: float = 0.0, people: int = 10_000) -> Judged:
    """All segments get one score; the label comes with another chance."""
    rng = np.random.default_rng(0)
    scores = np.full((size, 1), said)
    both = np.column_stack([1 - scores, scores])
    labels = (np.arange(size) < truth * size).astype(float)[rng.permutation(size)]
    answers = Answers(scores, scores - half, scores + half)
    return Judged(BINARY, answers, both, both, labels, (np.arange(size) % people).astype(str), (rho,))


def test_coverage_of_numbers_is_that_of_groups() -> None:
    found = reliability([numbers([True] * 9 + [False], ["a"] * 8 + ["b"] * 2)])
    assert found["coverage"] == pytest.approx((1 + 0.5) / 2)
    assert found["coverage_error"] == pytest.approx(0.25)
    assert found["by_group"] == [0.5, 1.0]
    assert (found["cases"], found["groups"], found["width"]) == (10, 2, 2.0)


def test_folds_are_taken_together() -> None:
    found = reliability([numbers([True, True], ["a", "b"]), numbers([True, False], ["c", "d"])])
    assert found["coverage"] == pytest.approx(0.75)
    assert found["groups"] == 4


def test_a_group_that_several_folds_ask_about_is_one_group() -> None:
    once = reliability([numbers([True, False], ["a", "b"])])
    asked_again = reliability([numbers([True, False], ["a", "b"])] * 8)
    assert asked_again["coverage_error"] == once["coverage_error"], "asking again is no further evidence"
    assert asked_again["by_group"] == [0.0, 1.0]


def test_sets_count_a_group_once_too() -> None:
    def told(chances: list[float], groups: list[str]) -> Judged:
        scores = np.array(chances)[:, None]
        both = np.column_stack([1 - scores, scores])
        answers = Answers(scores, scores, scores, np.full(len(scores), 0.5))
        return Judged(BINARY, answers, both, both, np.ones(len(scores)), np.array(groups), (0.0,))

    found = reliability([told([0.9, 0.1], ["right", "wrong"]), told([0.9], ["right"]), told([0.9], ["right"])])
    assert found["set_coverage"] == found["accuracy"] == 0.5
    assert found["set_coverage_error"] == pytest.approx(0.5)


def test_of_many_groups_only_the_mean_is_told() -> None:
    assert "by_group" not in reliability([numbers([True] * 100, [str(number) for number in range(100)])])


def test_a_frequency_within_the_interval_is_held_and_one_far_outside_is_not() -> None:
    assert reliability([probabilities(0.5, 0.55, 1000, half=0.1)])["coverage"] == 1.0
    assert reliability([probabilities(0.5, 0.80, 1000, half=0.1)])["coverage"] == 0.0


def test_chance_and_its_growth_in_groups_are_allowed_for() -> None:
    assert reliability([probabilities(0.5, 0.6, 60, half=0.01)])["coverage"] >= 0.5
    alone = reliability([probabilities(0.5, 0.65, 400, half=0.01)])
    together = reliability([probabilities(0.5, 0.65, 400, half=0.01, rho=0.9, people=4)])
    assert alone["coverage_of_groups"] <= together["coverage_of_groups"]
    assert alone["coverage"] < together["coverage"]


def test_figures_of_probabilities() -> None:
    found = reliability([probabilities(0.8, 0.6, 1000, half=0.1)])
    assert found["ece_before"] == pytest.approx(0.2, abs=1e-3)
    assert found["brier_after"] == pytest.approx(2 * (0.6 * 0.2**2 + 0.4 * 0.8**2))
    assert found["nll_after"] == pytest.approx(-0.6 * math.log(0.8) - 0.4 * math.log(0.2))


def test_each_class_has_its_bins() -> None:
    rng = np.random.default_rng(0)
    said = rng.dirichlet(np.ones(3), 400)
    labels = (rng.random((400, 1)) > said.cumsum(axis=1)).sum(axis=1).astype(float)
    answers = Answers(said, np.clip(said - 0.1, 0, 1), np.clip(said + 0.1, 0, 1))
    found = reliability([Judged(NOMINAL, answers, said, said, labels, np.arange(400), (0.0, 0.0, 0.0))])
    assert found["bins"] == 30
    assert found["coverage"] >= 0.9
    assert found["ece_before"] < 0.08


def test_without_intervals_coverage_is_not_defined_and_json_can_hold_it() -> None:
    none = Answers(np.ones((3, 1)), np.full((3, 1), np.nan), np.full((3, 1), np.nan))
    empty = np.zeros((3, 0))
    found = plain(reliability([Judged(NUMBER, none, empty, empty, np.ones(3), np.arange(3))]))
    assert found["coverage"] is None
    assert found["cases"] == 3
    nobody = judged(NUMBER, TargetCalibration(0), torch.zeros(3, 1), none, np.full(3, np.nan), np.arange(3))
    assert plain(reliability([nobody])) == {
        "cases": 0, "groups": 0, "coverage": None, "coverage_error": None, "width": None
    }  # fmt: skip
