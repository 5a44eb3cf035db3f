"""The file of results: one entry a benchmark, written after each fold, so that a killed run keeps what it has."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from empdetect.errors import InputError

FORMAT = 2
"""Raised when the keys change. Format 1 was one file a configuration."""


class Results:
    """Results of several benchmarks in one JSON file; those of others that are in it already stay.

    Args:
        path: the file.

    Attributes:
        benchmarks: reports by name.
        failures: by name, why the newest run of a benchmark did not end; a report beside it is of the folds before, or
            of an earlier run.

    Raises:
        InputError: there is a file that holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        content = _read(path) if path.exists() else {}
        self.benchmarks: dict[str, Any] = dict(content.get("benchmarks", {}))
        self.failures: dict[str, str] = dict(content.get("failures", {}))

    def keep(self, name: str, report: Mapping[str, Any]) -> None:
        """Put down a benchmark's report; one of all folds is replaced by no other than another of all folds."""
        if is_whole(report) or not is_whole(self.benchmarks.get(name, {})):
            self.benchmarks[name] = dict(report)
        if is_whole(report):
            self.failures.pop(name, None)
        self._write()

    def fail(self, name: str, why: str) -> None:
        """Put down why a benchmark did not run to its end."""
        self.failures[name] = why
        self._write()

    def _write(self) -> None:
        told = {"failures": dict(sorted(self.failures.items()))} if self.failures else {}
        content = {"format": FORMAT, "benchmarks": dict(sorted(self.benchmarks.items())), **told}
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a run that is killed while it writes must not lose the folds before.
        with tempfile.NamedTemporaryFile("wb", dir=self.path.parent, suffix=".tmp", delete=False) as file:
            file.write(text.encode())
        Path(file.name).chmod(0o666 & ~_umask())
        Path(file.name).replace(self.path)


def is_whole(report: Mapping[str, Any]) -> bool:
    """Whether a report is of all folds, and not in a hurry; studies that are written at their end are whole."""
    return bool(report) and not report.get("fast") and report.get("folds_done") == report.get("folds")


def read_results(path: Path) -> dict[str, Any]:
    """Reports by benchmark.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    return dict(_read(path)["benchmarks"])


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Reading the results {path}: {str(error).splitlines()[0]}; name another file") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT or "benchmarks" not in content:
        raise InputError(f"Reading the results {path}: not results of `empdetect bench`; name another file")
    return content


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
