"""Event-locked mimicry: cutting, baselines, and the test over observers."""

import numpy as np
import pytest
from scipy import stats

from empdetect.contagion.measures.mimicry import (
    Trials,
    contrast,
    observer_test,
    responses,
    time_course,
    trials,
    window_means,
    within_observer,
)
from empdetect.errors import InputError


def test_trials_are_cut_around_the_onsets() -> None:
    found = trials(np.arange(100.0), 10.0, [4.0, 6.02, 9.9], before=0.2, after=0.3, start=2.0)
    np.testing.assert_allclose(found.times, [-0.2, -0.1, 0.0, 0.1, 0.2])
    np.testing.assert_array_equal(found.values[0], [18, 19, 20, 21, 22])
    np.testing.assert_array_equal(found.values[1], [38, 39, 40, 41, 42])


def test_beyond_the_recording_nothing_is_known() -> None:
    found = trials(np.arange(10.0), 1.0, [0.0, 9.0, 50.0], before=1.0, after=2.0)
    np.testing.assert_array_equal(found.values, [[np.nan, 0, 1], [8, 9, np.nan], [np.nan] * 3])


@pytest.mark.parametrize("events", [[], [99.0], [-5.0]])
def test_events_on_another_clock_are_refused(events: list[float]) -> None:
    with pytest.raises(InputError, match="one clock"):
        trials(np.arange(10.0), 1.0, events, 1.0, 2.0)


def test_responses_are_changes_from_the_own_baseline() -> None:
    found = trials(np.exp([1.0, 3.0, 5.0, 6.0, 1.0, 1.0, 2.0, 0.0]), 1.0, [2.0, 6.0], before=2.0, after=2.0)
    np.testing.assert_allclose(responses(found, 2.0, "log").values, [[-1, 1, 3, 4], [0, 0, 1, -1]])
    plain = responses(found, 1.0).values
    np.testing.assert_allclose(plain[:, 1], 0)
    np.testing.assert_allclose(plain[:, 2], np.exp([5, 2]) - np.exp([3, 1]))
    with pytest.raises(InputError, match="nothing of the 2 s before"):
        responses(Trials(found.values[:, 2:], found.times[2:]), 2.0)


def test_amplitudes_that_have_no_log_are_unknown() -> None:
    found = responses(trials([1.0, 2.0, 0.0, -1.0, 4.0], 1.0, [2.0], 2.0, 3.0), 2.0, "log")
    np.testing.assert_array_equal(np.isnan(found.values), [[False, False, True, True, False]])


def test_how_well_electrodes_sit_does_not_count() -> None:
    generator = np.random.default_rng(0)
    signal = np.exp(generator.normal(size=400))
    cut = [responses(trials(gain * signal, 10.0, [10.0, 20.0, 30.0], 2.0, 4.0), 2.0) for gain in (1.0, 50.0)]
    np.testing.assert_allclose(*(within_observer(one).values for one in cut))
    assert np.isnan(within_observer(Trials(np.zeros((2, 5)), np.arange(5.0))).values).all()


def test_windows_with_too_little_are_unknown() -> None:
    found = Trials(np.array([[1.0, 2.0, 3.0, np.nan], [np.nan, np.nan, np.nan, 4.0]]), np.arange(4.0))
    np.testing.assert_array_equal(window_means(found, 1.0, 4.0), [2.5, np.nan])
    np.testing.assert_array_equal(contrast(found, np.array([True, False]), np.array([False, True])), [np.nan] * 4)
    with pytest.raises(InputError, match="they hold 0 to 3 s"):
        window_means(found, 5.0, 6.0)


def test_golden_against_scipy() -> None:
    differences = np.random.default_rng(1).normal(0.4, 1.0, 25)
    found = observer_test(differences)
    wanted = stats.ttest_1samp(differences, 0)
    assert found.t == pytest.approx(wanted.statistic, abs=1e-9)
    assert found.p == pytest.approx(wanted.pvalue, abs=1e-9)
    low, high = wanted.confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    flipped = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=9999, rng=np.random.default_rng(2)
    )
    assert found.p_flips == pytest.approx(flipped.pvalue, abs=0.015)
    np.testing.assert_allclose(observer_test(-7 * differences).t, -found.t)
    course = time_course(np.stack([differences, differences], axis=1), [0.0, 0.1])
    assert course.p[0] == pytest.approx(found.p_flips, abs=0.02), "two moments that are one take no correction"
    np.testing.assert_allclose(course.low, low)


def test_the_course_finds_when_and_no_moment_elsewhere() -> None:
    generator = np.random.default_rng(3)
    times = np.arange(-2, 6, 0.1)
    effect = np.where((times > 1) & (times < 3), 1.0, 0.0)
    found = time_course(effect + generator.normal(0, 0.7, (25, len(times))), times)
    assert (found.p[effect > 0] < 0.05).mean() > 0.8
    assert (found.p[effect == 0] > 0.05).all()
    covered = (found.low <= effect) & (effect <= found.high)
    assert covered.mean() > 0.85


def test_no_effect_is_found_at_any_moment_in_one_of_twenty() -> None:
    """Moments are smooth and many, observers skewed; still the smallest p of a course is rarely small."""
    generator = np.random.default_rng(4)
    smallest = []
    for _ in range(300):
        steps = generator.normal(size=(20, 60)).cumsum(axis=1)
        smallest.append(time_course(steps, np.arange(60.0), flips=199, seed=int(generator.integers(1e6))).p.min())
    assert (np.array(smallest) <= 0.05).mean() <= 0.085


def test_observers_are_left_out_where_they_are_unknown() -> None:
    values = np.random.default_rng(5).normal(1.0, 1.0, (12, 3))
    values[:4, 1] = np.nan
    values[:7, 2] = np.nan
    found = time_course(values, np.arange(3.0))
    assert found.observers.tolist() == [12, 8, 5]
    assert np.isnan(found.p[2])
    assert np.isnan(found.low[2])
    wanted = stats.ttest_1samp(values[4:, 1], 0).confidence_interval(0.95)
    np.testing.assert_allclose([found.low[1], found.high[1]], [wanted.low, wanted.high])


@pytest.mark.parametrize("differences", [np.ones(12), np.arange(5.0), np.full(20, np.nan)])
def test_few_observers_and_equal_ones_are_refused(differences: np.ndarray) -> None:
    with pytest.raises(InputError, match="6 at least with differences that vary"):
        observer_test(differences)
    with pytest.raises(InputError, match="6 observers at least"):
        time_course(differences[:5, None], [0.0])
