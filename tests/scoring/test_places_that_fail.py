"""Output folders that cannot be written or run full: a clear error, nothing lost, and ``--resume`` goes on.

The folders are mounted for one process alone, in a namespace of its own.
"""

import subprocess
from pathlib import Path

import pytest

from empdetect.scores import Scores
from tests.scoring.command import ROOT, command, lines, quiet, score, tree
from tests.scoring.light import light_detector, write_manifest, write_sound

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "--net")


def in_namespace(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run a shell script with a network and mounts of its own; skips the test where that is not permitted."""
    try:
        allowed = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare on this machine")
    if allowed.returncode:
        pytest.skip(f"namespaces are not permitted here: {allowed.stderr.strip()}")
    return subprocess.run(
        [*NAMESPACE, "sh", "-c", script, "sh", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env=quiet(),
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    light_detector(folder / "detector")
    write_manifest(folder / "m.tsv", *(write_sound(folder / "in" / f"{n}.wav", 600, n) for n in range(4)))
    return folder


def test_a_disk_that_runs_full(place: Path, tmp_path: Path) -> None:
    out, kept = tmp_path / "out", tmp_path / "kept"
    out.mkdir()
    given = command(place / "m.tsv", "--detector", place / "detector", "-o", out)
    # 96 KiB hold the table of the first recordings, not that of all, with their journals.
    script = (
        'out="$1"; kept="$2"; shift 2; mount -t tmpfs -o size=96k none "$out" || exit 77; '
        '"$@"; code=$?; cp -r "$out" "$kept"; exit $code'
    )
    done = in_namespace(script, out, kept, *given)
    if done.returncode == 77:
        pytest.skip(f"mounts are not permitted here: {done.stderr}")
    assert done.returncode == 2, done.stderr
    assert "No space left on device; give an output folder that can be written and has room" in done.stderr
    assert "Traceback" not in done.stderr
    left = Scores.read(kept / "scores.tsv").table
    assert 0 < len(left) < 800
    assert left["score"].notna().all(), "every row is whole"
    # On a disk with room, the run goes on from what the full one holds.
    resumed = score(place / "m.tsv", "--detector", place / "detector", "-o", kept, "--resume")
    assert resumed.returncode == 0, resumed.stderr
    assert score(place / "m.tsv", "--detector", place / "detector", "-o", tmp_path / "whole").returncode == 0
    assert tree(kept) == tree(tmp_path / "whole")


def test_a_folder_that_is_read_only(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    given = command(place / "m.tsv", "--detector", place / "detector", "-o", out)
    script = 'out="$1"; shift; mount -t tmpfs -o ro,size=1m none "$out" || exit 77; "$@"'
    done = in_namespace(script, out, *given)
    if done.returncode == 77:
        pytest.skip(f"mounts are not permitted here: {done.stderr}")
    assert done.returncode == 2
    assert "Read-only file system; give an output folder that can be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_phones_home(place: Path, tmp_path: Path) -> None:
    """Without any network, loopback included, the real command scores as ever, and no library complains."""
    done = in_namespace('"$@"', *command(place / "m.tsv", "--detector", place / "detector", "-o", tmp_path, "--report"))
    assert done.returncode == 0, done.stderr
    assert "4 recordings scored" in done.stderr
    assert lines(tmp_path / "scores.tsv") == 801
    assert not [word for word in ("network", "urlopen", "resolve", "connect") if word in done.stderr.lower()]


def test_the_detector_in_the_box_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / "a.vtt").write_text("WEBVTT\n\n00:00.000 --> 00:04.000\n<v Ann>I am so sorry to hear that.\n")
    done = in_namespace('unset HF_HUB_OFFLINE; "$@"', *command(tmp_path / "a.vtt", "-o", tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert lines(tmp_path / "out" / "scores.tsv") > 1
