"""Faults: what is wrong with a manifest, in which row, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from empdetect.errors import InputError

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Args:
        row: line of the manifest as an editor counts it, the first is 1; None for the file as a whole.
        column: the column; None for the row as a whole.
        problem: what is wrong.
        remedy: what to do about it.
        severity: a row with an ``error`` cannot be used, one with a ``warning`` can.
    """

    row: int | None
    column: str | None
    problem: str
    remedy: str
    severity: Severity = "error"

    def __str__(self) -> str:
        line = "file" if self.row is None else f"line {self.row}"
        column = "" if self.column is None else f", column {shown(self.column)}"
        warning = ", warning" if self.severity == "warning" else ""
        return f"{line}{column}{warning}: {self.problem}; {self.remedy}"


class ManifestError(InputError):
    """A manifest of which no row can be read.

    Args:
        path: the manifest.
        fault: why.
    """

    def __init__(self, path: Path, fault: Fault) -> None:
        super().__init__(f"Reading the manifest {shown(str(path))}: {fault}")
        self.fault = fault


def errors(faults: Iterable[Fault]) -> list[Fault]:
    """Those that make a row unusable."""
    return [fault for fault in faults if fault.severity == "error"]


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """By row and column, each once."""
    return sorted(dict.fromkeys(faults), key=lambda fault: (fault.row or 0, fault.column or ""))


def report_faults(faults: Iterable[Fault]) -> str:
    """One fault a line, and a last line that counts them."""
    listed = list(faults)
    if not listed:
        return "no faults"
    wrong = len(errors(listed))
    counts = f"{_counted(wrong, 'error')}, {_counted(len(listed) - wrong, 'warning')}"
    return "\n".join([*map(str, listed), counts])


def shown(text: str, longest: int = 120) -> str:
    """Text from a file as it can be printed: what no terminal can show is escaped, the rest of a long one cut."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
