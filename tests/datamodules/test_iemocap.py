"""IEMOCAP: made sessions in the layout of the release."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.iemocap import IemocapDataModule
from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from empdetect.recording import SPLITS
from tests.media import write_media

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
TURNS = (("F000", "neu", "[2.5000, 2.5000, 2.5000]"), ("M000", "exc", "[4.5000, 4.0000, 3.0000]"))
TURNS += (("M001", "fru", "[5.5000, 3.0000, 3.0000]"), ("F001", "ang", "[1.5000, 4.0000, 4.5000]"))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Three sessions of one dialogue with four turns each."""
    noise = np.random.default_rng(0).normal(0, 0.1, 4800)
    for session in (1, 2, 3):
        dialogue = f"Ses0{session}F_script01_1"
        base = tmp_path / "iemocap" / f"Session{session}"
        for place in ("dialog/EmoEvaluation", "dialog/transcriptions", f"sentences/wav/{dialogue}"):
            (base / place).mkdir(parents=True)
        rated, said = [HEADER], ["M: mhm\n"]
        for number, (turn, code, ratings) in enumerate(TURNS):
            name = f"{dialogue}_{turn}"
            rated.append(f"[{number}.2901 - {number + 1}.2357]\t{name}\t{code}\t{ratings}\n")
            rated.append("C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n\n")
            said.append(f"{name} [00{number}.2901-00{number + 1}.2357]: Words of {turn}.\n")
            if turn != "F001":
                write_media(base / "sentences" / "wav" / dialogue / f"{name}.wav", samples=noise)
        (base / "dialog/EmoEvaluation" / f"{dialogue}.txt").write_text("".join(rated))
        (base / "dialog/EmoEvaluation" / f"._{dialogue}.txt").write_bytes(b"\x00\x05")
        (base / "dialog/transcriptions" / f"{dialogue}.txt").write_text("".join(said))
    return tmp_path


def module(root: Path, **arguments: object) -> IemocapDataModule:
    features = {"audio": LogMel(mels=8, hop=0.05)}
    return IemocapDataModule(features, str(root), **{"folds": 3, **arguments})  # type: ignore[arg-type]


def test_labels_of_utterances(made: Path) -> None:
    neutral, excited, frustrated, angry = module(made).segments()[:4]
    assert neutral.labels == {"emotion": 3.0, "valence": 2.5, "activation": 2.5, "dominance": 2.5}
    assert excited.labels["emotion"] == 1.0
    assert frustrated.labels == {"activation": 3.0, "dominance": 3.0}
    assert angry.labels["emotion"] == 0.0


def test_who_speaks_and_what_there_is_of_them(made: Path) -> None:
    people = [segment.people()[0] for segment in module(made).segments()[:4]]
    assert [person.name for person in people] == ["Ses01F", "Ses01M", "Ses01M", "Ses01F"]
    assert [person.audio is not None for person in people] == [True, True, True, False]
    assert people[1].transcript is not None
    assert people[1].transcript.read().utterances[0].text == "Words of M000."


def test_no_actor_is_in_two_splits(made: Path) -> None:
    data = module(made, batch_size=4)
    check_datamodule(data)
    actors = [{s.participant for s in data.parts[name]} for name in SPLITS]
    assert [len(part) for part in actors] == [2, 2, 2]
    assert len(set.union(*actors)) == 6


def test_a_broken_line_is_named(made: Path) -> None:
    path = made / "iemocap/Session1/dialog/EmoEvaluation/Ses01F_script01_1.txt"
    path.write_text(HEADER + "[0.1 - 0.9]\tSes01F_script01_1_F000\tneu\n")
    with pytest.raises(InputError, match="line 3 is not"):
        module(made).segments()


def test_without_data_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing at .*iemocap; fill in the release form"):
        module(tmp_path).segments()
    (tmp_path / "iemocap").mkdir()
    with pytest.raises(InputError, match="no evaluation at"):
        module(tmp_path).segments()
