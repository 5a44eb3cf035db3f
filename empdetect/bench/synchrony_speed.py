"""Speed of windowed cross-correlation: an hour at 25 Hz, lags up to 5 s, windows of 10 s, 200 surrogates.

``python -m empdetect.bench.synchrony_speed -o docs/results/synchrony_speed.json``

Ours, the same definition written with multiSyncPy's ``apply_windowed`` (one pass a lag), and as a plain loop over
windows and lags with ``numpy.corrcoef``. All in this process, on one core, in processor seconds, which other programs
do not lengthen; the two slow ones do a part of the lags, stated as measured and for one whole pass. The values are
compared. The time for half the length and a quarter shows how the cost grows; lengths with a large prime
factor cost the Fourier transforms a little more.
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from empdetect.bench.study import study_parser, write_study
from empdetect.contagion.gaps import Array
from empdetect.contagion.inference import compare_pair
from empdetect.contagion.measures.cross_correlation import windowed_cross_correlation
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.contagion.statistics import WindowedCorrelation

RATE, MAX_LAG, WINDOW, HOP = 25.0, 5.0, 10.0, 5.0
SURROGATES = 200
SHARE = 10
"""The slow ones do one lag in so many."""


def measure(seconds: float, seed: int, surrogates: int = SURROGATES) -> dict[str, Any]:
    """Processor seconds of the whole test and of one pass, by each way.

    Args:
        seconds: length of the recording.
        seed: of the simulated pair.
        surrogates: of the whole test.
    """
    x, y = simulate_dyads(1, 0.3, 1.0, conditions=Conditions(seconds, RATE, 0.9), seed=seed).values[0]
    whole_test(x[: len(x) // 20], y[: len(y) // 20], surrogates)  # imports
    shorter = {}
    for part in (0.25, 0.5):
        cut = x[: int(part * len(x))], y[: int(part * len(y))]
        shorter[f"{part:g}"], _, _ = _timed(partial(whole_test, *cut, surrogates))
    spent, wall, _ = _timed(lambda: whole_test(x, y, surrogates))
    one_pass, _, ours = _timed(lambda: windowed_cross_correlation(x, y, RATE, MAX_LAG, WINDOW, HOP).values)
    ways = {"multiSyncPy": by_multisyncpy, "plain loop": by_loop}
    peers = {name: _peer(way, x, y, ours, one_pass) for name, way in ways.items()}
    return {
        "seconds": seconds,
        "rate": RATE,
        "max_lag": MAX_LAG,
        "window": WINDOW,
        "hop": HOP,
        "surrogates": surrogates,
        "whole_test_processor_seconds": spent,
        "whole_test_wall_seconds": wall,
        "one_pass_processor_seconds": one_pass,
        "peers": peers,
        "processor_seconds_by_share_of_length": {**shorter, "1": spent},
    }


def whole_test(x: Array, y: Array, surrogates: int) -> float:
    """The p of the windowed statistic, as ``compare_pair`` makes it."""
    return compare_pair(x, y, RATE, WindowedCorrelation(MAX_LAG, WINDOW, HOP), count=surrogates).p


def by_multisyncpy(x: Array, y: Array, lags: Sequence[int], reach: int) -> Array:
    """Correlations ``(window, lag)`` with multiSyncPy: for each lag the shifted pair, window by window."""
    from multiSyncPy.synchrony_metrics import apply_windowed

    end = len(x) - reach
    rows = []
    for lag in lags:
        pair = np.ascontiguousarray(np.stack([x[reach:end], y[reach + lag : end + lag]]))
        rows.append(apply_windowed(pair, lambda part: np.corrcoef(part)[0, 1], round(WINDOW * RATE), round(HOP * RATE)))
    return np.stack(rows, axis=1)


def by_loop(x: Array, y: Array, lags: Sequence[int], reach: int) -> Array:
    """Correlations ``(window, lag)`` by the definition."""
    length, step = round(WINDOW * RATE), round(HOP * RATE)
    starts = range(reach, len(x) - reach - length + 1, step)
    found = np.empty((len(starts), len(lags)))
    for row, start in enumerate(starts):
        for column, lag in enumerate(lags):
            one, other = x[start : start + length], y[start + lag : start + lag + length]
            found[row, column] = np.corrcoef(one, other)[0, 1]
    return found


def _peer(way: Callable[..., Array], x: Array, y: Array, ours: Array, one_pass: float) -> dict[str, float]:
    reach = round(MAX_LAG * RATE)
    lags = list(range(-reach, reach + 1, SHARE))
    way(x[: 4 * reach + round(WINDOW * RATE)], y[: 4 * reach + round(WINDOW * RATE)], [0], reach)  # imports
    spent, _, found = _timed(lambda: way(x, y, lags, reach))
    whole = spent * (2 * reach + 1) / len(lags)
    return {
        "lags": len(lags),
        "processor_seconds": spent,
        "one_pass_processor_seconds": whole,
        "times_slower": whole / one_pass,
        "largest_difference": float(np.abs(found - ours[:, ::SHARE]).max()),
    }


def _timed(do: Callable[[], Any]) -> tuple[float, float, Any]:
    """Processor seconds, wall seconds, and what came of it."""
    began, clock = time.process_time(), time.perf_counter()
    found = do()
    return time.process_time() - began, time.perf_counter() - clock, found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = study_parser("synchrony_speed", __doc__, seed=0)
    parser.add_argument("--seconds", type=float, default=3600.0, help="length of the recording (default: an hour)")
    given = parser.parse_args(arguments)
    found = measure(given.seconds, given.seed)
    command = (
        f"python -m empdetect.bench.synchrony_speed -o {given.out} --seconds {given.seconds:g} --seed {given.seed}"
    )
    write_study(given.out, command, given.seed, found)
    slower = ", ".join(f"{name} {peer['times_slower']:.0f} times slower" for name, peer in found["peers"].items())
    spent = found["whole_test_processor_seconds"]
    sys.stdout.write(f"{given.out}: {spent:.1f} processor seconds with {SURROGATES} surrogates; {slower}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
