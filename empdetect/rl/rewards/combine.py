"""Several heads into one reward, and what each head has to do with it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward, check_rewards


@dataclass(frozen=True)
class HeadSummary:
    """What one head did in one step.

    Args:
        mean: of the known rewards; NaN if none is known.
        spread: mean over the groups of the standard deviation within; NaN if no group has two known.
        none: share of dialogues that could not be scored, 0 to 1.
        share: share of the advantage that comes from this head, 0 to 1: its weighted distance from
            the group's mean, over that of all heads; NaN if no head tells any dialogues apart.
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
    """

    totals: list[float]
    heads: Mapping[str, HeadSummary]


def score_heads(rewards: Mapping[str, Reward], dialogues: Sequence[Dialogue]) -> dict[str, list[float | None]]:
    """Every head's rewards, checked."""
    return {name: check_rewards(reward(dialogues), dialogues, name) for name, reward in rewards.items()}


def combine(heads: Mapping[str, Sequence[float | None]], weights: Mapping[str, float], group_size: int) -> Combined:
    """Weighted sum of the heads; the group's normalisation follows on the sum (``group_advantages``).

    A head that could not score a dialogue which others could counts as its group's mean there, so
    that it moves the dialogue neither up nor down.

    Args:
        heads: by name, one reward a dialogue, groups one after the other.
        weights: by name, the weight of a head.
        group_size: dialogues a group.

    Raises:
        InputError: a head has no weight, or a weight has no head.
    """
    if set(heads) != set(weights):
        raise InputError(
            f"Combining rewards: the heads are {', '.join(sorted(heads))}, "
            f"the weights are for {', '.join(sorted(weights))}; give every head one weight"
        )
    centred = {name: _centred(rewards, group_size) for name, rewards in heads.items()}
    means = {name: _group_means(rewards, group_size) for name, rewards in heads.items()}
    count = len(next(iter(heads.values())))
    totals = [_total(heads, means, weights, place, place // group_size) for place in range(count)]
    moved = {name: abs(weights[name]) * sum(map(abs, centred[name])) for name in heads}
    summaries = {
        name: _summary(rewards, group_size, moved[name], sum(moved.values())) for name, rewards in heads.items()
    }
    return Combined(totals, summaries)


def _total(
    heads: Mapping[str, Sequence[float | None]],
    means: Mapping[str, Sequence[float | None]],
    weights: Mapping[str, float],
    place: int,
    group: int,
) -> float:
    if all(rewards[place] is None for rewards in heads.values()):
        return math.nan
    own = {name: means[name][group] if rewards[place] is None else rewards[place] for name, rewards in heads.items()}
    return sum(weights[name] * (reward or 0.0) for name, reward in own.items())


def _groups(rewards: Sequence[float | None], size: int) -> list[list[float]]:
    """The known rewards, group by group."""
    groups = [rewards[start : start + size] for start in range(0, len(rewards), size)]
    return [[reward for reward in group if reward is not None] for group in groups]


def _group_means(rewards: Sequence[float | None], size: int) -> list[float | None]:
    return [sum(group) / len(group) if group else None for group in _groups(rewards, size)]


def _centred(rewards: Sequence[float | None], size: int) -> list[float]:
    """Distance of each reward from its group's mean; 0 if it is not known."""
    means = _group_means(rewards, size)
    return [0.0 if reward is None else reward - (means[place // size] or 0.0) for place, reward in enumerate(rewards)]


def _summary(rewards: Sequence[float | None], size: int, moved: float, moved_by_all: float) -> HeadSummary:
    known = [reward for reward in rewards if reward is not None]
    spreads = [_deviation(group) for group in _groups(rewards, size) if len(group) > 1]
    return HeadSummary(
        mean=sum(known) / len(known) if known else math.nan,
        spread=sum(spreads) / len(spreads) if spreads else math.nan,
        none=1 - len(known) / len(rewards),
        share=moved / moved_by_all if moved_by_all else math.nan,
    )


def _deviation(values: Sequence[float]) -> float:
    """Sample standard deviation."""
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
