from pathlib import Path

import numpy as np
import pytest

from empdetect.components import build, describe
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.features.table import TableFeatures
from empdetect.recording import Participant
from empdetect.streams.table import Table, TableFile

TABLE = Table(
    np.array([[3, 30, 1], [1, np.nan, 0.5], [np.nan, np.nan, 1], [2, 20, 0]], np.float32),
    np.array([0.2, 0.0, 0.3, 0.1]),
    ("AU12", "AU04", "confidence"),
)
ANN = Participant("ann", tables={"features": TABLE})


def test_columns_in_the_order_asked_for_and_rows_in_time() -> None:
    features = TableFeatures(["AU04", "AU12"])(ANN)
    np.testing.assert_array_equal(features.times, [0, 0.1, 0.2, 0.3])
    np.testing.assert_array_equal(features.values, [[np.nan, 1], [20, 2], [30, 3], [np.nan, np.nan]])
    np.testing.assert_array_equal(features.mask, [True, True, True, False])
    np.testing.assert_array_equal(features.quality, [0.5, 1, 1, 0])


def test_confidence_lowers_the_quality() -> None:
    features = TableFeatures(["AU12"], confidence="confidence")(ANN)
    np.testing.assert_array_equal(features.quality, [0.5, 0, 1, 0])
    assert np.isnan(features.values[1]).all()


def test_file_with_offset(tmp_path: Path) -> None:
    path = tmp_path / "face.csv"
    path.write_text("timestamp, AU12 ,note\n0.0,1.5,a\n0.04,n/a,b\n")
    features = TableFeatures(["AU12"])(Participant("ann", tables={"features": TableFile(path, offset=2.0)}))
    np.testing.assert_allclose(features.times, [2.0, 2.04])
    np.testing.assert_array_equal(features.values, [[1.5], [np.nan]])


def test_missing_table_column_and_numbers() -> None:
    assert TableFeatures(["AU12"])(Participant("ann")).reason == "no video"
    other = Participant("ann", tables={"motion": Table(np.zeros((1, 1), np.float32), np.zeros(1), ("energy",))})
    assert TableFeatures(["AU12"])(other).reason == "no table 'features', only motion"
    with pytest.raises(InputError, match=r"no column of numbers AU99; it has AU12, AU04, confidence"):
        TableFeatures(["AU12", "AU99"])(ANN)
    empty = Table(np.full((2, 1), np.nan, np.float32), np.arange(2.0), ("AU12",))
    features = TableFeatures(["AU12"])(Participant("ann", tables={"features": empty}))
    assert features.reason == "the table 'features' holds no numbers"
    rowless = Table(np.zeros((0, 1), np.float32), np.zeros(0), ("AU12",))
    assert not TableFeatures(["AU12"])(Participant("ann", tables={"features": rowless})).observed


@pytest.mark.parametrize("columns", [[], ["a", "a"], "AU12"])
def test_columns_are_checked(columns: list[str]) -> None:
    with pytest.raises(InputError, match="'columns' needs a list of names"):
        TableFeatures(columns)


def test_extractor_is_a_component() -> None:
    extractor = TableFeatures(["a", "b"], "face", "openface", "c")
    assert describe(build(describe(extractor), Extractor)) == describe(extractor)
