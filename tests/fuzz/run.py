"""One attack: as many hostile inputs as fit into a time, and what came of them."""

import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from empdetect.errors import InputError
from tests.fuzz.parsers import Files, Parser

SLOW = 20
"""Seconds after which a parser counts as hanging on an input of a few kilobytes."""
ROUND = 500
"""Inputs of one round of hypothesis."""


@dataclass
class Found:
    """What came of an attack.

    Args:
        inputs: how many were tried.
        accepted, refused: how many the parser read, and how many it refused with an InputError.
        bugs: by exception and place, the smallest input that raised anything else.
    """

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    bugs: dict[str, Files] = field(default_factory=dict)

    def add(self, bug: str, files: Files) -> None:
        """Keep the smaller of two inputs of one bug."""
        before = self.bugs.get(bug)
        if before is None or sum(map(len, files.values())) < sum(map(len, before.values())):
            self.bugs[bug] = files

    def summary(self) -> dict[str, Any]:
        """Numbers and bugs, as JSON can hold them."""
        bugs = [
            {"error": bug, "input": {n: repr(d)[:400] for n, d in files.items()}} for bug, files in self.bugs.items()
        ]
        return {"inputs": self.inputs, "accepted": self.accepted, "refused": self.refused, "bugs": bugs}


def attack(parser: Parser, seconds: float, number: int = 0) -> Found:
    """Attack a parser for some seconds.

    Args:
        parser: the parser.
        seconds: for how long; the last round is finished.
        number: seed of the first round.
    """
    found, ends = Found(), time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as place:
        while time.monotonic() < ends:
            _round(parser, Path(place), found, ends, number)
            number += 1
    return found


def _round(parser: Parser, place: Path, found: Found, ends: float, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(parser.files)
    def try_one(files: Files) -> None:
        if time.monotonic() < ends:
            _try(parser, place / "input", files, found)

    try_one()


def _try(parser: Parser, folder: Path, files: Files, found: Found) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    found.inputs += 1
    try:
        with _at_most(SLOW), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.read(folder)
        found.accepted += 1
    except InputError as error:
        if str(error).strip():
            found.refused += 1
        else:
            found.add("InputError without a reason", files)
    except Exception as error:
        found.add(f"{type(error).__name__} at {_place(error)}: {str(error)[:120]}", files)


def _place(error: Exception) -> str:
    """Where in this package an exception was let through."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "empdetect" in Path(frame.filename).parts]
    own = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(own.filename).name}:{own.lineno}"


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """End a hanging parser."""

    def ring(*_: Any) -> None:
        raise TimeoutError(f"still reading after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def show(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"{text}\n")
