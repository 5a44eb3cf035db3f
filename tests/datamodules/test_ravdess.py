"""RAVDESS: a few made clips of the same names and tables, and the real ones where they are there."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.ravdess import ACTION_UNITS, EMOTIONS, WAV2VEC2_ORDER, RavdessDataModule
from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from empdetect.recording import SPLITS
from tests.media import write_media

ACTORS, TAKES = (1, 2, 3), ("01", "08")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three actors, two emotions each, 0.3 s of noise, and tables of the videos of the same takes."""
    root = tmp_path_factory.mktemp("made")
    noise = np.random.default_rng(0).normal(0, 0.1, 4800)
    names = [f"01-{emotion}-01-01-01-{actor:02d}" for actor in ACTORS for emotion in TAKES]
    for name in names:
        folder = root / "ravdess" / "audio_16k" / f"Actor_{name[-2:]}"
        folder.mkdir(parents=True, exist_ok=True)
        write_media(folder / f"03-{name}.flac", samples=noise)
    tables = root / "ravdess" / "features"
    tables.mkdir()
    videos = np.array([f"01-{name}" for name in names[1:]])
    np.savez(tables / "openface_au35.npz", clip=videos, au=np.ones((len(videos), 35), np.float32))
    np.savez(
        tables / "face_emotion_frames.npz",
        clip=np.repeat(videos, 2),
        frame=np.tile(np.array([30, 15], np.int16), len(videos)),
        prob=np.tile(np.eye(7, dtype=np.float16)[:2], (len(videos), 1)),
        classes=np.array(["Angry", "Disgust", "Fearful", "Happy", "Sad", "Surprised", "Neutral"]),
    )
    return root


def module(root: Path, **arguments: object) -> RavdessDataModule:
    return RavdessDataModule({"audio": LogMel(mels=16, hop=0.05)}, str(root), **arguments)  # type: ignore[arg-type]


def test_names_give_emotion_and_actor(made: Path) -> None:
    segments = module(made).segments()
    assert [segment.labels["emotion"] for segment in segments] == [0.0, 7.0] * 3
    assert [segment.group for segment in segments] == [f"actor_{actor:02d}" for actor in ACTORS for _ in TAKES]


def test_tables_come_from_the_video_of_the_same_take(made: Path) -> None:
    without, person = (segment.people()[0] for segment in module(made).segments()[:2])
    assert not without.tables
    face, units = person.tables["face_emotions"].read(), person.tables["action_units"].read()
    np.testing.assert_allclose(face.times, [0.5, 1.0])
    np.testing.assert_array_equal(face.values[:, :2], [[0, 1], [1, 0]])
    assert units.columns == ACTION_UNITS
    assert units.values.shape == (1, 35)


def test_it_keeps_what_a_data_module_promises(made: Path) -> None:
    check_datamodule(module(made, folds=3, batch_size=2))


def test_a_name_of_another_kind_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "ravdess" / "audio_16k" / "Actor_01"
    folder.mkdir(parents=True)
    with pytest.raises(InputError, match="no clip at"):
        module(tmp_path).segments()
    (folder / "03-01-09-01-01-01-01.flac").touch()
    with pytest.raises(InputError, match="03-01-09-01-01-01-01"):
        module(tmp_path).segments()


def test_without_data_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ravdess"):
        module(tmp_path).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, fold=2)
    data.summary()
    everything = [segment for name in SPLITS for segment in data.parts[name]]
    actors = [{segment.group for segment in data.parts[name]} for name in SPLITS]
    assert len(everything) == 1200
    assert [len(part) for part in actors] == [12, 4, 4]
    assert len(set.union(*actors)) == 20
    assert {segment.labels["emotion"] for segment in everything} == set(map(float, range(len(EMOTIONS))))
    assert all({"face_emotions", "action_units", "wav2vec2"} == set(s.people()[0].tables) for s in everything)
    logits = [s.people()[0].tables["wav2vec2"].values[0].argmax() for s in everything]
    said = [
        WAV2VEC2_ORDER[place] == EMOTIONS[int(s.labels["emotion"])] for place, s in zip(logits, everything, strict=True)
    ]
    assert sum(said) / len(said) > 0.8  # in any other order of the classes it would be far less
    fewer = module(data_root, fold=2, validation_actors=2)
    fewer.summary()
    assert [len({s.group for s in fewer.parts[name]}) for name in SPLITS] == [14, 2, 4]
    assert [s.recording.id for s in fewer.parts["test"]] == [s.recording.id for s in data.parts["test"]]
    example = data.cache.features(data.features["audio"], everything[0].people()[0])
    assert example.observed


def test_few_validation_actors_leave_more_to_train_on(made: Path) -> None:
    data = module(made, folds=3, validation_actors=1)
    assert data.labels("val", "emotion").size == 2
    with pytest.raises(InputError, match="1 or more groups"):
        module(made, folds=3, validation_actors=0).summary()
