"""Progress bars: on a terminal alone, and honest about where the work is."""

import os
import pty
import subprocess
import sys
from contextlib import suppress

SCRIPT = """
import time
from empdetect.progress import Bars
with Bars("Scoring", 3) as bars:
    for name in ("a", "day [1]/b", "c"):
        bars.now(name)
        bars.now(name, "12 rows")
        time.sleep(0.3)
        bars.advance()
"""


def read_all(terminal: int) -> str:
    """What was written to a terminal until nobody has it open."""
    parts = []
    with suppress(OSError):  # how Linux tells that the other side is closed
        while part := os.read(terminal, 65_536):
            parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()


def test_two_bars_on_a_terminal() -> None:
    parent, child = pty.openpty()
    # The window must be wide enough for both bars.
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stderr=child, env={**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    )
    os.close(child)
    shown = read_all(parent)
    assert process.wait(60) == 0
    for part in ("Scoring", "0 of 3", "2 of 3", "day [1]/b", "12 rows"):
        assert part in shown, part


def test_nothing_where_there_is_no_terminal() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
