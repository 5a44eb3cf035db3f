"""Label sets: they hold the label of nine in ten segments of new people, and are never empty."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from empdetect.models.calibration import Answers
from empdetect.models.label_sets import fit_reach, improbability, label_sets
from empdetect.task import Target

Array = NDArray[np.float64]
BINARY = Target("happy", "binary")
NOMINAL = Target("emotion", "nominal", ("calm", "angry", "sad"))


def people(rng: np.random.Generator, count: int, each: int, levels: int) -> tuple[Array, NDArray[np.int_], Array]:
    """Probabilities that are right on average, while each person has a leaning of their own."""
    logits = rng.normal(size=(count, each, levels)) + 0.5 * rng.normal(size=(count, 1, levels))
    seen = logits + 0.5 * rng.normal(size=(count, 1, levels))
    chances = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    labels = (rng.random((count, each, 1)) > chances.cumsum(axis=2)[..., :-1]).sum(axis=2)
    said = np.exp(seen) / np.exp(seen).sum(axis=2, keepdims=True)
    return said.reshape(-1, levels), labels.ravel(), np.repeat(np.arange(count), each).astype(float)


@pytest.mark.parametrize("count", [4, 25])
@pytest.mark.parametrize("levels", [2, 6])
def test_sets_hold_the_label_of_new_people(count: int, levels: int) -> None:
    rng, held = np.random.default_rng(0), []
    for _ in range(60):
        reach = fit_reach(*people(rng, count, 30, levels))
        assert reach is not None
        said, labels, _ = people(rng, 20, 30, levels)
        held.append(label_sets(said, np.full(len(said), reach))[np.arange(len(labels)), labels].mean())
    assert 0.87 <= np.mean(held) <= 0.94


@given(st.integers(1, 30), st.integers(2, 5), st.floats(0, 1), st.integers(0, 9))
def test_the_likeliest_is_always_in_the_set_and_ignorance_takes_all(n: int, k: int, reach: float, seed: int) -> None:
    said = np.random.default_rng(seed).dirichlet(np.ones(k), n)
    sets = label_sets(said, np.full(n, reach))
    assert sets[np.arange(n), said.argmax(axis=1)].all()
    assert label_sets(said, np.ones(n)).all()
    assert (label_sets(said, np.zeros(n)).sum(axis=1) == 1).all()


def test_a_detector_that_is_nearly_always_right_has_sets_of_one_label() -> None:
    said = np.tile([0.9, 0.1], (100, 1))
    assert fit_reach(said, (np.arange(100) < 5).astype(int), np.arange(100)) == 0.0
    assert improbability(said)[0].tolist() == [0.0, 0.9]


def test_too_few_cases_give_no_sets() -> None:
    assert fit_reach(np.tile([0.9, 0.1], (5, 1)), np.zeros(5, int), np.arange(5)) is None
    ends = np.full((1, 1), np.nan)
    assert Answers(np.array([[0.6]]), ends, ends).labels(BINARY) is None


def test_doubt_takes_in_more_labels() -> None:
    said = np.array([[0.7, 0.2, 0.1]])
    answers = Answers(said, said, said, np.array([0.3]))
    assert answers.labels(NOMINAL) is not None
    wider = answers.widened(NOMINAL, np.array([0.75])).labels(NOMINAL)
    assert wider is not None and wider.tolist() == [[True, True, False]]
    strange = answers.widened(NOMINAL, np.array([1.0])).labels(NOMINAL)
    assert strange is not None and strange.all()
