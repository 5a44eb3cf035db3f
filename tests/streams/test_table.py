from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.streams.table import Table, TableFile


@pytest.mark.parametrize("clock", ["timestamp", "time", "start", "frameTime", "Frametime"])
@pytest.mark.parametrize("mark", [",", "\t", ";", ", "])
def test_tables_of_other_tools(tmp_path: Path, clock: str, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(mark.join(row) for row in (("frame", clock, "AU12", "who"), ("1", "0.5", "n/a", "x"))))
    table = TableFile(path, offset=1.0).read()
    assert table.columns == ("frame", "AU12")
    np.testing.assert_array_equal(table.times, [1.5])
    assert table.values[0, 0] == 1
    assert TableFile(path, offset=1.0).end() == 1.5


def test_faults(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("frame,AU12\n1,2\n")
    with pytest.raises(InputError, match="no column of seconds; name one timestamp, time, start"):
        TableFile(path).read()
    path.write_text('time,AU12\n1,2,3\n"')
    with pytest.raises(InputError, match=r"Reading the feature table .*a\.csv"):
        TableFile(path).read()


def test_fingerprint_follows_the_content(tmp_path: Path) -> None:
    values, times = np.ones((2, 1), np.float32), np.arange(2.0)
    tables = [Table(values, times, ("a",)), Table(values, times, ("b",)), Table(values, times + 1, ("a",))]
    assert len({table.fingerprint() for table in tables}) == 3
    assert Table(values[:0], times[:0], ("a",)).end() == 0
    path = tmp_path / "a.csv"
    path.write_text("time,a\n0,1\n")
    assert TableFile(path).fingerprint() != TableFile(path, offset=1).fingerprint()
