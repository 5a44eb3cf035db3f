"""A study: its command line, and the file of what was found and what it takes to find it again."""

import functools
import json
import shlex
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, ParamSpec

import numpy as np

from empdetect.bench.checks import ProtocolError
from empdetect.bench.run import machine
from empdetect.bench.table import update_page
from empdetect.errors import InputError
from empdetect.training import commit

P = ParamSpec("P")


def one_line_errors(main: Callable[P, None]) -> Callable[P, int]:
    """A command line that ends with its exit code: 0, or one line and 2 for unusable input, 1 for a failed check."""

    @functools.wraps(main)
    def coded(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            main(*args, **kwargs)
        except InputError as error:
            sys.stderr.write(f"empdetect: {error}\n")
            return 2
        except ProtocolError as error:
            sys.stderr.write(f"empdetect: {error}\n")
            return 1
        return 0

    return coded


def study_parser(
    name: str,
    about: str | None,
    *options: Literal["data_root", "page"],
    seed: int | None = None,
    out: str = "file for the figures",
) -> ArgumentParser:
    """Command line of ``python -m empdetect.bench.NAME``: where the figures go, and what else most studies are told.

    Args:
        name: of the module.
        about: its docstring.
        options: which of ``--data-root`` and ``--page`` it takes.
        seed: what ``--seed`` is by default; None where nothing is drawn.
        out: what the file is for.
    """
    parser = ArgumentParser(
        f"python -m empdetect.bench.{name}", description=about, formatter_class=RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--out", required=True, type=Path, metavar="JSON", help=out)
    if "data_root" in options:
        parser.add_argument("--data-root", metavar="DIR", help="folder of the datasets (default: $EMPDETECT_DATA)")
    if "page" in options:
        parser.add_argument("--page", type=Path, metavar="MD", help="also put the table between this page's markers")
    if seed is not None:
        parser.add_argument("--seed", type=int, default=seed, help="of all that is drawn (default: %(default)s)")
    return parser


def write_study(path: Path, command: str, seed: int, findings: Mapping[str, Any]) -> None:
    """Write findings as JSON, with the command, date, commit, machine and seed. Numbers get four digits.

    Args:
        path: the file; its folder is made.
        command: that makes it again.
        seed: of all draws.
        findings: by name; numbers that are not known become null.
    """
    facts = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "machine": machine(),
        "seed": seed,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**facts, **_plain(findings)}, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def refuse_to_lose_rows(out: Path, names: Sequence[str]) -> None:
    """Before hours are spent on some rows of a study: its file must not hold others, which would be gone.

    Args:
        out: the file; it need not be there.
        names: of the rows that were asked for; empty for all.

    Raises:
        InputError: it holds others.
    """
    kept = json.loads(out.read_text(encoding="utf-8"))["rows"] if names and out.is_file() else {}
    others = sorted(set(kept) - set(names))
    if others:
        raise InputError(
            f"Measuring {', '.join(names)}: {out} also holds {', '.join(others)}, which would be lost; give another "
            "-o, or no names to measure all"
        )


def command_of(parsed: Namespace, study: str) -> str:
    """The command line that makes a study of named rows again, but for where the data are."""
    seed = ["--seed", str(parsed.seed)] if parsed.seed else []
    return shlex.join(["python", "-m", f"empdetect.bench.{study}", *parsed.names, "-o", str(parsed.out), *seed])


def publish(parsed: Namespace, command: str, rows: Mapping[str, Any], what: str, table: str) -> None:
    """Write a study of rows to its file, its table into the page that was named, if any, and to the terminal.

    Args:
        parsed: the command line, with ``out``, ``page`` and ``seed``.
        command: that makes it again.
        rows: what was found.
        what: name of the page's markers.
        table: the rows as Markdown.
    """
    write_study(parsed.out, command, parsed.seed, {"rows": rows})
    if parsed.page:
        update_page(parsed.page, what, table)
    sys.stdout.write(table)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(f"{float(value):.4g}") if np.isfinite(value) else None
    return value
