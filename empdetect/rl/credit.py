"""Which reply earned what: a dialogue's reward taken apart, so that no reply is blamed for those before it."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import Combined, Given
from empdetect.rl.rewards.emotion import EmotionReward


def credits_of_replies(
    dialogues: Sequence[Dialogue],
    combined: Combined,
    rewards: Mapping[str, Reward],
    weights: Mapping[str, float],
    gates: Mapping[str, Reward],
    factors: Mapping[str, Given],
) -> list[list[float]]:
    """What each reply adds to its dialogue's reward; empty for a dialogue that could not be scored.

    A reply earns the change of emotion that it made, and pays for what it lets a gate take away. The first one also
    has the emotion at the start, the last one what other heads gave. The credits sum to the reward: what is sought
    stays the same, only its noise is less.

    Args:
        dialogues: all of a step.
        combined: their rewards.
        rewards: the heads by name.
        weights: of the heads.
        gates: by name.
        factors: what the gates said.
    """
    weight = sum(weights[name] for name, head in rewards.items() if isinstance(head, EmotionReward))
    found: list[list[float]] = []
    for place, dialogue in enumerate(dialogues):
        taken = {name: (gate, 1.0 - (factors[name][place] or 0.0)) for name, gate in gates.items()}
        passed, total = combined.passed[place], combined.totals[place]
        unscored = passed is None or math.isnan(total)
        found.append([] if unscored else _credits(dialogue, total, weight, passed or 0.0, taken))
    return found


def _credits(
    dialogue: Dialogue, total: float, weight: float, passed: float, taken: Mapping[str, tuple[Reward, float]]
) -> list[float]:
    felt = [weight * max(emotion / 100.0, 0.0) for emotion in dialogue.emotions]
    lost = (1.0 - passed) * felt[-1]
    earned = [after - before - lost * part for (before, after), part in zip(pairwise(felt), _blamed(dialogue, taken))]
    earned[0] += felt[0]
    earned[-1] += total - passed * felt[-1]
    return earned


def _blamed(dialogue: Dialogue, taken: Mapping[str, tuple[Reward, float]]) -> list[float]:
    """Each reply's part in what the gates took away; sums to 1. A gate counts by how much it took."""
    parts = [0.0 for _ in dialogue.replies]
    for gate, share in taken.values():
        blame = gate.blame(dialogue) if share > 0 else []
        if sum(blame) > 0:
            parts = [part + share * each / sum(blame) for part, each in zip(parts, blame)]
    whole = sum(parts)
    return [part / whole for part in parts] if whole > 0 else [*parts[1:], 1.0]


def to_go(earned: Sequence[Sequence[float]]) -> Tensor:
    """What is earned from each reply on ``(dialogue, reply)``; NaN where there is no such reply."""
    found = torch.full((len(earned), max(map(len, earned))), torch.nan)
    for number, credit in enumerate(earned):
        found[number, : len(credit)] = torch.tensor(credit).flip(0).cumsum(0).flip(0)
    return found


def shares_of_replies(
    earned: Sequence[Sequence[float]],
    combined: Combined,
    rewards: Mapping[str, Reward],
    weights: Mapping[str, float],
    group_size: int,
) -> dict[str, float]:
    """Share of each head in what replies are compared by, 0 to 1; NaN for all if it tells none apart.

    A reply is compared by what is earned from it on, with the replies of the same number in its group. A head's part
    is its distance from the mean of these, summed over all replies, in proportion to that of all heads.

    Args:
        earned: as ``credits_of_replies`` gives it.
        combined: the rewards of all dialogues.
        rewards: the heads by name.
        weights: of the heads.
        group_size: dialogues a group, or all that are compared.
    """
    later = to_go(earned)
    felt = {name: weights[name] for name, head in rewards.items() if isinstance(head, EmotionReward)}
    parts = {name: weights[name] * _spread_out(combined.gated[name], later) for name in rewards if name not in felt}
    groups = {name: part.view(-1, group_size, later.shape[1]) for name, part in parts.items()}
    # What a head does not know counts as its group's mean.
    known = {name: torch.where(part.isnan(), part.nanmean(1, keepdim=True), part) for name, part in groups.items()}
    left = later.view(-1, group_size, later.shape[1]) - sum(part.nan_to_num() for part in known.values())
    known |= {name: left * weight / sum(felt.values()) for name, weight in felt.items()}
    moved = {name: float((part - part.nanmean(1, keepdim=True)).abs().nansum()) for name, part in known.items()}
    whole = sum(moved.values())
    return {name: moved[name] / whole if whole > 1e-9 else math.nan for name in rewards}


def _spread_out(rewards: Given, later: Tensor) -> Tensor:
    """Rewards of dialogues for each of their replies ``(dialogue, reply)``; NaN where ``later`` is."""
    known = torch.tensor([math.nan if reward is None else reward for reward in rewards])
    return torch.where(later.isnan(), math.nan, known[:, None].expand_as(later))
