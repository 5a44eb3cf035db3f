"""The way to the user: sdist, then wheel from the sdist, then an installed copy apart from the checkout."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = ("empdetect/py.typed", "empdetect/rl/bank.jsonl")
"""Files besides the code that the package cannot do without."""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command without a network, and return what it printed."""
    environment = {**os.environ, "UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "PYTHONPATH": ""}
    done = subprocess.run([*map(str, command)], check=False, cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an sdist of the checkout, and of a wheel built from that sdist, as an installer does."""
    out = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    return out


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    return next(built.glob("empdetect-*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("empdetect-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of an environment that holds nothing but the package; its dependencies are lent by this one."""
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    lent = "\n".join(path for path in sys.path if path.endswith("site-packages"))
    packages = next(home.glob("lib/python*/site-packages"))
    run(sys.executable, "-m", "uv", "pip", "install", "--no-deps", "--python", home / "bin" / "python", wheel, cwd=home)
    (packages / "lent.pth").write_text(lent + "\n", encoding="utf-8")
    return home


def checkout_files() -> set[str]:
    """Files of the package in the checkout."""
    files = (path for path in (ROOT / "empdetect").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in files}


def test_the_sdist_holds_the_package_its_configs_and_its_papers(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    configs = {str(path.relative_to(ROOT)) for path in ROOT.glob("configs/**/*.yaml")}
    wanted = checkout_files() | configs | {"README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml"}
    assert wanted <= inside
    assert configs
    assert not [name for name in inside if name.startswith((".venv", "tests", "demo", "datamodules", "models"))]


def test_the_wheel_holds_the_package_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    assert checkout_files() <= inside
    assert set(DATA) <= inside
    assert {name.split("/")[0] for name in inside} == {"empdetect", wheel.name.rpartition("-py3")[0] + ".dist-info"}


def test_the_installed_copy_has_one_class_of_each_folder(installed: Path, tmp_path: Path) -> None:
    code = (
        "import empdetect; print(empdetect.__file__)\n"
        "from empdetect.datamodules.manifest import ManifestDataModule\n"
        "from empdetect.models.encoders.temporal import TemporalConvEncoder\n"
        "from empdetect.rl.profiles import read_profiles\n"
        "from empdetect.streams.transcript import Transcript\n"
        "from empdetect.bench.configs import find_config\n"
        "print(TemporalConvEncoder(3).width, len(read_profiles()) > 0, find_config('epitome').is_file())\n"
    )
    place, answer = run(installed / "bin" / "python", "-I", "-c", code, cwd=tmp_path).splitlines()
    assert Path(place).is_relative_to(installed)
    assert answer == "64 True True"


def test_the_installed_command_runs(installed: Path, tmp_path: Path) -> None:
    assert run(installed / "bin" / "empdetect", "--version", cwd=tmp_path).startswith("empdetect 0.")
    assert "score" in run(installed / "bin" / "empdetect", "--help", cwd=tmp_path)


def test_the_installed_copy_scores_a_transcript_and_rewards_a_reply(installed: Path, tmp_path: Path) -> None:
    cue = "WEBVTT\n\n00:00.000 --> 00:03.000\n<v Ann>I hear how hard that was for you.\n"
    (tmp_path / "talk.vtt").write_text(cue, encoding="utf-8")
    run(installed / "bin" / "empdetect", "score", "talk.vtt", "-o", "out", cwd=tmp_path)
    table = (tmp_path / "out" / "scores.tsv").read_text(encoding="utf-8")
    assert "empathetic_personas_empathy_score" in table
    code = (
        "from empdetect.rl.dialogue import Dialogue, Turn\n"
        "from empdetect.rl.profiles import read_profiles\n"
        "from empdetect.rl.rewards.detector import DetectorReward\n"
        "turns = (Turn('user', 'I failed.'), Turn('assistant', 'I am sorry, that hurts.'))\n"
        "head = DetectorReward('text-empathy', measure='empathetic_personas_empathy_score')\n"
        "print(head([Dialogue(read_profiles()[0], 'I failed.', turns=turns, done=True)]))\n"
    )
    (reward,) = json.loads(run(installed / "bin" / "python", "-I", "-c", code, cwd=tmp_path).splitlines()[-1])
    assert 0 <= reward <= 1


@pytest.mark.parametrize("folder", ["datamodules", "models"])
def test_the_installed_copy_takes_no_bare_names(installed: Path, folder: str, tmp_path: Path) -> None:
    code = f"import importlib.util as u; print(u.find_spec('{folder}'))"
    assert run(installed / "bin" / "python", "-I", "-c", code, cwd=tmp_path).strip() == "None"
