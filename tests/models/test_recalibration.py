"""Recalibration: the method that the data call for is found, and probabilities stay probabilities."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.models.recalibration import (
    METHODS,
    Recalibration,
    best_recalibration,
    fit_isotonic,
    fit_shifted,
    fit_temperature,
    log_losses,
)

Array = np.ndarray


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def drawn(size: int, factor: float = 1.0, bias: tuple[float, ...] = (0, 0, 0), seed: int = 0) -> tuple[Array, Array]:
    """Probabilities whose true log-odds are ``1 / factor`` of what they say, plus a bias; and labels."""
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.standard_normal((size, len(bias)))
    truth = softmax(logits / factor + np.array(bias))
    return softmax(logits), (rng.random((size, 1)) > truth.cumsum(axis=1)).sum(axis=1)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_the_temperature_is_found_again(factor: float) -> None:
    assert fit_temperature(*drawn(4000, factor)).temperature == pytest.approx(factor, rel=0.15)


def test_the_bias_of_balanced_training_is_found_again() -> None:
    probabilities, levels = drawn(6000, bias=(1.5, 0.0, -1.5))
    found = np.array(fit_shifted(probabilities, levels).bias)
    assert found - found.mean() == pytest.approx([1.5, 0.0, -1.5], abs=0.25)


@pytest.mark.parametrize(
    ("factor", "bias", "wanted"),
    [(1.0, (0, 0, 0), "none"), (3.0, (0, 0, 0), "temperature"), (1.0, (2.0, 0, -2.0), "shifted")],
)
def test_the_method_that_is_called_for_is_chosen(factor: float, bias: tuple[float, ...], wanted: str) -> None:
    probabilities, levels = drawn(1500, factor, bias)
    assert best_recalibration(probabilities, levels, np.arange(1500) % 30).method == wanted


def test_a_bent_curve_calls_for_isotonic() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0.02, 0.98, 4000)
    truth = np.where(said < 0.5, 0.1, np.where(said < 0.8, 0.9, 0.95))
    levels = (rng.random(4000) < truth).astype(int)
    found = best_recalibration(np.column_stack([1 - said, said]), levels, np.arange(4000) % 40)
    assert found.method == "isotonic"
    assert found(np.array([[0.7, 0.3], [0.35, 0.65]]))[:, 1] == pytest.approx([0.1, 0.9], abs=0.05)


@pytest.mark.parametrize("size", [1, 19])
def test_too_few_cases_change_nothing(size: int) -> None:
    probabilities, levels = drawn(size, 3.0)
    assert best_recalibration(probabilities, levels, np.arange(size)).method == "none"


def test_what_suits_one_person_alone_changes_nothing() -> None:
    probabilities, levels = drawn(1000, 3.0)
    assert best_recalibration(probabilities, levels, np.zeros(1000)).method == "none"


def test_people_who_need_opposite_changes_get_none() -> None:
    bold, shy = drawn(300, 3.0), drawn(300, 0.3, seed=1)
    both = [np.concatenate(parts) for parts in zip(bold, shy)]
    assert best_recalibration(both[0], both[1], np.repeat([0, 1], 300)).method == "none"


def test_a_hundred_cases_are_not_bent() -> None:
    rng = np.random.default_rng(0)
    said = rng.uniform(0.02, 0.98, 100)
    levels = (said > 0.3).astype(int)
    assert best_recalibration(np.column_stack([1 - said, said]), levels, np.arange(100)).method != "isotonic"


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), size=st.integers(2, 40), method=st.sampled_from(list(METHODS)))
def test_probabilities_stay_probabilities(seed: int, size: int, method: str) -> None:
    probabilities, levels = drawn(size, 0.3, seed=seed)
    found = METHODS[method](probabilities, levels)(softmax(9 * np.random.default_rng(seed).standard_normal((30, 3))))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(30))


def test_a_level_without_any_probability_can_still_come() -> None:
    probabilities = np.tile([0.6, 0.0, 0.4], (100, 1))
    levels = np.array([0] * 60 + [1] * 10 + [2] * 30)
    for method in ("shifted", "isotonic"):
        assert METHODS[method](probabilities, levels)(probabilities)[0] == pytest.approx([0.6, 0.1, 0.3], abs=0.05)


def test_isotonic_keeps_the_order() -> None:
    probabilities, levels = drawn(300, 2.0)
    two = np.column_stack([1 - probabilities[:, 1], probabilities[:, 1]])
    found = fit_isotonic(two, (levels == 1).astype(int))(two)[:, 1]
    assert (np.diff(found[np.argsort(two[:, 1])]) >= -1e-9).all()


@pytest.mark.parametrize("method", list(METHODS))
def test_it_survives_json(method: str) -> None:
    fitted = METHODS[method](*drawn(50))
    assert Recalibration.from_dict(json.loads(json.dumps(asdict(fitted)))) == fitted


def test_log_losses_are_finite() -> None:
    assert log_losses(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([1, 0])) == pytest.approx(
        [13.8155, 0.6931], abs=1e-3
    )
