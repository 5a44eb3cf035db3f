"""The contagion experiment's clips: made ones of the same names, and the real ones where they are there."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from empdetect.datamodules.contagion_videos import EXPRESSIONS, ContagionVideosDataModule
from empdetect.errors import InputError
from empdetect.recording import SPLITS
from tests.media import write_media


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of gray by four actors, one of them in both waves."""
    root = tmp_path_factory.mktemp("made")
    frames = [np.full((32, 32), 128, np.uint8)] * 75
    for wave, actors in (("videos_wave1", (2, 3)), ("videos_wave2", (2, 6, 7))):
        folder = root / "contagion" / wave
        folder.mkdir(parents=True)
        for actor in actors:
            write_media(folder / f"{actor}_angry.avi", frames)
            write_media(folder / f"{actor}_neutral.avi", frames)
    return root


def test_windows_and_groups(made: Path) -> None:
    data = ContagionVideosDataModule({}, str(made), window=2.0, hop=0.5, folds=4)
    segments = data.segments()
    assert [(s.start, s.end) for s in segments[:3]] == [(0.0, 2.0), (0.5, 2.5), (1.0, 3.0)]
    assert {s.group for s in segments if "_2_" in s.recording.id} == {"actor_2"}
    assert len({s.group for s in segments}) == 4
    assert {s.labels["expression"] for s in segments} == {0.0, 2.0}
    assert sum(len(data.parts[name]) for name in SPLITS if data.summary()) == len(segments)


def test_faults_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contagion"):
        ContagionVideosDataModule({}, str(tmp_path)).segments()
    folder = tmp_path / "contagion" / "videos_wave1"
    folder.mkdir(parents=True)
    with pytest.raises(InputError, match="no clip"):
        ContagionVideosDataModule({}, str(tmp_path)).segments()
    (folder / "2_puzzled.avi").touch()
    with pytest.raises(InputError, match=r"2_puzzled\.avi"):
        ContagionVideosDataModule({}, str(tmp_path)).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = ContagionVideosDataModule({}, str(data_root))
    data.summary()
    everything = [segment for name in SPLITS for segment in data.parts[name]]
    actors = [{segment.group for segment in data.parts[name]} for name in SPLITS]
    assert [len(part) for part in actors] == [4, 1, 1]
    assert len(set.union(*actors)) == 6
    assert len({segment.recording.id for segment in everything}) == 21
    counts = Counter(segment.labels["expression"] for segment in everything)
    assert set(counts) == set(map(float, range(len(EXPRESSIONS))))
    assert max(counts.values()) == min(counts.values())
