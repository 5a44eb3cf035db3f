"""The real command in a process of its own, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("scores.tsv", "overall.tsv", "failures.tsv", "warnings.tsv")


def command(*arguments: object) -> list[str]:
    """The command line of ``empdetect score``."""
    return [str(Path(sys.executable).with_name("empdetect")), "score", *map(str, arguments)]


def score(*arguments: object, before: Sequence[str] = ()) -> "subprocess.CompletedProcess[str]":
    """Run ``empdetect score`` to its end."""
    return subprocess.run(
        [*before, *command(*arguments)], cwd=ROOT, capture_output=True, text=True, timeout=280, check=False, env=quiet()
    )


def killed(*arguments: object, when: Callable[[], bool]) -> bool:
    """Run ``empdetect score`` and kill it as soon as something is so; whether it was killed before its end."""
    process = subprocess.Popen(command(*arguments), cwd=ROOT, stderr=subprocess.PIPE, text=True, env=quiet())
    deadline = time.monotonic() + 200
    while process.poll() is None and not when() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def quiet() -> dict[str, str]:
    """The environment, without what would let a library ask the network."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def lines(path: Path) -> int:
    """Lines of a file, 0 if there is none."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def tree(folder: Path) -> dict[str, bytes]:
    """The results in a folder by name, without what tells when they were made."""
    files = (path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    hidden = (".progress/", ".lock", "reports/")
    return {
        name: path.read_bytes()
        for name, path in sorted(named.items())
        if not name.startswith(hidden) and name not in ("scores.json", "overall.json")
    }
