"""Real therapy dyads against re-paired strangers, from motion energy (rmea), and therapies that were broken off.

``python -m empdetect.bench.therapy -o docs/results/rmea.json --data-root DIR``

The statistic is the field's own (windows of 60 s, lags up to 5 s, size of Fisher's z; Ramseyer and Tschacher, 2011).
How energy is scaled before is chosen on one half of the dyads and tested on the other, both ways. Every patient meets
every therapist of the half. Between therapies that ended as planned and ones that were broken off there is no effect
in these data: a method that finds one over-claims.

Patient and therapist were filmed by one camera. What both signals share in the same frame may be its noise, so each
figure is given a second time without lags below 0.12 s.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.study import one_line_errors, study_parser, write_study
from empdetect.contagion.gaps import Array
from empdetect.contagion.measures.autoregression import prewhiten
from empdetect.contagion.measures.cross_correlation import cross_correlation, highest_peak
from empdetect.contagion.measures.detrending import detrend
from empdetect.contagion.statistics import WindowedCorrelation
from empdetect.datamodules.base import data_folder
from empdetect.datamodules.repaired import Pair
from empdetect.datamodules.rmea import read_dyads
from empdetect.progress import track

MAX_LAG, WINDOW, HOP = 5.0, 60.0, 30.0
CAMERA = 0.12
"""Lags below this, in seconds, may be the camera's: three frames."""
SCALINGS: Mapping[str, "np.ufunc"] = {"as it is": np.positive, "square root": np.sqrt, "log of 1 + energy": np.log1p}
RESAMPLES = 1000

Places = NDArray[np.intp]


def measure(dyads: Sequence[Pair], seed: int, halvings: int = 20) -> dict[str, Any]:
    """Effect of sitting with each other, and of the therapy's end.

    Args:
        dyads: all of them.
        seed: of halves and resampling.
        halvings: how often dyads are halved anew.
    """
    ended = np.array([dyad.condition == "normal" for dyad in dyads])
    samples = min(len(dyad.first) for dyad in dyads)
    energy = np.stack([[dyad.first[:samples], dyad.second[:samples]] for dyad in dyads])
    found: dict[str, Any] = {"dyads": len(dyads), "halvings": halvings}
    for title, least_lag in (("all lags", 0.0), ("without the camera's lags", CAMERA)):
        tables = {name: _table(scale(energy), dyads[0].rate, least_lag) for name, scale in SCALINGS.items()}
        found[title] = _figures(tables, ended, halvings, seed)
    found["camera"] = _camera(energy, dyads[0].rate)
    return found


def _table(energy: Array, rate: float, least_lag: float) -> Array:
    """Synchrony of every patient with every therapist ``(patient, therapist)``."""
    statistic = WindowedCorrelation(MAX_LAG, WINDOW, HOP, least_lag=least_lag)
    people = detrend(energy)
    return np.stack([statistic(patient, people[:, 1], rate) for patient in track(people[:, 0], "dyads")])


def _figures(tables: Mapping[str, Array], ended: NDArray[np.bool_], halvings: int, seed: int) -> dict[str, Any]:
    from scipy.stats import ttest_ind

    each, chosen = [], []
    for number in range(halvings):
        order = np.random.default_rng([seed, number]).permutation(len(ended))
        half = len(order) // 2
        for learned, tested in ((order[:half], order[half:]), (order[half:], order[:half])):
            best = max(tables, key=lambda name: effect_size(tables[name][np.ix_(learned, learned)]))
            each.append(effect_size(tables[best][np.ix_(tested, tested)]))
            chosen.append(best)
    whole = {name: _whole(table, seed) for name, table in tables.items()}
    ends = {
        name: float(ttest_ind(np.diag(table)[ended], np.diag(table)[~ended]).pvalue) for name, table in tables.items()
    }
    return {
        "d": np.mean(each),
        "chosen": {name: chosen.count(name) / len(chosen) for name in tables},
        "d of all dyads": whole,
        "normal against dropout, p": ends,
    }


def effect_size(scores: Array) -> float:
    """Cohen's d of real dyads (on the diagonal of ``(patient, therapist)``) from strangers, with the pooled spread."""
    strangers = scores[~np.eye(len(scores), dtype=bool)]
    return _cohen(np.diag(scores), strangers)


def _cohen(one: Array, other: Array) -> float:
    freedom = len(one) + len(other) - 2
    spread = ((len(one) - 1) * one.var(ddof=1) + (len(other) - 1) * other.var(ddof=1)) / freedom
    return float((one.mean() - other.mean()) / np.sqrt(spread))


def _whole(scores: Array, seed: int) -> dict[str, Any]:
    """Cohen's d of all dyads with its interval, and of dyads who are none (every patient with a stranger)."""
    rng = np.random.default_rng([seed, 1])
    drawn, nobody = [], []
    for _ in range(RESAMPLES):
        taken = rng.integers(len(scores), size=len(scores))
        part = scores[np.ix_(taken, taken)]
        same = taken[:, None] == taken
        drawn.append(_cohen(np.diag(part), part[~same]))
        order, shift = rng.permutation(len(scores)), int(rng.integers(1, len(scores)))
        mixed = scores[np.ix_(order, order)]
        fake = np.array([mixed[i, (i + shift) % len(order)] for i in range(len(order))])
        nobody.append(_cohen(fake, mixed[~np.eye(len(order), dtype=bool)]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"d": effect_size(scores), "low": low, "high": high, "dyads who are none": np.mean(nobody)}


def _camera(energy: Array, rate: float) -> dict[str, Any]:
    """Where the memory-free log energies of real dyads peak: at lag 0, if the camera is what they share."""
    signals = prewhiten(detrend(np.log1p(energy))).values
    found = cross_correlation(signals[:, 0], signals[:, 1], rate, MAX_LAG)
    peak = highest_peak(found.values, found.lags)
    return {
        "dyads": len(energy),
        "peak at lag 0": int((peak.lags == 0).sum()),
        "median r there": np.median(peak.values),
    }


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("therapy", __doc__, "data_root", seed=0)
    given = parser.parse_args(arguments)
    dyads = read_dyads(data_folder(given.data_root, "rmea"))
    found = measure(dyads, given.seed)
    command = f"python -m empdetect.bench.therapy -o {given.out} --seed {given.seed}"
    write_study(given.out, command, given.seed, found)
    plain, careful = found["all lags"], found["without the camera's lags"]
    sys.stdout.write(f"{given.out}: d {plain['d']:.2f}, without the camera's lags {careful['d']:.2f}\n")


if __name__ == "__main__":
    sys.exit(main())
