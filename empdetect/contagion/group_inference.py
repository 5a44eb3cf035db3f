"""Does a group of three or more go together more than chance would have it? As ``inference`` asks of a pair."""

from collections.abc import Callable
from itertools import combinations
from typing import TypeAlias, get_args

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.adequacy import Adequacy, judge
from empdetect.contagion.claims import Claim, association_claim, coupling_claim, refused
from empdetect.contagion.gaps import Array, group
from empdetect.contagion.inference import AT_ONCE, MADE_OF, PairTest, Surrogate, enough_surrogates, surrogates_of
from empdetect.contagion.preparation import Preparation
from empdetect.errors import InputError

GroupStatistic: TypeAlias = Callable[[Array, float], Array]
"""Takes ``(..., person, time)`` and the rate in Hz and gives ``(...)``: larger where the group goes together more."""


def compare_group(
    values: ArrayLike,
    rate: float,
    statistic: GroupStatistic,
    surrogate: Surrogate = "phase",
    preparation: Preparation | None = None,
    max_lag: float = 0.0,
    count: int = 999,
    segment: float = 30.0,
    alpha: float = 0.05,
    seed: int | np.random.Generator = 0,
) -> PairTest:
    """Test whether the members of a group go together, by any measure of a group.

    Everybody but the first is replaced by a surrogate, each by one of their own, so that nobody can follow anybody.
    A group that passes holds at least one pair that goes together; which, a ``network`` of pair tests tells.

    Args:
        values: ``(person, time)`` of the members on one grid, NaN for missing.
        rate: samples per second, in Hz.
        statistic: of a group, such as ``lambda x, rate: group_recurrence(x, rate, 5.0).values``.
        surrogate: what is made of the prepared signals; see ``surrogates``.
        preparation: what is done to all; a straight line and the memory taken out unless given.
        max_lag: largest lag that the statistic looks at, in seconds.
        count: of surrogates.
        segment: length of shuffled segments, in seconds.
        alpha: the level.
        seed: of the draws, or a generator.

    Returns:
        The test without a lag, and with the claims of an association and of coupling.

    Raises:
        InputError: signals or stimulus do not belong together, or there is no such surrogate. Signals that cannot
            carry a test raise nothing: the test says why it was not made.
    """
    signals = group(values, rate, "Comparing a group")
    if signals.ndim != 2 or surrogate not in get_args(Surrogate):
        raise InputError(
            f"Comparing a group: signals (person, time) and one of the surrogates {', '.join(get_args(Surrogate))} are "
            f"needed, got the shape {signals.shape} and '{surrogate}'"
        )
    preparation = preparation or Preparation()
    people = preparation(signals, rate)
    adequacy = worst_pair(people, rate, max_lag, segment if surrogate == "segments" else None)
    if adequacy.ok:
        adequacy = enough_surrogates(adequacy, count, alpha, surrogate)
    if not adequacy.ok:
        return PairTest(float("nan"), np.zeros(0), surrogate, alpha, adequacy, None, refused(adequacy.reason))
    rng = np.random.default_rng(seed)
    others = [surrogates_of(person, surrogate, count, rng, rate, max_lag, segment) for person in people[1:]]
    made = np.stack([np.broadcast_to(people[0], others[0].shape), *others], axis=-2)
    chunk = max(1, AT_ONCE // people.size)
    beside = np.concatenate([statistic(made[first : first + chunk], rate) for first in range(0, count, chunk)])
    test = PairTest(float(statistic(people, rate)), beside, surrogate, alpha, adequacy)
    return PairTest(test.observed, beside, surrogate, alpha, adequacy, None, _claims(test, preparation))


def worst_pair(people: Array, rate: float, max_lag: float, segment: float | None = None) -> Adequacy:
    """What those two of some people ``(person, time)`` can carry who can carry least; see ``adequacy.judge``."""
    found = [judge(one, other, rate, max_lag, segment) for one, other in combinations(people, 2)]
    return min(found, key=lambda each: (each.ok, each.effective))


def _claims(test: PairTest, preparation: Preparation) -> tuple[Claim, ...]:
    associated = association_claim(test.significant, test.p, test.alpha, MADE_OF[test.kind])
    return associated, coupling_claim(associated, preparation.stimulus is not None, False)
