"""A run that was killed goes on where it stopped, and its results are those of a run that was not."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from empdetect.cli import main
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.inputs import find_recordings
from empdetect.recording import Segment
from empdetect.scores import Scores
from empdetect.scoring import score_recordings
from empdetect.scoring.journal import Finished, Journal, Part
from tests.scoring.command import command, killed, lines, quiet, score, tree
from tests.scoring.light import light_detector, write_manifest, write_sound

FORMATS = "tsv,vtt,eaf,textgrid,bids"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three short sounds, one broken, one of 40 minutes, and what a run that nobody stops makes of them."""
    folder = tmp_path_factory.mktemp("resume")
    sounds = [write_sound(folder / "in" / f"{name}.wav", 20, n) for n, name in enumerate(("a/talk", "b/talk"))]
    (folder / "in" / "b" / "broken.wav").write_bytes(bytes(range(256)))
    long = write_sound(folder / "in" / "c" / "long.wav", 2400)
    last = write_sound(folder / "in" / "d" / "talk.wav", 20, 3)
    write_manifest(folder / "m.tsv", *sounds, folder / "in" / "b" / "broken.wav", long, last)
    detector = Detector.from_pretrained(light_detector(folder / "detector"), device="cpu")
    score_recordings(find_recordings([folder / "m.tsv"]), detector, folder / "whole", FORMATS.split(","))
    return folder


def test_a_run_that_is_killed_twice_ends_as_one_that_is_not(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = (place / "m.tsv", "--detector", place / "detector", "--formats", FORMATS, "-o", out, "--resume")
    assert killed(*given, when=lambda: lines(out / "scores.tsv") > 1), "between recordings, or in the long one"
    once = journals(out)
    assert once
    assert killed(*given, when=lambda: any(not j.finished and len(j.parts) > 1 for j in journals(out).values()))
    twice = journals(out)
    assert any(not journal.finished and 1 < len(journal.parts) < 8 for journal in twice.values()), "within the long one"
    done = score(*given)
    assert done.returncode == 1, done.stderr
    assert "4 recordings scored" in done.stderr and "1 input failed" in done.stderr
    assert tree(out) == tree(place / "whole")
    for before in (once, twice):
        for path, journal in journals(out).items():
            known = before[path].parts if path in before else []
            assert journal.parts[: len(known)] == known, "nothing was scored twice"


def journals(out: Path) -> dict[Path, Journal]:
    """The journals of a run, by their files."""
    return {path: Journal.read(path) for path in (out / ".progress").rglob("*.jsonl")}


def test_only_what_is_new_is_scored_again(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        write_sound(tmp_path / "in" / f"{name}.wav", 12, ord(name))
    detector = Detector.from_pretrained(place / "detector", device="cpu")
    seen: list[str] = []
    predict = detector.predict_stretches

    def watched(segments: list[Segment], *given: Any) -> object:
        seen.append(segments[0].recording.id)
        return predict(segments, *given)

    monkeypatch.setattr(detector, "predict_stretches", watched)

    def run() -> list[str]:
        seen.clear()
        score_recordings(find_recordings([tmp_path / "in"]), detector, tmp_path / "out", resume=True)
        return list(seen)

    assert run() == ["a", "b"]
    assert run() == []
    write_sound(tmp_path / "in" / "c.wav", 12, 3)
    os.utime(tmp_path / "in" / "a.wav")
    assert run() == ["c"]
    write_sound(tmp_path / "in" / "b.wav", 12, 4)
    assert run() == ["b"]
    with_other_weights = next(iter(detector.module.parameters()))
    with_other_weights.data += 0.5
    assert run() == ["a", "b", "c"]
    assert set(Scores.read(tmp_path / "out" / "scores.tsv").table["recording"]) == {"a", "b", "c"}


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.start()
    journal.add(Part("row\n", {"Ann": {"audio": "no audio"}}))
    journal.add(Part("other\n", {}))
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-5])
    read = Journal.read(journal.path)
    assert [part.rows for part in read.parts] == ["row\n"]
    read.start()
    read.add(Part("other\n", {}))
    read.add(Finished(("note",), 1.0))
    assert journal.path.read_bytes().startswith(whole)
    again = Journal.read(journal.path)
    assert again.finished == Finished(("note",), 1.0)
    assert [part.rows for part in again.parts] == ["row\n", "other\n"]
    journal.path.write_bytes(b"[1]\n" + whole)
    assert Journal.read(journal.path).parts == []


def test_a_second_run_into_one_folder_is_told_and_loses_nothing(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    given = (place / "m.tsv", "--detector", place / "detector", "-o", out)
    first = subprocess.Popen(command(*given), stderr=subprocess.PIPE, text=True, env=quiet())
    while first.poll() is None and lines(out / "scores.tsv") < 2:
        time.sleep(0.005)
    first.send_signal(signal.SIGSTOP)  # so that it surely is still there
    try:
        before = tree(out)
        assert main(["score", *map(str, given)]) == 2
        told = capsys.readouterr().err.strip().splitlines()
        assert "another run is writing there; wait until it is done, or give another folder" in told[-1]
        assert tree(out) == before
    finally:
        first.send_signal(signal.SIGCONT)
    _, told_first = first.communicate()
    assert first.returncode == 1 and "4 recordings scored" in told_first, "one is broken"
    assert (out / "scores.tsv").read_bytes() == (place / "whole" / "scores.tsv").read_bytes()


def test_a_lock_in_this_process(tmp_path: Path) -> None:
    from empdetect.scoring.job import _alone

    with _alone(tmp_path), pytest.raises(InputError, match="another run is writing there"), _alone(tmp_path):
        pass
