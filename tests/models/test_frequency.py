"""The interval of a probability: how often cases of like score carry the label."""

import json
from dataclasses import asdict
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.models.frequency import Frequency, Z, design_effect, fit_frequency, group_correlation, wilson


def test_the_frequency_of_new_cases_lies_in_the_interval_nine_times_in_ten() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        scores = rng.uniform(0, 1, 300)
        truth = np.clip(scores + 0.05 * np.sin(6 * scores), 0, 1)
        fitted = fit_frequency(scores, rng.random(300) < truth, np.arange(300))
        low, high = fitted.interval(np.array([0.25, 0.75]))
        wanted = np.array([0.25, 0.75]) + 0.05 * np.sin(6 * np.array([0.25, 0.75]))
        held += ((low <= wanted) & (wanted <= high)).tolist()
    assert 0.86 <= np.mean(held) <= 0.96


def test_segments_of_few_people_give_wider_intervals_than_as_many_people() -> None:
    rng = np.random.default_rng(0)
    groups = np.arange(400) % 8
    bias = rng.choice([-0.3, 0.3], 8)
    scores = rng.uniform(0.4, 0.6, 400)
    labels = rng.random(400) < scores + bias[groups]
    few, many = fit_frequency(scores, labels, groups), fit_frequency(scores, labels, np.arange(400))
    assert few.rho > 0.15
    assert many.rho == 0
    width = [float(np.subtract(*f.interval(np.array([0.5]))[::-1])[0]) for f in (few, many)]
    assert width[0] > 1.5 * width[1]


def test_where_cases_are_rare_the_nearest_ones_tell() -> None:
    scores = np.concatenate([np.full(100, 0.05), np.full(3, 0.9)])
    fitted = fit_frequency(scores, scores > 0.5, np.arange(103))
    assert fitted.cases[-1] >= 20
    low, high = fitted.interval(np.array([0.9]))
    assert 0 <= low[0] <= 0.9 <= high[0] <= 1


@given(share=st.floats(0, 1), cases=st.floats(0, 10_000))
def test_wilson_stays_in_the_unit_range(share: float, cases: float) -> None:
    low, high = wilson(np.array([share]), np.array([cases]))
    assert 0 <= low[0] <= high[0] <= 1


def test_wilson_narrows_with_cases_and_knows_nothing_without() -> None:
    low, high = wilson(np.array([0.3, 0.3, 0.3]), np.array([0.0, 10.0, 1000.0]))
    assert (low[0], high[0]) == (pytest.approx(0, abs=1e-6), pytest.approx(1))
    assert high[1] - low[1] > high[2] - low[2]
    assert NormalDist().inv_cdf(0.95) == pytest.approx(Z, abs=1e-4)


def test_errors_that_go_together_are_found() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), 10)
    together = np.repeat(rng.standard_normal(200), 10)
    assert group_correlation(together, groups) == pytest.approx(1, abs=1e-6)
    half = (together + rng.standard_normal(2000)) / np.sqrt(2)
    assert group_correlation(half, groups) == pytest.approx(0.5, abs=0.08)
    assert group_correlation(rng.standard_normal(2000), groups) < 0.03
    assert group_correlation(together, np.arange(2000)) == 0


def test_the_design_effect_of_kish() -> None:
    assert design_effect(np.arange(10), 0.5) == 1
    assert design_effect(np.zeros(10), 0.5) == pytest.approx(1 + 9 * 0.5)
    assert design_effect(np.zeros(10), 1.0) == pytest.approx(10), "ten segments of one person tell as much as one"


def test_it_survives_json() -> None:
    fitted = fit_frequency(np.array([0.2, 0.8]), np.array([False, True]), np.array([0, 1]))
    assert Frequency.from_dict(json.loads(json.dumps(asdict(fitted)))) == fitted
