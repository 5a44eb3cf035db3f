"""Emo-DB: a few made clips of the same names, and the real ones where they are there."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.emodb import EMOTIONS, EmodbDataModule
from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from tests.media import write_media


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three speakers, three clips of 0.3 s each, one of an emotion that is left out."""
    root = tmp_path_factory.mktemp("made")
    (root / "emodb").mkdir()
    noise = np.random.default_rng(0).normal(0, 0.1, 4800)
    for speaker in ("03", "08", "16"):
        for clip in ("a01Fa", "a01Wc", "b02Lb"):
            write_media(root / "emodb" / f"{speaker}{clip}.flac", samples=noise)
    return root


def module(root: Path, **arguments: object) -> EmodbDataModule:
    return EmodbDataModule({"audio": LogMel(mels=16, hop=0.05)}, str(root), **arguments)  # type: ignore[arg-type]


def test_names_give_speaker_and_emotion(made: Path) -> None:
    segments = module(made, folds=3).segments()
    assert [EMOTIONS[int(segment.labels["emotion"])] for segment in segments] == ["happy", "angry"] * 3
    assert [segment.group for segment in segments[::2]] == ["speaker_03", "speaker_08", "speaker_16"]


def test_it_keeps_what_a_data_module_promises(made: Path) -> None:
    check_datamodule(module(made, folds=3, batch_size=2, zscore_by="group"))


def test_folds_are_speakers(made: Path) -> None:
    with pytest.raises(InputError, match="leaves one of 3 speakers out, got 8 folds; give folds=3"):
        module(made).segments()


def test_a_name_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "emodb").mkdir()
    with pytest.raises(InputError, match="no clip at"):
        module(tmp_path).segments()
    (tmp_path / "emodb" / "03a01Xa.flac").touch()
    with pytest.raises(InputError, match="03a01Xa"):
        module(tmp_path).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    tested = []
    for fold in range(8):
        data = module(data_root, fold=fold)
        data.summary()
        tested += sorted({str(segment.group) for segment in data.parts["test"]})
        assert len({segment.group for segment in data.parts["val"]}) == 1
    assert len(tested) == len(set(tested)) == 8
    assert len(data.segments()) == 266
