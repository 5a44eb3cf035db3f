"""Real couples against re-paired strangers, from both partners' own ratings of their emotion (rties).

``python -m empdetect.bench.couples -o docs/results/rties.json --data-root DIR``

Couples are halved. What a stranger is like is learned from one half (``against_cohort``), and couples of the other
half are told from strangers of that half, both ways. Strangers are cut to the shorter of the two recordings, and no
statistic knows of length. Beside it: single correlations; couples who are none (every man with a stranger in his
wife's place), for whom the AUC must be .5; length alone; and all recordings cut to the shortest, as real pairs, who
are longer than strangers, say less by chance.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.study import one_line_errors, study_parser, write_study
from empdetect.contagion.gaps import Array
from empdetect.contagion.measures.cross_correlation import cross_correlation, windowed_cross_correlation
from empdetect.contagion.scales import against_cohort, scale_correlations
from empdetect.datamodules.base import data_folder
from empdetect.datamodules.repaired import Pair, cut_alike
from empdetect.datamodules.rties import read_couples
from empdetect.progress import track

Places = NDArray[np.intp]

MAX_LAG, WINDOW = 30.0, 120.0
"""Of the single correlations, in seconds."""
RESAMPLES = 1000
LAG0 = "lag-0 correlation, detrended"


def measure(couples: Sequence[Pair], halvings: int, seed: int) -> dict[str, Any]:
    """AUC of couples against strangers.

    Args:
        couples: all of them.
        halvings: how often couples are halved anew.
        seed: of halves, controls and resampling.
    """
    scales, single = pair_table(couples)
    equal, equal_single = pair_table(of_one_length(couples))
    own = np.arange(len(couples))
    ours = [_halved(scales, own, [seed, number]) for number in range(halvings)]
    alone = {name: [_halved_plain(values, own, [seed, k]) for k in range(halvings)] for name, values in single.items()}
    ours_equal = [_halved(equal, own, [seed, number]) for number in range(halvings)]
    plain_equal = [_halved_plain(equal_single[LAG0], own, [seed, k]) for k in range(halvings)]
    nobody = [_control(scales, [seed, number]) for number in range(halvings)]
    return {
        "couples": len(couples),
        "halvings": halvings,
        "auc": _figure(ours, seed),
        "single": {name: _figure(halves, seed) for name, halves in alone.items()},
        "cut to the shortest recording": {"auc": _figure(ours_equal, seed), LAG0: _figure(plain_equal, seed)},
        "controls": {"couples who are none": _figure(nobody, seed)},
    }


def of_one_length(couples: Sequence[Pair]) -> list[Pair]:
    """All recordings cut to the shortest, so that length tells nothing."""
    samples = min(min(len(pair.first), len(pair.second)) for pair in couples)
    return [replace(pair, first=pair.first[:samples], second=pair.second[:samples]) for pair in couples]


def pair_table(couples: Sequence[Pair]) -> tuple[Array, dict[str, Array]]:
    """Every man with every woman: ``(man, woman, scale)``, and each single statistic ``(man, woman)``."""
    rows, singles = [], []
    for man in track(couples, "men with women"):
        cut = [cut_alike(man.first, woman.second) for woman in couples]
        rows.append(np.stack([scale_correlations(x, y, man.rate) for x, y in cut]))
        singles.append([_single(x, y, man.rate) for x, y in cut])
    names = list(singles[0][0])
    return np.stack(rows), {name: np.array([[each[name] for each in row] for row in singles]) for name in names}


def _single(x: Array, y: Array, rate: float) -> dict[str, float]:
    lagged = cross_correlation(x, y, rate, MAX_LAG)
    windows = windowed_cross_correlation(x, y, rate, MAX_LAG, WINDOW)
    return {
        LAG0: float(np.tanh(scale_correlations(x, y, rate)[0])),
        "largest correlation of all lags": float(np.nanmax(lagged.values)),
        "largest correlation of all windows": float(np.nanmean(np.nanmax(windows.values, axis=-1))),
        "length alone": float(len(x)),
    }


def _halves(couples: int, seed: Sequence[int]) -> list[tuple[Places, Places]]:
    order = np.random.default_rng(seed).permutation(couples)
    one, other = np.sort(order[: couples // 2]), np.sort(order[couples // 2 :])
    return [(one, other), (other, one)]


def _halved(scales: Array, partner: Places, seed: Sequence[int]) -> list[Array]:
    """Scores ``(man, woman)`` of the tested half, both ways; on the diagonal each man's ``partner``."""
    found = []
    for learned, tested in _halves(len(scales), seed):
        women, cohort = partner[tested], partner[learned]
        pair = scales[np.ix_(tested, women)]
        with_cohort = scales[np.ix_(tested, cohort)][:, None]
        of_cohort = np.swapaxes(scales[np.ix_(learned, women)], 0, 1)[None]
        found.append(against_cohort(pair, with_cohort, of_cohort))
    return found


def _halved_plain(values: Array, partner: Places, seed: Sequence[int]) -> list[Array]:
    return [values[np.ix_(tested, partner[tested])] for _, tested in _halves(len(values), seed)]


def _control(scales: Array, seed: Sequence[int]) -> list[Array]:
    """As ``_halved``, with a stranger of the same half in the place of each man's wife, and the wife nowhere."""
    found = []
    for (learned, tested), scores in zip(_halves(len(scales), seed), _halved(scales, np.arange(len(scales)), seed)):
        del learned
        rng = np.random.default_rng([*seed, 1])
        shift = int(rng.integers(1, len(tested)))
        order = rng.permutation(len(tested))
        mixed = scores[np.ix_(order, order)]
        np.fill_diagonal(mixed, np.nan)
        found.append(np.roll(mixed, shift, axis=1))
    return found


def auc(scores: Array, draws: Array | None = None) -> float:
    """Share of (real, stranger) in which the real pair scores higher; ties count half.

    Args:
        scores: ``(man, woman)``, real pairs on the diagonal; NaN is nobody.
        draws: ``(couple,)`` how often each couple was drawn; None takes each once.
    """
    weight = np.ones(len(scores)) if draws is None else draws
    real = np.eye(len(scores), dtype=bool)
    known = np.isfinite(scores)
    values, strangers = scores[real & known], scores[~real & known]
    pairs = np.outer(weight, weight)
    high = weight[np.isfinite(np.diag(scores))]
    low = pairs[~real & known]
    order = np.argsort(strangers)
    below = np.concatenate([[0.0], np.cumsum(low[order])])
    left = np.searchsorted(strangers[order], values, "left")
    right = np.searchsorted(strangers[order], values, "right")
    return float((high * (below[left] + below[right]) / 2).sum() / (high.sum() * low.sum()))


def _figure(halvings: Sequence[Sequence[Array]], seed: int) -> dict[str, Any]:
    """Mean AUC over both ways and all halvings, how it spreads over halvings, and its interval over couples."""
    each = [np.mean([auc(scores) for scores in halves]) for halves in halvings]
    rng = np.random.default_rng([seed, 2])
    drawn = []
    for number in range(RESAMPLES):
        halves = halvings[number % len(halvings)]
        sizes = [len(scores) for scores in halves]
        draws = [rng.multinomial(size, np.full(size, 1 / size)).astype(float) for size in sizes]
        drawn.append(np.mean([auc(scores, draw) for scores, draw in zip(halves, draws)]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"value": np.mean(each), "low": low, "high": high, "lowest_halving": min(each), "highest_halving": max(each)}


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("couples", __doc__, "data_root", seed=0)
    parser.add_argument("--halvings", type=int, default=20, help="how often couples are halved (default: 20)")
    given = parser.parse_args(arguments)
    couples = read_couples(data_folder(given.data_root, "rties"))
    found = measure(couples, given.halvings, given.seed)
    command = f"python -m empdetect.bench.couples -o {given.out} --halvings {given.halvings} --seed {given.seed}"
    write_study(given.out, command, given.seed, found)
    figure, control = found["auc"], found["controls"]["couples who are none"]
    sys.stdout.write(
        f"{given.out}: AUC {figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}], couples who are none "
        f"{control['value']:.3f} [{control['low']:.3f}, {control['high']:.3f}]\n"
    )


if __name__ == "__main__":
    sys.exit(main())
