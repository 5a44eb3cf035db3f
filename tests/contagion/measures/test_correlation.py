"""Correlation and prewhitening: golden values of scipy, statsmodels and the plain definition; p that know of memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, stats
from statsmodels.regression.linear_model import burg
from statsmodels.tsa.stattools import acf

from empdetect.contagion.measures.autoregression import autocorrelation, prewhiten
from empdetect.contagion.measures.correlation import correlation, effective_samples, pearson
from empdetect.contagion.measures.detrending import detrend
from empdetect.contagion.signals import autoregressive
from empdetect.errors import InputError


def people(memory: float, pairs: int, samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Independent people ``(pair, time)``."""
    drawn = autoregressive(np.random.default_rng(seed), np.full(pairs, memory), 2, samples)
    return drawn[:, 0], drawn[:, 1]


def test_detrending_is_scipys() -> None:
    x = np.random.default_rng(0).normal(size=(3, 200)).cumsum(axis=-1)
    np.testing.assert_allclose(detrend(x), signal.detrend(x), atol=1e-9)
    np.testing.assert_allclose(detrend(x, 0), x - x.mean(axis=-1, keepdims=True), atol=1e-9)


def test_detrending_with_gaps_is_least_squares_over_what_is_known() -> None:
    x = np.random.default_rng(1).normal(size=100) + 0.3 * np.arange(100)
    x[20:50] = np.nan
    known = np.isfinite(x)
    line = np.polyval(np.polyfit(np.flatnonzero(known), x[known], 1), np.arange(100))
    np.testing.assert_allclose(detrend(x)[known], (x - line)[known], atol=1e-9)
    assert np.isnan(detrend(x)[~known]).all()
    assert np.isnan(detrend(np.where(np.arange(100) < 2, 1.0, np.nan))).all()
    with pytest.raises(InputError, match="'degree' must be 0 or more"):
        detrend(x, -1)


def test_prewhitening_is_statsmodels_burg() -> None:
    x, _ = people(0.8, 1, 500)
    x = detrend(x[0])
    found = prewhiten(x, 6)
    order = int(found.order)
    assert order >= 1
    weights, _ = burg(x, order, demean=False)
    past = sum(weights[k] * x[6 - k - 1 : len(x) - k - 1] for k in range(order))
    np.testing.assert_allclose(found.values, x[6:] - past, atol=1e-9)


def test_what_is_white_has_no_memory_left() -> None:
    x, _ = people(0.95, 20, 1000)
    left = prewhiten(detrend(x)).values
    assert np.abs(autocorrelation(left, 1)[:, 1]).max() < 0.1
    assert (autocorrelation(detrend(x), 1)[:, 1] > 0.8).all()
    with pytest.raises(InputError, match="'max_order'"):
        prewhiten(x, 1000)


def test_gaps_stay_gaps_and_cost_their_order() -> None:
    x, _ = people(0.9, 1, 400)
    x[0, 100:110] = np.nan
    found = prewhiten(detrend(x), 3)
    lost = np.isnan(found.values[0])
    assert lost[97:107].all()
    assert lost.sum() == 10 + int(found.order[0])


def test_autocorrelation_is_statsmodels() -> None:
    x, _ = people(0.7, 1, 300)
    x = detrend(x[0], 0)
    np.testing.assert_allclose(autocorrelation(x, 20), acf(x, nlags=20, fft=False), atol=1e-9)


def test_r_is_numpys_with_gaps_too() -> None:
    x, y = people(0.5, 4, 100)
    y[2, 10:40] = np.nan
    r, samples = pearson(x, y)
    for row in range(4):
        known = np.isfinite(y[row])
        assert r[row] == pytest.approx(np.corrcoef(x[row, known], y[row, known])[0, 1], abs=1e-9)
        assert samples[row] == known.sum()


def test_of_white_signals_p_is_scipys() -> None:
    x, y = people(0.0, 1, 400)
    found = correlation(x[0], y[0], 10.0, degree=0)
    # All samples count but for what chance puts into the autocorrelations.
    assert found.effective == pytest.approx(400, rel=0.25)
    assert float(found.p) == pytest.approx(stats.pearsonr(x[0], y[0]).pvalue, abs=0.05)


def test_effective_samples_follow_bartlett() -> None:
    x, y = people(0.9, 200, 4000)
    expected = 4000 * (1 - 0.81) / (1 + 0.81)
    assert np.median(effective_samples(x, y)) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("whiten", [False, True])
def test_memory_makes_no_false_positives(whiten: bool) -> None:
    x, y = people(0.9, 600, 1200)
    plain = np.array([stats.pearsonr(one, other).pvalue for one, other in zip(x[:200], y[:200])])
    assert (plain <= 0.05).mean() > 0.3
    assert (correlation(x, y, 2.0, whiten=whiten).p <= 0.05).mean() < 0.085


def test_too_slow_gives_no_p() -> None:
    x, y = people(0.99, 20, 600)
    found = correlation(x, y, 1.0)
    assert np.isnan(found.p).all()
    assert np.isfinite(found.values).all()
    assert np.isfinite(correlation(x, y, 1.0, whiten=True).p).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 200), st.floats(-5, 5), st.floats(0.1, 10), st.integers(0, 1000))
def test_neither_level_nor_slope_nor_unit_counts(samples: int, slope: float, unit: float, seed: int) -> None:
    x, y = people(0.3, 1, samples, seed)
    moved = unit * x[0] + slope * np.arange(samples) + 100
    plain, other = correlation(x[0], y[0], 1.0), correlation(moved, y[0], 1.0)
    assert float(plain.values) == pytest.approx(float(other.values), abs=1e-6)
    assert -1 <= float(plain.values) <= 1
