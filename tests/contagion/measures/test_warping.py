"""Dynamic time warping against dtw-python, and what it does with lags and gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.contagion.gaps import standardised
from empdetect.contagion.measures.warping import dynamic_time_warping
from empdetect.errors import InputError

dtw = pytest.importorskip("dtw")


@pytest.mark.parametrize("window", [0, 3, 10, 50, 119])
@pytest.mark.parametrize("seed", range(3))
def test_golden_against_dtw_python(window: int, seed: int) -> None:
    """Distances, normalised distances and lags of the path agree. (The path itself is unique here: costs are reals.)"""
    x, y = np.random.default_rng(seed).normal(size=(2, 120)).cumsum(axis=1)
    wanted = dtw.dtw(
        x, y, step_pattern="symmetric2", window_type="sakoechiba", window_args={"window_size": window}
    )  # fmt: skip
    found = dynamic_time_warping(x, y, 4.0, window / 4, lags=True, standardise=False)
    np.testing.assert_allclose(found.distance, wanted.distance, rtol=1e-9)
    np.testing.assert_allclose(found.values, wanted.normalizedDistance, rtol=1e-9)
    lags = [np.mean(wanted.index2[wanted.index1 == row] - row) / 4 for row in range(120)]
    np.testing.assert_allclose(found.lags, lags, atol=1e-9)


def test_golden_of_many_pairs_at_once() -> None:
    x = np.random.default_rng(1).normal(size=80)
    y = np.random.default_rng(2).normal(size=(5, 2, 80))
    found = dynamic_time_warping(x, y, 1.0, 8.0)
    assert found.values.shape == (5, 2)
    one, other = standardised(x), standardised(y)
    settings = {"window_type": "sakoechiba", "window_args": {"window_size": 8}, "distance_only": True}
    wanted = [[dtw.dtw(one, row, **settings).normalizedDistance for row in rows] for rows in other]
    np.testing.assert_allclose(found.values, wanted, rtol=1e-9)


def test_who_follows_has_a_positive_lag() -> None:
    x = np.sin(np.arange(600) / 10) + np.sin(np.arange(600) / 7)
    late = np.roll(x, 12)
    found = dynamic_time_warping(np.stack([x, late]), np.stack([late, x]), 10.0, 3.0, lags=True)
    np.testing.assert_allclose(np.median(found.lags, axis=1), [1.2, -1.2], atol=0.051)


@given(st.integers(0, 300), st.floats(0.1, 9), st.floats(-9, 9), st.integers(0, 30))
def test_it_is_symmetric_and_units_do_not_count(seed: int, scale: float, shift: float, window: int) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 40))
    found = dynamic_time_warping(x, y, 1.0, window).values
    np.testing.assert_allclose(dynamic_time_warping(y, scale * x + shift, 1.0, window).values, found, atol=1e-9)
    assert dynamic_time_warping(x, y, 1.0, window + 3).values <= found + 1e-12
    np.testing.assert_allclose(dynamic_time_warping(x, 2 * x, 1.0, window).values, 0, atol=1e-9)


def test_a_gap_is_neither_alike_nor_unlike() -> None:
    """Losing samples brings the distance of twins up and that of strangers towards no other value."""
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=(2, 30, 400)).cumsum(axis=-1)
    lost = np.where(generator.random(x.shape) < 0.4, np.nan, x)
    twins, strangers = dynamic_time_warping(lost, x, 1.0, 10.0), dynamic_time_warping(lost, y, 1.0, 10.0)
    whole = dynamic_time_warping(x, y, 1.0, 10.0)
    np.testing.assert_allclose(twins.quality, np.isfinite(lost).mean(axis=-1))
    assert (twins.values > 0.2).all()
    assert (twins.values < strangers.values).mean() > 0.8
    assert abs(np.mean(strangers.values) / np.mean(whole.values) - 1) < 0.35


def test_the_window_is_in_seconds() -> None:
    with pytest.raises(InputError, match="0 or more seconds, got -1"):
        dynamic_time_warping(np.arange(5.0), np.arange(5.0), 1.0, -1.0)
