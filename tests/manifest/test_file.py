"""The file of a manifest: what is written is read again, with the line numbers of an editor."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.errors import InputError
from empdetect.manifest.check import check_manifest
from empdetect.manifest.faults import ManifestError
from empdetect.manifest.file import UNKNOWN, read_file, write_manifest

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\r\n\0"), min_size=1, max_size=20)
cells = texts.map(str.strip).filter(lambda cell: cell not in UNKNOWN)
rows = st.lists(
    st.fixed_dictionaries({"recording": cells}, optional=dict.fromkeys(("video", 'a "b"', "läbel"), cells)),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize("ending", [".tsv", ".jsonl"])
@given(rows=rows)
def test_written_rows_are_read_again(ending: str, rows: list[dict[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        file = read_file(write_manifest(Path(folder, f"manifest{ending}"), rows))
    assert [row.cells for row in file.rows] == rows
    first = 2 if ending == ".tsv" else 1
    assert [row.line for row in file.rows] == list(range(first, first + len(rows)))
    assert file.faults == []


@pytest.mark.parametrize("ending", [".tsv", ".jsonl"])
def test_numbers_and_unknown_values(tmp_path: Path, ending: str) -> None:
    written = [{"recording": 7, "start": 0.5, "end": None, "empathy": float("nan"), "audio": Path("a/b.wav")}]
    file = read_file(write_manifest(tmp_path / f"m{ending}", written))
    assert file.rows[0].cells == {"recording": "7", "start": "0.5", "audio": "a/b.wav"}
    assert list(file.columns) == ["recording", "start", "end", "empathy", "audio"]


@pytest.mark.parametrize("cell", ["a\tb", "a\nb", "a\rb", "a\0b", " a", "\udce9"])
@pytest.mark.parametrize("ending", [".tsv", ".jsonl"])
def test_a_cell_that_no_manifest_can_hold_is_not_written(tmp_path: Path, ending: str, cell: str) -> None:
    with pytest.raises(InputError, match="Writing a manifest"):
        write_manifest(tmp_path / f"m{ending}", [{"recording": cell}])
    assert not (tmp_path / f"m{ending}").exists()


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_bytes("\ufeffrecording\taudio\r\n\r\nr1\ta\u2028b.wav\r\n\t\r\nr2\tc.wav".encode())
    file = read_file(path)
    assert [(row.line, row.cells) for row in file.rows] == [
        (3, {"recording": "r1", "audio": "a\u2028b.wav"}),
        (5, {"recording": "r2", "audio": "c.wav"}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.tsv", b"recording,audio\nr1,a.wav\n", "line 1: the columns are separated by ',', not by tabs"),
        ("m.tsv", b'"recording";"audio"\nr1;a.wav\n', "separated by ';'"),
        ("m.tsv", b"Recording\taudio\nr1\ta.wav\n", "column recording: this column is missing"),
        ("m.tsv", b"recording\taudio\taudio\nr1\ta\tb\n", "column audio: two columns have this name"),
        ("m.tsv", "recording\taudio\n".encode("utf-16"), "not UTF-8"),
        ("m.tsv", b"recording\t\xe9\nr1\ta\n", "names of the columns are not UTF-8"),
        ("m.jsonl", b'{"audio": "a.wav"}\n', "no row has this key, the keys are audio"),
    ],
)
def test_a_file_of_which_no_row_can_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        read_file(path)
    assert message in str(caught.value)
    assert check_manifest(path) == [caught.value.fault]


def test_a_missing_file_and_another_ending_are_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        check_manifest(tmp_path / "m.tsv")
    with pytest.raises(InputError, match=r"allowed endings are \.tsv, \.jsonl"):
        check_manifest(tmp_path / "m.csv")
    (tmp_path / "m.tsv").touch()
    with pytest.raises(InputError, match="0 bytes"):
        check_manifest(tmp_path / "m.tsv")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"recording": "r"', "not a row of JSON"),
        ('["recording"]', "an object in braces is needed"),
        ('{"recording": "r", "recording": "s"}', "a key stands twice"),
        ('{"recording": "r", "audio": ["a.wav"]}', "'audio' holds a list"),
        ('{"recording": "r", "audio": "caf\\udce9.wav"}', "not UTF-8"),
        ("[" * 100_000, "not a row of JSON"),
    ],
)
def test_a_broken_line_of_json_is_named_and_the_others_are_read(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(f'{{"recording": "a"}}\n{line}\n{{"recording": "b", "agreed": true}}\n')
    file = read_file(path)
    assert [fault.row for fault in file.faults] == [2]
    assert problem in file.faults[0].problem
    assert [row.cells["recording"] for row in file.rows if row.line != 2] == ["a", "b"]
    assert file.rows[-1].cells["agreed"] == "1"


def test_a_row_of_another_width(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_text("recording\taudio\tstart\nr1\ta.wav\nr2\tb.wav\t0\t9\nr3\tc.wav\t0\n")
    file = read_file(path)
    assert [fault.row for fault in file.faults] == [2, 3]
    assert "2 cells, the first line names 3" in file.faults[0].problem
    assert [row.line for row in file.rows] == [4]
