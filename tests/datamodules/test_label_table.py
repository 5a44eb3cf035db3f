"""Tables of labels: cells as text, labels by number or name, faults by row."""

from pathlib import Path

import pytest

from empdetect.datamodules.label_table import read_cells, read_labels, required
from empdetect.errors import InputError
from empdetect.task import Target

LEVEL = Target("level", "ordinal", classes=("none", "weak", "strong"))
EMPATHY = Target("empathy", "regression", range=(1, 7))


def written(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_cells_are_text_or_unknown(tmp_path: Path) -> None:
    path = written(tmp_path, 'clip;level;note\n01;weak;"a; b"\n02;N/A;unknown\n')
    assert read_cells(path, ["name", "level"], {"clip": "name"}) == [
        {"name": "01", "level": "weak", "note": "a; b"},
        {"name": "02", "level": None, "note": None},
    ]


def test_an_escaped_quotation_mark_is_part_of_the_text(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,essay\n1,"a \\"good\\" deed, no?"\n')
    assert read_cells(path, ["essay"], escape="\\")[0]["essay"] == 'a "good" deed, no?'


def test_a_class_is_given_by_number_or_name() -> None:
    labels = [read_labels({"level": cell, "empathy": None}, (LEVEL, EMPATHY), "t, row 1") for cell in ("strong", "1")]
    assert labels == [{"level": 2.0}, {"level": 1.0}]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"level": "much", "empathy": "3"}, "t, row 4: 'level' is 'much', not a number or one of none, weak, strong"),
        ({"level": "3", "empathy": "3"}, "t, row 4: 'level' is 3, allowed are the levels 0 to 2"),
        ({"level": None, "empathy": "8"}, "t, row 4: 'empathy' is 8, allowed is 1 to 7"),
    ],
)
def test_wrong_labels_are_named(cells: dict[str, str | None], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(cells, (LEVEL, EMPATHY), "t, row 4")


def test_what_must_be_known_is_asked_for(tmp_path: Path) -> None:
    assert required({"a": "1", "b": "2"}, ("b", "a"), "t, row 1") == ("2", "1")
    with pytest.raises(InputError, match="t, row 1: b must not be empty"):
        required({"a": "1", "b": None}, ("a", "b"), "t, row 1")
    with pytest.raises(InputError, match="lacks the columns level"):
        read_cells(written(tmp_path, "clip\n1\n"), ["level"])
    with pytest.raises(InputError, match="Reading the table"):
        read_cells(written(tmp_path, 'clip\n1,2,3\n"'), ["clip"])
    with pytest.raises(InputError, match="no such file"):
        read_cells(tmp_path / "none.csv", ["clip"])
