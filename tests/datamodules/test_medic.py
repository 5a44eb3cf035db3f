"""MEDIC: made clips in the layout of the contract."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.medic import MedicDataModule
from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from empdetect.recording import SPLITS
from tests.media import write_media

HEADER = "clip,counselor,client,expression_of_experience,emotional_reaction,cognitive_reaction\n"
ROWS = ["c1,A,u,0,1,2", "c2,A,v,none,weak,strong", "c3,B,v,n/a,0,1", "c4,C,w,0,0,0", "c5,D,x,2,2,2"]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Five clips: A meets u and v, B meets v too, C and D meet others."""
    folder = tmp_path / "medic"
    (folder / "videos").mkdir(parents=True)
    (folder / "transcripts").mkdir()
    noise = np.random.default_rng(0).normal(0, 0.1, 8000)
    for row in ROWS:
        clip = row.split(",")[0]
        write_media(folder / "videos" / f"{clip}.avi", [np.zeros((32, 32), np.uint8)] * 12, noise)
    words = "start\tend\tspeaker\ttext\n0\t0.2\tclient\tit hurts\n0.2\t0.4\tcounselor\ttell me\n"
    (folder / "transcripts" / "c1.tsv").write_text(words)
    (folder / "labels.csv").write_text(HEADER + "\n".join(ROWS))
    return tmp_path


def module(root: Path, **arguments: object) -> MedicDataModule:
    features = {"audio": LogMel(mels=8, hop=0.05)}
    return MedicDataModule(features, str(root), **{"folds": 3, **arguments})  # type: ignore[arg-type]


def test_labels_by_number_and_by_name(made: Path) -> None:
    segments = {s.recording.id: s for s in module(made).segments()}
    assert segments["c1"].labels == segments["c2"].labels
    assert segments["c3"].labels == {"emotional_reaction": 0.0, "cognitive_reaction": 1.0}


def test_each_has_their_own_words(made: Path) -> None:
    counselor, client = module(made).segments()[0].people()
    words = [person.transcript.read().utterances[0].text for person in (counselor, client) if person.transcript]
    assert (counselor.role, client.role) == ("counselor", "client")
    assert words == ["tell me", "it hurts"]
    assert module(made).segments()[1].people()[0].transcript is None


def test_people_who_meet_are_one_group(made: Path) -> None:
    groups = {s.recording.id: s.group for s in module(made).segments()}
    assert groups["c1"] == groups["c2"] == groups["c3"]
    assert len(set(groups.values())) == 3
    data = module(made, batch_size=2)
    check_datamodule(data)
    homes = [{s.group for s in data.parts[name]} for name in SPLITS]
    assert sum(map(len, homes)) == 3


def test_faults_are_named(made: Path) -> None:
    table = made / "medic" / "labels.csv"
    table.write_text(HEADER + "c1,A,u,0,1,much\n")
    with pytest.raises(InputError, match=r"labels\.csv, row 1: 'cognitive_reaction' is 'much', not a number or one of"):
        module(made).segments()
    table.write_text(HEADER + "c1,,u,0,1,1\n")
    with pytest.raises(InputError, match="row 1: counselor must not be empty"):
        module(made).segments()
    table.write_text(HEADER + "c9,A,u,0,1,1\n")
    with pytest.raises(InputError, match="no film of 'c9'"):
        module(made).segments()


def test_without_data_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing at .*medic; request it from the authors"):
        module(tmp_path).segments()
    (tmp_path / "medic").mkdir()
    with pytest.raises(InputError, match=r"labels\.csv: no such file"):
        module(tmp_path).segments()
