"""Time and memory: of a call in this process, and of a command in a process of its own."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from empdetect.bench.speed.material import default_folder
from empdetect.bench.study import write_study

T = TypeVar("T")


@dataclass(frozen=True)
class Spent:
    """What something cost.

    Args:
        wall: seconds on the clock.
        processor: seconds of all threads and processors.
        memory: most bytes that lay in memory at once; 0 where it was not measured.
    """

    wall: float
    processor: float
    memory: int = 0

    def plain(self) -> dict[str, float]:
        """As a result shows it; memory in MiB."""
        found = {"wall_seconds": self.wall, "processor_seconds": self.processor}
        return {**found, "peak_mib": self.memory / 2**20} if self.memory else found


def timed(do: Callable[[], T]) -> tuple[Spent, T]:
    """What a call cost, and what came of it."""
    clock, began = time.perf_counter(), time.process_time()
    found = do()
    return Spent(time.perf_counter() - clock, time.process_time() - began), found


def run(command: Sequence[str]) -> Spent:
    """What a command cost, from its start to its end.

    Raises:
        RuntimeError: it failed.
    """
    clock = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # Read to its end first: a full pipe would stop the command.
    told = process.stderr.read() if process.stderr is not None else ""
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - clock
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)}: {told[-2000:]}")
    bytes_a_unit = 1 if sys.platform == "darwin" else 1024
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * bytes_a_unit)


def score_command(*arguments: object) -> list[str]:
    """The command line of ``empdetect score``."""
    return [str(Path(sys.executable).with_name("empdetect")), "score", *map(str, arguments)]


def median(values: Sequence[float]) -> float:
    """Median; the upper one of an even number."""
    return sorted(values)[len(values) // 2]


def parser(name: str, about: str | None) -> argparse.ArgumentParser:
    """The options that all of these commands have."""
    found = argparse.ArgumentParser(f"python -m empdetect.bench.speed.{name}", description=about)
    found.add_argument("-o", "--out", type=Path, required=True, help="file of results (JSON)")
    found.add_argument("--data-root", type=Path, default=Path(os.environ.get("EMPDETECT_DATA", "../shared/data")))
    found.add_argument("--folder", type=Path, default=default_folder(), help="where recordings are made")
    found.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or mps (default: %(default)s)")
    found.add_argument("--seed", type=int, default=0)
    return found


def record(options: argparse.ArgumentParser, given: argparse.Namespace, found: Mapping[str, Any], told: str) -> None:
    """Write what was measured, with the command that measures it again, and tell it in one line.

    Args:
        options: of the command.
        given: what it was called with; where data and recordings lie is left out of the command.
        found: the results.
        told: the line.
    """
    settings = {name: value for name, value in vars(given).items() if name not in ("out", "data_root", "folder")}
    line = [options.prog, f"-o {given.out}", *(f"--{name} {_shown(value)}" for name, value in settings.items())]
    write_study(given.out, " ".join(line), given.seed, {"device": given.device, **found})
    sys.stdout.write(f"{given.out}: {told}\n")


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
