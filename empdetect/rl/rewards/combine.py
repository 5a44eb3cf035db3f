"""Several heads and gates into one reward, and what each head has to do with it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward, check_rewards

Given = Sequence[float | None]
Order = Literal["sum", "decoupled"]


@dataclass(frozen=True)
class HeadSummary:
    """What one head did in one step.

    Args:
        mean: of the known rewards, before any gate; NaN if none is known.
        spread: mean over the groups of the standard deviation within; NaN if no group has two known.
        none: share of dialogues that could not be scored, 0 to 1.
        share: share of the advantage that comes from this head, 0 to 1, after the gates: its weighted
            distance from the group's mean, over that of all heads; NaN if no head tells any apart.
    """

    mean: float
    spread: float
    none: float
    share: float


@dataclass(frozen=True)
class Combined:
    """Rewards of one step.

    Args:
        totals: weighted sum a dialogue, groups one after the other; NaN if no head could score it.
        heads: what each head did.
        gated: by head, its rewards after the gates.
        passed: product of the gates a dialogue, None where a gate does not know.
    """

    totals: list[float]
    heads: Mapping[str, HeadSummary]
    gated: Mapping[str, list[float | None]]
    passed: list[float | None]


def score_heads(rewards: Mapping[str, Reward], dialogues: Sequence[Dialogue]) -> dict[str, list[float | None]]:
    """Every head's rewards, checked; nothing is known of a dialogue whose user failed, whatever a head says."""
    found = {name: check_rewards(reward(dialogues), dialogues, name) for name, reward in rewards.items()}
    return {name: [None if d.failed else r for d, r in zip(dialogues, given)] for name, given in found.items()}


def combine(
    heads: Mapping[str, Given],
    weights: Mapping[str, float],
    group_size: int,
    gates: Mapping[str, Given] | None = None,
    order: Order = "sum",
    std_floor: float = 0.05,
) -> Combined:
    """Weighted sum of the gated heads; the algorithm's normalisation follows on the sum or, decoupled, on each head.

    A gate multiplies every head, so that a gate of 0 gives a total of 0; what is below 0 stays, as else a broken form
    would pay. A head that could not score a dialogue which others could counts as its group's mean there, so that it
    moves the dialogue neither up nor down; as its mean over all groups where it knows none of this one.

    Args:
        heads: by name, one reward a dialogue, groups one after the other.
        weights: by name, the weight of a head.
        group_size: dialogues a group.
        gates: by name, one factor a dialogue, 0 to 1.
        order: how heads will become an advantage, for their shares: ``sum`` first, or ``decoupled``.
        std_floor: least deviation within a group that a decoupled head is divided by.

    Raises:
        InputError: a head has no weight, or a weight has no head.
    """
    check_names(heads, weights)
    count = len(next(iter(heads.values())))
    passed = gates_passed(gates or {}, count)
    scorable = [any(rewards[place] is not None for rewards in heads.values()) for place in range(count)]
    gated = {name: [_gated(*each) for each in zip(rewards, passed, scorable)] for name, rewards in heads.items()}
    means = {name: _group_means(rewards, group_size) for name, rewards in gated.items()}
    totals = [_total(gated, means, weights, place, place // group_size) for place in range(count)]
    floor = std_floor if order == "decoupled" else None
    moved = {name: abs(weights[name]) * _moved(gated[name], group_size, floor) for name in heads}
    summaries = {name: _summary(heads[name], group_size, moved[name], sum(moved.values())) for name in heads}
    return Combined(totals, summaries, gated, passed)


def gates_passed(gates: Mapping[str, Given], count: int) -> list[float | None]:
    """What all gates together leave of each of ``count`` dialogues: their product, None where one does not know."""
    passed: list[float | None] = [1.0] * count
    for factors in gates.values():
        passed = [_times(*pair) for pair in zip(passed, factors)]
    return passed


def check_names(heads: Mapping[str, object], weights: Mapping[str, float]) -> None:
    """Refuse weights that are not of these very heads.

    Raises:
        InputError: a head has no weight, or a weight has no head.
    """
    if set(heads) != set(weights):
        raise InputError(
            f"Combining rewards: the heads are {', '.join(sorted(heads))}, "
            f"the weights are for {', '.join(sorted(weights))}; give every head one weight"
        )


def _gated(reward: float | None, passed: float | None, scorable: bool) -> float | None:
    """A head behind the gates; what they shut out is 0 even where this head of a dialogue that counts does not know."""
    if reward is None:
        return 0.0 if passed == 0 and scorable else None
    return reward if passed is not None and reward < 0 else _times(reward, passed)


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other


def _total(
    heads: Mapping[str, Given],
    means: Mapping[str, Sequence[float]],
    weights: Mapping[str, float],
    place: int,
    group: int,
) -> float:
    if all(rewards[place] is None for rewards in heads.values()):
        return math.nan
    found = ((weights[name], rewards[place], means[name][group]) for name, rewards in heads.items())
    return sum(weight * (mean if reward is None else reward) for weight, reward, mean in found)


def _groups(rewards: Given, size: int) -> list[list[float]]:
    """The known rewards, group by group."""
    groups = [rewards[start : start + size] for start in range(0, len(rewards), size)]
    return [[reward for reward in group if reward is not None] for group in groups]


def _group_means(rewards: Given, size: int) -> list[float]:
    """Of the known rewards: each group's mean, or that of all where a group has none; 0 without any at all."""
    known = [reward for reward in rewards if reward is not None]
    everywhere = sum(known) / len(known) if known else 0.0
    return [sum(group) / len(group) if group else everywhere for group in _groups(rewards, size)]


def _moved(rewards: Given, size: int, floor: float | None) -> float:
    """Sum of the distances from the group's mean, in its deviations if there is a floor to them."""
    moved = 0.0
    for group in _groups(rewards, size):
        mean = sum(group) / max(len(group), 1)
        scale = max(_deviation(group), floor) if floor is not None and len(group) > 1 else 1.0
        moved += sum(abs(reward - mean) for reward in group) / scale
    return moved


def _summary(rewards: Given, size: int, moved: float, moved_by_all: float) -> HeadSummary:
    known = [reward for reward in rewards if reward is not None]
    spreads = [_deviation(group) for group in _groups(rewards, size) if len(group) > 1]
    return HeadSummary(
        mean=sum(known) / len(known) if known else math.nan,
        spread=sum(spreads) / len(spreads) if spreads else math.nan,
        none=1 - len(known) / len(rewards),
        share=moved / moved_by_all if moved_by_all > 1e-9 else math.nan,
    )


def _deviation(values: Sequence[float]) -> float:
    """Sample standard deviation."""
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
