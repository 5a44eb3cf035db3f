"""NewsEmp: made essays in the files of the three shared tasks."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.newsemp import NewsEmpDataModule
from empdetect.errors import InputError
from empdetect.features.text import TextTokens
from empdetect.recording import SPLITS


def write_2024(root: Path) -> Path:
    """Writers 0 to 5; 0 and 1 are in two of the organisers' sets, and one essay is there twice."""
    folder = root / "newsemp" / "2024"
    folder.mkdir(parents=True)
    writers = {
        "trac3_EMP_train.csv": (0, 1, 2, 2),
        "trac3_EMP_dev.csv": (0, 3),
        "goldstandard_EMP.csv": (1, 4, 5),
    }
    for file, people in writers.items():
        lines = [f'{n},{p},"he said \\"no\\", {file} {n}",{1 + p}.5,unknown\n' for n, p in enumerate(people)]
        header = "id,person_id,person_essay,person_empathy,person_distress\n"
        (folder / file).write_text(header + "".join(lines), encoding="utf-8")
    return root


def write_2022(root: Path) -> Path:
    folder = root / "newsemp" / "2022"
    folder.mkdir(parents=True)
    head = "message_id\tresponse_id\tarticle_id\t"
    lines = [f"R_{n}_1\tR_{n // 2}\t1\t{1 + n % 7}\t2.5\tan essay {n}\n" for n in range(12)]
    train = head + "empathy\tdistress\tessay\n" + "".join(lines)
    (folder / "messages_train_ready_for_WS.tsv").write_text(train)
    lines = [f"R_{n}_1\tR_{n}\t1\tan essay {n}\n" for n in range(20, 23)]
    (folder / "messages_dev_features_ready_for_WS_2022.tsv").write_text(head + "essay\n" + "".join(lines))
    (folder / "goldstandard_dev_2022.tsv").write_text("1.5\t2\tsadness\n3\t4\tanger\n7\t1\tjoy\n")
    return root


def module(root: Path, **arguments: object) -> NewsEmpDataModule:
    features = {"text": TextTokens(max_tokens=16)}
    return NewsEmpDataModule(features, str(root), **{"folds": 3, **arguments})  # type: ignore[arg-type]


def test_essays_with_their_labels(tmp_path: Path) -> None:
    segments = module(write_2024(tmp_path)).segments()
    assert len(segments) == 9
    assert segments[1].labels == {"empathy": 2.5}
    transcript = segments[0].people()[0].transcript
    assert transcript is not None
    assert transcript.read().utterances[0].text == 'he said "no", trac3_EMP_train.csv 0'


def test_folds_hold_writers_apart(tmp_path: Path) -> None:
    data = module(write_2024(tmp_path), batch_size=2)
    check_datamodule(data)
    essays = {s.recording.id: name for name in SPLITS for s in data.parts[name]}
    assert essays["trac3_EMP_train_1"] == essays["trac3_EMP_dev_1"]
    assert essays["trac3_EMP_train_2"] == essays["goldstandard_EMP_1"]


def test_the_organisers_split(tmp_path: Path) -> None:
    data = module(write_2024(tmp_path), protocol="published")
    assert data.summary().startswith("4 train, 2 val, 3 test")


def test_an_essay_in_two_published_sets_is_refused(tmp_path: Path) -> None:
    path = write_2024(tmp_path) / "newsemp" / "2024" / "goldstandard_EMP.csv"
    header = "person_id,person_essay,person_empathy,person_distress\n"
    path.write_text(header + '7,"He said \\"no\\",  trac3_EMP_train.csv 0",2,2\n')
    with pytest.raises(InputError, match="in both train and test"):
        module(tmp_path, protocol="published").summary()
    groups = {s.recording.id: s.group for s in module(tmp_path).segments()}
    assert groups["goldstandard_EMP_1"] == groups["trac3_EMP_train_1"]


def test_where_test_labels_were_kept_the_development_set_is_the_test_set(tmp_path: Path) -> None:
    data = module(write_2022(tmp_path), release=2022, protocol="published")
    assert data.labels("test", "empathy").tolist() == [1.5, 3, 7]
    assert data.labels("test", "distress").tolist() == [2, 4, 1]
    assert len(data.parts["train"]) + len(data.parts["val"]) == 12
    assert len(data.parts["val"]) > 0


def test_faults_are_named(tmp_path: Path) -> None:
    write_2022(write_2024(tmp_path))
    folder = tmp_path / "newsemp"
    (folder / "2022" / "goldstandard_dev_2022.tsv").write_text("1.5\t2\n3\t4\n")
    with pytest.raises(InputError, match="each of 3 essays, and has 2 lines"):
        module(tmp_path, release=2022).segments()
    path = folder / "2024" / "trac3_EMP_dev.csv"
    path.write_text("person_id,person_essay,person_empathy,person_distress\n1,words,9,1\n")
    with pytest.raises(InputError, match=r"trac3_EMP_dev\.csv, row 1: 'empathy' is 9, allowed is 1 to 7"):
        module(tmp_path).segments()
    path.write_text("person_id,person_essay,person_empathy,person_distress\n,words,2,1\n")
    with pytest.raises(InputError, match="row 1: writer must not be empty"):
        module(tmp_path).segments()
    path.unlink()
    with pytest.raises(InputError, match=r"trac3_EMP_dev\.csv: no such file"):
        module(tmp_path).segments()


def test_without_data_it_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing at .*newsemp; register for the year's competition"):
        module(tmp_path).segments()
    (tmp_path / "newsemp").mkdir()
    with pytest.raises(InputError, match=r"nothing at .*2024; register for the year's competition"):
        module(tmp_path).segments()
    with pytest.raises(InputError, match="allowed are 2022, 2023, 2024"):
        module(tmp_path, release=2021)
    with pytest.raises(InputError, match="allowed are person, published"):
        module(tmp_path, protocol="random")
