"""EDOS: tiny files of the same layout, and the real ones where they are there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.edos import EMOTIONS, HUMAN, MACHINE, EdosDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, everything, said, write_table

HUMAN_HEADER = ("Count", "Index", "DialogID", "Dialog", "Agreed emotion (2/3 vote)", "Worker 1 answer")
HUMAN_ROWS = [(n, f"0.9-{n}", 100 + n, f"So ?\nLine number {n} .", EMOTIONS[n].title(), "Sad") for n in range(9)]


def module(root: Path, **arguments: object) -> EdosDataModule:
    return EdosDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, rows: list[tuple[object, ...]]) -> Path:
    folder = root / "edos"
    write_table(folder / HUMAN, [HUMAN_HEADER, *rows])
    for file, source in MACHINE.items():
        columns = ("emotion", "os_dialog_id", "os_dialog", *([source] if source != "os_dialog_id" else []))
        lines = [
            ("sad", f"{file[50]}{n}", f"- - Hm {file[50]} {n} .\n- Found {file[50]} {n} .", 100 + n)[: len(columns)]
            for n in range(9)
        ]
        write_table(folder / file, [columns, *lines])
    return root


def test_the_last_line_is_labelled_and_the_lines_before_are_context(tmp_path: Path) -> None:
    rows = [*HUMAN_ROWS, (9, "x", 1, "Hm .", "-", "Sad"), (10, "x", 2, "Oh .", "Annoyed (Other)", "Sad")]
    segments = module(write(tmp_path, rows)).segments()
    assert len(segments) == 9
    assert said(segments[3]) == ["Line number 3 .", "So ?"]
    assert EMOTIONS[int(segments[3].labels["emotion"])] == "anticipating"


def test_machine_labels_train_beside_the_dialogue_they_come_from(tmp_path: Path) -> None:
    rows = [(n, f"0.9-{n}", 100 + n, f"Line number {n} .", "Sad", "Sad") for n in range(9)]
    data = module(write(tmp_path, rows), machine_labels=True, folds=3)
    apart(data)
    home = {segment.recording.id: name for name, part in data.parts.items() for segment in part}
    assert {name for segment, name in home.items() if segment.startswith("machine")} == {"train"}
    found = {segment.recording.id: segment.group for segment in data.segments()}
    assert found["human_1"] == found["machine_2_1"] == found["machine_4_1"] != found["human_2"]
    assert len(data.segments()) == 36


@pytest.mark.parametrize("context", [True, False])
def test_it_keeps_what_a_data_module_promises(tmp_path: Path, context: bool) -> None:
    rows = [(n, f"0.9-{n}", 100 + n, f"Well , {n} ...\nLine number {n} .", "Sad", "Sad") for n in range(9)]
    check_datamodule(module(write(tmp_path, rows), context=context, folds=3, batch_size=2))


def test_an_unknown_emotion_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 1: got the label 'hangry'"):
        module(write(tmp_path, [(1, "x", 1, "Food !", "Hangry", "Sad")])).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root)
    assert sum(apart(data).values()) == 8910
    assert {segment.labels["emotion"] for segment in everything(data.parts)} == set(map(float, range(41)))
