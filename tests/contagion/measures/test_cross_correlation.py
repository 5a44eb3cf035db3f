"""Cross-correlation: golden values of the plain definition and of multiSyncPy, lags, gaps, peaks, errors."""

import numpy as np
import pytest
from multiSyncPy.synchrony_metrics import apply_windowed
from statsmodels.tsa.stattools import ccf

from empdetect.contagion.measures.cross_correlation import (
    cross_correlation,
    highest_peak,
    pick_peaks,
    windowed_cross_correlation,
)
from empdetect.errors import InputError

RATE = 10.0


def people(samples: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two people; the second far from 0, the first one drifting."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=samples).cumsum(), rng.normal(size=samples) + 50


def with_gaps(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x, y = x.copy(), y.copy()
    x[40:60], y[100:130] = np.nan, np.nan
    return x, y


def definition(one: np.ndarray, other: np.ndarray) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[known], other[known])[0, 1])


@pytest.mark.parametrize("gaps", [False, True])
def test_each_lag_is_the_correlation_of_what_overlaps(gaps: bool) -> None:
    x, y = with_gaps(*people()) if gaps else people()
    found = cross_correlation(x, y, RATE, 2.0)
    expected = [
        definition(x[: len(x) - lag], y[lag:]) if lag >= 0 else definition(x[-lag:], y[:lag]) for lag in range(-20, 21)
    ]
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    np.testing.assert_allclose(found.lags, np.arange(-20, 21) / RATE)
    assert found.samples[20] == (np.isfinite(x) & np.isfinite(y)).sum()


@pytest.mark.parametrize("gaps", [False, True])
def test_each_window_is_the_definition(gaps: bool) -> None:
    x, y = with_gaps(*people()) if gaps else people()
    found = windowed_cross_correlation(x, y, RATE, 1.0, 4.0, 1.5)
    assert found.starts[0] == 1.0
    for row, start in enumerate(np.rint(found.starts * RATE).astype(int)):
        for column, lag in enumerate(range(-10, 11)):
            one, other = x[start : start + 40], y[start + lag : start + lag + 40]
            if (np.isfinite(one) & np.isfinite(other)).sum() >= 24:
                assert found.values[row, column] == pytest.approx(definition(one, other), abs=1e-8)
            else:
                assert np.isnan(found.values[row, column])


def test_windows_at_lag_0_are_multisyncpys() -> None:
    x, y = people()
    found = windowed_cross_correlation(x, y, RATE, 0.0, 5.0, 2.5)
    theirs = apply_windowed(np.stack([x, y]), lambda part: np.corrcoef(part)[0, 1], 50, 25)
    np.testing.assert_allclose(found.values[:, 0], theirs, atol=1e-9)


def test_golden_against_statsmodels() -> None:
    """statsmodels takes one mean and one spread for all lags, and divides by the whole length: equal at lag 0, and at
    others if it is given the parts that overlap.
    """
    x, y = np.random.default_rng(6).normal(size=(2, 200)).cumsum(axis=1)
    found = cross_correlation(x, y, 1.0, 20.0)
    assert found.values[20] == pytest.approx(ccf(y, x, adjusted=False)[0], abs=1e-9)
    for lag in (3, 17):
        assert found.values[20 + lag] == pytest.approx(ccf(y[lag:], x[:-lag], adjusted=False)[0], abs=1e-9)
    assert abs(found.values[37] - ccf(y, x, adjusted=False)[17]) > 1e-3


def test_positive_lag_means_that_the_second_follows() -> None:
    x = np.random.default_rng(0).normal(size=600)
    y = np.concatenate([np.zeros(12), x[:-12]])
    for one, other, lag in ((x, y, 1.2), (y, x, -1.2)):
        peak = highest_peak(cross_correlation(one, other, RATE, 3.0).values, np.arange(-30, 31) / RATE)
        assert peak.lags == pytest.approx(lag)
        windows = windowed_cross_correlation(one, other, RATE, 4.0, 10.0)
        np.testing.assert_allclose(highest_peak(windows.values, windows.lags).lags, lag)
        picked = pick_peaks(windows.values, windows.lags, 2.0)
        assert np.median(picked.lags) == pytest.approx(lag)
        np.testing.assert_allclose(np.median(picked.values), 1.0, atol=1e-6)


def test_many_at_once_are_each_alone() -> None:
    x, _ = people()
    y = np.stack([people(seed=seed)[1] for seed in range(6)]).reshape(2, 3, -1)
    found, windows = cross_correlation(x, y, RATE, 1.0), windowed_cross_correlation(x, y, RATE, 1.0, 5.0)
    assert windows.values.shape == (2, 3, len(windows.starts), 21)
    for place in np.ndindex(2, 3):
        np.testing.assert_allclose(found.values[place], cross_correlation(x, y[place], RATE, 1.0).values, atol=1e-12)
        alone = windowed_cross_correlation(x, y[place], RATE, 1.0, 5.0).values
        np.testing.assert_allclose(windows.values[place], alone, atol=1e-12)


def test_a_stretch_that_does_not_move_has_no_correlation() -> None:
    x, y = people()
    y[100:200] = y[100]
    found = windowed_cross_correlation(x, y, RATE, 0.5, 4.0)
    inside = (found.starts >= 10.5) & (found.starts + 4.0 <= 19.5)
    assert inside.any()
    assert np.isnan(found.values[inside]).all()
    assert np.isfinite(found.values[found.starts < 5]).all()


def test_without_a_peak_there_is_no_lag() -> None:
    lags = np.arange(-10, 11) / RATE
    rising, bump = lags.copy(), np.exp(-((lags - 0.3) ** 2) / 0.02)
    peaks = pick_peaks(np.stack([rising, bump, np.full(21, np.nan)]), lags, 0.2)
    np.testing.assert_allclose(peaks.lags, [np.nan, 0.3, np.nan])
    highest = highest_peak(np.stack([rising, -bump, np.full(21, np.nan)]), lags)
    np.testing.assert_allclose(highest.lags, [-1.0, 0.3, np.nan])
    np.testing.assert_allclose(highest.values, [-1.0, -1.0, np.nan])
    assert highest_peak(-bump, lags, absolute=False).values == pytest.approx(0.0, abs=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    x, y = people()
    with pytest.raises(InputError, match="allowed is 0 to"):
        cross_correlation(x, y, RATE, 40.0)
    with pytest.raises(InputError, match="allowed is 0 to"):
        cross_correlation(x, y, RATE, -1.0)
    with pytest.raises(InputError, match="must fit into 30 s"):
        windowed_cross_correlation(x, y, RATE, 5.0, 25.0)
    with pytest.raises(InputError, match="one length"):
        cross_correlation(x, y[:-1], RATE, 1.0)
