"""The command line: exit codes, one-line errors, and a start without torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from empdetect.cli import main

HEAVY = ("torch", "pandas", "cv2", "transformers", "lightning", "neurokit2", "librosa")


@pytest.mark.parametrize("arguments", [["--help"], ["score", "--help"], ["--version"], ["rl", "train", "--help"]])
def test_help_starts_without_anything_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom empdetect.cli import main\n"
        f"try:\n    main({arguments!r})\nexcept SystemExit as stop:\n    code = stop.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\nassert code == 0, code"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "empdetect" in done.stdout


def test_scoring_loads_nothing_that_only_training_needs() -> None:
    """Every process that scores, and every worker, would wait seconds for it."""
    program = (
        "import sys\nimport empdetect.comparing, empdetect.detector, empdetect.scoring, empdetect.serve\n"
        "print([name for name in ('lightning', 'torchmetrics', 'torchvision', 'transformers', 'sklearn') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "COMMAND"),
        (["fly"], "fly"),
        (["score"], "INPUT"),
        (["data"], "COMMAND"),
        (["rl", "train"], "--config"),
    ],
)
def test_wrong_usage_exits_with_2_and_names_it(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert named in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "check", "nowhere.tsv"], "nowhere.tsv"),
        (["data", "check", "nowhere.tsv", "--task", "no.yaml"], "no.yaml"),
        (["score", "nowhere.mp4", "--detector", "no/such/folder", "-o", "out"], "nowhere.mp4"),
        (["score", "x.wav", "--detector", "d", "-o", "out", "--formats", "docx"], "docx"),
        (["rl", "train", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["rl", "train", "--config", "nowhere.yaml", "--set", "steps"], "KEY=VALUE"),
        (["demo", "--data-root", "nowhere", "--out", "demo-out"], "nowhere"),
    ],
)
def test_a_user_error_is_one_line_on_stderr(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""


def test_the_datasets_are_listed_with_licence_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    listed = capsys.readouterr().out
    for name in ("Epitome", "Ravdess", "ContagionVideos", "ContagionEMG", "StressPredict", "Manifest"):
        assert name.lower() in listed.lower()
    assert listed.count("licence: ") == listed.count("source: ") >= 6


def test_the_detectors_in_the_package_are_listed_and_one_is_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    listed = capsys.readouterr().out
    for name in ("dyads", "text-empathy", "text-ngrams", "text-reward"):
        assert f"\n{name}\n  reads: " in f"\n{listed}"
    assert listed.count("licences: ") == 4 and "mint_validation" in listed
    assert main(["models", "download", "text-ngrams"]) == 0
    assert "score with --detector text-ngrams" in capsys.readouterr().err
    assert main(["models", "download", "nobody"]) == 2
    assert "Loading the detector 'nobody': no such folder" in capsys.readouterr().err


def test_doctor_says_that_this_machine_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "device" in capsys.readouterr().out
