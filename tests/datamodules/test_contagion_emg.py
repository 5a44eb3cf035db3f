"""The contagion experiment's body signals: a made file of the same layout, and the real ones where they are there."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from empdetect.datamodules.contagion_emg import RATE, ContagionEmgDataModule, cut, starts
from empdetect.errors import InputError
from empdetect.recording import SPLITS, Segment
from empdetect.streams.physiology import Physiology

ONSETS = {"happy": 500, "angry": 1500}


def write(root: Path, observers: tuple[str, ...] = ("09", "10", "11"), columns: int = 8) -> Path:
    folder = root / "contagion" / "emg_scr_100hz"
    folder.mkdir(parents=True)
    values = np.full((2400, columns), 2.0)
    values[:, 0] = 7.0
    values[:, -3:] = 0
    values[505:700, 3] = 6.0  # the zygomatic muscle answers the happy clip
    for column, sample in ((-2, ONSETS["happy"]), (-3, ONSETS["angry"]), (-1, 2000)):
        values[sample - 10 : sample, column] = 5.0
    for name in observers:
        with gzip.open(folder / f"{name}_FMOV_preprocessed.txt.gz", "wt") as file:
            file.writelines("\t".join(f"{value:g}" for value in row) + "\t\n" for row in values)
    return root


def body(segment: Segment) -> Physiology:
    stream = segment.people()[0].physiology
    assert isinstance(stream, Physiology)
    return stream


def test_trials_start_where_the_wave_falls(tmp_path: Path) -> None:
    segments = ContagionEmgDataModule({}, str(write(tmp_path))).segments()
    assert [segment.labels["happy"] for segment in segments] == [1.0, 0.0] * 3
    assert [segment.group for segment in segments[::2]] == ["observer_09", "observer_10", "observer_11"]
    assert (segments[0].start, segments[0].end) == (0.0, 6.0)
    signal = body(segments[0]).signals["EMG_zygomatic"]
    assert (signal.rate, signal.start, signal.end) == (RATE, -5.0, 10.0)


def test_muscles_are_ratios_to_the_seconds_before(tmp_path: Path) -> None:
    happy, angry = (body(s).signals for s in ContagionEmgDataModule({}, str(write(tmp_path))).segments()[:2])
    np.testing.assert_allclose(happy["EMG_zygomatic"].values[[0, 504, 505, 699, 700]], [1, 1, 3, 3, 1])
    np.testing.assert_allclose(angry["EMG_zygomatic"].values[500:], 1)
    np.testing.assert_allclose(happy["EDA"].values, 7)


def test_neutral_trials_are_there_on_request_and_unknown(tmp_path: Path) -> None:
    root = str(write(tmp_path))
    found = ContagionEmgDataModule({}, root, neutral=True).segments()
    assert [segment.recording.id for segment in found[:3]] == [f"observer_09_trial_{number}" for number in (1, 2, 3)]
    assert [segment.labels["happy"] for segment in found[:2]] == [1, 0]
    assert np.isnan(found[2].labels["happy"])
    assert len(ContagionEmgDataModule({}, root).segments()) == 6 < len(found) == 9


def test_a_muscle_without_baseline_is_unknown() -> None:
    values = np.ones((3000, 8))
    values[900:1000, 4] = -1.0
    values[800:900, 4] = 1.0
    signals = cut(values, 1000).signals
    assert np.isnan(signals["EMG_corrugator"].values).all()
    assert np.isfinite(signals["EMG_zygomatic"].values).all()


def test_rising_is_not_a_start() -> None:
    assert starts(np.array([0.0, 5.0, 5.0, 0.0, 0.0, 5.0])) == [3]


def test_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contagion"):
        ContagionEmgDataModule({}, str(tmp_path)).segments()
    with pytest.raises(InputError, match="seconds above 0"):
        ContagionEmgDataModule({}, length=0)
    with pytest.raises(InputError, match="7 columns"):
        ContagionEmgDataModule({}, str(write(tmp_path, columns=7))).segments()
    broken = tmp_path / "contagion" / "emg_scr_100hz" / "08_FMOV_preprocessed.txt.gz"
    broken.write_bytes(b"not gzip")
    with pytest.raises(InputError, match="08_FMOV"):
        ContagionEmgDataModule({}, str(tmp_path)).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = ContagionEmgDataModule({}, str(data_root), fold=3)
    data.summary()
    everything = [segment for name in SPLITS for segment in data.parts[name]]
    observers = [{segment.group for segment in data.parts[name]} for name in SPLITS]
    assert Counter(segment.labels["happy"] for segment in everything) == {0.0: 100, 1.0: 100}
    assert len(set.union(*observers)) == sum(map(len, observers)) == 25
    assert all(np.isfinite(body(segment).signals["EMG_corrugator"].values).mean() > 0.9 for segment in everything)
