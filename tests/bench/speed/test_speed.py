"""Short versions of what measures speed: the commands work and the quantities agree. Of time nothing is claimed."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from empdetect.bench.speed import faces, memory, physiology, pipeline, transcripts
from empdetect.bench.speed.material import recording, repeated
from empdetect.bench.speed.page import FOLDER, PAGE, page
from empdetect.errors import InputError
from empdetect.streams.audio import AudioStream
from empdetect.streams.video import VideoStream

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where recordings are made: once for all tests."""
    return tmp_path_factory.mktemp("speed")


def measured(module: Any, place: Path, data_root: Path, *options: str) -> dict[str, Any]:
    """The results that a command writes."""
    out = place / "out.json"
    assert module.main(["-o", str(out), "--data-root", str(data_root), "--folder", str(place), *options]) == 0
    found: dict[str, Any] = json.loads(out.read_text())
    assert found["machine"]["cpus"]
    return found


@pytest.mark.data
def test_the_recording_is_as_long_as_it_says_and_can_be_repeated(place: Path, data_root: Path) -> None:
    one = recording(data_root, 12, place)
    for entry, seconds in ((one, 12), (repeated(one, 3), 36)):
        frames = list(VideoStream(entry.source).frames(5))
        assert VideoStream(entry.source).end() == pytest.approx(seconds, abs=0.2)
        assert len(frames) == pytest.approx(5 * seconds, abs=3)
        assert frames[0][1].shape == (480, 640)
        assert AudioStream(entry.source).end() == pytest.approx(seconds, abs=0.3)
        [person] = entry.open().recording.participants
        assert [name for name, _ in person.streams()] == ["video", "audio", "transcript", "physiology"]
        assert person.end() == pytest.approx(seconds, abs=0.3)


def test_without_clips_there_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no clips of GRID in"):
        recording(tmp_path, 3, tmp_path / "made")


@pytest.mark.data
def test_pipeline_scores_every_window_with_all_modalities(place: Path, data_root: Path) -> None:
    found = measured(pipeline, place, data_root, "--seconds", "12", "--repeats", "1")
    assert found["rows"] == found["rows_with_all_modalities"] == 2
    assert found["whole_command"][0]["peak_mib"] > 0


@pytest.mark.data
def test_memory_of_a_longer_one(place: Path, data_root: Path) -> None:
    found = measured(memory, place, data_root, "--seconds", "8", "--times", "2")
    assert 0 < found["ratio"] < 1.5


@pytest.mark.data
def test_faces_are_where_the_cascade_sees_them(place: Path, data_root: Path) -> None:
    found = measured(faces, place, data_root, "--seconds", "3", "--repeats", "1")
    assert found["frames"] == 75
    assert found["median_overlap"] > 0.6
    assert found["share_of_frames_with_same_answer"] > 0.9


@pytest.mark.data
def test_voices_sound_alike(place: Path, data_root: Path) -> None:
    out = place / "audio.json"
    line = [sys.executable, "-X", "faulthandler", "-m", "empdetect.bench.speed.audio", "-o", str(out)]
    line += ["--data-root", str(data_root), "--folder", str(place), "--seconds", "12", "--repeats", "1"]
    ended = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    if ended.returncode < 0:  # on some machines the code that numba compiles for librosa kills its process
        pytest.skip(
            f"a peer's code ended the process by {signal.Signals(-ended.returncode).name}: {ended.stderr[:600]}"
        )
    assert ended.returncode == 0, ended.stderr
    found = json.loads(out.read_text())["agreement"]
    assert found["librosa"]["energy_db_correlation"] > 0.9
    for each in found.values():
        assert each["f0_within_a_semitone"] > 0.8


@pytest.mark.data
def test_hearts_beat_alike(place: Path, data_root: Path) -> None:
    found = measured(physiology, place, data_root, "--seconds", "60", "--repeats", "1")
    assert found["heart_rate_median_difference"] < 1
    assert found["tonic_correlation"] > 0.95


@pytest.mark.data
def test_words_read_together_score_as_alone(place: Path, data_root: Path) -> None:
    found = measured(transcripts, place, data_root, "--transcripts", "4", "--parts", "2")
    assert found["turns"] == 160
    assert found["largest_difference_from_alone"] < 1e-4


def test_the_page_is_that_of_the_results() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(ROOT / FOLDER)
