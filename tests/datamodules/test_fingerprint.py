"""The fingerprint of a dataset: who, where, which labels, and what was recorded, wherever it lies."""

import shutil
from pathlib import Path

import pytest

from empdetect.datamodules.base import EmpathyDataModule
from empdetect.recording import SPLITS, Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.table import TableFile
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task


class Letters(EmpathyDataModule):
    """Three recordings, each with words in memory, and a sound and a table in a folder."""

    task = Task((Target("vowel", "binary"),))

    def __init__(self, folder: Path, words: str = "abc") -> None:
        super().__init__({})
        self.folder = folder
        self.words = words

    def segments(self) -> list[Segment]:
        found = []
        for split, letter in zip(SPLITS, self.words, strict=True):
            person = Participant(
                "writer",
                audio=AudioStream(self.folder / f"{split}.wav"),
                transcript=Transcript((Utterance(letter),)),
                tables={"face": TableFile(self.folder / f"{split}.csv")},
            )
            found.append(
                Segment(Recording(split, (person,)), "writer", labels={"vowel": 1.0}, group=split, split=split)
            )
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files that nobody decodes."""
    made = tmp_path / "here"
    made.mkdir()
    for split in SPLITS:
        (made / f"{split}.wav").write_bytes(b"sound")
        (made / f"{split}.csv").write_text("time,smile\n0,1\n")
    return made


def prints(data: EmpathyDataModule) -> tuple[str, str]:
    return data.fingerprint(), data.provenance("vowel")["fingerprint"]


def test_it_is_the_same_wherever_the_data_lie(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "there")
    assert prints(Letters(folder)) == prints(Letters(folder)) == prints(Letters(tmp_path / "there"))


def test_it_follows_words_sound_and_tables(folder: Path) -> None:
    found = [prints(Letters(folder)), prints(Letters(folder, words="xbc"))]
    (folder / "train.csv").write_text("time,smile\n0,2\n")
    found.append(prints(Letters(folder)))
    (folder / "train.wav").write_bytes(b"sound and more")
    found.append(prints(Letters(folder)))
    (folder / "train.wav").unlink()  # whoever needs it is told; the fingerprint is not the place
    found.append(prints(Letters(folder)))
    for each in zip(*found, strict=True):
        assert len(set(each)) == len(found)


def test_what_a_head_did_not_learn_from_makes_no_difference_to_it(folder: Path) -> None:
    one, other = prints(Letters(folder)), prints(Letters(folder, words="abx"))
    assert one[0] != other[0]
    assert one[1] == other[1]
