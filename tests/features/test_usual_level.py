"""What is usual around or before each frame."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from empdetect.features.usual_level import baseline, in_spreads, moved, moving_mean, past


def test_without_a_spread_nothing_is_told_in_spreads() -> None:
    assert np.isnan(in_spreads(np.ones((5, 1)), np.zeros(1))).all()


@given(values=st.lists(st.sampled_from([np.nan, 1.0, 2.0]), min_size=1, max_size=30), seconds=st.integers(0, 9))
def test_standing_still_is_that_the_highest_is_the_lowest(values: list[float], seconds: int) -> None:
    column = np.asarray(values)
    mean = moving_mean(column[:, None] + 0.1, np.arange(len(column)) * 1.0, seconds, 0.0)[:, 0]
    for place in range(len(column)):
        known = column[max(0, place - seconds) : place + 1]
        known = known[np.isfinite(known)] + 0.1
        if len(known) and known.max() == known.min():
            assert mean[place] == known[0]
        else:
            np.testing.assert_allclose(mean[place], known.mean() if len(known) else np.nan)


def test_frames_that_come_faster_later_do_not_change_what_was_seen() -> None:
    slow = np.arange(20) * 30.0
    both = np.concatenate([slow, slow[-1] + np.arange(1, 600) / 10])
    values = np.random.default_rng(0).normal(70, 3, len(both))[:, None]
    (before, _), (with_burst, _) = past(values[:20], slow, 600.0), past(values, both, 600.0)
    np.testing.assert_array_equal(before, with_burst[:20])
    assert np.isfinite(before).sum() == 18


@given(values=st.lists(st.floats(40, 200, width=32), min_size=3, max_size=40), seconds=st.floats(3, 20))
def test_the_past_is_the_mean_and_spread_of_the_seconds_before(values: list[float], seconds: float) -> None:
    column = np.asarray(values)[:, None]
    mean, spread = past(column, np.arange(len(values)) * 1.0, seconds)
    stretch = column[max(0, len(values) - 1 - int(seconds)) :]
    np.testing.assert_allclose([mean[-1, 0], spread[-1, 0]], [stretch.mean(), stretch.std()], atol=1e-4)


def test_the_past_is_not_known_at_once() -> None:
    mean, _ = past(np.ones((30, 1)), np.arange(30.0), 100.0)
    assert np.isnan(mean[:10]).all()
    assert np.isfinite(mean[10:]).all()
    paused, _ = past(np.ones((31, 1)), np.r_[np.arange(30.0), 3600.0], 100.0)
    assert np.isnan(paused[-1]), "what was before the pause is too long ago"
    thrice, _ = past(np.ones((30, 1)), np.repeat(np.arange(10) * 3.0, 3), 100.0)
    assert np.isfinite(thrice[-1]), "three rows a moment"


def test_a_pause_is_not_seen() -> None:
    values = np.array([[70.0], [71.0], [72.0], [73.0]])
    assert np.isnan(past(values, np.array([0.0, 95.0, 96.0, 97.0]), 100.0)[0]).all()
    assert np.isnan(past(values, np.array([0.0, 1.0, 2.0, 97.0]), 100.0)[0]).all()
    slow, _ = past(values, np.array([0.0, 95.0, 190.0, 285.0]), 100.0)
    np.testing.assert_array_equal(np.isfinite(slow[:, 0]), [False, False, True, True])
    trials = np.array([-96.0, -95.0, -1.0, 1.0])
    assert np.isnan(baseline(values, trials, 100.0)[0]).all()


def test_a_moment_alone_tells_no_level() -> None:
    values = np.where(np.arange(40) % 20 == 0, 70.0, np.nan)[:, None]
    assert np.isnan(past(values, np.arange(40) * 3.0, 20.0)[0]).all()
    assert np.isnan(past(np.ones((9, 1)), np.arange(9) * 30.0, 20.0)[0]).all()


def test_another_rate_is_soon_the_usual_one() -> None:
    fast = np.arange(600) / 10
    times = np.concatenate([fast, fast[-1] + np.arange(1, 40) * 30.0])
    mean, _ = past(np.ones((len(times), 1)), times, 600.0)
    assert np.isfinite(mean[times > 59.9]).all()


def test_means_and_shifts_follow_the_times_and_not_the_frames() -> None:
    times = np.array([0.0, 1.0, 10.0, 11.0])
    values = np.array([[1.0], [3.0], [np.nan], [7.0]])
    np.testing.assert_allclose(moving_mean(values, times, 2.0, 2.0)[:, 0], [2, 2, 7, 7])
    np.testing.assert_allclose(moved(values, times, 10.0)[:, 0], [np.nan, 7, np.nan, np.nan])
