"""Empatica E4 sessions, as folders and zips, made and real."""

import gzip
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.streams.formats.empatica import is_session
from empdetect.streams.physiology import PhysiologyFile

EDA = "1600000000.0\n4.0\n0.1\n0.2\n0.3\n0.4\n"
HR = "1600000010.0\n1.0\n72.5\n73\n"
BVP = "1600000001.5\n64.0\n1\n2\n"
ACC = "1600000000.0, 1600000000.0, 1600000000.0\n32.0, 32.0, 32.0\n1,2,3\n"


def folder(place: Path) -> Path:
    place.mkdir()
    for name, text in {"EDA.csv": EDA, "BVP.csv": BVP, "HR.csv": HR, "ACC.csv": ACC, "info.txt": "E4"}.items():
        (place / name).write_text(text)
    return place


def zipped(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"session/{name}.csv", text)
    return path


def test_folder_and_zip_are_read_on_the_clock_of_the_first_sample(tmp_path: Path) -> None:
    for path in (folder(tmp_path / "talk_e4"), zipped(tmp_path / "talk.zip", EDA=EDA, BVP=BVP, HR=HR)):
        assert is_session(path)
        signals = PhysiologyFile(path, offset=10.0).read().signals
        assert {name: (signal.rate, signal.start) for name, signal in signals.items()} == {
            "EDA": (4.0, 10.0),
            "BVP": (64.0, 11.5),
            "HR": (1.0, 20.0),
        }
        np.testing.assert_array_equal(signals["EDA"].values, [0.1, 0.2, 0.3, 0.4])


def test_a_session_too_short_for_a_heart_rate_has_none(tmp_path: Path) -> None:
    place = folder(tmp_path / "talk_e4")
    (place / "HR.csv").write_text("")
    for path, sensors in ((place, {"BVP", "EDA"}), (zipped(tmp_path / "talk.zip", EDA=EDA, HR=""), {"EDA"})):
        assert set(PhysiologyFile(path).read().signals) == sensors
    before = PhysiologyFile(place).fingerprint()
    (place / "HR.csv").write_text(HR)
    assert PhysiologyFile(place).fingerprint() != before
    assert "HR" in PhysiologyFile(place).read().signals


@pytest.mark.parametrize("text", ["", "time,bpm\n0,72\n1,73\n", HR])
def test_a_heart_rate_alone_is_no_session(text: str, tmp_path: Path) -> None:
    place = tmp_path / "anna"
    place.mkdir()
    (place / "HR.csv").write_text(text)
    for path in (place, zipped(tmp_path / "anna.zip", HR=text)):
        assert not is_session(path)
        with pytest.raises(InputError, match=r"which holds BVP.csv, EDA.csv or TEMP.csv, not HR.csv alone; name"):
            PhysiologyFile(path).read()
    with pytest.raises(InputError, match=r"not HR.csv alone; name"):
        PhysiologyFile(place).fingerprint()


def test_sensors_that_hold_nothing_are_named(tmp_path: Path) -> None:
    (tmp_path / "EDA.csv").write_text("")
    (tmp_path / "HR.csv").write_text("")
    with pytest.raises(InputError, match=r"EDA.csv: the file is empty \(0 bytes\)"):
        PhysiologyFile(tmp_path).fingerprint()


def test_the_fingerprint_is_that_of_the_sensors(tmp_path: Path) -> None:
    place = folder(tmp_path / "a")
    before = PhysiologyFile(place).fingerprint()
    (place / "info.txt").write_text("other")
    assert PhysiologyFile(place).fingerprint() == before
    (place / "BVP.csv").write_text(BVP + "3\n")
    assert PhysiologyFile(place).fingerprint() != before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "EDA.csv has 0 lines, a start, a rate and values are needed"),
        ("1600000000\n0\n1\n", "states a start of 1.6e[+]09 and a rate of 0 Hz"),
        ("1600000000\nNaN\n1\n", "a rate of nan Hz"),
        ("1600000000\n4\nhigh\n", "a.zip: EDA.csv, line 3: 'high' is no number, an E4 writes .*; correct the line"),
        ("1600000000.0, 1.0\n4\n1\n", "EDA.csv, line 1: '1600000000.0,' is no number"),
    ],
)
def test_broken_sessions_say_what_is_wrong(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        PhysiologyFile(zipped(tmp_path / "a.zip", EDA=text)).read()


def test_the_file_of_another_watch_in_a_session_is_named(tmp_path: Path) -> None:
    place = folder(tmp_path / "talk_e4")
    other = "time,bpm\n0,72\n1,73\n"
    (place / "HR.csv").write_text(other)
    for path in (place, zipped(tmp_path / "talk.zip", EDA=EDA, HR=other)):
        with pytest.raises(InputError) as caught:
            PhysiologyFile(path).read()
        message = str(caught.value).removeprefix(f"Reading the physiology {path}: ")
        assert message.startswith("HR.csv, line 1: 'time,bpm' is no number, an E4 writes a start, a rate and values")
        assert message.endswith("; correct the line, or take the file out if another device wrote it")
    (place / "HR.csv").write_bytes(HR.encode("utf-16"))
    with pytest.raises(InputError, match=r"HR.csv is no text in UTF-8 \(invalid start byte at byte 0\); export"):
        PhysiologyFile(place).read()


def test_a_session_that_is_cut_is_to_be_copied_again(tmp_path: Path) -> None:
    path = zipped(tmp_path / "talk.zip", EDA=EDA)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"not a whole Empatica E4 session \(.*\); export or copy it again"):
        PhysiologyFile(path).read()


def test_what_is_no_session(tmp_path: Path) -> None:
    other = zipped(tmp_path / "a.zip", photos="x")
    assert not is_session(other)
    with pytest.raises(InputError, match="no Empatica E4 session, which holds BVP"):
        PhysiologyFile(other).read()
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04broken")
    assert is_session(tmp_path / "b.zip"), "it may be one, so that it is reported"
    with pytest.raises(InputError, match="not a whole Empatica E4 session"):
        PhysiologyFile(tmp_path / "b.zip").read()
    assert not is_session(tmp_path / "gone.zip")


def test_a_table_takes_its_rate_from_the_json_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a_physio.csv"
    path.write_text("EDA,BVP\n1,inf\n2,4\n")
    path.with_suffix(".json").write_text(json.dumps({"SamplingFrequency": 8, "StartTime": -2}))
    file = PhysiologyFile(path, offset=1.0)
    signals = file.read().signals
    assert (signals["EDA"].rate, signals["EDA"].start) == (8, -1)
    assert file.start() == -1
    assert np.isnan(signals["BVP"].values[0]), "an amplifier that is overdriven writes inf"


def test_times_that_cannot_be_true_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a_physio.tsv.gz"
    path.write_bytes(gzip.compress(b"1\n2\n"))
    about = {"SamplingFrequency": 4, "StartTime": 1_700_000_000, "Columns": ["EDA"]}
    (tmp_path / "a_physio.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match=r"a time of 1\.7e\+09 s is no moment of a recording"):
        PhysiologyFile(path).read()
    (tmp_path / "a_physio.json").write_text("[]")
    with pytest.raises(InputError, match="holds no object in braces"):
        PhysiologyFile(path).read()


@pytest.mark.data
def test_real_sessions(data_root: Path, tmp_path: Path) -> None:
    with tarfile.open(data_root / "stress_predict" / "raw_dev_S01_S27.tar.gz") as archive:
        for member in archive:
            content = archive.extractfile(member) if member.name.startswith("Raw_data/S01/") else None
            if content is not None:
                (tmp_path / Path(member.name).name).write_bytes(content.read())
    signals = PhysiologyFile(tmp_path).read().signals
    assert signals["EDA"].rate == 4
    assert signals["TEMP"].rate == 4
    assert (signals["HR"].rate, signals["HR"].start) == (1, 10), "it takes ten seconds to tell a heart rate"
    assert signals["EDA"].end > 600
