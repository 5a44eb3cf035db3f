"""Conformal intervals: nine in ten cases of new people, few people or many, alike or different."""

import numpy as np
import pytest

from empdetect.models.conformal import group_radius, group_weights, weighted_quantile


def errors(rng: np.random.Generator, people: int, each: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors of people who have a bias of their own, ``apart`` of the variance."""
    groups = np.repeat(np.arange(people), each)
    bias = np.sqrt(apart) * rng.standard_normal(people)
    return np.abs(bias[groups] + np.sqrt(1 - apart) * rng.standard_normal(len(groups))), groups


@pytest.mark.parametrize(("people", "each"), [(2, 60), (5, 12), (25, 8), (120, 2)])
@pytest.mark.parametrize("apart", [0.0, 0.5])
def test_nine_in_ten_cases_of_new_people_are_held(people: int, each: int, apart: float) -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(150):
        radius = group_radius(*errors(rng, people, each, apart))
        assert radius is not None
        held.append((errors(rng, 60, 5, apart)[0] <= radius).mean())
    assert 0.88 <= np.mean(held) <= 0.93


def test_one_person_alone_gets_the_split_conformal_radius() -> None:
    values = np.arange(1.0, 20.0)
    assert group_radius(values, np.zeros(19)) == 18.0, "ceil(20 * 0.9) = the 18th smallest"


def test_eight_cases_bound_nothing() -> None:
    assert group_radius(np.ones(8), np.arange(8)) is None
    assert group_radius(np.ones(9), np.arange(9)) == pytest.approx(1.0)


def test_a_person_with_many_segments_has_no_more_say() -> None:
    groups = np.array(["a"] * 98 + ["b", "c"])
    weights = group_weights(groups)
    assert weights.sum() == pytest.approx(1)
    assert weights[groups == "b"] == pytest.approx(1 / 3)
    values = np.array([0.0] * 98 + [1.0, 2.0])
    assert weighted_quantile(values, weights, 0.5) == 1.0


def test_errors_of_nothing_give_a_radius_of_almost_nothing() -> None:
    radius = group_radius(np.zeros(30), np.arange(30) % 3)
    assert radius is not None
    assert 0 <= radius < 1e-6
