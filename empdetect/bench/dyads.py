"""The learned detector of two people beside plain statistics: simulated dyads it never saw, and two real sets.

``python -m empdetect.bench.dyads DETECTOR -o docs/results/dyads.json --data-root DIR``

DETECTOR is a folder that ``empdetect fit --config configs/simulated_dyads.yaml`` has written, or ``dyads``, which comes
with the package. It learned from simulated dyads alone. Alarms are counted beyond the level that 5% of other
independent dyads pass; of the learned one also beyond the levels kept in its folder (``dyad_levels``): ``claimed``.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu
from sklearn.metrics import roc_auc_score

from empdetect.bench.couples import auc
from empdetect.bench.dyad_systems import Said, System, systems
from empdetect.bench.study import one_line_errors, study_parser, write_study
from empdetect.contagion.alignment import resampled
from empdetect.contagion.series import Series
from empdetect.contagion.simulation import Conditions, Truth, simulate_dyads
from empdetect.datamodules.base import data_folder
from empdetect.datamodules.repaired import Pair, cut_alike
from empdetect.datamodules.rmea import read_dyads
from empdetect.datamodules.rties import read_couples
from empdetect.datamodules.simulated_dyads import disguised, draw_dyads
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.models.reliability import probability_figures
from empdetect.progress import track

Array = NDArray[np.float64]

RATE, MAX_LAG = 10.0, 5.0
PRESENCES = ("synchrony", "coupling")
ALPHA = 0.05
RESAMPLES = 1000
TRAPS: Mapping[str, Conditions] = {
    **{f"memory {value:g}": Conditions(autocorrelation=value) for value in (0.0, 0.5, 0.9, 0.99)},
    "trend": Conditions(autocorrelation=0.9, trend=4.0),
    "common stimulus": Conditions(autocorrelation=0.9, stimulus=0.3),
}
"""In which nobody follows anybody."""


@dataclass(frozen=True)
class Level:
    """Scores that 5% of independent dyads pass.

    Args:
        synchrony, coupling: of a system.
        kept: probabilities that its folder keeps, by presence; empty where there are none.
    """

    synchrony: float
    coupling: float
    kept: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, said: Said, kept: Mapping[str, Any]) -> "Level":
        """Of what a system says of independent dyads."""
        own = {name: float(kept[name]) for name in PRESENCES if name in kept and name in said.probability}
        synchrony, coupling = (float(np.quantile(getattr(said, name), 1 - ALPHA)) for name in PRESENCES)
        return cls(synchrony, coupling, own)


def on_simulated(judges: Mapping[str, System], dyads: int, seed: int) -> dict[str, Any]:
    """Presence, direction and lag on dyads drawn as in training, and all figures of each system.

    Args:
        judges: the systems.
        dyads: how many.
        seed: of the draws; none that training used.
    """
    rng = np.random.default_rng([seed, 10])
    parts: list[tuple[Array, Truth]] = []
    for _ in range(max(1, dyads // 50)):
        drawn = draw_dyads(rng, 50, float(np.exp(rng.uniform(np.log(20), np.log(600)))), RATE, MAX_LAG)
        parts.append((disguised(drawn.simulated.values, rng), drawn.simulated.truth))
    said = {
        name: Said.joined([judge(values, RATE) for values, _ in track(parts, name)]) for name, judge in judges.items()
    }
    truth = {
        "coupling": np.concatenate([truth.present for _, truth in parts]),
        "synchrony": np.concatenate([truth.present | (truth.stimulus > 0) for _, truth in parts]),
        "lag": np.concatenate([truth.signed_lag for _, truth in parts]),
    }
    return {"dyads": len(truth["lag"]), **{name: _quality(each, truth) for name, each in said.items()}}


def _quality(said: Said, truth: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{name} AUC": roc_auc_score(truth[name], getattr(said, name)) for name in PRESENCES
    } | _direction_and_lag(said, truth["lag"])
    for name, probability in said.probability.items():
        levels = np.stack([1 - probability, probability], axis=1)
        found[f"{name} calibration"] = probability_figures(levels, truth[name].astype(int))
    return found


def _direction_and_lag(said: Said, lag: Array) -> dict[str, float]:
    """Of dyads in which one of the two leads; NaN of a system that tells no lag."""
    one = np.isfinite(lag)
    if np.isnan(said.lag[one]).all():
        return dict.fromkeys(("direction right", "median lag error", "lag within 0.2 s"), float("nan"))
    error = np.abs(said.lag - lag)[one]
    return {
        "direction right": float(np.mean(np.sign(said.leads[one]) == np.sign(lag[one]))),
        "median lag error": float(np.median(error)),
        "lag within 0.2 s": float(np.mean(error <= 0.2)),
    }


def levels(
    judges: Mapping[str, System], dyads: int, seed: int, kept: Mapping[str, Any] | None = None
) -> dict[str, Level]:
    """The level of each system, from independent dyads whose memory is drawn between that of the traps.

    Args:
        judges: the systems.
        dyads: how many.
        seed: of the draws.
        kept: levels from the folder of the learned one.
    """
    memory = np.random.default_rng([seed, 20]).choice([0.0, 0.5, 0.9, 0.99], dyads)
    found = simulate_dyads(
        dyads, direction="none", conditions=_of(Conditions(autocorrelation=memory)), seed=_rng(seed, 21)
    )
    return {name: Level.of(judge(found.values, RATE), kept or {}) for name, judge in judges.items()}


def alarms(judges: Mapping[str, System], level: Mapping[str, Level], dyads: int, seed: int) -> dict[str, Any]:
    """Share of dyads of each trap that a system calls synchronous or coupled.

    Args:
        judges: the systems.
        level: of each.
        dyads: of each trap.
        seed: of the draws.
    """
    found: dict[str, Any] = {}
    for number, (trap, conditions) in enumerate(track(list(TRAPS.items()), "traps")):
        values = simulate_dyads(
            dyads, direction="none", conditions=_of(conditions), seed=_rng(seed, 30 + number)
        ).values
        found[trap] = {name: _passed(judge(values, RATE), level[name]) for name, judge in judges.items()}
    return {"dyads": dyads, "seconds": SECONDS, **found}


def _passed(said: Said, level: Level) -> dict[str, float]:
    found = {name: float(np.mean(getattr(said, name) > getattr(level, name))) for name in PRESENCES}
    found |= {f"P({name}) above .5": float(np.mean(each > 0.5)) for name, each in said.probability.items()}
    return found | {f"{name} claimed": float(np.mean(said.probability[name] > p)) for name, p in level.kept.items()}


SECONDS = 120.0
"""Of the dyads in which nobody follows anybody."""


def _of(conditions: Conditions) -> Conditions:
    return Conditions(
        seconds=SECONDS,
        rate=RATE,
        autocorrelation=conditions.autocorrelation,
        trend=conditions.trend,
        stimulus=conditions.stimulus,
    )


def power(judges: Mapping[str, System], level: Mapping[str, Level], dyads: int, seed: int) -> dict[str, Any]:
    """Coupling of r = .3 at lags of 0 to 5 s, in 10 minutes at 10 Hz: how often it is found, who leads, how late.

    Args:
        judges: the systems.
        level: of each.
        dyads: how many.
        seed: of the draws.
    """
    rng = np.random.default_rng([seed, 40])
    way = rng.choice(["a_to_b", "b_to_a"], dyads).tolist()
    conditions = Conditions(seconds=600.0, rate=RATE, autocorrelation=rng.choice([0.0, 0.5, 0.9, 0.99], dyads))
    made = simulate_dyads(dyads, 0.3, rng.uniform(0, MAX_LAG, dyads), way, conditions, rng)
    found: dict[str, Any] = {"dyads": dyads, "r": 0.3, "seconds": 600.0}
    for name, judge in judges.items():
        said = judge(made.values, RATE)
        found[name] = {**_passed(said, level[name]), **_direction_and_lag(said, made.truth.signed_lag)}
    return found


def on_real(pairs: Sequence[Pair], judges: Mapping[str, System], rate: float, seed: int) -> dict[str, Any]:
    """Everybody's first person with everybody's second: those who sat together beside strangers.

    Args:
        pairs: real ones.
        judges: the systems.
        rate: samples that are compared, per second, in Hz; signals with more are averaged.
        seed: of the resampling.
    """
    firsts, seconds = ([_slowed(pair, side, rate) for pair in pairs] for side in ("first", "second"))
    tables = {name: np.full((2, len(pairs), len(pairs)), np.nan) for name in judges}
    for row, first in enumerate(track(firsts, "real and re-paired")):
        values = _side_by_side(first, seconds)
        for name, judge in judges.items():
            said = judge(values, RATE)
            tables[name][:, row] = said.synchrony, said.coupling
    found: dict[str, Any] = {"pairs": len(pairs), "rate": rate}
    conditions = np.array([pair.condition for pair in pairs])
    for name, table in tables.items():
        found[name] = {
            presence: _apart(scores, conditions, seed) for presence, scores in zip(PRESENCES, table, strict=True)
        }
    return found


def _slowed(pair: Pair, side: Literal["first", "second"], rate: float) -> Array:
    values: Array = getattr(pair, side)
    if pair.rate <= rate:
        return values
    moments = np.arange(int(len(values) / pair.rate * rate)) / rate
    return resampled(Series(side, pair.name, values, pair.rate), moments, rate)


def _side_by_side(first: Array, seconds: Sequence[Array]) -> Array:
    """One person with each of several ``(dyad, person, time)``: as long as the shorter of the two, then NaN."""
    cut = [cut_alike(first, second) for second in seconds]
    values = np.full((len(cut), 2, max(len(one) for one, _ in cut)), np.nan)
    for place, both in enumerate(cut):
        values[place, :, : len(both[0])] = both
    return values


def _apart(scores: Array, conditions: NDArray[np.str_], seed: int) -> dict[str, Any]:
    """How far real pairs, on the diagonal, are ahead of strangers; and whether conditions of the study differ."""
    real, strangers = np.diag(scores), scores[~np.eye(len(scores), dtype=bool)]
    spread = np.sqrt((real.var(ddof=1) + strangers.var(ddof=1)) / 2)
    rng = np.random.default_rng([seed, 50])
    size = len(scores)
    drawn = [auc(scores, rng.multinomial(size, np.full(size, 1 / size)).astype(float)) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    found = {"AUC": auc(scores), "low": low, "high": high, "d": (real.mean() - strangers.mean()) / spread}
    kinds = np.unique(conditions)
    if len(kinds) == 2:
        one, other = (real[conditions == kind] for kind in kinds)
        found[f"p, {kinds[0]} or {kinds[1]}"] = mannwhitneyu(one, other).pvalue
    return found


def measure(detector: Detector, data_root: str | None, dyads: int, seed: int) -> dict[str, Any]:
    """All of it.

    Args:
        detector: of two people.
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        dyads: of each simulated study.
        seed: of all draws.

    Raises:
        InputError: the detector is none of two people, or the data are not there.
    """
    if not detector.module.compares:
        raise InputError("Measuring a detector of two people: it looks at one; name one that compares people")
    real = {
        "rties": (read_couples(data_folder(data_root, "rties")), 0.5),
        "rmea": (read_dyads(data_folder(data_root, "rmea")), RATE),
    }
    judges = systems(detector, MAX_LAG)
    kept = detector.facts.get("levels", {})
    level = levels(judges, dyads, seed, kept)
    return {
        "detector": {
            name: detector.facts.get(name) for name in ("name", "date", "commit", "fingerprint", "parameters", "levels")
        },
        "simulated": on_simulated(judges, dyads, seed),
        "false alarms": alarms(judges, level, dyads, seed),
        "power": power(judges, level, max(20, dyads // 2), seed),
        "real": {name: on_real(pairs, judges, rate, seed) for name, (pairs, rate) in real.items()},
    }


def _rng(seed: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, number])


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("dyads", __doc__, "data_root", seed=2026)
    parser.add_argument("detector", help="folder of the detector")
    parser.add_argument("--dyads", type=int, default=1000, help="dyads of each simulated study (default: 1000)")
    given = parser.parse_args(arguments)
    found = measure(Detector.from_pretrained(given.detector, device="cpu"), given.data_root, given.dyads, given.seed)
    command = f"python -m empdetect.bench.dyads dyads -o {given.out} --dyads {given.dyads} --seed {given.seed}"
    write_study(given.out, command, given.seed, found)
    sys.stdout.write(f"{given.out}: written\n")


if __name__ == "__main__":
    sys.exit(main())
