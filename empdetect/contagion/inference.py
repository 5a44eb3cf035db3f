"""Do these two go together more than chance would have it? The same statistic on the pair and on surrogates.

For groups see ``group_inference``.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.adequacy import Adequacy, judge
from empdetect.contagion.claims import SOME_TWO, Claim, association_claim, coupling_claim, lead_claim, refused
from empdetect.contagion.gaps import Array
from empdetect.contagion.lag_interval import Lag, find_lag
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.statistics import PeakCorrelation, Statistic
from empdetect.contagion.surrogates import iaaft, phase_randomised, segment_shuffles, time_shifts
from empdetect.errors import InputError

Surrogate: TypeAlias = Literal["phase", "iaaft", "segments", "shifts"]
MADE_OF = {
    "phase": "phase-randomised surrogates",
    "iaaft": "amplitude-adjusted surrogates",
    "segments": "surrogates of shuffled segments",
    "shifts": "surrogates moved in time",
    "strangers": "pairs of strangers",
}
AT_ONCE = 2**19
"""Samples of surrogates that are worked on at once."""


@dataclass(frozen=True)
class PairTest:
    """A pair, or a group, beside its surrogates.

    Args:
        observed: the statistic of the pair; NaN where no test was made.
        surrogates: ``(surrogate,)`` the statistic of each surrogate, for a plot.
        kind: of the surrogates.
        alpha: the level.
        adequacy: what the signals could carry, and why no test was made, if none was.
        lag: where the correlation peaks; None where nothing was found, or the statistic searches no lags.
        claims: association, lead and coupling: what may be said, and why what may not.
    """

    observed: float
    surrogates: Array
    kind: str
    alpha: float
    adequacy: Adequacy
    lag: Lag | None = None
    claims: tuple[Claim, ...] = field(default=())

    @property
    def p(self) -> float:
        """Share of the surrogates that reach the pair, the pair counted in (Phipson and Smyth, 2010); NaN untested."""
        return float(permutation_p(self.observed, self.surrogates))

    @property
    def effect(self) -> float:
        """By how many of their standard deviations the pair lies above the mean of the surrogates."""
        spread = float(np.std(self.surrogates)) if len(self.surrogates) else 0.0
        return (self.observed - float(np.mean(self.surrogates))) / spread if spread > 0 else float("nan")

    @property
    def significant(self) -> bool:
        """Whether the test finds an association at ``alpha``."""
        return bool(is_significant(self.p, len(self.surrogates), self.alpha, drawn=self.kind != "strangers"))

    def claim(self, kind: str) -> Claim:
        """The claim of a kind: ``association``, ``lead`` or ``coupling``."""
        return next(claim for claim in self.claims if claim.kind == kind)


def compare_pair(
    x: ArrayLike,
    y: ArrayLike,
    rate: float,
    statistic: Statistic | None = None,
    surrogate: Surrogate = "phase",
    strangers: ArrayLike | None = None,
    strangers_saw_the_same: bool = False,
    preparation: Preparation | None = None,
    count: int = 999,
    segment: float = 30.0,
    clock_error: float = 0.1,
    alpha: float = 0.05,
    seed: int | np.random.Generator = 0,
    people: tuple[str, str] = SOME_TWO,
) -> PairTest:
    """Test whether two people's signals go together, and say what may be claimed.

    Args:
        x, y: ``(time,)`` of the first and the second person on one grid, NaN for missing.
        rate: samples per second, in Hz.
        statistic: of a pair; ``PeakCorrelation()`` unless given.
        surrogate: what is made of the second person's prepared signal; see ``surrogates``.
        strangers: ``(stranger, time)`` signals of other people to re-pair the first person with, in place of
            surrogates made of the second one's.
        strangers_saw_the_same: whether they saw and heard what the pair did, at the same moments.
        preparation: what is done to both, and to strangers; a straight line and the memory taken out unless given.
        count: of surrogates; strangers count themselves.
        segment: length of shuffled segments, in seconds.
        clock_error: by how much the clocks may disagree, in seconds; smaller lags are called together.
        alpha: the level.
        seed: of the draws, or a generator.
        people: what sentences call them.

    Raises:
        InputError: signals, strangers or stimulus do not belong together, or there is no such surrogate. Signals
            that cannot carry a test raise nothing: the test says why it was not made.
    """
    if surrogate not in get_args(Surrogate):
        raise InputError(f"Making surrogates: got '{surrogate}', allowed are {', '.join(get_args(Surrogate))}")
    rng, statistic = np.random.default_rng(seed), statistic or PeakCorrelation()
    preparation = preparation or Preparation()
    one, other = preparation.pair(x, y, rate)
    kind = surrogate if strangers is None else "strangers"
    max_lag = float(getattr(statistic, "max_lag", 0.0))
    adequacy = judge(one, other, rate, max_lag, segment if kind == "segments" else None, people)
    if adequacy.ok:
        adequacy = enough_surrogates(adequacy, count if strangers is None else len(np.asarray(strangers)), alpha, kind)
    if not adequacy.ok:
        return PairTest(float("nan"), np.zeros(0), kind, alpha, adequacy, None, refused(adequacy.reason))
    if strangers is None:
        made = surrogates_of(other, kind, count, rng, rate, max_lag, segment)
    else:
        made = _prepared_strangers(np.asarray(strangers, np.float64), np.shape(x)[-1], preparation, rate)
    observed, beside = _statistics(statistic, one, other, made, rate)
    test = PairTest(observed, beside, kind, alpha, adequacy)
    # The lag of noise is some lag: it is looked for only where there is something to be late.
    least_lag = float(getattr(statistic, "least_lag", 0.0))
    lag = find_lag(one, other, rate, max_lag, rng, least_lag) if test.significant and max_lag > 0 else None
    associated = association_claim(test.significant, test.p, alpha, MADE_OF[kind])
    claims = (
        associated,
        lead_claim(associated, lag, clock_error, people),
        coupling_claim(associated, preparation.stimulus is not None, strangers is not None and strangers_saw_the_same),
    )
    return PairTest(observed, beside, kind, alpha, adequacy, lag, claims)


def permutation_p(observed: ArrayLike, surrogates: Array) -> Array:
    """``(1 + surrogates that reach the pair) / (1 + surrogates)``; NaN where the pair or all surrogates are unknown.

    With the pair counted in, p is never 0 and never too small (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9,
    2010, eq. 2).

    Args:
        observed: ``(...)``
        surrogates: ``(surrogate, ...)``
    """
    pair = np.asarray(observed, np.float64)
    known = np.isfinite(surrogates)
    count = known.sum(axis=0)
    reach = (known & (surrogates >= pair)).sum(axis=0)
    return np.asarray(np.where(np.isfinite(pair) & (count > 0), (1 + reach) / (1 + count), np.nan))


def is_significant(p: ArrayLike, count: int, alpha: float, drawn: bool = True) -> Array:
    """Whether p is at the level or below, and would be with other surrogates.

    Surrogates that are drawn give p a standard error; a p that is below the level by less than that is not claimed,
    so that the next seed does not take the claim back. Strangers are not drawn and have none.

    Args:
        p: ``(...)``
        count: of surrogates.
        alpha: the level.
        drawn: whether the surrogates were drawn.
    """
    values = np.asarray(p, np.float64)
    error = np.sqrt(values * (1 - values) / (count + 1)) if drawn else 0.0
    return np.asarray(values + error <= alpha)


def enough_surrogates(adequacy: Adequacy, count: int, alpha: float, kind: str) -> Adequacy:
    """The same, with a reason if even the smallest p that so many surrogates allow would not count."""
    if is_significant(1 / (1 + count), count, alpha, drawn=kind != "strangers"):
        return adequacy
    reason = f"{count} {MADE_OF[kind]} are too few to reach the level {alpha:g}; give more"
    return Adequacy(adequacy.samples, adequacy.known, adequacy.effective, adequacy.memory, reason)


def surrogates_of(
    y: Array, kind: str, count: int, rng: np.random.Generator, rate: float, max_lag: float, segment: float
) -> Array:
    """Surrogates ``(surrogate, time)`` of the second person's prepared signal."""
    if kind == "shifts":
        return time_shifts(y, count, rng, max(1, round(2 * max_lag * rate)))
    if kind == "segments":
        return segment_shuffles(y, count, rng, round(segment * rate))
    return phase_randomised(y, count, rng) if kind == "phase" else iaaft(y, count, rng)


def _prepared_strangers(strangers: Array, samples: int, preparation: Preparation, rate: float) -> Array:
    if strangers.ndim != 2 or strangers.shape[-1] != samples:
        raise InputError(
            f"Re-pairing strangers: signals (stranger, time) of the pair's {samples} samples are needed, got the shape "
            f"{strangers.shape}; cut all to one length"
        )
    return preparation(strangers, rate)


def _statistics(statistic: Statistic, x: Array, y: Array, made: Array, rate: float) -> tuple[float, Array]:
    """The statistic of the pair and of each surrogate, some at a time to stay in the processor's cache."""
    chunk = max(1, AT_ONCE // x.shape[-1])
    parts = [statistic(x, made[first : first + chunk], rate) for first in range(0, len(made), chunk)]
    return float(statistic(x, y, rate)), np.concatenate(parts)
