"""The doctor finds what is wrong, and says what to do."""

from pathlib import Path

import pytest

from empdetect import doctor
from empdetect.doctor import Finding, diagnose
from empdetect.features import text


def finding(name: str) -> Finding:
    return next(found for found in diagnose() if found.name == name)


def test_this_machine_is_well() -> None:
    found = diagnose()
    assert [f.name for f in found] == list(doctor.CHECKS)
    assert all(f.ok for f in found), [f.line() for f in found if not f.ok]
    assert not any(f.remedy for f in found)
    assert all("\n" not in f.line() for f in found)


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EMPDETECT_CACHE", str(tmp_path / "file" / "cache"))
    found = finding("cache")
    assert not found.ok
    assert "cannot be written" in found.detail
    assert found.line().endswith("set EMPDETECT_CACHE to a folder that can be written")


def test_data_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPDETECT_DATA", str(tmp_path / "none"))
    assert "which is no folder" in finding("data").detail
    monkeypatch.setenv("EMPDETECT_DATA", str(tmp_path))
    assert finding("data").ok


def test_weights_that_are_not_the_published_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MINILM_SHA256", "0" * 64)
    text.minilm_folder.cache_clear()
    found = finding("weights")
    text.minilm_folder.cache_clear()
    assert not found.ok
    assert "SHA-256" in found.detail
    assert "reinstall" in found.remedy


def test_packages_out_of_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "requires", lambda _: ["torch>=99", "no-such-package>=1", 'x; extra == "dev"', "numpy"])
    found = finding("versions")
    assert not found.ok
    assert "torch is " in found.detail
    assert "needed is >=99" in found.detail
    assert "no-such-package is not installed" in found.detail
    assert "numpy" not in found.detail


def test_a_decoder_that_does_not_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(doctor, "_tiny_clip", lambda: io.BytesIO(b"broken" * 50))
    found = finding("decoder")
    assert not found.ok
    assert "reinstall av" in found.remedy


def test_too_little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ROOM_NEEDED", 1e9)
    assert "GiB free" in finding("room").detail
    assert not finding("room").ok


def test_no_cascades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.data.haarcascades", str(tmp_path))
    found = finding("faces")
    assert not found.ok
    assert "5.x dropped" in found.remedy


def test_a_voice_detector_that_is_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr("silero_vad.load_silero_vad", lambda: lambda _sound, _rate: torch.tensor(0.9))
    found = finding("voices")
    assert not found.ok
    assert "hears speech (0.90) in silence" in found.detail
    assert "reinstall silero-vad" in found.remedy


def test_optional_parts_are_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ray" else object())
    found = finding("extras")
    assert found.ok
    assert found.detail == "installed: serve, llm; for the others: pip install 'empdetect[ray]'"
