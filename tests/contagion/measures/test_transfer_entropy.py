"""Transfer entropy against scikit-learn's mutual information, its bias, its delay and its direction."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mutual_info_score

from empdetect.contagion.measures.transfer_entropy import binned, transfer_entropy
from empdetect.errors import InputError


def follower(seed: int, samples: int = 3000, late: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """The second follows the square of the first: nothing a correlation could see."""
    x, own = np.random.default_rng(seed).normal(size=(2, samples))
    return x, np.roll(x, late) ** 2 + 0.5 * own


@pytest.mark.parametrize("bins", [2, 3, 4])
@pytest.mark.parametrize("lag", [1, 2, 5])
def test_golden_against_mutual_information(bins: int, lag: int) -> None:
    """``I(now; other | own) = I(now; other, own) - I(now; own)`` from scikit-learn, which corrects for nothing:
    Miller's terms, counted from the cells that occur, are added to it.
    """
    x, y = follower(0)
    found = transfer_entropy(x, y, 2.0, 3.0, bins)
    a, b = binned(x, bins), binned(y, bins)
    first = max(lag, 1)
    now, own, other = b[first:], b[first - 1 : -1], a[first - lag : len(a) - lag]
    plain = (mutual_info_score(now, own * bins + other) - mutual_info_score(now, own)) / np.log(2)
    cells = [len(np.unique(np.stack(part), axis=1).T) for part in ((now, own), (own,), (now, own, other), (own, other))]
    miller = (cells[0] - cells[1] - cells[2] + cells[3]) / (2 * len(now) * np.log(2))
    at = np.flatnonzero(np.isclose(found.lags, lag / 2))[0]
    np.testing.assert_allclose(found.values[at], plain + miller, atol=1e-9)


def test_the_greatest_value_is_at_the_delay_and_tells_the_direction() -> None:
    pairs = [follower(seed) for seed in range(10)]
    x, y = (np.stack(part) for part in zip(*pairs))
    found, swapped = transfer_entropy(x, y, 10.0, 1.0), transfer_entropy(y, x, 10.0, 1.0)
    np.testing.assert_allclose(found.lags[found.values.argmax(axis=-1)], 0.4)
    np.testing.assert_allclose(swapped.lags[swapped.values.argmax(axis=-1)], -0.4)
    np.testing.assert_allclose(swapped.values, found.values[:, ::-1], atol=1e-12)
    assert (found.net > 0.1).all()


def test_independent_signals_tell_nothing_of_each_other() -> None:
    x, y = np.random.default_rng(1).normal(size=(2, 200, 1000))
    found = transfer_entropy(x, y, 1.0, 3.0)
    assert abs(found.values.mean()) < 2e-4
    assert abs(found.net.mean()) < 1e-3


@given(st.integers(0, 300), st.floats(0.1, 9), st.floats(-9, 9))
def test_only_the_order_of_values_counts(seed: int, scale: float, shift: float) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 300)).round(2)
    np.testing.assert_array_equal(
        transfer_entropy(np.exp(x), scale * y + shift, 1.0, 2.0).values, transfer_entropy(x, y, 1.0, 2.0).values
    )


@given(st.integers(0, 300), st.integers(2, 5))
def test_bins_hold_equally_many(seed: int, bins: int) -> None:
    values = np.random.default_rng(seed).permutation(60).astype(float)
    assert np.bincount(binned(values, bins)).tolist() == [60 // bins] * bins
    lost = np.where(np.arange(60) % 3 == 0, np.nan, values)
    np.testing.assert_array_equal(binned(lost, bins) < 0, np.isnan(lost))


def test_gaps_are_left_out_and_too_little_is_nothing() -> None:
    x, y = follower(2)
    lost = np.where(np.random.default_rng(3).random(3000) < 0.4, np.nan, x)
    found, whole = transfer_entropy(lost, y, 10.0, 1.0), transfer_entropy(x, y, 10.0, 1.0)
    assert found.lags[found.values.argmax()] == 0.4
    assert found.values.max() == pytest.approx(whole.values.max(), rel=0.15)
    assert found.quality == pytest.approx(0.6, abs=0.03)
    assert np.isnan(transfer_entropy(x[:130], y[:130], 10.0, 1.0).values).all()


@pytest.mark.parametrize("settings", [{"bins": 1}, {"bins": 9}, {"max_lag": 0.0}, {"past": 99.0}])
def test_settings_out_of_range_are_refused(settings: dict[str, float]) -> None:
    x, y = follower(4, 100)
    with pytest.raises(InputError, match="'bins' must be 2 to 8"):
        transfer_entropy(x, y, 2.0, **{"max_lag": 3.0, **settings})
