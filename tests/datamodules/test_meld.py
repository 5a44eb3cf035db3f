"""MELD: tiny files of the same layout, and the real ones where they are there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.meld import EMOTIONS, FILES, MeldDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, everything, levels, said, write_table

HEADER = ("Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode")


def module(root: Path, **arguments: object) -> MeldDataModule:
    return MeldDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, emotion: str = "joy") -> Path:
    for split, file in FILES.items():
        rows = [(n, f"{split} says {n}", "Someone", emotion, "positive", n // 2, n % 2, split, n) for n in range(4)]
        write_table(root / "meld" / file, [HEADER, (0, "What?!", "Someone", "surprise", "neutral", 9, 0, 1, 1), *rows])
    return root


def test_utterances_are_grouped_by_dialogue_of_their_file(tmp_path: Path) -> None:
    data = module(write(tmp_path))
    segments = data.segments()
    groups = ["train: train 0", "train: train 0", "train: train 1", "train: train 1", "val: val 9"]
    assert [segment.group for segment in segments[1:6]] == groups
    assert data.tied == {"train": 1, "val": 1, "test": 1}  # the first of each file is of one episode
    assert said(segments[1]) == ["train says 0"]
    assert [EMOTIONS[int(segment.labels["emotion"])] for segment in segments[:2]] == ["surprise", "joy"]


def test_copies_can_be_left_out(tmp_path: Path) -> None:
    assert apart(module(write(tmp_path), deduplicate=True)) == {"train": 4, "val": 4, "test": 5}


def test_it_keeps_what_a_data_module_promises(tmp_path: Path) -> None:
    check_datamodule(module(write(tmp_path), batch_size=2))


def test_an_unknown_emotion_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 2: 'emotion' is 'awe'"):
        module(write(tmp_path, "awe")).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, deduplicate=True)
    assert apart(data) == {"train": 9989 - 1280, "val": 1109 - 126, "test": 2610}
    assert levels(everything(data.parts), "emotion") == set(map(float, range(7)))
    assert data.tied == {"train": 7635, "val": 974, "test": 2609}
