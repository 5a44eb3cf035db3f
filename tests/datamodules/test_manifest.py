"""Recordings, segments and batches out of a manifest."""

import logging
import math
import re
from pathlib import Path

import numpy as np
import pytest

from empdetect.components import build, describe
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.manifest import ManifestDataModule, read_manifest, usable_recordings, usable_segments
from empdetect.errors import InputError
from empdetect.features.audio import LogMel
from empdetect.manifest.faults import report_faults
from empdetect.manifest.file import write_manifest
from empdetect.manifest.rows import COLUMNS
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.table import TableFile
from empdetect.task import Target, Task
from tests.media import write_media

LEVELS = Target("level", "ordinal", classes=("none", "weak", "strong"))
EMPATHY = Target("empathy", "regression", range=(1, 7))


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    """Folder of six short sounds."""
    noise = np.random.default_rng(0)
    for number in range(6):
        write_media(tmp_path / f"v{number}.wav", samples=noise.uniform(-0.1, 0.1, 8000))
    return tmp_path


def dyad(folder: Path) -> Path:
    """A manifest of two people, each described over several rows."""
    (folder / "body.csv").write_text("EDA\n" + "0.5\n" * 8)
    (folder / "face.csv").write_text("timestamp,smile\n" + "".join(f"{i / 10},0.5\n" for i in range(10)))
    a = {"recording": "r", "participant": "a", "group": "g"}
    rows: list[dict[str, object]] = [
        {**a, "role": "seeker", "audio": "v0.wav", "audio_offset": 0.5},
        {**a, "start": 0, "end": 1, "level": "weak", "empathy": 2.5, "split": "train"},
        {**a, "physiology": "body.csv", "physiology_rate": 8, "start": 0.5, "level": 2, "split": "train"},
        {"recording": "r", "participant": "b", "role": "supporter", "features": "face.csv"},
    ]
    return write_manifest(folder / "m.tsv", rows)


def test_rows_of_a_recording_make_its_people(voices: Path) -> None:
    segments = read_manifest(dyad(voices), (LEVELS, EMPATHY))
    assert [(s.row, s.participant, s.start, s.end, s.group, s.split) for s in segments] == [
        (3, "a", 0.0, 1.0, "g", "train"),
        (4, "a", 0.5, None, "g", "train"),
    ]
    assert [dict(s.labels) for s in segments] == [{"level": 1.0, "empathy": 2.5}, {"level": 2.0}]
    assert segments[0].recording is segments[1].recording
    a, b = segments[0].people()
    assert (a.role, b.role) == ("seeker", "supporter")
    assert a.audio is not None
    assert (a.audio.path, a.audio.offset) == (voices / "v0.wav", 0.5)
    assert a.physiology == PhysiologyFile(voices / "body.csv", 8.0)
    assert b.tables == {"features": TableFile(voices / "face.csv")}


def test_rows_without_labels_are_segments_when_asked_for(voices: Path) -> None:
    segments, faults = usable_segments(dyad(voices), (LEVELS, EMPATHY), unlabelled=True)
    assert [segment.row for segment in segments] == [2, 3, 4, 5]
    assert faults == []


def test_without_targets_further_columns_of_numbers_are_labels(voices: Path) -> None:
    rows = [{"recording": f"r{n}", "audio": f"v{n}.wav", "warmth": n, "note": "calm"} for n in range(3)]
    segments, faults = usable_segments(write_manifest(voices / "m.jsonl", rows))
    assert [dict(segment.labels) for segment in segments] == [{"warmth": 0.0}, {"warmth": 1.0}, {"warmth": 2.0}]
    assert [(fault.column, fault.severity) for fault in faults] == [("note", "warning")]
    assert [segment.group for segment in segments] == ["r0", "r1", "r2"]


def test_a_manifest_without_label_columns_lists_what_is_to_be_scored(voices: Path) -> None:
    path = write_manifest(voices / "m.tsv", [{"recording": f"r{n}", "audio": f"v{n}.wav"} for n in range(3)])
    assert [segment.participant for segment in read_manifest(path)] == ["speaker"] * 3
    with pytest.raises(InputError, match=r"no column holds a label.*add empathy"):
        read_manifest(path, (EMPATHY,))


def test_recordings_to_score_ignore_what_is_wrong_with_labels_and_splits(voices: Path) -> None:
    rows: list[dict[str, object]] = [
        {"recording": "r0", "audio": "v0.wav", "empathy": "NaN", "group": "g", "split": "train"},
        {"recording": "r1", "audio": "v1.wav", "empathy": 1, "group": "g", "split": "test"},
        {"recording": "r2", "audio": "gone.wav", "empathy": 1, "group": "h", "split": "test"},
        {"recording": "r3", "audio": "v3.wav", "empathy": 1, "group": "g", "split": "train"},
    ]
    recordings, faults = usable_recordings(write_manifest(voices / "m.tsv", rows))
    assert [recording.id for recording in recordings] == ["r0", "r1", "r3"]
    assert [(fault.row, fault.severity) for fault in faults] == [(2, "warning"), (4, "error"), (5, "warning")]


@pytest.mark.parametrize(
    ("classes", "cell", "level"),
    [(("low", "high"), "high", 1), (("low", "high"), "1", 1), (("1", "2"), "1", 0), (("1", "2"), "2.0", 1)],
)
def test_levels_by_name_or_number(voices: Path, classes: tuple[str, ...], cell: str, level: float) -> None:
    path = write_manifest(voices / "m.tsv", [{"recording": "r", "audio": "v0.wav", "level": cell}])
    assert read_manifest(path, (Target("level", "ordinal", classes=classes),))[0].labels == {"level": level}


def test_where_names_are_numbers_nothing_else_is_a_level(voices: Path) -> None:
    path = write_manifest(voices / "m.tsv", [{"recording": "r", "audio": "v0.wav", "level": "0"}])
    with pytest.raises(InputError, match=r"'0' is no class of 'level'; write one of 1, 2"):
        read_manifest(path, (Target("level", "ordinal", classes=("1", "2")),))


def test_a_target_must_not_be_called_like_a_column(voices: Path) -> None:
    path = write_manifest(voices / "m.tsv", [{"recording": "r", "audio": "v0.wav"}])
    with pytest.raises(InputError, match="the target 'role' is called like a column"):
        read_manifest(path, (Target("role", "binary"),))


def labelled(folder: Path, **last: object) -> str:
    """A manifest of six recordings with splits, the last one changed."""
    splits = ["train", "train", "train", "val", "test", "test"]
    rows: list[dict[str, object]] = [
        {"recording": f"r{n}", "audio": f"v{n}.wav", "empathy": 1 + n, "split": split} for n, split in enumerate(splits)
    ]
    return str(write_manifest(folder / "m.tsv", [*rows[:-1], {**rows[-1], **last}]))


def module(manifest: str, on_fault: str = "refuse") -> ManifestDataModule:
    """The data module, built as a configuration builds it."""
    spec = describe(ManifestDataModule(manifest, {"audio": LogMel()}, Task((EMPATHY,)), batch_size=2))
    return build({**spec, "init_args": {**spec["init_args"], "on_fault": on_fault}}, ManifestDataModule)


def test_batches_of_a_manifest(voices: Path) -> None:
    data = module(labelled(voices))
    assert isinstance(data, EmpathyDataModule)
    data.prepare_data()
    data.setup("fit")
    assert data.summary().startswith("3 train, 1 val, 2 test")
    batch = next(iter(data.test_dataloader()))
    assert batch.labels["empathy"].tolist() == [5, 6]
    assert bool(batch.masks["audio"].any())


def test_a_faulty_row_is_refused_or_skipped_with_its_message(voices: Path, caplog: pytest.LogCaptureFixture) -> None:
    manifest = labelled(voices, empathy=8)
    with pytest.raises(InputError, match="line 7, column empathy: the label 'empathy' is 8, allowed is 1 to 7"):
        module(manifest).segments()
    with caplog.at_level(logging.WARNING):
        segments = module(manifest, on_fault="skip").segments()
    assert [segment.row for segment in segments] == [2, 3, 4, 5, 6]
    assert "line 7, column empathy: the label 'empathy' is 8" in caplog.text
    assert not any(math.isnan(segment.labels["empathy"]) for segment in segments)


def test_rows_of_other_roles_are_not_learned(voices: Path) -> None:
    manifest = labelled(voices, role="seeker")
    asked = ManifestDataModule(manifest, {"audio": LogMel()}, Task((EMPATHY,), roles=("observer",)))
    assert [segment.row for segment in asked.segments()] == [2, 3, 4, 5, 6], "whose role nobody said may be one"
    rows = [{"recording": f"r{n}", "audio": f"v{n}.wav", "empathy": 2, "role": "seeker"} for n in range(3)]
    asked.manifest = str(write_manifest(voices / "roles.tsv", rows))
    with pytest.raises(InputError, match=r"scores the role observer, the labelled rows have seeker; change"):
        asked.segments()


def test_nothing_left_and_an_unknown_choice_are_refused(voices: Path) -> None:
    path = write_manifest(voices / "bad.tsv", [{"recording": "r", "audio": "gone.wav", "empathy": 2}])
    with pytest.raises(InputError, match="no labelled row is left"):
        module(str(path), on_fault="skip").segments()
    with pytest.raises(InputError, match="got on_fault 'ignore', allowed are refuse, skip"):
        module(str(path), on_fault="ignore")


def test_the_example_of_the_documentation_has_no_fault(tmp_path: Path) -> None:
    page = Path(__file__).parents[2].joinpath("docs", "manifest.md").read_text(encoding="utf-8")
    (tmp_path / "s01").mkdir()
    (tmp_path / "s02").mkdir()
    noise = np.random.default_rng(0)
    for name in ("ann", "ben"):
        frames = [noise.integers(0, 255, (32, 32, 3), dtype=np.uint8) for _ in range(50)]
        write_media(tmp_path / "s01" / f"{name}.mp4", frames, noise.uniform(-0.1, 0.1, 32_000))
    write_media(tmp_path / "s02" / "cem.wav", samples=noise.uniform(-0.1, 0.1, 16_000))
    (tmp_path / "s01" / "words.vtt").write_text(
        "WEBVTT\n\n00:00.000 --> 00:01.000\n<v ann>One.\n\n00:01.000 --> 00:02.000\n<v ben>Two.\n"
    )
    (tmp_path / "s01" / "ben_eda.csv").write_text("EDA\n" + "0.5\n" * 10)
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text(page.split("```tsv\n")[1].split("```")[0], encoding="utf-8")

    segments, faults = usable_segments(manifest, (EMPATHY,))
    assert report_faults(faults) == "no faults"
    assert [(s.participant, s.start, s.labels["empathy"]) for s in segments] == [
        ("ben", 0.0, 5.0),
        ("ben", 1.0, 3.5),
        ("cem", None, 6.0),
    ]
    for listed in re.findall(r"^\| (`.+?`) \|", page, flags=re.MULTILINE):
        assert set(re.findall("`(.+?)`", listed)) <= set(COLUMNS)
    assert all(f"`{column}`" in page for column in COLUMNS)
