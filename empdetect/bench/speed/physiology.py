"""Physiology features: ours against plain calls of NeuroKit2 on the whole signal.

``python -m empdetect.bench.speed.physiology -o docs/results/speed_physiology.json``

Both start from ten minutes of simulated ECG and EDA at 250 Hz in memory. Plain calls are ``nk.ecg_process`` and
``nk.eda_process``, as its manual begins. Shared are heart rate and tonic level, at our moments.
"""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.speed.material import BODY_RATE, simulated_body
from empdetect.bench.speed.measuring import Spent, median, parser, record, timed
from empdetect.features.base import Features
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.recording import Participant
from empdetect.streams.physiology import Physiology, Signal

Array = NDArray[np.float64]
OURS = PhysiologyFeatures(["ECG", "EDA"])


def measure(seconds: float, seed: int, repeats: int) -> dict[str, Any]:
    """How many times real time each is, and how far they agree.

    Args:
        seconds: length of the signals.
        seed: of the signals.
        repeats: so often each is measured.
    """
    body = Physiology({name: Signal(values, BODY_RATE) for name, values in simulated_body(seconds, seed).items()})
    short = Physiology({name: Signal(s.values[: 30 * BODY_RATE], s.rate) for name, s in body.signals.items()})
    ours(short), plain(short)  # imports
    spent: dict[str, list[Spent]] = {"ours": [], "neurokit2": []}
    for _ in range(repeats):
        cost, features = timed(lambda: ours(body))
        spent["ours"].append(cost)
        cost, (heart_rate, tonic) = timed(lambda: plain(body))
        spent["neurokit2"].append(cost)
    speed = {
        name: {what: seconds / median([getattr(s, what) for s in each]) for what in ("wall", "processor")}
        for name, each in spent.items()
    }
    places = np.minimum(np.round(features.times * BODY_RATE).astype(int), len(heart_rate) - 1)
    rate, level = (features.values[:, OURS.columns.index(name)] for name in ("ECG_heart_rate", "EDA_tonic"))
    return {
        "recorded_seconds": seconds,
        "times_real_time": speed,
        "times_faster": speed["ours"]["wall"] / speed["neurokit2"]["wall"],
        "heart_rate_correlation": correlation(rate, heart_rate[places]),
        "heart_rate_median_difference": float(np.nanmedian(np.abs(rate - heart_rate[places]))),
        "tonic_correlation": correlation(level, tonic[places]),
    }


def ours(body: Physiology) -> Features:
    """Our features at 4 Hz."""
    return OURS(Participant("someone", physiology=body))


def plain(body: Physiology) -> tuple[Array, Array]:
    """Heart rate in beats a minute and tonic level, at every sample."""
    import neurokit2 as nk

    heart, _ = nk.ecg_process(body.signals["ECG"].values, sampling_rate=BODY_RATE)
    skin, _ = nk.eda_process(body.signals["EDA"].values, sampling_rate=BODY_RATE)
    return heart["ECG_Rate"].to_numpy(float), skin["EDA_Tonic"].to_numpy(float)


def correlation(one: NDArray[np.float32], other: Array) -> float:
    """Correlation where both are known."""
    known = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[known], other[known])[0, 1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = parser("physiology", __doc__)
    options.add_argument("--seconds", type=float, default=600.0, help="length of the signals (default: ten minutes)")
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args(arguments)
    found = measure(given.seconds, given.seed, given.repeats)
    told = f"{found['times_faster']:.1f} times as fast as plain calls"
    record(options, given, found, f"{told}; heart rates correlate {found['heart_rate_correlation']:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
