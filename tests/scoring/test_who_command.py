"""Who is who, by the real command: roles, turns, faces and a recogniser for one recording."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from empdetect.scores import Scores
from tests.detectors import TASK, tiny_detector
from tests.faulty_media import face, hum
from tests.media import write_media
from tests.scoring.command import score
from tests.speech.whisper import save_whisper

RTTM = "SPEAKER talk 1 0 2 <NA> <NA> SPEAKER_00 <NA> <NA>\nSPEAKER talk 1 2 2 <NA> <NA> SPEAKER_01 <NA> <NA>\n"
ROLES = (
    "label\tparticipant\trole\nSPEAKER_00\tAnn\tseeker\nSPEAKER_01\tBen\tsupporter\n"
    "face-1\tAnn\tn/a\nface-2\tBen\tn/a\n"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two people with one sound, who speaks when, who they are, a recogniser and a detector."""
    place = tmp_path_factory.mktemp("who")
    (place / "in").mkdir()
    write_media(place / "in" / "talk.mp4", [np.hstack([face(3), face(8)])] * 20, hum(4.0), fps=5)
    (place / "in" / "talk.rttm").write_text(RTTM)
    (place / "roles.tsv").write_text(ROLES)
    save_whisper(place / "whisper")
    detector = tiny_detector("audio", "text", "video", task=replace(TASK, window=2.0, roles=("seeker", "supporter")))
    detector.save_pretrained(place / "detector")
    return place


def run(place: Path, *options: str) -> pd.DataFrame:
    """Rows of the first measure."""
    out = place / f"out{len(options)}"
    done = score(place / "in", "--detector", place / "detector", "--device", "cpu", "-o", out, *options)
    assert done.returncode == 0, done.stderr
    table = Scores.read(out / "scores.tsv").table
    return table[table["measure"] == "empathy"]


def test_roles_faces_turns_and_recognised_words(place: Path) -> None:
    rows = run(place, "--roles", str(place / "roles.tsv"), "--asr", str(place / "whisper"))
    assert rows["participant"].tolist() == ["Ann", "Ann", "Ben", "Ben"]
    assert rows["score"].notna().all()
    speaking = rows["modalities"].str.contains("audio:") & rows["modalities"].str.contains("text:")
    assert speaking.tolist() == [True, False, False, True], "each is heard in their own turn alone"
    assert rows["modalities"].str.contains("video:").all(), "each is seen all the time"
    assert not (place / "out4" / "warnings.tsv").exists()


def test_without_a_recogniser_text_is_missing_and_its_reason_is_told(place: Path) -> None:
    rows = run(place, "--roles", str(place / "roles.tsv"))
    assert not rows["modalities"].str.contains("text:").any()
    told = (place / "out2" / "warnings.tsv").read_text()
    for person in ("Ann", "Ben"):
        assert f"{person}, text: there is no transcript; give one, or have the speech recognised" in told


def test_a_manifest_takes_roles_faces_and_a_recogniser_too(place: Path) -> None:
    manifest = place / "study.tsv"
    manifest.write_text("recording\tvideo\taudio\ntalk\tin/talk.mp4\tin/talk.mp4\n")
    options = ("--faces", "--roles", place / "roles.tsv", "--asr", place / "whisper", "--device", "cpu")
    done = score(manifest, "--detector", place / "detector", "-o", place / "out-manifest", *options)
    assert done.returncode == 0, done.stderr
    table = Scores.read(place / "out-manifest" / "scores.tsv").table
    rows = table[table["measure"] == "empathy"]
    assert rows["participant"].tolist() == ["Ann", "Ann", "Ben", "Ben"]
    assert rows["modalities"].str.contains("video:").all()
    assert "talk.mp4 is given to nobody as audio" in (place / "out-manifest" / "warnings.tsv").read_text()


@pytest.mark.parametrize(
    ("option", "content", "message"),
    [
        ("--roles", "label\trole\nA\tx\nA\ty\n", "the label 'A' stands twice"),
        ("--asr", "", "give the folder of a Whisper model"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_scored(option: str, content: str, message: str, place: Path) -> None:
    path = place / "wrong.tsv"
    path.write_text(content)
    done = score(place / "in", "--detector", place / "detector", "-o", place / "wrong", option, path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "wrong").exists()
