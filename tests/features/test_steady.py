"""Tables at a steady rate: the same frame of two people is the same moment."""

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.features.steady import SteadyTableFeatures
from empdetect.recording import Participant
from empdetect.streams.table import Table


def person(times: list[float], values: list[float]) -> Participant:
    table = Table(np.array(values, np.float32)[:, None], np.array(times), ("smile",))
    return Participant("Ann", tables={"features": table})


def test_rows_of_a_frame_are_averaged_and_frames_count_from_the_recordings_start() -> None:
    found = SteadyTableFeatures(["smile"], rate=1.0)(person([2.0, 2.5, 3.1, -1.0], [1, 3, 5, 9]))
    np.testing.assert_array_equal(found.values[:, 0], np.array([np.nan, np.nan, 2, 5], np.float32))
    np.testing.assert_array_equal(found.mask, [False, False, True, True])
    np.testing.assert_array_equal(found.quality, [0, 0, 1, 1])
    np.testing.assert_array_equal(found.times, [0.5, 1.5, 2.5, 3.5])


def test_short_distances_are_bridged_and_long_ones_are_not() -> None:
    slow = person([0.0, 0.4, 2.0], [0, 4, 8])
    found = SteadyTableFeatures(["smile"], rate=10.0, bridge=0.5)(slow)
    np.testing.assert_allclose(found.values[:5, 0], [0, 1, 2, 3, 4])
    np.testing.assert_array_equal(found.quality[:5], [1, 0.5, 0.5, 0.5, 1])
    assert not found.mask[5:20].any()
    assert found.mask[20]
    assert np.isnan(found.values[5:20]).all()


def test_times_on_the_edge_of_a_frame_belong_to_it_whatever_their_last_digit() -> None:
    times = np.arange(3000) / 10
    found = SteadyTableFeatures(["smile"], rate=10.0)(person(times.tolist(), times.tolist()))
    np.testing.assert_allclose(found.values[:, 0], times, atol=1e-4)
    assert found.quality.min() == 1


def test_nothing_after_the_start_is_missing_with_a_reason() -> None:
    found = SteadyTableFeatures(["smile"])(person([-2.0, -1.0], [1, 2]))
    assert not found.observed
    assert "nothing after time 0" in found.reason


@pytest.mark.parametrize("arguments", [{"rate": 0.0}, {"bridge": -1.0}])
def test_rates_and_bridges_are_above_zero(arguments: dict[str, float]) -> None:
    with pytest.raises(InputError, match="must be above 0"):
        SteadyTableFeatures(["smile"], **arguments)
