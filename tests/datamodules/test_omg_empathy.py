"""OMG-Empathy: made films of the same names and annotations."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.omg_empathy import FOLDERS, OmgEmpathyDataModule
from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from empdetect.recording import SPLITS
from tests.media import write_media

STORIES = {"Training": (2, 4), "Validation": (1,), "Testing": (3,)}
LISTENERS = (1, 2, 3)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds at 10 frames a second, black on the left and white on the right, with noise."""
    picture = np.zeros((32, 64), np.uint8)
    picture[:, 32:] = 255
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * 16_000)
    return write_media(tmp_path_factory.mktemp("film") / "film.mp4", [picture] * 40, noise, fps=10)


@pytest.fixture
def made(tmp_path: Path, film: Path) -> Path:
    for place, stories in STORIES.items():
        for name in (f"Subject_{listener}_Story_{story}" for listener in LISTENERS for story in stories):
            for kind in ("Videos", "Annotations"):
                (tmp_path / "omg_empathy" / place / kind).mkdir(parents=True, exist_ok=True)
            shutil.copy(film, tmp_path / "omg_empathy" / place / "Videos" / f"{name}.mp4")
            rows = "".join(f"{value:.2f}\n" for value in np.linspace(-1, 1, 40))
            (tmp_path / "omg_empathy" / place / "Annotations" / f"{name}.csv").write_text(f"valence\n{rows}")
    return tmp_path


def module(root: Path, **arguments: object) -> OmgEmpathyDataModule:
    features = {"audio": LogMel(mels=8, hop=0.05)}
    return OmgEmpathyDataModule(features, str(root), **{"window": 2.0, "hop": 1.0, "folds": 3, **arguments})  # type: ignore[arg-type]


def test_windows_have_the_mean_valence_of_their_frames(made: Path) -> None:
    segments = module(made).segments()[:4]
    assert [(s.start, s.end) for s in segments] == [(0, 2), (1, 3), (2, 4), (3, 4)]
    values = np.round(np.linspace(-1, 1, 40), 2)
    assert segments[1].labels["valence"] == pytest.approx(values[10:30].mean())
    assert segments[0].recording.id == "Subject_1_Story_2"


def test_the_listener_is_on_the_right_and_the_actor_on_the_left(made: Path) -> None:
    listener, actor = module(made).segments()[0].people()
    assert listener.video is not None
    assert actor.video is not None
    assert (listener.audio, actor.audio is not None) == (None, True)
    right, left = (next(iter(stream.frames()))[1] for stream in (listener.video, actor.video))
    assert right.shape == left.shape == (32, 32)
    assert right.mean() > 240
    assert left.mean() < 15


def test_it_keeps_what_a_data_module_promises(made: Path) -> None:
    data = module(made, batch_size=4)
    check_datamodule(data)
    people = [{segment.recording.id.split("_")[1] for segment in data.parts[name]} for name in SPLITS]
    assert sorted(map(len, people)) == [1, 1, 1]
    assert len(set.union(*people)) == 3
    assert module(made, context=False).task.persons == 1


def test_the_owners_split_holds_stories_apart(made: Path) -> None:
    data = module(made, protocol="published")
    data.summary()
    stories = {name: {int(s.recording.id.rsplit("_", 1)[1]) for s in data.parts[name]} for name in SPLITS}
    assert stories == {name: set(STORIES[FOLDERS[name]]) for name in SPLITS}


def test_faults_are_named(made: Path, tmp_path: Path) -> None:
    place = made / "omg_empathy" / "Training" / "Annotations"
    path = place / "Subject_1_Story_2.csv"
    path.write_text("valence\n0.1\n0.2\n")
    with pytest.raises(InputError, match=r"2 ratings, one a frame, which last 0\.2 s; the film .* lasts 4\.0 s"):
        module(made).segments()
    path.write_text("valence\n" + "2\n" * 40)
    with pytest.raises(InputError, match=r"row 1: 'valence' is 2, allowed is -1 to 1"):
        module(made).segments()
    path.rename(place / "Subject_1.csv")
    with pytest.raises(InputError, match=r"'Subject_1\.csv' is not Subject_NUMBER_Story_NUMBER"):
        module(made).segments()
    (place / "Subject_1.csv").rename(place / "Subject_9_Story_2.csv")
    with pytest.raises(InputError, match=r"Subject_9_Story_2\.mp4: no such file"):
        module(made).segments()


def test_without_data_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing at .*omg_empathy; register with the organisers"):
        module(tmp_path).segments()
    (tmp_path / "omg_empathy").mkdir()
    with pytest.raises(InputError, match="no annotation at"):
        module(tmp_path).segments()
    with pytest.raises(InputError, match="allowed are person, published"):
        module(tmp_path, protocol="random")
