"""Groups as networks: ties, strengths against networkx, and who has none."""

import networkx
import numpy as np
import pytest

from empdetect.contagion.measures.coherence import coherence
from empdetect.contagion.measures.concordance import concordance
from empdetect.contagion.measures.granger import granger
from empdetect.contagion.measures.network import network
from empdetect.errors import InputError


def test_ties_are_those_of_the_pairs() -> None:
    values = np.random.default_rng(0).normal(size=(7, 4, 200)) + np.random.default_rng(1).normal(size=(7, 1, 200))
    found = network(values, 2.0, lambda x, y: concordance(x, y, 2.0).values)
    assert found.ties.shape == (7, 4, 4)
    np.testing.assert_array_equal(found.ties[:, 1, 3], concordance(values[:, 1], values[:, 3], 2.0).values)
    np.testing.assert_array_equal(found.ties, np.swapaxes(found.ties, 1, 2))
    np.testing.assert_allclose(found.values, np.nanmean(found.ties, axis=(1, 2)))
    np.testing.assert_allclose(found.leading, found.following)


def test_golden_against_networkx() -> None:
    """Strength there is a sum over ties; here it is divided by their number, so that groups of other sizes compare."""
    values = np.random.default_rng(5).normal(size=(5, 300))
    found = network(values, 1.0, lambda x, y: granger(x, y, 1.0, 3.0).values[..., 0], directed=True)
    graph = networkx.from_numpy_array(np.nan_to_num(found.ties), create_using=networkx.DiGraph)
    for person in range(5):
        assert graph.out_degree(person, weight="weight") / 4 == pytest.approx(found.leading[person], abs=1e-9)
        assert graph.in_degree(person, weight="weight") / 4 == pytest.approx(found.following[person], abs=1e-9)
    assert graph.size(weight="weight") / 20 == pytest.approx(found.values, abs=1e-9)


def test_the_one_whom_all_follow_leads() -> None:
    values = np.random.default_rng(2).normal(size=(4, 1000))
    for person in (0, 1, 3):
        values[person] = 0.5 * values[person] + np.roll(values[2], person + 1)
    found = network(values, 1.0, lambda x, y: granger(x, y, 1.0, 5.0).values[..., 0], directed=True)
    assert found.leading.argmax() == 2
    assert found.following.argmin() == 2


def test_who_has_no_signal_has_no_ties() -> None:
    values = np.random.default_rng(3).normal(size=(4, 300))
    values[1] = 2.0
    found = network(values, 1.0, lambda x, y: concordance(x, y, 1.0).values)
    assert np.isnan(found.ties[1]).all()
    assert np.isnan(found.leading[1])
    assert found.quality == 0.5
    assert np.isfinite(found.values)


def test_a_measure_gives_one_number_a_pair() -> None:
    values = np.random.default_rng(4).normal(size=(3, 300))
    with pytest.raises(InputError, match="one number a pair"):
        network(values, 1.0, lambda x, y: coherence(x, y, 1.0, 20.0).values)
