"""The long table of scores: what is written is what is read."""

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.errors import InputError
from empdetect.scores import COLUMNS, NUMBERS, TEXTS, Scores, ScoresFile, as_lines, from_lines, lines_of, rows_of

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(lambda text: text != "n/a")
VALUES = st.one_of(st.just(math.nan), st.floats(-1e6, 1e6))
ROWS = st.lists(
    st.fixed_dictionaries({name: NAMES if name in TEXTS else VALUES for name in COLUMNS}), min_size=1, max_size=8
)
ROW = {
    "recording": "r",
    "participant": "Ann",
    "start": 0.0,
    "end": 10.0,
    "measure": "empathy",
    "score": 0.25,
    "low": 0.1,
    "high": 0.4,
    "quality": 0.9,
    "modalities": "audio:0.90",
    "reason": "",
}
LOST = {**ROW, "score": math.nan, "low": math.nan, "high": math.nan, "modalities": "", "reason": "audio: silence"}


@settings(max_examples=40, deadline=None)
@given(ROWS, st.sampled_from([".tsv", ".json"]))
def test_what_is_written_is_read(rows: list[dict[str, object]], ending: str) -> None:
    scores = Scores.of(rows, {"detector": "d", "calibrated": False})
    with TemporaryDirectory() as folder:
        read = Scores.read(scores.write(Path(folder) / f"scores{ending}"))
    pd.testing.assert_frame_equal(read.table, scores.table, check_exact=True)
    assert read.about == scores.about


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_every_row_is_one_line_of_as_many_cells(rows: list[dict[str, object]]) -> None:
    with TemporaryDirectory() as folder:
        path = Scores.of(rows).write(Path(folder) / "scores.tsv")
        lines = path.read_bytes().decode("utf-8").split("\n")
    assert len(lines) == len(rows) + 2
    assert {line.count("\t") for line in lines[:-1]} == {len(COLUMNS) - 1}


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_plain_rows_make_the_lines_of_a_table_and_come_back_from_them(rows: list[dict[str, object]]) -> None:
    scores = Scores.of(rows)
    lines = as_lines(scores)
    assert lines_of(rows) == lines
    pd.testing.assert_frame_equal(Scores.of(rows_of(lines)).table, from_lines(lines).table, check_dtype=False)


def test_empty_cells_are_written_as_not_available(tmp_path: Path) -> None:
    path = Scores.of([ROW, LOST]).write(tmp_path / "scores.tsv")
    first, second = (line.split("\t") for line in path.read_text().splitlines()[1:])
    assert first[list(COLUMNS).index("reason")] == "n/a"
    assert [second[list(COLUMNS).index(name)] for name in ("score", "low", "high", "modalities")] == ["n/a"] * 4
    table = Scores.read(path).table
    assert math.isnan(table["score"][1])
    assert (table["reason"][0], table["modalities"][1]) == ("", "")


def test_times_keep_their_milliseconds_late_in_a_recording(tmp_path: Path) -> None:
    scores = Scores.of([{**ROW, "start": 7200.123, "end": 86400.001}])
    table = Scores.read(scores.write(tmp_path / "scores.tsv")).table
    assert (table["start"][0], table["end"][0]) == (7200.123, 86400.001)


def test_the_sidecar_explains_every_column(tmp_path: Path) -> None:
    Scores.of([ROW], {"detector": "d"}).write(tmp_path / "scores.tsv")
    sidecar = json.loads((tmp_path / "scores.json").read_text())
    assert list(sidecar["columns"]) == list(COLUMNS)
    assert sidecar["about"] == {"detector": "d"}
    assert "rows" not in sidecar


@pytest.mark.parametrize("order", [(".tsv", ".json"), (".json", ".tsv")])
def test_table_and_json_of_one_name_live_together(order: tuple[str, str], tmp_path: Path) -> None:
    scores = Scores.of([ROW, LOST], {"detector": "d"})
    for ending in order:
        scores.write(tmp_path / f"scores{ending}")
    content = json.loads((tmp_path / "scores.json").read_text())
    assert set(content) == {"about", "columns", "rows"}
    assert content["rows"][1]["score"] is None
    for ending in order:
        pd.testing.assert_frame_equal(Scores.read(tmp_path / f"scores{ending}").table, scores.table)


def test_a_growing_table_can_be_read_at_any_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scores.tsv"
    with ScoresFile(path, {"detector": "d"}) as file:
        assert len(Scores.read(path)) == 0
        file.add(Scores.of([ROW]))
        assert len(Scores.read(path)) == 1
        file.add(Scores.of([LOST, ROW]))
        assert list(Scores.read(path).table["reason"]) == ["", "audio: silence", ""]
    assert Scores.read(path).about == {"detector": "d"}


def test_columns_that_are_left_out_are_empty() -> None:
    table = Scores.of([{"recording": "r", "measure": "empathy"}]).table
    assert table["participant"][0] == ""
    assert table[list(NUMBERS)].isna().all(axis=None)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", None, "no file"),
        ("a.tsv", "x\ty\n1\t2\n", "columns must be recording"),
        ("a.tsv", "", "not a table"),
        ("a.json", "{", "not valid JSON"),
        ("a.json", "[]", "must hold about"),
        ("a.json", '{"about": {}, "columns": {}}', "holds no rows"),
    ],
)
def test_what_is_no_table_is_refused(name: str, content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        Scores.read(tmp_path / name)


def test_endings_and_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"allowed endings are \.tsv, \.json"):
        Scores.of([ROW]).write(tmp_path / "scores.xlsx")
    (tmp_path / "file").write_text("in the way")
    for ending in ("tsv", "json"):
        with pytest.raises(InputError, match="give an output folder"):
            Scores.of([ROW]).write(tmp_path / "file" / f"scores.{ending}")
