"""Features against the person's own usual level."""

import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.cache import cache_key
from empdetect.features.ngrams import TextNgrams
from empdetect.features.relative import LIMIT, RelativeFeatures, moved, moving_mean, scaled
from empdetect.features.table import TableFeatures
from empdetect.recording import Participant
from empdetect.streams.table import Table
from empdetect.streams.transcript import Transcript, Utterance

HEART = TableFeatures(["rate"], modality="heart", table="heart")


def wearer(values: "NDArray[np.float64] | list[float]") -> Participant:
    column = np.asarray(values, np.float32)[:, None]
    return Participant("wearer", tables={"heart": Table(column, np.arange(len(column)) * 1.0, ("rate",))})


def test_resting_levels_of_people_do_not_count() -> None:
    slow, fast = (RelativeFeatures(HEART)(wearer(level + np.sin(np.arange(60)))).values for level in (60, 90))
    np.testing.assert_allclose(slow, fast, atol=1e-5)
    assert abs(np.median(slow)) < 1e-5


def test_spreads_are_made_alike_and_artefacts_cut() -> None:
    values = np.random.default_rng(0).normal(70, 3, 500)
    values[7] = 1e6
    found = RelativeFeatures(HEART, scaled=True)(wearer(values)).values[:, 0]
    assert found.max() == LIMIT
    assert np.delete(found, 7).std() == pytest.approx(1, abs=0.1)
    assert np.isfinite(scaled(np.zeros((5, 1)))).all()


def test_another_version_of_what_it_wraps_is_another_cache_entry() -> None:
    person, newer = wearer([1.0, 2.0]), TableFeatures(["rate"], modality="heart", table="heart")
    newer.version = 2
    assert cache_key(RelativeFeatures(HEART), person) != cache_key(RelativeFeatures(newer), person)


def test_a_drift_does_not_count_against_what_is_around() -> None:
    drift = np.linspace(0, 100, 1000)
    assert np.abs(RelativeFeatures(HEART, around=60)(wearer(drift)).values[50:-50]).max() < 1e-3
    assert np.ptp(RelativeFeatures(HEART)(wearer(drift)).values) > 99


def test_shifts_bring_what_comes_before_and_after() -> None:
    found = RelativeFeatures(HEART, shifts=(-2.0, 0.0, 1.0))(wearer([1, 2, 3, 4, 5]))
    np.testing.assert_array_equal(found.values[2], [-2, 0, 1])
    assert np.isnan(found.values[0, 0])
    assert np.isnan(found.values[-1, 2])
    assert found.mask.all()


def test_unknown_values_stay_unknown() -> None:
    found = RelativeFeatures(HEART, around=4, scaled=True)(wearer([1, np.nan, 3, 4]))
    assert found.mask.tolist() == [True, False, True, True]
    assert found.quality.tolist() == [1, 0, 1, 1]


def test_means_and_shifts_follow_the_times_and_not_the_frames() -> None:
    times = np.array([0.0, 1.0, 10.0, 11.0])
    values = np.array([[1.0], [3.0], [np.nan], [7.0]])
    np.testing.assert_allclose(moving_mean(values, times, 2.0)[:, 0], [2, 2, 7, 7])
    np.testing.assert_allclose(moved(values, times, 10.0)[:, 0], [np.nan, 7, np.nan, np.nan])


def test_faults_are_named() -> None:
    with pytest.raises(InputError, match="'around' is in seconds above 0"):
        RelativeFeatures(HEART, around=0)
    with pytest.raises(InputError, match="'shifts' holds at least one"):
        RelativeFeatures(HEART, shifts=())
    words = Participant("anna", transcript=Transcript((Utterance("hello"),)))
    with pytest.raises(InputError, match="frames without times"):
        RelativeFeatures(TextNgrams())(words)
    assert not RelativeFeatures(HEART)(wearer([np.nan, np.nan])).observed
