import csv
import filecmp
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.datamodules.simulation import Noise, simulate_corpus
from empdetect.datamodules.simulation.corpus import splits
from empdetect.datamodules.simulation.plan import plan_dyad, slow_noise
from empdetect.datamodules.simulation.settings import Settings
from empdetect.errors import InputError
from empdetect.manifest.check import check_manifest
from empdetect.manifest.segments import read_manifest
from empdetect.streams.files import file_fingerprint


@pytest.fixture(scope="module")
def small_corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dyads of one window, made in this process."""
    return simulate_corpus(tmp_path_factory.mktemp("small"), dyads=2, seconds=8.0, window=8.0, workers=1)


def test_a_manifest_without_faults(simulated_corpus: Path) -> None:
    assert check_manifest(simulated_corpus) == []


def test_segments_are_the_listeners_windows_and_carry_every_stream(simulated_corpus: Path) -> None:
    segments = read_manifest(simulated_corpus)
    assert {segment.participant for segment in segments} == {"listener"}
    for segment in segments:
        listener, speaker = segment.people()
        assert (listener.role, speaker.role) == ("observer", "target")
        for person in (listener, speaker):
            assert {name for name, _ in person.streams()} == {"video", "audio", "transcript", "physiology"}
            assert person.end() == pytest.approx(20.0, abs=0.2)
        assert segment.group == segment.recording.id


def test_labels_are_those_of_the_truth_and_balanced(simulated_corpus: Path) -> None:
    truth = json.loads(simulated_corpus.with_name("truth.json").read_text(encoding="utf-8"))
    windows = [
        (dyad["recording"], w["start"], w["end"], w["empathy"], w["level"])
        for dyad in truth["recordings"]
        for w in dyad["windows"]
    ]
    found = [
        (s.recording.id, s.start, s.end, s.labels["empathy"], s.labels["empathy_level"])
        for s in read_manifest(simulated_corpus)
    ]
    assert found == windows
    assert sum(row[3] for row in found) == len(found) / 2
    assert all((row[4] > 0.5) == (row[3] == 1) for row in found)
    assert (truth["seed"], truth["lag"], truth["coupling"]) == (0, 2.0, 0.9)
    assert truth["noise"]["text"] == Noise().text


def test_two_workers_make_the_same_corpus_as_one(small_corpus: Path, tmp_path: Path) -> None:
    again = simulate_corpus(tmp_path, dyads=2, seconds=8.0, window=8.0, workers=2)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    plain = [str(path) for path in files if path.suffix != ".mp4"]
    assert len(plain) == 2 * 6 + 2
    same, different, missing = filecmp.cmpfiles(small_corpus.parent, again.parent, plain, shallow=False)
    assert (sorted(same), different, missing) == (plain, [], [])


def test_another_seed_makes_another_corpus(small_corpus: Path, tmp_path: Path) -> None:
    other = simulate_corpus(tmp_path, dyads=1, seconds=8.0, window=8.0, seed=1, workers=1)
    for name in ("speaker_physio.tsv.gz", "listener.mp4", "transcript.vtt"):
        paths = (manifest.parent / "dyad-001" / name for manifest in (small_corpus, other))
        assert len({file_fingerprint(path) for path in paths}) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dyads": 0}, "got 0 dyads"),
        ({"window": 5.0}, "windows of 5 s"),
        ({"seconds": 9.0}, "9 seconds"),
        ({"coupling": 1.5}, "coupling of 1.5"),
        ({"lag": -1.0}, "lag of -1 s"),
    ],
)
def test_numbers_out_of_range_are_refused(tmp_path: Path, arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate_corpus(tmp_path / "corpus", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "corpus").exists()


def test_an_interrupted_run_leaves_no_manifest(tmp_path: Path) -> None:
    simulate_corpus(tmp_path, dyads=1, seconds=8.0, window=8.0, workers=1)
    (tmp_path / "dyad-002").write_text("in the way", encoding="utf-8")
    with pytest.raises(FileExistsError):
        simulate_corpus(tmp_path, dyads=2, seconds=8.0, window=8.0, workers=1)
    assert not (tmp_path / "manifest.tsv").exists()


@given(st.integers(3, 60), st.integers(0, 5))
def test_splits_hold_about_60_20_20(dyads: int, seed: int) -> None:
    names = splits(dyads, seed)
    counts = {name: names.count(name) / dyads for name in ("train", "val", "test")}
    assert len(names) == dyads
    assert min(counts.values()) > 0
    assert counts["train"] == pytest.approx(0.6, abs=1 / dyads + 1e-9)
    assert splits(dyads, seed) == names


def test_each_modality_alone_tells_the_label_but_not_surely() -> None:
    windows = [window for index in range(300) for window in plan_dyad(Settings(seed=3), index).windows]
    for modality in ("text", "voice", "face", "physiology"):
        right = np.mean([(getattr(window, modality) > 0.5) == window.empathy for window in windows])
        assert 0.7 < right < 0.87, modality


def test_modalities_err_apart() -> None:
    windows = [window for index in range(300) for window in plan_dyad(Settings(seed=3), index).windows]
    errors = np.array([[w.text - w.empathy, w.voice - w.level, w.face - w.level] for w in windows])
    assert np.abs(np.corrcoef(errors.T) - np.eye(3)).max() < 0.2


def test_without_noise_every_modality_shows_the_level() -> None:
    settings = Settings(noise=Noise(text=0.0, voice=0.0, face=0.0, physiology=0.0))
    for window in plan_dyad(settings, 0).windows:
        assert window.voice == window.face == window.physiology == window.level
        assert window.text == window.empathy


def test_slow_noise_has_unit_deviation_and_no_fast_parts() -> None:
    noise = slow_noise(200_000, 50.0, 1.0, np.random.default_rng(0))
    assert noise.mean() == pytest.approx(0, abs=0.1)
    assert noise.std() == pytest.approx(1, abs=0.05)
    assert np.abs(np.diff(noise)).max() * 50 < 5


def test_torch_is_not_needed() -> None:
    code = "import sys, empdetect.datamodules.simulation; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_further_dyads_bring_their_words_alone(tmp_path: Path) -> None:
    manifest = simulate_corpus(tmp_path, dyads=1, seconds=8.0, window=8.0, workers=1, transcripts=2)
    rows = list(csv.DictReader(manifest.open(encoding="utf-8"), delimiter="\t"))
    told = {row["recording"]: row for row in rows if row["participant"] == "listener"}
    assert len(told) == 3
    for name in ("dyad-002", "dyad-003"):
        assert told[name]["video"] == told[name]["physiology"] == "n/a"
        assert told[name]["split"] == "train"
        assert told[name]["empathy"] in "01"
        assert (tmp_path / told[name]["transcript"]).is_file()
        assert not list((tmp_path / name).glob("*.mp4"))
