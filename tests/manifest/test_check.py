"""A manifest with one fault of each kind: each is named by its row with a remedy, and nothing else is lost."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.errors import InputError
from empdetect.manifest.check import check_manifest
from empdetect.manifest.faults import Fault, errors, report_faults
from empdetect.manifest.media import Probe, probe
from empdetect.manifest.segments import read_manifest, usable_segments
from empdetect.task import Target
from tests.media import write_media

TARGETS = (Target("empathy", "regression", range=(1, 7)),)
CUES = "WEBVTT\n\n00:00.000 --> 00:00.500\nOne.\n\n00:00.500 --> 00:00.900\nTwo.\n"
COLUMNS = [
    *("recording", "participant", "split", "group", "video", "audio", "transcript"),
    *("physiology", "physiology_rate", "physiology_offset", "start", "end", "empathy", "remark"),
]


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of one-second streams, sound and broken."""
    folder = tmp_path_factory.mktemp("media")
    noise = np.random.default_rng(0)
    frames = [noise.integers(0, 255, (32, 32, 3), dtype=np.uint8) for _ in range(25)]
    write_media(folder / "face.mp4", frames)
    for name in ("voice", "other", "again"):
        write_media(folder / f"{name}.wav", samples=noise.uniform(-0.1, 0.1, 16_000))
    write_media(folder / "phone.wav", samples=noise.uniform(-0.1, 0.1, (2, 8000)), rate=8000)
    (folder / "empty.mp4").touch()
    (folder / "noise.mp4").write_bytes(noise.bytes(2000))
    (folder / "words.vtt").write_text(CUES)
    (folder / "silent.vtt").write_text("WEBVTT\n")
    (folder / "disordered.vtt").write_text(CUES.replace("00:00.000 --> 00:00.500", "00:00.600 --> 00:00.700"))
    (folder / "overlapping.vtt").write_text(CUES.replace("00:00.500 --> 00:00.900", "00:00.300 --> 00:00.900"))
    (folder / "body.csv").write_text("EDA\n" + "0.5\n" * 8)
    (folder / "loop.wav").symlink_to(folder / "pool.wav")
    (folder / "pool.wav").symlink_to(folder / "loop.wav")
    return folder


@pytest.fixture
def folder(media: Path, tmp_path: Path) -> Path:
    """The streams and a place for a manifest."""
    shutil.copytree(media, tmp_path / "media", symlinks=True)
    return tmp_path / "media"


def write(folder: Path, rows: Sequence[bytes | dict[str, object]], columns: list[str] = COLUMNS) -> Path:
    """A manifest as bytes, so that it can be wrong."""
    lines = ["\t".join(columns).encode()]
    lines += [r if isinstance(r, bytes) else "\t".join(str(r.get(c, "n/a")) for c in columns).encode() for r in rows]
    path = folder / "manifest.tsv"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def row(number: int, **cells: object) -> dict[str, object]:
    """A row without a fault, in a recording of its own."""
    return {"recording": f"r{number}", "split": "train", "empathy": 4, "audio": "voice.wav", "group": "all", **cells}


# What is planted, the column it is named in, words of the problem, words of the remedy, and whether the row is lost.
Planted = tuple[dict[str, object] | bytes, str | None, str, str, bool]
PLANTED: dict[str, Planted] = {
    "missing file": (row(2, video="nowhere.mp4"), "video", "no such file", "check the path", True),
    "zero-byte media": (row(3, video="empty.mp4"), "video", "0 bytes", "leave the cell empty", True),
    "group in two splits": (
        row(4, split="test"),
        "group",
        "in split test here and in train in line 2",
        "one split",
        True,
    ),
    "duplicate row": (row(0), None, "the same row as line 2", "keep one row", True),
    "label out of range": (row(6, empathy=9), "empathy", "allowed is 1 to 7", "leave the cell empty", True),
    "NaN label": (row(7, empathy="NaN"), "empathy", "'NaN' is no label", "leave the cell empty", True),
    "wrong delimiter": (b"r8,,train,all,,voice.wav,,,,,,,4,", None, "separated by ','", "separate them by tabs", True),
    "negative start": (row(9, start=-1), "start", "before the recording starts", "0 or more", True),
    "end past the end": (row(10, end=99), "end", "past the end of the streams at 1 s", "1 s at most", True),
    "non-UTF-8 path": (
        b"r11\t\ttrain\tall\tcaf\xe9.mp4\tvoice.wav\t\t\t\t\t\t\t4\t",
        "video",
        "caf\\udce9.mp4",
        "UTF-8",
        True,
    ),
    "stereo 8 kHz audio": (row(12, audio="phone.wav"), "audio", "2 channels, which are mixed", "16000 Hz", False),
    "video without audio": (row(13, audio="face.mp4"), "audio", "holds only pictures", "leave the audio cell", True),
    "audio without video": (row(14, video="voice.wav"), "video", "holds only sound", "in column audio", True),
    "physiology without a rate": (
        row(15, physiology="body.csv"),
        "physiology_rate",
        "no sampling rate",
        "add Hz",
        True,
    ),
    "transcript out of order": (
        row(16, transcript="disordered.vtt"),
        "transcript",
        "cue 2 starts at 0.5",
        "sort",
        True,
    ),
    "overlapping cues": (row(17, transcript="overlapping.vtt"), "transcript", "overlaps cue 1", "end each cue", False),
    "empty transcript": (row(18, transcript="silent.vtt"), "transcript", "holds no words", "leave the cell", False),
    "future clock offset": (
        row(19, physiology="body.csv", physiology_rate=8, physiology_offset=1700000000),
        "physiology_offset",
        "after the recording's other streams have ended at 1 s",
        "not a time of day",
        True,
    ),
    "symlink loop": (row(20, audio="loop.wav"), "audio", "lead in a circle", "by the file itself", True),
}
SOUND = [row(0), row(1, video="face.mp4", transcript="words.vtt", physiology="body.csv", physiology_rate=8, end=1)]
FIRST = len(SOUND) + 2
"""Line of the first planted row."""


def test_twenty_planted_faults_are_each_named_by_row_with_their_remedy(folder: Path) -> None:
    path = write(folder, [*SOUND, *(planted for planted, *_ in PLANTED.values())])
    faults = check_manifest(path, TARGETS)

    expected: dict[str, tuple[int, str | None, str, str]] = {}
    expected["unknown column"] = (1, "remark", "unknown column", "remove it")
    for line, (name, (_, column, problem, remedy, _)) in enumerate(PLANTED.items(), FIRST):
        expected[name] = (line, column, problem, remedy)
    assert len(expected) == 20
    for name, (line, column, problem, remedy) in expected.items():
        named = [fault for fault in faults if (fault.row, fault.column) == (line, column)]
        assert len(named) == 1, f"{name}: {report_faults(faults)}"
        assert problem in named[0].problem, name
        assert remedy in named[0].remedy, name
    assert len(faults) == 20, report_faults(faults)


def test_the_sound_rows_are_all_kept_and_no_other(folder: Path) -> None:
    path = write(folder, [*SOUND, *(planted for planted, *_ in PLANTED.values())])
    segments, faults = usable_segments(path, TARGETS)

    usable = [line for line, (*_, lost) in enumerate(PLANTED.values(), FIRST) if not lost]
    assert [segment.row for segment in segments] == [2, 3, *usable]
    assert {fault.row for fault in errors(faults)}.isdisjoint(segment.row for segment in segments)
    first = segments[1].recording.participant("speaker")
    assert [name for name, _ in first.streams()] == ["video", "audio", "transcript", "physiology"]
    assert first.end() == pytest.approx(1.0, abs=0.05)


def test_refusing_names_the_first_fault_and_counts_the_others(folder: Path) -> None:
    path = write(folder, [*SOUND, row(5, start="-2"), row(6, empathy=8)])
    with pytest.raises(InputError, match=r"line 4, column start: -2 s is before .*\(and 1 more\).*data check"):
        read_manifest(path, TARGETS)


def test_a_report_has_one_printable_line_for_each_fault(folder: Path) -> None:
    path = write(folder, [*SOUND, *(planted for planted, *_ in PLANTED.values())])
    faults = check_manifest(path, TARGETS)
    lines = report_faults(faults).encode("utf-8").decode().split("\n")
    assert len(lines) == 21
    assert lines[-1] == "16 errors, 4 warnings"
    assert lines[0].startswith("line 1, column remark, warning: unknown column")
    assert report_faults([]) == "no faults"


def only(path: Path, targets: tuple[Target, ...] | None = TARGETS) -> Fault:
    """The one fault of a manifest."""
    faults = check_manifest(path, targets)
    assert len(faults) == 1, report_faults(faults)
    return faults[0]


@pytest.mark.parametrize(
    ("cells", "column", "problem"),
    [
        ({"video": "noise.mp4"}, "video", "cannot decode"),
        ({"video": "."}, "video", "folder"),
        ({"video": "x" * 300}, "video", "cannot be opened"),
        ({"start": 0.5, "end": 0.5}, "end", "not after its start"),
        ({"start": "0:30"}, "start", "'0:30' is no number"),
        ({"start": 7}, "start", "past the end of the streams"),
        ({"split": "dev"}, "split", "unknown split 'dev'"),
        ({"empathy": "3,5"}, "empathy", "'3,5' is no number"),
        ({"physiology": "body.csv", "physiology_rate": "fast"}, "physiology_rate", "'fast' is no number"),
        ({"physiology": "body.csv", "physiology_rate": "0"}, "physiology_rate", "impossible"),
        ({"physiology": "words.vtt", "physiology_rate": "8"}, "physiology", "no known channel"),
        ({"recording": ""}, "recording", "no name"),
        ({"audio": ""}, None, "no stream of this recording"),
    ],
)
def test_a_faulty_cell_is_named(folder: Path, cells: dict[str, object], column: str | None, problem: str) -> None:
    path = write(folder, [row(1), row(2, audio="other.wav") | cells], COLUMNS[:-1])
    fault = only(path)
    assert (fault.row, fault.column, fault.severity) == (3, column, "error")
    assert problem in fault.problem
    assert [segment.row for segment in usable_segments(path, TARGETS)[0]] == [2]


def test_rows_that_inherit_a_broken_stream_are_named_too_and_others_only_lose_it(folder: Path) -> None:
    columns = ["recording", "participant", "audio", "video", "end", "empathy"]
    rows: list[dict[str, object]] = [
        {"recording": "r", "participant": "a", "video": "empty.mp4", "empathy": 1},
        {"recording": "r", "participant": "a", "end": 0.5, "empathy": 2},
        {"recording": "r", "participant": "b", "audio": "voice.wav", "empathy": 3},
    ]
    path = write(folder, rows, columns)
    segments, faults = usable_segments(path, TARGETS)
    assert [fault.row for fault in faults] == [2, 3]
    assert "(named in line 2)" in faults[1].problem
    assert [segment.row for segment in segments] == [4]
    assert list(segments[0].recording.participant("a").streams()) == []


def test_streams_that_contradict_each_other(folder: Path) -> None:
    columns = ["recording", "audio", "audio_offset", "start", "empathy"]
    rows: list[dict[str, object]] = [
        {"recording": "r", "audio": "voice.wav", "audio_offset": "0", "start": 0.1, "empathy": 4},
        {"recording": "r", "audio": "./voice.wav", "audio_offset": "0.0", "start": 0.2, "empathy": 4},
        {"recording": "r", "audio": "other.wav", "start": 0.3, "empathy": 4},
    ]
    fault = only(write(folder, rows, columns))
    assert (fault.row, fault.column) == (4, "audio")
    assert "contradicts './" not in fault.problem
    assert "contradicts 'voice.wav'" in fault.problem


def test_the_same_content_under_two_names_in_two_splits(folder: Path) -> None:
    shutil.copy(folder / "voice.wav", folder / "again.wav")
    path = write(folder, [row(1, group="a"), row(2, group="b", audio="again.wav", split="test")], COLUMNS[:-1])
    fault = only(path)
    assert (fault.row, fault.column, fault.severity) == (3, "audio", "error")
    assert "'again.wav' is the same content as 'voice.wav' in line 2, in split train, here test" in fault.problem


def test_the_same_content_in_two_groups_without_splits_is_a_warning(folder: Path) -> None:
    shutil.copy(folder / "voice.wav", folder / "again.wav")
    path = write(folder, [row(1, group="a", split=""), row(2, group="b", audio="again.wav", split="")], COLUMNS[:-1])
    assert only(path).severity == "warning"
    assert len(read_manifest(path, TARGETS)) == 2


def test_a_split_for_some_rows_only(folder: Path) -> None:
    fault = only(write(folder, [row(1), row(2, split="")], COLUMNS[:-1]))
    assert (fault.row, fault.column) == (3, "split")


def test_a_label_column_without_a_value(folder: Path) -> None:
    fault = only(write(folder, [row(1, empathy="")], COLUMNS[:-1]))
    assert (fault.row, fault.column, fault.severity) == (1, "empathy", "warning")


def test_a_misspelt_column_is_an_error_that_names_the_right_one(folder: Path) -> None:
    columns = ["recording", "auido", "audio_ofset", "transcript", "empathy"]
    faults = check_manifest(write(folder, [{"recording": "r", "transcript": "words.vtt"}], columns), None)
    assert ["'audio'" in fault.remedy or "'audio_offset'" in fault.remedy for fault in faults] == [True, True, False]


def test_a_stream_that_starts_after_its_segment(folder: Path) -> None:
    columns = ["recording", "audio", "audio_offset", "transcript", "end", "empathy"]
    cells = {"recording": "r", "audio": "voice.wav", "end": 0.5, "empathy": 4}
    late = only(write(folder, [{**cells, "audio_offset": 0.8, "transcript": "words.vtt"}], columns))
    assert (late.column, late.severity) == ("audio_offset", "warning")
    lost = only(write(folder, [{**cells, "audio_offset": 0.8}], columns))
    assert (lost.column, lost.severity) == ("audio_offset", "error")


def test_a_transcript_of_other_speakers(folder: Path) -> None:
    (folder / "two.tsv").write_text("speaker\ttext\nAnna\tHello.\nBen\tHello.\n")
    columns = ["recording", "participant", "transcript", "empathy"]
    rows: list[dict[str, object]] = [
        {"recording": "r", "participant": name, "transcript": "two.tsv", "empathy": 4} for name in ("Anna", "Carl")
    ]
    fault = only(write(folder, rows, columns))
    assert (fault.row, fault.column) == (3, "transcript")
    assert "Anna, Ben" in fault.problem


def test_two_people_on_two_channels_of_one_sound(folder: Path) -> None:
    write_media(folder / "call.wav", samples=np.random.default_rng(1).uniform(-0.1, 0.1, (2, 16_000)))
    columns = ["recording", "participant", "audio", "audio_channel", "empathy"]

    def rows(*channels: object) -> list[dict[str, object]]:
        return [
            {"recording": "r", "participant": f"p{i}", "audio": "call.wav", "audio_channel": channel, "empathy": 4}
            for i, channel in enumerate(channels)
        ]

    segments = read_manifest(write(folder, rows(0, 1), columns), TARGETS)
    audio = [segment.people()[0].audio for segment in segments]
    assert [stream and stream.channel for stream in audio] == [0, 1]
    assert [fault.severity for fault in check_manifest(write(folder, rows("", ""), columns), TARGETS)] == ["warning"]
    missing = only(write(folder, rows(0, 2), columns))
    assert (missing.row, missing.column) == (3, "audio_channel")


def test_without_media_no_file_is_opened(folder: Path) -> None:
    path = write(folder, [row(1, audio="nowhere.wav", start=-1)], COLUMNS[:-1])
    assert [fault.column for fault in check_manifest(path, TARGETS, media=False)] == ["start"]


def test_each_file_is_opened_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def counting(kind: str, path: Path, rate: float | None = None) -> Probe:
        opened.append(path.name)
        return probe(kind, path, rate)

    monkeypatch.setattr("empdetect.manifest.check.probe", counting)
    check_manifest(write(folder, [row(n) for n in range(5)], COLUMNS[:-1]), TARGETS)
    assert opened == ["voice.wav"]


TABLE_CELLS = st.sampled_from(
    [
        "n/a",
        "",
        "0",
        "-1",
        "1",
        "1e999",
        "nan",
        "x" * 5000,
        "é",
        "../..",
        "/dev/zero",
        "a\\b.wav",
        "train",
        "٣",
        "\u202e",
    ]
)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(COLUMNS[1:]), min_size=1, unique=True),
    st.lists(st.lists(TABLE_CELLS, min_size=1, max_size=len(COLUMNS)), max_size=4),
)
def test_no_table_breaks_the_check(columns: list[str], cells: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        width = len(columns) + 1
        rows = ["\t".join((row * width)[:width]).encode() for row in cells]
        path = write(Path(folder), rows, ["recording", *columns])
        report = report_faults(check_manifest(path, TARGETS)).split("\n")
        assert all(line.isprintable() for line in report)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_does_not_hang_the_check(folder: Path) -> None:
    os.mkfifo(folder / "pipe.wav")
    assert "no plain file" in only(write(folder, [row(1, audio="pipe.wav")], COLUMNS[:-1])).problem


def test_checking_needs_no_torch() -> None:
    code = "import sys, empdetect.manifest.segments; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
