"""What may be said of two people after a test, and what may not.

Two signals that go together are an association. That one comes later is a lead. Neither is coupling: what both saw
may have moved both. Coupling may be claimed only where a shared stimulus could not have done it.
"""

from dataclasses import dataclass
from typing import Literal

from empdetect.contagion.lag_interval import Lag

Kind = Literal["association", "lead", "coupling"]
Direction = Literal["second_follows", "first_follows", "together", "unclear"]
SOME_TWO = ("the first person", "the second person")
"""What two people are called who have no names."""


@dataclass(frozen=True)
class Claim:
    """One thing that might be said.

    Args:
        kind: ``association``: the signals go together more than surrogates do. ``lead``: one comes later.
            ``coupling``: they go together beyond what a shared stimulus explains.
        made: whether it may be said.
        sentence: what may be said, or why it may not.
    """

    kind: Kind
    made: bool
    sentence: str


def direction_of(lag: Lag, clock_error: float) -> Direction:
    """Who follows whom, from the 95% interval of the lag.

    Args:
        lag: in seconds, positive: the second person follows.
        clock_error: by how much the two clocks may disagree, in seconds.
    """
    if lag.sure_low > clock_error:
        return "second_follows"
    if lag.sure_high < -clock_error:
        return "first_follows"
    near = together_within(lag, clock_error)
    return "together" if -near <= lag.sure_low and lag.sure_high <= near else "unclear"


def together_within(lag: Lag, clock_error: float) -> float:
    """Seconds within which two people are together: what clocks may disagree by, or half a sample if that is more."""
    half = 0.5 * float(lag.lags[1] - lag.lags[0]) if len(lag.lags) > 1 else 0.0
    return max(clock_error, half * (1 + 1e-9))


def association_claim(significant: bool, p: float, alpha: float, made_of: str) -> Claim:
    """Whether the two go together more than surrogates.

    Args:
        significant: whether the test says so, whatever else the seed had been.
        p: of the test.
        alpha: the level.
        made_of: what the surrogates are, in words.
    """
    if significant:
        return Claim("association", True, f"the two signals go together more than {made_of} do (p = {p:.3g})")
    return Claim(
        "association",
        False,
        f"no more than {made_of} do (p = {p:.3g} at level {alpha:g}); which is no proof that nothing passed",
    )


def lead_claim(associated: Claim, lag: Lag | None, clock_error: float, people: tuple[str, str] = SOME_TWO) -> Claim:
    """Whether one of the two comes later; ``people`` is what they are called."""
    if not associated.made:
        return Claim("lead", False, "no lead without an association")
    if lag is None:
        return Claim("lead", False, "this statistic has no lag; take one that searches lags")
    searched = float(lag.lags[-1])
    if max(abs(lag.sure_low), abs(lag.sure_high)) >= searched:
        reason = f"the lag may lie beyond the {searched:g} s that were searched; search larger lags"
        return Claim("lead", False, reason)
    direction, interval = direction_of(lag, clock_error), f"95%: {lag.sure_low:.2f} to {lag.sure_high:.2f} s"
    first, second = people
    sentences: dict[Direction, str] = {
        "second_follows": f"{second}'s signal follows {first}'s by {lag.seconds:.2f} s ({interval})",
        "first_follows": f"{first}'s signal follows {second}'s by {-lag.seconds:.2f} s "
        f"(95%: {-lag.sure_high:.2f} to {-lag.sure_low:.2f} s)",
        "together": f"both move together, within the {together_within(lag, clock_error):.3g} s that can be told",
        "unclear": f"the lag's interval, {interval}, does not say who comes first",
    }
    return Claim("lead", direction in ("second_follows", "first_follows"), sentences[direction])


def coupling_claim(associated: Claim, stimulus_removed: bool, strangers_saw_the_same: bool) -> Claim:
    """Whether they go together beyond what both saw."""
    if not stimulus_removed and not strangers_saw_the_same:
        return Claim(
            "coupling",
            False,
            "a shared stimulus could have done it: give the stimulus, or strangers who saw the same one",
        )
    if not associated.made:
        return Claim("coupling", False, "no coupling without an association")
    if strangers_saw_the_same:
        return Claim("coupling", True, "they go together more than strangers who saw the same stimulus")
    return Claim(
        "coupling",
        True,
        "they go together beyond every response to the stimulus that is linear and within the lags given; a cause that "
        "was not given, such as the room or the talk itself, is not ruled out",
    )


def refused(reason: str) -> tuple[Claim, ...]:
    """All claims refused for one reason."""
    kinds: tuple[Kind, ...] = ("association", "lead", "coupling")
    return tuple(Claim(kind, False, f"not tested: {reason}") for kind in kinds)
