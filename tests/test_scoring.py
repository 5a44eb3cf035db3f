"""The scoring job: one folder of results, nothing lost, every failure with its reason; made and real recordings."""

import csv
import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.inputs import find_recordings
from empdetect.recording import Segment
from empdetect.scores import Scores
from empdetect.scoring import Outcome, parse_formats, score_recordings
from tests.detectors import TASK, tiny_detector, write_everything

GRID = {
    "command": {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    "colour": {"b": "blue", "g": "green", "r": "red", "w": "white"},
    "preposition": {"a": "at", "b": "by", "i": "in", "w": "with"},
    "digit": dict(zip("z123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])),
    "adverb": {"a": "again", "n": "now", "p": "please", "s": "soon"},
}  # fmt: skip
"""What the letters of a GRID file name stand for (Cooke et al., JASA 2006)."""


@pytest.fixture(scope="module")
def detector() -> Detector:
    return tiny_detector("audio", "physiology", "text", calibrated=True)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def run(given: Sequence[Path], detector: Detector, out: Path, **options: bool) -> Outcome:
    return score_recordings(find_recordings(given), detector, out, **options)  # type: ignore[arg-type]


def test_a_folder_is_scored_and_faults_are_listed(detector: Detector, tmp_path: Path) -> None:
    write_everything(tmp_path / "in" / "s1", "talk")
    write_everything(tmp_path / "in" / "s2", "talk")
    (tmp_path / "in" / "empty.wav").write_bytes(b"")
    (tmp_path / "in" / "noise.mp4").write_bytes(bytes(range(256)) * 400)
    (tmp_path / "in" / "broken.vtt").write_bytes(b"\xff\xfe\xff")
    outcome = run([tmp_path / "in"], detector, tmp_path / "out")
    assert (outcome.scored, outcome.failed) == (2, 3)
    table = Scores.read(outcome.table).table
    assert list(dict.fromkeys(table["recording"])) == ["s1/talk", "s2/talk"]
    failures = {Path(row["input"]).name: row for row in rows(tmp_path / "out" / "failures.tsv")}
    assert set(failures) == {"empty.wav", "noise.mp4", "broken.vtt"}
    assert failures["noise.mp4"]["recording"] == "noise"
    assert "0 bytes" in failures["empty.wav"]["reason"]
    assert "FFmpeg cannot decode" in failures["noise.mp4"]["reason"]
    assert "UTF-8" in failures["broken.vtt"]["reason"]
    assert outcome.summary().splitlines() == [
        f"2 recordings scored: {outcome.table}",
        f"3 inputs failed: {tmp_path / 'out' / 'failures.tsv'}",
    ]


def test_rows_without_a_score_are_counted(tmp_path: Path) -> None:
    (tmp_path / "talk.vtt").write_text("WEBVTT\n")
    outcome = run([tmp_path / "talk.vtt"], Detector.from_pretrained("text-ngrams", device="cpu"), tmp_path / "out")
    assert outcome.rows == outcome.empty > 0
    assert f"{outcome.rows} of {outcome.rows} rows without a score: see their column 'reason'" in outcome.summary()


def test_the_table_equals_what_the_detector_says(detector: Detector, tmp_path: Path) -> None:
    write_everything(tmp_path / "in", "talk")
    inputs = find_recordings([tmp_path / "in"])
    outcome = score_recordings(inputs, detector, tmp_path / "out")
    expected = detector.score(inputs[0].open().recording).table
    pd.testing.assert_frame_equal(Scores.read(outcome.table).table, expected)
    pd.testing.assert_frame_equal(Scores.read(tmp_path / "out" / "scores.json").table, expected)


def test_the_sidecar_says_how_it_was_made(detector: Detector, tmp_path: Path) -> None:
    write_everything(tmp_path / "in", "talk")
    score_recordings(find_recordings([tmp_path / "in"]), detector, tmp_path / "out", formats=("tsv",))
    content = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert "rows" not in content
    assert content["about"]["device"] == "cpu"
    assert set(content["about"]) >= {"detector", "task", "started", "versions", "limits", "calibrated"}
    assert content["about"]["version"] == detector.identity()[:12]


def test_a_lost_stream_is_a_warning_and_the_rest_is_scored(detector: Detector, tmp_path: Path) -> None:
    write_everything(tmp_path / "in", "talk")
    (tmp_path / "in" / "talk.mp4").write_bytes(b"broken" * 100)
    outcome = run([tmp_path / "in"], detector, tmp_path / "out")
    assert (outcome.scored, outcome.failed, outcome.warnings) == (1, 0, 1)
    assert not (tmp_path / "out" / "failures.tsv").exists()
    [warning] = rows(tmp_path / "out" / "warnings.tsv")
    assert warning["reason"].startswith("Ann, audio: Reading ")
    table = Scores.read(outcome.table).table
    assert table["score"].notna().all()
    assert not table["modalities"].str.contains("audio").any()


def test_media_that_belong_to_nobody_are_told_and_stand_in_the_reason(tmp_path: Path) -> None:
    write_everything(tmp_path / "in", "talk")
    words = "WEBVTT\n\n00:00.000 --> 00:06.000\n<v Ann>hello\n\n00:06.000 --> 00:12.000\n<v Ben>hi\n"
    (tmp_path / "in" / "talk.vtt").write_text(words)
    outcome = run([tmp_path / "in"], tiny_detector("physiology"), tmp_path / "out")
    table = Scores.read(outcome.table).table
    assert set(table["participant"]) == {"Ann", "Ben"}
    assert table["score"].isna().all()
    assert table["reason"].str.contains("talk_physio.tsv.gz is given to nobody as physiology").all()
    assert {row["recording"] for row in rows(tmp_path / "out" / "warnings.tsv")} == {"talk"}


def test_a_second_run_replaces_the_first(detector: Detector, tmp_path: Path) -> None:
    write_everything(tmp_path / "in", "talk")
    (tmp_path / "in" / "bad.wav").write_bytes(b"")
    assert run([tmp_path / "in"], detector, tmp_path / "out").failed == 1
    (tmp_path / "in" / "bad.wav").unlink()
    outcome = run([tmp_path / "in"], detector, tmp_path / "out")
    assert outcome.failed == 0
    assert not (tmp_path / "out" / "failures.tsv").exists()
    assert len(Scores.read(outcome.table)) == 4


def test_an_odd_error_in_one_recording_does_not_cost_the_others(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        write_everything(tmp_path / "in", name)
    predict = detector.predict_stretches

    def sometimes(segments: list[Segment], *given: Any) -> object:
        if segments[0].recording.id == "a":
            raise RuntimeError("out\tof\nmemory")
        return predict(segments, *given)

    monkeypatch.setattr(detector, "predict_stretches", sometimes)
    outcome = run([tmp_path / "in"], detector, tmp_path / "out")
    assert (outcome.scored, outcome.failed) == (1, 1)
    [failure] = rows(tmp_path / "out" / "failures.tsv")
    assert failure["reason"] == "unexpected RuntimeError: out of memory"


def test_nobody_with_the_right_role_is_a_failure(tmp_path: Path) -> None:
    write_everything(tmp_path, "talk")
    manifest = tmp_path / "m.tsv"
    manifest.write_text("recording\tparticipant\trole\taudio\nr\tAnn\tspeaker\ttalk.mp4\n")
    listeners = tiny_detector("audio", task=replace(TASK, roles=("listener",)))
    assert run([manifest], listeners, tmp_path / "out").failed == 1
    assert "has a role the detector scores (listener)" in (tmp_path / "out" / "failures.tsv").read_text()


def test_reports_mirror_the_inputs_and_never_leave_the_folder(detector: Detector, tmp_path: Path) -> None:
    write_everything(tmp_path, "talk")
    manifest = tmp_path / "m.tsv"
    manifest.write_text("recording\taudio\n../../evil\ttalk.mp4\nday 1/talk\ttalk.mp4\n")
    outcome = run([manifest], detector, tmp_path / "out", report=True)
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in outcome.reports)
    assert found == ["reports/__/__/evil.html", "reports/day 1/talk.html"]
    assert all(path.is_file() for path in outcome.reports)


def test_a_killed_run_keeps_what_it_had(tmp_path: Path) -> None:
    """Scoring in a process of its own, killed after its first recording."""
    for name in "abc":
        write_everything(tmp_path / "in", name)
    code = f"""
import time
from tests.detectors import tiny_detector
from empdetect.inputs import find_recordings
from empdetect.scoring import score_recordings
detector = tiny_detector("audio")
predict = detector.predict_stretches
def slowly(segments, *given):
    if segments[0].recording.id == "b":
        time.sleep(600)
    return predict(segments, *given)
detector.predict_stretches = slowly
score_recordings(find_recordings([{str(tmp_path / "in")!r}]), detector, __import__("pathlib").Path({str(tmp_path)!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[1])
    table = tmp_path / "scores.tsv"
    try:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and not (table.exists() and len(table.read_text().splitlines()) > 1):
            time.sleep(0.1)
        time.sleep(1)  # far longer than a recording takes that nothing holds up
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    scores = Scores.read(table)
    assert set(scores.table["recording"]) == {"a"}
    assert len(scores) == 4
    assert scores.about["detector"] == "tiny"


def test_formats() -> None:
    assert parse_formats("tsv") == ("tsv",)
    assert parse_formats(" TSV, json,") == ("tsv", "json")
    with pytest.raises(InputError, match="unknown format docx; allowed are tsv, json"):
        parse_formats("tsv,docx")


def test_an_output_that_cannot_be_written(detector: Detector, tmp_path: Path) -> None:
    write_everything(tmp_path / "in", "talk")
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(InputError, match="give an output folder that can be written"):
        run([tmp_path / "in"], detector, tmp_path / "out")
    with pytest.raises(InputError, match="unknown format xml"):
        score_recordings([], detector, tmp_path / "o", formats=("xml",))
    assert not (tmp_path / "o").exists()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """A saved and loaded detector of sound, picture and words, one window a recording of three seconds."""
    task = replace(TASK, window=3.0)
    made = tiny_detector("audio", "text", "video", task=task, calibrated=True)
    return Detector.from_pretrained(made.save_pretrained(tmp_path_factory.mktemp("detector")), device="cpu")


@pytest.mark.data
def test_real_talking_faces(data_root: Path, loaded: Detector, tmp_path: Path) -> None:
    clips = sorted((data_root / "grid_av_speech").glob("*.mpg"))
    for clip in clips:
        (tmp_path / "words").mkdir(exist_ok=True)
        turn = {"text": sentence(clip.stem), "start": 0.3, "end": 2.8}
        (tmp_path / "words" / f"{clip.stem}.json").write_text(json.dumps([turn]))
    inputs = find_recordings([data_root / "grid_av_speech"], transcript=tmp_path / "words")
    outcome = score_recordings(inputs, loaded, tmp_path / "out", report=False)
    assert (outcome.scored, outcome.failed, outcome.warnings) == (10, 0, 0)
    table = Scores.read(outcome.table).table
    assert len(table) == 10 * 2
    assert table["score"].notna().all()
    quality = modality_table(table)
    assert (quality["text"] == 1).all()
    assert (quality["audio"] > 0.5).all()
    assert (quality["video"] > 0.5).all()


def sentence(name: str) -> str:
    """The words that the name of a GRID clip spells, e.g. ``bbaf2n``: bin blue at f two now."""
    kinds = (GRID["command"], GRID["colour"], GRID["preposition"], None, GRID["digit"], GRID["adverb"])
    return " ".join(letter if kind is None else kind[letter] for letter, kind in zip(name, kinds, strict=True))


def modality_table(table: pd.DataFrame) -> pd.DataFrame:
    """Quality of each modality in the rows of the first measure."""
    cells = table[table["measure"] == "empathy"]["modalities"]
    return pd.DataFrame([{name: float(value) for name, value in (p.split(":") for p in c.split())} for c in cells])


def test_the_sentence_of_a_name() -> None:
    assert sentence("bbaf2n") == "bin blue at f two now"
    assert sentence("swiz3n") == "set white in z three now"


@pytest.mark.data
def test_real_faces_lost_and_found(data_root: Path, tmp_path: Path) -> None:
    detector = tiny_detector("video", task=replace(TASK, window=1.0))
    outcome = run([data_root / "pyfeat_video"], detector, tmp_path / "out")
    assert (outcome.scored, outcome.failed) == (5, 0)
    table = Scores.read(outcome.table).table
    table = table[table["measure"] == "empathy"]
    parts = {str(name): part for name, part in table.groupby("recording")}
    empty = parts["no_face"]
    assert empty["score"].isna().all()
    assert (empty["quality"] == 0).all()
    assert empty["reason"].str.contains("no face found").all()
    assert parts["single_face"]["score"].notna().all()
    for name, seen_first in (("face_noface", True), ("noface_face", False)):
        scored = parts[name]["score"].notna().tolist()
        assert scored[0] == seen_first
        assert scored[-1] != seen_first, "lost, or found, before the end"
        assert parts[name]["quality"].mean() < parts["single_face"]["quality"].mean()
        lost = parts[name][parts[name]["score"].isna()]
        assert lost["reason"].str.contains("nothing observed in this window").all()
        assert all(math.isnan(value) for value in lost["low"])
    warned = {row["recording"] for row in rows(tmp_path / "out" / "warnings.tsv")}
    assert warned == {"no_face"}
