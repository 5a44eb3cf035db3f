"""Ratings over time: read with all their faults named, and cut into windows."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.datamodules.protocol import check_protocol, group_and_split
from empdetect.datamodules.ratings import Ratings, read_ratings
from empdetect.errors import InputError
from empdetect.task import Target, Task

VALENCE = Target("valence", "continuous", range=(0, 1))


def task(window: float, hop: float | None = None) -> Task:
    return Task((VALENCE,), unit="continuous", window=window, hop=hop)


def written(folder: Path, text: str) -> Path:
    path = folder / "ratings.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_window_has_the_mean_of_the_ratings_in_it() -> None:
    ratings = Ratings(np.arange(8) / 2, np.arange(8) / 10)
    assert ratings.end() == 4.0
    assert list(ratings.windows(task(2.0))) == [(0.0, 2.0, pytest.approx(0.15)), (2.0, 4.0, pytest.approx(0.55))]
    assert [start for start, _, _ in ratings.windows(task(2.0, 1.0))] == [0.0, 1.0, 2.0, 3.0]


def test_what_was_hardly_rated_is_no_window() -> None:
    values = np.array([np.nan, np.nan, np.nan, 0.5, np.nan, 0.2, 0.4, 0.6])
    assert list(Ratings(np.arange(8.0), values).windows(task(4.0))) == [(4.0, 8.0, pytest.approx(0.4))]


def test_scale_and_seconds_are_read(tmp_path: Path) -> None:
    ratings = read_ratings(written(tmp_path, "time, r\n0,50\n0.5,n/a\n1,100\n"), "r", VALENCE, time="time", unit=100)
    np.testing.assert_array_equal(ratings.times, [0, 0.5, 1])
    np.testing.assert_array_equal(ratings.values, [0.5, np.nan, 1])
    framed = read_ratings(written(tmp_path, "r\n0.1\n0.2\n0.3\n"), "r", VALENCE, rate=25)
    np.testing.assert_allclose(framed.times, [0, 0.04, 0.08])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,score\n0,1\n", "lacks the columns r; it has time, score"),
        ("time,r\n", "holds no lines"),
        ("time,r\n0,0.5\n1,high\n", "row 2: 'high' is no number"),
        ("time,r\n0,0.5\n1,1.5\n", "row 2: 'valence' is 1.5, allowed is 0 to 1"),
        ("time,r\n0,0.5\n0,0.5\n", "do not grow"),
        ("time,r\nn/a,0.5\n", "do not grow"),
        ("time,r\n0,\n1,n/a\n", "no line holds a number"),
    ],
)
def test_faults_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_ratings(written(tmp_path, text), "r", VALENCE, time="time")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_ratings(tmp_path / "none.csv", "r", VALENCE, rate=25)


def test_only_the_published_protocol_takes_the_owners_split() -> None:
    assert group_and_split("person", "ann", "story_1", "test") == ("ann", None)
    assert group_and_split("published", "ann", "story_1", "test") == ("story_1", "test")
    with pytest.raises(InputError, match="allowed are person, published"):
        check_protocol("random")
