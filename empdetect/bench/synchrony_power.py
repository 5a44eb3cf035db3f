"""Power: how often a coupling of r = .3 is found, how exact its lag is, and whether its direction is right.

``python -m empdetect.bench.synchrony_power -o docs/results/synchrony_power.json``

Simulated dyads (``contagion.simulation``) of 10 minutes at 10 Hz, at lags of 0 to 5 s and several autocorrelations. At
a lag of 0 the right direction is none: together. Beside it the table of how long to record, and its check.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from empdetect.bench.study import study_parser, write_study
from empdetect.contagion.power import recording_table, seconds_needed, simulated_power
from empdetect.progress import track

COUPLING, SECONDS, RATE = 0.3, 600.0, 10.0
LAGS = (0.0, 0.5, 1.0, 2.0, 5.0)
MEMORIES = (0.0, 0.9, 0.99)
MAX_LAG = 8.0
CHECKED = ((0.2, 1.0), (0.3, 1.0), (0.5, 1.0), (0.3, 5.0))
"""r and rate in Hz at which the planned length is simulated."""


def measure(dyads: int, seed: int) -> dict[str, Any]:
    """Power by autocorrelation and lag, and the check of the planned lengths.

    Args:
        dyads: of each kind.
        seed: of all draws.
    """
    found: dict[str, Any] = {}
    for memory in track(MEMORIES, "autocorrelations"):
        for place, lag in enumerate(LAGS):
            power = simulated_power(
                COUPLING, lag, SECONDS, RATE, memory, MAX_LAG, dyads, count=59, seed=seed + 100_000 * place
            )
            found.setdefault(f"{memory:g}", {})[f"{lag:g}"] = asdict(power)
    planned = []
    for r, rate in CHECKED:
        seconds = seconds_needed(r, 1.0, rate, count=99)
        power = simulated_power(r, 1.0, seconds, rate, dyads=2 * dyads, count=99, seed=seed)
        planned.append({"r": r, "rate": rate, "seconds": seconds, "planned_power": 0.9, "found": power.found})
    return {
        "r": COUPLING,
        "seconds": SECONDS,
        "rate": RATE,
        "max_lag": MAX_LAG,
        "power": found,
        "minutes_to_record": recording_table(),
        "planned_lengths": planned,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = study_parser("synchrony_power", __doc__, seed=0)
    parser.add_argument("--dyads", type=int, default=100, help="of each kind (default: 100)")
    given = parser.parse_args(arguments)
    found = measure(given.dyads, given.seed)
    command = f"python -m empdetect.bench.synchrony_power -o {given.out} --dyads {given.dyads} --seed {given.seed}"
    write_study(given.out, command, given.seed, found)
    cells = [cell for lags in found["power"].values() for cell in lags.values()]
    sys.stdout.write(
        f"{given.out}: lowest power {min(cell['found'] for cell in cells):.2f}, largest lag error "
        f"{max(cell['lag_error'] for cell in cells):.2f} s, direction right in "
        f"{min(cell['direction'] for cell in cells):.0%} or more\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
