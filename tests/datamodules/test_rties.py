"""Couples and re-paired strangers: a made file of the same layout, and the real one where it is there."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.repaired import Pair, cut_alike, repaired_segments
from empdetect.datamodules.rties import RtiesDataModule, read_couples
from empdetect.errors import InputError
from empdetect.features.table import TableFeatures


def write(root: Path, couples: int = 12) -> Path:
    """Couples of 30 to 41 ratings each; the second one's man lacks the third."""
    (root / "rties").mkdir()
    rng = np.random.default_rng(0)
    with gzip.open(root / "rties" / "couples_dial.csv.gz", "wt") as file:
        file.write("couple,person,dial,time,female,conflict\n")
        for couple in range(1, couples + 1):
            for female in (1, 0):
                for time in range(1, 30 + couple):
                    dial = "" if (couple, female, time) == (2, 0, 3) else f"{rng.uniform(0, 5):.4f}"
                    file.write(f"{couple},{couple + 500 * female},{dial},{time},{female},2\n")
    return root


def test_couples_are_read_on_one_clock(tmp_path: Path) -> None:
    couples = read_couples(write(tmp_path) / "rties")
    assert [pair.name for pair in couples[:2]] == ["couple_1", "couple_2"]
    assert [len(pair.first) for pair in couples] == [len(pair.second) for pair in couples] == list(range(30, 42))
    assert np.flatnonzero(np.isnan(couples[1].first)).tolist() == [2]
    assert couples[0].rate == 0.5


def test_strangers_share_a_block_and_a_length_and_nobody_crosses(tmp_path: Path) -> None:
    data = RtiesDataModule({}, str(write(tmp_path)), blocks=4, strangers=2)
    segments = data.segments()
    assert len(segments) == 12 * 3
    assert sum(segment.labels["real"] for segment in segments) == 12
    of: dict[str, set[str]] = {}
    for segment in segments:
        names = segment.recording.id.split("_with_")
        assert (len(names) == 1) == (segment.labels["real"] == 1)
        for name in names:
            of.setdefault(name, set()).add(str(segment.group))
        tables = [person.tables["signal"].read() for person in segment.people()]
        assert len(tables[0].times) == len(tables[1].times)
        assert tables[0].columns == ("emotion",)
    assert all(len(groups) == 1 for groups in of.values())


def test_length_tells_nothing_of_who_is_real(tmp_path: Path) -> None:
    lengths: dict[str, set[int]] = {}
    for segment in RtiesDataModule({}, str(write(tmp_path)), blocks=3, strangers=2).segments():
        man = segment.recording.id.split("_with_")[0]
        lengths.setdefault(man, set()).add(len(segment.people()[0].tables["signal"].read().times))
    assert len(lengths) == 12
    assert {len(found) for found in lengths.values()} == {1}
    assert len(set.union(*lengths.values())) > 1


def test_the_data_module_keeps_its_promises(tmp_path: Path) -> None:
    check_datamodule(
        RtiesDataModule(
            {"signal": TableFeatures(["emotion"], table="signal")}, str(write(tmp_path)), blocks=6, strangers=1
        )
    )


def test_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rties"):
        RtiesDataModule({}, str(tmp_path)).segments()
    path = write(tmp_path) / "rties" / "couples_dial.csv.gz"
    with pytest.raises(InputError, match="each needs two; give fewer blocks"):
        RtiesDataModule({}, str(tmp_path), blocks=7).segments()
    with gzip.open(path, "wt") as file:
        file.write("couple,female,time,dial\n1,0,1,2\n1,0,1,3\n1,1,1,2\n")
    with pytest.raises(InputError, match="couple 1 needs one rating of each partner"):
        read_couples(path.parent)
    path.write_text("no table")
    with pytest.raises(InputError, match="cannot be read"):
        read_couples(path.parent)


def test_pairs_are_cut_alike() -> None:
    one, other = cut_alike(np.arange(5.0), np.arange(3.0))
    assert len(one) == len(other) == 3
    pairs = [Pair(str(n), np.arange(4.0), np.arange(4.0), 1.0) for n in range(4)]
    assert len(repaired_segments(pairs, ("a", "b"), "x", 1, 99, 0)) == 16


@pytest.mark.data
def test_the_real_couples(data_root: Path) -> None:
    couples = read_couples(data_root / "rties")
    assert len(couples) == 60
    assert {len(pair.first) == len(pair.second) for pair in couples} == {True}
    assert min(len(pair.first) for pair in couples) == 223
    assert sum(int(np.isnan(pair.first).sum() + np.isnan(pair.second).sum()) for pair in couples) == 12
