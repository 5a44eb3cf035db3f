"""Series onto one grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.contagion.alignment import align, averaged
from empdetect.contagion.series import Series
from empdetect.errors import InputError


def wave(person: str, rate: float, start: float, seconds: float, hertz: float = 0.2) -> Series:
    times = start + np.arange(round(seconds * rate)) / rate
    return Series("wave", person, np.sin(2 * np.pi * hertz * times), rate, start)


def test_one_grid_for_all_rates() -> None:
    series = [wave("Ann", 100.0, 0.0, 60.0), wave("Bob", 25.0, 3.0, 60.0), wave("Cem", 4.0, 1.5, 50.0)]
    aligned = align(series)
    assert (aligned.rate, aligned.start) == (4.0, 3.0)
    assert aligned.end == pytest.approx(51.5)
    assert aligned.quality == 1.0
    times = aligned.start + np.arange(aligned.values.shape[1]) / aligned.rate
    np.testing.assert_allclose(aligned.values, np.tile(np.sin(0.4 * np.pi * times), (3, 1)), atol=0.02)


def test_a_series_on_the_grid_stays_as_it_is() -> None:
    series = wave("Ann", 29.97, 0.1, 600.0)
    np.testing.assert_array_equal(align([series, series]).values[0], series.values)


def test_what_is_cut_and_read_is_told() -> None:
    report = align([wave("Ann", 100.0, 0.0, 60.0), wave("Bob", 4.0, 3.0, 40.0)], rate=10.0).report()
    assert "100 Hz from 0 to 60 s, averaged to 10 Hz, 20.2 s outside" in report[0]
    assert "read in straight lines at 10 Hz, known at 100.0%" in report[1]
    assert report[2] == "All are known at 100.0% of the 398 moments from 3 to 42.8 s at 10 Hz."


def test_the_time_of_all_keeps_who_is_missing_as_gaps() -> None:
    aligned = align([wave("Ann", 4.0, 0.0, 10.0), wave("Bob", 4.0, 5.0, 10.0)], span="all")
    assert (aligned.start, aligned.end) == (0.0, 15.0)
    assert np.isnan(aligned.values[0, 40:]).all()
    assert np.isnan(aligned.values[1, :20]).all()
    assert aligned.quality == pytest.approx(1 / 3)
    assert aligned.parts[0].known == pytest.approx(2 / 3)


def test_gaps_are_kept() -> None:
    values = np.sin(np.arange(1000) / 20)
    values[300:400] = np.nan
    aligned = align([Series("wave", "Ann", values, 100.0), wave("Bob", 10.0, 0.0, 10.0)])
    lost = np.flatnonzero(np.isnan(aligned.values[0]))
    np.testing.assert_array_equal(lost, np.arange(30, 40))


def test_single_losses_do_not_hurt_an_average() -> None:
    values = np.sin(np.arange(1000) / 200)
    spoilt = np.where(np.random.default_rng(0).random(1000) < 0.4, np.nan, values)
    aligned = align([Series("wave", "Ann", spoilt, 100.0)], rate=5.0)
    known = np.isfinite(aligned.values[0])
    assert known.mean() > 0.85
    np.testing.assert_allclose(aligned.values[0][known], values[:981:20][known], atol=0.02)


def test_fast_noise_does_not_fold_into_the_slow_grid() -> None:
    times = np.arange(6000) / 100
    hum = Series("hum", "Ann", np.sin(2 * np.pi * 10.1 * times), 100.0)
    inner = align([hum], rate=10.0).values[0, 2:-2]
    assert np.abs(inner).max() < 0.03


def test_people_who_never_meet_are_refused() -> None:
    with pytest.raises(InputError, match=r"share less than two samples.*Ann 0 to 10 s; wave of Bob 20"):
        align([wave("Ann", 4.0, 0.0, 10.0), wave("Bob", 4.0, 20.0, 10.0)])
    with pytest.raises(InputError, match="at least one"):
        align([])
    with pytest.raises(InputError, match="above 0 Hz"):
        align([wave("Ann", 4.0, 0.0, 10.0)], rate=-1.0)


@given(st.integers(0, 1000), st.floats(1.0, 12.0), st.floats(-5, 5), st.floats(0.1, 10))
def test_averaging_is_linear_and_knows_where_it_ends(seed: int, ratio: float, shift: float, scale: float) -> None:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=200)
    values[generator.random(200) < 0.3] = np.nan
    np.testing.assert_allclose(
        averaged(scale * values + shift, ratio), scale * averaged(values, ratio) + shift, atol=1e-9
    )
    steady = averaged(np.where(np.isnan(values), np.nan, 2.5), ratio)
    np.testing.assert_allclose(steady[np.isfinite(steady)], 2.5, atol=1e-12)


def test_a_trend_is_not_cut_short_at_the_ends_and_beside_a_gap() -> None:
    values = np.arange(400.0)
    values[100:150] = np.nan
    found = averaged(values, 20.0)
    known = np.isfinite(found)
    assert known[:100].all()
    np.testing.assert_allclose(found[known], np.arange(400.0)[known], atol=1e-9)
