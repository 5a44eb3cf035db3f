from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.features.base import Features


def features(times: list[float], mask: list[bool] | None = None) -> Features:
    count = len(times)
    seen = np.array(mask if mask is not None else [True] * count, np.bool_)
    values = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    return Features(values, np.array(times, np.float64), seen, seen.astype(np.float32))


SECONDS = st.floats(-1e4, 1e4)
TIMES = st.lists(SECONDS | st.just(float("nan")), max_size=30)


@given(TIMES, st.lists(SECONDS, min_size=1, max_size=5).map(sorted))
def test_windows_side_by_side_lose_and_double_no_frame(times: list[float], cuts: list[float]) -> None:
    whole = features([time for time in times if not np.isnan(time)])
    bounds = [None, *cuts, None]
    parts = [whole.window(start, end) for start, end in pairwise(bounds)]
    rows = np.concatenate([part.values for part in parts])
    assert sorted(rows[:, 0].tolist()) == whole.values[:, 0].tolist()


@given(TIMES, SECONDS, st.floats(0, 100))
def test_window_holds_what_lies_in_it_and_what_has_no_time(times: list[float], start: float, length: float) -> None:
    part = features(times).window(start, start + length)
    inside = [time for time in times if np.isnan(time) or start <= time < start + length]
    np.testing.assert_array_equal(part.times, inside)
    assert len(part.values) == len(part.mask) == len(part.quality) == len(inside)


@given(TIMES, SECONDS, SECONDS)
def test_window_of_a_window_is_the_narrower_one(times: list[float], start: float, end: float) -> None:
    whole = features(times)
    np.testing.assert_array_equal(whole.window(start, None).window(None, end).values, whole.window(start, end).values)
    np.testing.assert_array_equal(whole.window(None, None).values, whole.values)


def test_empty_window_says_why() -> None:
    part = features([0.0, 1.0]).window(5, 6)
    assert part.reason == "nothing observed in this window"
    assert not part.observed
    lost = features([0.0, 1.0], [True, False])
    assert lost.window(0.5, 2).reason == "nothing observed in this window"
    assert lost.window(0, 0.5).reason == ""


def test_reason_of_what_was_never_there_stays() -> None:
    missing = Features.missing(3, "no audio")
    assert missing.window(0, 1).reason == "no audio"
    assert missing.values.shape == (0, 3)
    assert np.isnan(missing.mean_quality)


def test_lost_frames_lower_the_mean_quality() -> None:
    assert features([0, 1, 2, 3], [True, True, True, False]).mean_quality == 0.75


def test_uneven_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"as many times, masks and qualities, got \(2, 1\), \(3,\)"):
        Features(np.zeros((2, 1), np.float32), np.zeros(3), np.ones(2, np.bool_), np.ones(2, np.float32))
    with pytest.raises(ValueError, match=r"values \(time, feature\)"):
        Features(np.zeros(2, np.float32), np.zeros(2), np.ones(2, np.bool_), np.ones(2, np.float32))
