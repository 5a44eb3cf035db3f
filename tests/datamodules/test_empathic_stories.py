"""EmpathicStories++: made stories in the layout of the contract."""

import logging
from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.empathic_stories import EmpathicStoriesDataModule
from empdetect.errors import InputError
from empdetect.features.table import TableFeatures
from empdetect.recording import SPLITS
from tests.media import write_media

PEOPLE = ("p1", "p2", "p3", "p4")


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Four people with two stories each, features of both contexts; one reflection has media, one is missing."""
    base = tmp_path / "empathic_stories"
    lines = ["participant,session,story,empathy\n"]
    for number, person in enumerate(PEOPLE):
        for story in ("s1", "s2"):
            lines.append(f"{person},1,{story},{1 + number}\n")
            for context, level in (("story_share", 0.1), ("reflection", 0.9)):
                folder = base / context / person / "1" / story
                folder.mkdir(parents=True)
                (folder / "video.csv").write_text(f"timestamp,AU01\n0,{level}\n0.5,{level}\n")
    (base / "labels.csv").write_text("".join([*lines, "p1,2,s3,5\n"]))
    rich = base / "reflection" / "p1" / "1" / "s1"
    write_media(rich / "video.mp4", [np.zeros((32, 32), np.uint8)] * 25, np.zeros(16_000))
    (rich / "transcript.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nit moved me\n")
    silent = base / "reflection" / "p1" / "1" / "s2"
    write_media(silent / "video.mp4", [np.zeros((32, 32), np.uint8)] * 25)
    return tmp_path


def module(root: Path, **arguments: object) -> EmpathicStoriesDataModule:
    features = {"face": TableFeatures(["AU01"], "face", "video_features")}
    return EmpathicStoriesDataModule(features, str(root), **{"folds": 3, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize(("context", "level"), [("story_share", 0.1), ("reflection", 0.9)])
def test_a_context_shows_its_own_files(made: Path, context: str, level: float) -> None:
    segments = module(made, context=context).segments()
    assert len(segments) == 8
    assert segments[2].recording.id == f"{context}_p2_1_s1"
    assert segments[2].labels == {"empathy": 2.0}
    assert segments[2].people()[0].tables["video_features"].read().values[0, 0] == pytest.approx(level)


def test_media_are_taken_where_they_are(made: Path) -> None:
    rich, silent, plain = (segment.people()[0] for segment in module(made).segments()[:3])
    assert {name for name, _ in rich.streams()} == {"video", "audio", "transcript", "video_features"}
    assert rich.audio is not None
    assert silent.video is not None
    assert silent.audio is None
    assert {name for name, _ in plain.streams()} == {"video_features"}


def test_no_participant_is_in_two_splits(made: Path) -> None:
    data = module(made, batch_size=2)
    check_datamodule(data)
    people = [{s.group for s in data.parts[name]} for name in SPLITS]
    assert sum(map(len, people)) == len(set.union(*people)) == 4


def test_a_missing_folder_is_told(made: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        module(made).segments()
    assert "1 stories without a folder" in caplog.text


def test_faults_are_named(made: Path) -> None:
    base = made / "empathic_stories"
    with pytest.raises(InputError, match=r"row 7: 'empathy' is 4, allowed is 1 to 3"):
        module(made, scale=(1, 3)).segments()
    with pytest.raises(InputError, match="allowed are story_share, reflection"):
        module(made, context="both")
    (base / "story_share/p1/1/s1/video.csv").unlink()
    with pytest.raises(InputError, match=r"s1 holds none of video\.csv, audio\.csv, text\.csv"):
        module(made, context="story_share").segments()
    (base / "labels.csv").write_text("participant,session,story,empathy\np1,,s1,3\n")
    with pytest.raises(InputError, match="row 1: session must not be empty"):
        module(made).segments()
    (base / "labels.csv").write_text("participant,session,story,empathy\np9,1,s1,3\n")
    with pytest.raises(InputError, match=r"nothing at .* and all the others"):
        module(made).segments()


def test_without_data_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing at .*empathic_stories; fill in the access form"):
        module(tmp_path).segments()
