"""Stress-Predict: a made archive of the same layout, and the real one where it is there."""

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from empdetect.datamodules.stress_predict import StressPredictDataModule
from empdetect.errors import InputError
from empdetect.recording import SPLITS
from empdetect.streams.physiology import Physiology

ZERO = 1_600_000_000
SECONDS = 300


def write(root: Path, people: tuple[int, ...] = (2, 3, 4)) -> Path:
    """A wristband each that starts 10 s before the labels; seconds 90 to 180 are stress and make the heart race."""
    folder = root / "stress_predict"
    folder.mkdir()
    with tarfile.open(folder / "raw_dev_S01_S27.tar.gz", "w:gz") as archive:
        for person in people:
            for channel, rate in (("EDA", 4.0), ("TEMP", 4.0), ("HR", 1.0)):
                seconds = np.arange(round((SECONDS + 10) * rate)) / rate
                samples = 10 * person + seconds
                if channel == "HR":
                    samples = 70 + person + 30.0 * ((seconds >= 100) & (seconds < 190))
                text = "\n".join(f"{value:.6f}" for value in (ZERO - 10, rate, *samples)) + "\n"
                member = tarfile.TarInfo(f"Raw_data/S{person:02d}/{channel}.csv")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
    with gzip.open(folder / "labels_hr_rsp_binary.csv.gz", "wt") as file:
        file.write("Participant,HR,respr,Time(sec),Label\n")
        rows = [(person, second) for person in (*people, 99) for second in range(SECONDS)]
        file.writelines(f"{p},80,12,{ZERO + s},{int(90 <= s < 180)}\n" for p, s in rows)
    with gzip.open(folder / "BVP_S02.csv.gz", "wt") as file:
        file.write(f"{ZERO - 10}.00\n64.0\n" + "0.5\n" * 640)
    return root


def test_windows_carry_one_label_each(tmp_path: Path) -> None:
    segments = StressPredictDataModule({}, str(write(tmp_path))).segments()
    mine = [segment for segment in segments if segment.group == "S02"]
    assert [(segment.start, segment.labels["stress"]) for segment in mine] == [(0, 0), (120, 1), (180, 0), (240, 0)]
    assert {segment.group for segment in segments} == {"S02", "S03", "S04"}


def test_a_window_with_few_labels_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path) / "stress_predict" / "labels_hr_rsp_binary.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    gone = {ZERO + second for second in range(125, 180)}
    kept = [line for line in lines if line.split(",")[3] not in map(str, gone)]
    path.write_bytes(gzip.compress(("\n".join(kept) + "\n").encode()))
    segments = StressPredictDataModule({}, str(tmp_path)).segments()
    assert [segment.start for segment in segments if segment.group == "S02"] == [0, 180, 240]


def test_clocks_are_laid_on_the_first_labelled_second(tmp_path: Path) -> None:
    person = StressPredictDataModule({}, str(write(tmp_path))).segments()[0].people()[0]
    assert isinstance(person.physiology, Physiology)
    signals = person.physiology.signals
    assert {name: (signal.start, signal.rate) for name, signal in signals.items()} == {
        "EDA": (-10.0, 4.0),
        "TEMP": (-10.0, 4.0),
        "HR": (-10.0, 1.0),
        "BVP": (-10.0, 64.0),
    }
    assert signals["HR"].values[0] == 72.0


def test_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="stress_predict"):
        StressPredictDataModule({}, str(tmp_path)).segments()
    archive = write(tmp_path) / "stress_predict" / "raw_dev_S01_S27.tar.gz"
    pulse = archive.with_name("BVP_S02.csv.gz")
    whole = pulse.read_bytes()
    pulse.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="BVP_S02"):
        StressPredictDataModule({}, str(tmp_path)).segments()
    pulse.write_bytes(whole[:20] + bytes(40) + whole[60:])
    with pytest.raises(InputError, match="BVP_S02"):
        StressPredictDataModule({}, str(tmp_path)).segments()
    pulse.write_bytes(gzip.compress(b"1600000000\n"))
    with pytest.raises(InputError, match=r"BVP_S02\.csv\.gz: BVP\.csv has 1 lines, a start, a rate and values"):
        StressPredictDataModule({}, str(tmp_path)).segments()
    pulse.write_bytes(whole)
    archive.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="raw_dev_S01_S27"):
        StressPredictDataModule({}, str(tmp_path)).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = StressPredictDataModule({}, str(data_root), fold=4)
    data.summary()
    everything = [segment for name in SPLITS for segment in data.parts[name]]
    people = [{segment.group for segment in data.parts[name]} for name in SPLITS]
    assert len(everything) == 1301
    assert len(set.union(*people)) == sum(map(len, people)) == 26
    assert sum(segment.labels["stress"] for segment in everything) == 415
    for segment in everything[::40]:
        assert segment.people()[0].end() >= segment.end - 15  # type: ignore[operator]
