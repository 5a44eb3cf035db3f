"""Intervals by group: who is drawn, what a figure over folds is, and that nothing is left to luck."""

import math

import numpy as np
import pytest

from empdetect.bench.intervals import RESAMPLES, Truth, difference_of, interval_of, resamples, value_of
from empdetect.bench.metrics import accuracy, auroc
from empdetect.bench.system import Answers
from empdetect.task import Target, Task

TASK = Task((Target("kind", "binary"),))


def fold(labels: list[float], groups: list[str]) -> Truth:
    return Truth({"kind": np.array(labels)}, np.array(groups))


def given(*positive: float) -> Answers:
    p = np.array(positive)
    return {"kind": np.stack([1 - p, p], axis=1)}


TWO = [fold([0, 0, 1, 1], ["a", "a", "b", "b"]), fold([1, 0], ["c", "d"])]
RIGHT_AND_HALF = [given(0.1, 0.2, 0.8, 0.9), given(0.9, 0.9)]


def test_folds_are_pooled_or_averaged() -> None:
    assert value_of(accuracy, TASK, TWO, RIGHT_AND_HALF, "pooled") == pytest.approx(5 / 6)
    assert value_of(accuracy, TASK, TWO, RIGHT_AND_HALF, "mean") == pytest.approx(0.75)


def test_whole_groups_are_drawn() -> None:
    for places in resamples(TWO, "pooled", 0):
        assert len(places[0]) % 2 == 0
        np.testing.assert_array_equal(places[0][::2] + 1, places[0][1::2])


def test_for_a_mean_every_fold_keeps_as_many_groups_as_it_has() -> None:
    drawn = list(resamples(TWO, "mean", 0))
    assert len(drawn) == RESAMPLES
    assert all(len(places[0]) == 4 and len(places[1]) == 2 for places in drawn)


def test_where_a_fold_is_one_person_folds_are_drawn() -> None:
    folds = [fold([0, 1], ["a", "a"]), fold([0, 1], ["b", "b"]), fold([0, 1], ["c", "c"])]
    answers = [given(0.1, 0.9), given(0.9, 0.1), given(0.1, 0.9)]
    found = interval_of(accuracy, TASK, folds, answers, "mean")
    assert found.value == pytest.approx(2 / 3)
    assert (found.low, found.high) == (0.0, 1.0)


def test_an_interval_holds_its_figure_and_shrinks_with_more_people() -> None:
    def of(people: int) -> float:
        rng = np.random.default_rng(1)
        labels = rng.integers(0, 2, people * 3).astype(float)
        right = rng.random(len(labels)) < 0.7
        tested = [fold(list(labels), [f"p{number // 3}" for number in range(len(labels))])]
        found = interval_of(accuracy, TASK, tested, [given(*np.where(right, labels, 1 - labels))], "pooled")
        assert found.low <= found.value <= found.high
        return found.high - found.low

    assert of(200) < of(20)


def test_the_same_call_gives_the_same_interval() -> None:
    first = interval_of(accuracy, TASK, TWO, RIGHT_AND_HALF, "pooled")
    assert first == interval_of(accuracy, TASK, TWO, RIGHT_AND_HALF, "pooled")


def test_a_system_is_not_ahead_of_itself() -> None:
    same = difference_of(accuracy, TASK, TWO, RIGHT_AND_HALF, RIGHT_AND_HALF, "pooled")
    assert (same.value, same.low, same.high) == (0, 0, 0)
    worse = [given(0.9, 0.8, 0.2, 0.1), given(0.9, 0.9)]
    assert difference_of(accuracy, TASK, TWO, RIGHT_AND_HALF, worse, "pooled").value == pytest.approx(4 / 6)


def test_a_metric_that_most_resamples_leave_undefined_has_no_interval() -> None:
    folds = [fold([1, 1, 1], ["a", "b", "c"]), fold([0], ["d"])]
    found = interval_of(auroc, TASK, folds, [given(0.9, 0.8, 0.7), given(0.1)], "mean")
    assert math.isnan(found.low)
    assert math.isnan(found.high)
