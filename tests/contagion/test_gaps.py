"""Arrays with gaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.contagion.gaps import group, interpolated, known_share, mean, near_gaps, pair, standardised
from empdetect.errors import InputError


def holey(seed: int, shape: tuple[int, ...] = (3, 50), share: float = 0.4) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=shape)
    values[generator.random(shape) < share] = np.nan
    return values


def test_people_broadcast_against_surrogates() -> None:
    x, y = pair(holey(0, (50,)), holey(1, (200, 50)), 4.0, "Comparing")
    assert x.shape == y.shape == (200, 50)


@pytest.mark.parametrize(
    ("x", "y", "rate", "said"),
    [
        (np.arange(5.0), np.arange(6.0), 1.0, "of one length"),
        (np.arange(1.0), np.arange(1.0), 1.0, "two samples"),
        (np.array(1.0), np.array(1.0), 1.0, "two samples"),
        (np.arange(5.0), np.arange(5.0), 0.0, "above 0 Hz"),
        (np.zeros((2, 5)), np.zeros((3, 5)), 1.0, "must broadcast"),
    ],
)
def test_what_does_not_belong_together_is_refused(x: np.ndarray, y: np.ndarray, rate: float, said: str) -> None:
    with pytest.raises(InputError, match=f"^Comparing: .*{said}"):
        pair(x, y, rate, "Comparing")


def test_a_group_has_people_and_time() -> None:
    assert np.isnan(group([[1.0, 2.0], [3.0, 3.0]], 1.0, "Comparing")[1]).all()
    with pytest.raises(InputError, match="two people"):
        group([[1.0, 2.0]], 1.0, "Comparing")


def test_signals_that_do_not_vary_are_masked() -> None:
    flat, lost = np.ones(9), np.full(9, np.nan)
    wave = np.sin(np.arange(9.0))
    endless = np.where(np.arange(9) == 3, np.inf, wave)
    x, _ = pair(np.stack([flat, lost, wave, endless]), wave, 1.0, "Comparing")
    np.testing.assert_array_equal(np.isnan(x).all(axis=-1), [True, True, False, True])


@given(st.integers(0, 1000))
def test_standardised_signals_have_mean_0_and_spread_1(seed: int) -> None:
    values = holey(seed)
    z = standardised(3 - 7 * values)
    np.testing.assert_allclose(np.nanmean(z, axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(np.nanstd(z, axis=-1), 1, atol=1e-12)
    np.testing.assert_array_equal(np.isnan(z), np.isnan(values))
    np.testing.assert_allclose(mean(values), np.nanmean(values, axis=-1), atol=1e-12)
    np.testing.assert_allclose(known_share(values), np.isfinite(values).mean(axis=-1))


@given(st.integers(0, 1000))
def test_gaps_are_filled_as_numpy_does_it(seed: int) -> None:
    values = holey(seed)
    place = np.arange(50)
    wanted = [np.interp(place, place[np.isfinite(row)], row[np.isfinite(row)]) for row in values]
    np.testing.assert_allclose(interpolated(values), wanted, atol=1e-12)


def test_where_nothing_is_known_nothing_is_filled() -> None:
    assert np.isnan(interpolated(np.full((2, 5), np.nan))).all()
    assert np.isnan(mean(np.full(5, np.nan)))


@given(st.integers(0, 1000), st.integers(0, 60))
def test_samples_near_gaps_are_those_that_a_filter_reaches(seed: int, reach: int) -> None:
    values = holey(seed, share=0.05)
    lost = np.isnan(values)
    wanted = [[row[max(0, t - reach) : t + reach + 1].any() for t in range(50)] for row in lost]
    np.testing.assert_array_equal(near_gaps(values, reach), wanted)
