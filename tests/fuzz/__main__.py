"""``python -m tests.fuzz [PARSER...] --minutes 10 -o docs/results/fuzz.json``: attack parsers, each for so long.

A summary is written after each parser; those of parsers attacked earlier stay in it. Exit code 1 if there are bugs.
"""

import argparse
import json
import os
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.fuzz.parsers import PARSERS
from tests.fuzz.run import attack, show


def main() -> int:
    """Attack the parsers that the command line names, or all."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description="Attack the parsers of files.")
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help=f"which (default: all): {', '.join(PARSERS)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of hypothesis (default: %(default)s)")
    parser.add_argument("-o", "--out", type=Path, metavar="JSON", help="where the summary goes")
    given = parser.parse_args()
    unknown = sorted(set(given.parsers) - set(PARSERS))
    if unknown:
        parser.error(f"unknown parser {', '.join(unknown)}; allowed are {', '.join(PARSERS)}")
    bugs = 0
    for name in given.parsers or PARSERS:
        began = time.monotonic()
        found = attack(PARSERS[name], 60 * given.minutes, given.seed)
        summary = {"seconds": round(time.monotonic() - began), "seed": given.seed, **found.summary()}
        bugs += len(found.bugs)
        show(f"{name}: {json.dumps(summary, ensure_ascii=False)}")
        if given.out:
            _write(given.out, name, summary)
    return 1 if bugs else 0


def _write(path: Path, name: str, summary: dict[str, Any]) -> None:
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"parsers": {}}
    content = {
        "command": "python -m tests.fuzz --minutes 10 -o docs/results/fuzz.json",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "hypothesis": version("hypothesis"),
        "parsers": {
            **before["parsers"],
            name: {"ended": datetime.now(UTC).isoformat(timespec="seconds"), **summary},
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
