"""Processes and Ray: the same output byte for byte, and one that dies costs its recording alone."""

import os
import signal
from pathlib import Path

import pytest

from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.audio import Waveform
from empdetect.features.base import Features
from empdetect.inputs import find_recordings
from empdetect.recording import Participant
from empdetect.scoring import score_recordings
from tests.scoring.command import lines, score, tree
from tests.scoring.light import light_detector, write_manifest, write_sound


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five sounds, one of them long, one broken, and what one process makes of them."""
    folder = tmp_path_factory.mktemp("engines")
    sounds = [write_sound(folder / f"s{n % 2}" / f"{n}.wav", 700 if n == 1 else 20, n) for n in range(4)]
    (folder / "s0" / "broken.wav").write_bytes(bytes(range(256)))
    write_manifest(folder / "m.tsv", *sounds, folder / "s0" / "broken.wav")
    detector = Detector.from_pretrained(light_detector(folder / "detector"), device="cpu")
    score_recordings(find_recordings([folder / "m.tsv"]), detector, folder / "one", ("tsv", "vtt"))
    return folder


@pytest.mark.parametrize("options", [("--workers", 2), ("--engine", "ray", "--workers", 2)], ids=str)
def test_the_output_is_the_same(place: Path, tmp_path: Path, options: tuple[object, ...]) -> None:
    out = tmp_path / "out"
    given = (place / "m.tsv", "--detector", place / "detector", "--formats", "tsv,vtt", "-o", out, *options)
    done = score(*given)
    assert done.returncode == 1, done.stderr
    assert lines(out / "failures.tsv") == 2, "the sound that cannot be read, under its heading"
    assert tree(out) == tree(place / "one")


class Deadly(Waveform):
    """Kills its process on the recording that holds its name."""

    def extract(self, person: Participant) -> Features:
        """The waveform, if the process lives."""
        if person.audio is not None and "deadly" in person.audio.path.name:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().extract(person)


def test_a_process_that_is_killed_costs_its_recording_alone(place: Path, tmp_path: Path) -> None:
    sounds = [write_sound(tmp_path / "in" / f"{name}.wav", 12) for name in ("a", "b_deadly", "c", "d")]
    write_manifest(tmp_path / "m.tsv", *sounds)
    ear = Detector.from_pretrained(place / "detector", device="cpu")
    deadly = Detector(ear.module, {"audio": Deadly(rate=4000)}, device="cpu")
    outcome = score_recordings(find_recordings([tmp_path / "m.tsv"]), deadly, tmp_path / "out", workers=2)
    assert (outcome.scored, outcome.failed) == (3, 1)
    [line] = (tmp_path / "out" / "failures.tsv").read_text().splitlines()[1:]
    assert line.split("\t")[1] == "in/b_deadly"
    assert "was killed, most likely for lack of memory" in line


def test_engines_and_numbers_that_are_not_known(tmp_path: Path) -> None:
    for options in ({"engine": "dask"}, {"workers": 0}):
        with pytest.raises(InputError, match="'engine' is local or ray and 'workers' 1 or more"):
            score_recordings([], None, tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()
