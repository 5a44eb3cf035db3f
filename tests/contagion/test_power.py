"""How long to record: plans that simulation bears out; false discovery; scales; windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from empdetect.contagion.false_discovery import false_discovery, window_tests
from empdetect.contagion.power import recording_table, seconds_needed, simulated_power
from empdetect.contagion.scales import ACTIVITIES, DEGREES, SLOPES, against_cohort, scale_correlations
from empdetect.contagion.surrogates import phase_randomised
from empdetect.errors import InputError


def test_less_coupling_needs_more_time() -> None:
    table = recording_table((0.1, 0.3, 0.5), (0.5, 5.0))
    for rate in (0.5, 5.0):
        assert table[0.1][rate] > table[0.3][rate] > table[0.5][rate]
    assert table[0.1][0.5] > table[0.1][5.0]
    assert seconds_needed(0.3, 1.0, 1.0, 0.99, whiten=False) > 10 * seconds_needed(0.3, 1.0, 1.0, 0.5, whiten=False)


def test_a_planned_length_is_about_right() -> None:
    seconds = seconds_needed(0.4, 1.0, 2.0, count=99)
    planned = simulated_power(0.4, 1.0, seconds, 2.0, dyads=80, count=99)
    assert 0.75 <= planned.found <= 1.0
    assert simulated_power(0.4, 1.0, seconds / 4, 2.0, max_lag=1.5, dyads=80, count=99).found < 0.6


def test_power_of_ten_minutes() -> None:
    for lag in (0.0, 3.0):
        found = simulated_power(0.3, lag, 600.0, 10.0, 0.9, 5.0, dyads=6, count=49)
        assert (found.found, found.lag_error, found.direction, found.refused) == (1.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize("wrong", [{"r": 0.0}, {"r": 1.0}, {"lag": 9.0}, {"autocorrelation": 1.0}, {"rate": 0.0}])
def test_plans_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="Planning a recording"):
        seconds_needed(**{"r": 0.3, "lag": 1.0, "rate": 5.0, **wrong})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_false_discovery_is_statsmodels(p: list[float]) -> None:
    np.testing.assert_allclose(false_discovery(p), multipletests(p, method="fdr_by")[1], atol=1e-9)
    np.testing.assert_allclose(false_discovery(p, "bh"), multipletests(p, method="fdr_bh")[1], atol=1e-9)


def test_tests_that_were_not_made_do_not_count() -> None:
    p = np.array([[0.01, np.nan], [0.04, 0.5]])
    found = false_discovery(p, "bh")
    assert np.isnan(found[0, 1])
    np.testing.assert_allclose(found[np.isfinite(p)], false_discovery([0.01, 0.04, 0.5], "bh"))
    assert np.isnan(false_discovery([np.nan])).all()


def test_the_coupled_windows_are_found() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3000))
    y[1010:1610] = x[1000:1600]
    found = window_tests(x, y, phase_randomised(y, 99, rng), 10.0, 3.0, 20.0)
    coupled = (found.starts >= 100) & (found.starts + 20 <= 160)
    assert found.found[coupled].all()
    np.testing.assert_allclose(found.peaks.lags[coupled], 1.0)
    away = (found.starts + 20 < 97) | (found.starts > 163)
    assert not found.found[away].any()


def test_scales_tell_partners_from_a_cohort() -> None:
    rng = np.random.default_rng(1)
    men = rng.normal(size=(8, 300)).cumsum(axis=-1)
    women = men + 2 * rng.normal(size=(8, 300)).cumsum(axis=-1)
    women[0, 5:9] = np.nan
    table = scale_correlations(men[:, None], women[None], 0.5)
    assert table.shape == (8, 8, len(DEGREES) + len(SLOPES) + len(ACTIVITIES))
    assert np.isfinite(table).all()
    scores = np.array([[against_cohort(table[i, j], table[i, 4:], table[4:, j]) for j in range(4)] for i in range(4)])
    assert np.diag(scores).mean() > scores[~np.eye(4, dtype=bool)].mean() + 0.5
