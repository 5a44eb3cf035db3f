"""Series: what is checked at the door."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.contagion.series import Series, unusable, varying
from empdetect.errors import InputError

WAVE = np.sin(np.arange(40) / 3)


def test_a_series_knows_its_times_and_its_quality() -> None:
    values = np.where(np.arange(40) % 4 == 0, np.nan, WAVE)
    series = Series("EDA", "Ann", values, rate=4.0, start=2.0)
    assert series.quality == 0.75
    assert series.end == 12.0
    np.testing.assert_allclose(series.times[:3], [2.0, 2.25, 2.5])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros(0), "no samples"),
        (np.array([1.0]), "one of its 1 samples"),
        (np.array([np.nan, 2.0, np.nan]), "one of its 3 samples"),
        (np.full(9, np.nan), "none of its 9 samples"),
        (np.full(9, 0.1) * 3, "all known samples are 0.3"),
        (np.array([1.0, np.nan, 1.0]), "all known samples are 1"),
        (np.zeros((4, 2)), "shape"),
        (np.array([1.0, np.inf, 2.0]), "1 values are infinite"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(values: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=f"'EDA' of Ann.*{said}"):
        Series("EDA", "Ann", values, rate=4.0)


@pytest.mark.parametrize("rate", [0.0, -4.0, float("nan"), float("inf")])
def test_the_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(InputError, match="rate above 0 Hz"):
        Series("EDA", "Ann", WAVE, rate=rate)


def test_rounding_is_no_signal() -> None:
    assert "all known samples" in unusable(1e6 + np.tile([0.0, 1e-10], 5))
    assert not unusable(np.tile([0.0, 1e-10], 5))


def test_left_out_rows_become_gaps() -> None:
    times = np.delete(np.arange(40) / 25, [7, 8, 20])
    series = Series.at("smile", "Ann", times, np.delete(WAVE, [7, 8, 20]))
    assert series.rate == pytest.approx(25)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(series.values)), [7, 8, 20])
    np.testing.assert_array_equal(np.delete(series.values, [7, 8, 20]), np.delete(WAVE, [7, 8, 20]))


def test_rounded_time_stamps_are_steady() -> None:
    series = Series.at(
        "smile", "Ann", np.round(np.arange(30_000) / 30, 3), np.random.default_rng(0).normal(size=30_000)
    )
    assert series.rate == pytest.approx(30, rel=1e-6)
    assert series.quality == 1.0


def test_rows_without_a_time_are_left_out() -> None:
    times = np.arange(40) / 10
    times[5] = np.nan
    assert np.isnan(Series.at("smile", "Ann", times, WAVE).values[5])


@pytest.mark.parametrize("swap", [slice(None, None, -1), [0, 2, 1, 3], [0, 1, 1, 2]])
def test_time_does_not_stand_still_or_run_backwards(swap: object) -> None:
    with pytest.raises(InputError, match="times must grow"):
        Series.at("smile", "Ann", np.arange(40.0)[swap], WAVE[swap])


def test_unsteady_times_need_a_rate() -> None:
    times = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.5, 40))
    with pytest.raises(InputError, match="give the rate"):
        Series.at("valence", "Ann", times, WAVE)
    series = Series.at("valence", "Ann", times, WAVE, rate=4.0)
    assert series.rate == 4.0
    assert np.isfinite(series.values).sum() == 40


def test_a_wrong_time_does_not_fill_the_memory() -> None:
    with pytest.raises(InputError, match="look for a wrong time"):
        Series.at("smile", "Ann", [0.0, 0.04, 0.08, 1.7e9], [1.0, 2.0, 3.0, 4.0])


def test_values_and_times_are_as_many() -> None:
    with pytest.raises(InputError, match="one time a value"):
        Series.at("smile", "Ann", np.arange(3.0), WAVE)
    with pytest.raises(InputError, match="two samples with times"):
        Series.at("smile", "Ann", [1.0], [2.0])


def test_a_cut_keeps_the_clock() -> None:
    series = Series("EDA", "Ann", WAVE, rate=4.0, start=2.0)
    part = series.cut(3.0, 5.0)
    assert (part.start, part.end) == (3.0, 5.0)
    np.testing.assert_array_equal(part.values, WAVE[4:12])
    with pytest.raises(InputError, match="nothing of it lies"):
        series.cut(20.0, 30.0)


def test_a_score_holds_for_its_utterance() -> None:
    series = Series.over("valence", "Ann", [1.0, 2.0, 4.0], [1.5, 4.5, 5.0], [0.2, 0.8, -1.0], rate=2.0)
    assert series.start == 1.0
    np.testing.assert_array_equal(series.values, [0.2, np.nan, 0.8, 0.8, 0.8, 0.8, -1.0, -1.0])


@pytest.mark.parametrize(
    ("starts", "ends", "rate", "said"),
    [
        ([2.0, 1.0], [3.0, 4.0], 2.0, "in the order"),
        ([1.0, 2.0], [0.5, 4.0], 2.0, "end after them"),
        ([1.0, 2.0], [1.5, 4.0], 0.0, "cannot be sampled"),
        ([], [], 2.0, "some stretches are needed"),
    ],
)
def test_stretches_have_an_order(starts: list[float], ends: list[float], rate: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Series.over("valence", "Ann", starts, ends, np.arange(float(len(starts))), rate)


@given(st.integers(2, 60), st.integers(0, 10_000))
def test_the_array_check_agrees_with_the_door(length: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.choice([np.nan, 0.0, 1.0, 0.1 + 0.2], size=(6, length))
    np.testing.assert_array_equal(varying(values), [not unusable(row) for row in values])
