"""Peak memory of ``empdetect score``: two hours against ten minutes of the same film, by a detector of all four.

``python -m empdetect.bench.speed.memory -o docs/results/speed_memory.json``
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from empdetect.bench.speed.detectors import four_modalities
from empdetect.bench.speed.material import recording, repeated
from empdetect.bench.speed.measuring import parser, record, run
from empdetect.bench.speed.pipeline import command
from empdetect.input_files import Input


def measure(entry: Input, times: int, device: str) -> dict[str, Any]:
    """Peak memory of scoring a recording, and the same recording several times over.

    Args:
        entry: the recording.
        times: so often it is repeated in the long one.
        device: where the detector runs.
    """
    with tempfile.TemporaryDirectory() as folder:
        detector = four_modalities(device=device).save_pretrained(Path(folder) / "detector")
        short = run(command(entry, detector, Path(folder) / "short", device))
        long = run(command(repeated(entry, times), detector, Path(folder) / "long", device))
    return {
        "times_as_long": times,
        "short": short.plain(),
        "long": long.plain(),
        "ratio": long.memory / short.memory,
        "long_gib": long.memory / 2**30,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = parser("memory", __doc__)
    options.add_argument("--seconds", type=float, default=600.0, help="length of the short one (default: ten minutes)")
    options.add_argument("--times", type=int, default=12, help="the long one is so many times as long")
    given = options.parse_args(arguments)
    entry = recording(given.data_root, given.seconds, given.folder, given.seed)
    found = measure(entry, given.times, given.device)
    told = f"{found['long_gib']:.2f} GiB, {found['ratio']:.3f} times the short one's"
    record(options, given, {"recorded_seconds": given.seconds, **found}, told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
