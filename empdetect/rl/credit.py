"""Which reply earned what: a dialogue's reward taken apart, so that no reply is blamed for those before it."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise

import torch
from torch import Tensor

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import Combined, Given, gates_passed, score_heads
from empdetect.rl.rewards.emotion import EmotionReward


def credits_of_replies(
    dialogues: Sequence[Dialogue],
    combined: Combined,
    rewards: Mapping[str, Reward],
    weights: Mapping[str, float],
    gates: Mapping[str, Reward],
) -> list[list[float]]:
    """What each reply adds to its dialogue's reward; empty for a dialogue that could not be scored.

    After every reply the dialogue so far is worth the emotion then, times what the gates leave of it: a reply earns
    the change of that. The first one also has the emotion at the start, the last one what other heads gave. The
    credits sum to the reward and each is known once its reply is answered: a potential, which leaves the policies that
    are best what they were (Ng et al., ICML 1999).

    Args:
        dialogues: all of a step.
        combined: their rewards.
        rewards: the heads by name.
        weights: of the heads.
        gates: by name.
    """
    weight = sum(weights[name] for name, head in rewards.items() if isinstance(head, EmotionReward))
    found: list[list[float]] = []
    given = zip(dialogues, combined.totals, combined.passed, _passed_so_far(dialogues, gates))
    for dialogue, total, passed, so_far in given:
        unscored = passed is None or math.isnan(total)
        found.append([] if unscored else _credits(dialogue, total, weight, [1.0, *so_far, passed or 0.0]))
    return found


def _credits(dialogue: Dialogue, total: float, weight: float, passed: Sequence[float]) -> list[float]:
    """Changes of worth, from what the gates leave at the start and after each reply."""
    worth = [part * weight * max(emotion / 100.0, 0.0) for emotion, part in zip(dialogue.emotions, passed, strict=True)]
    earned = [after - before for before, after in pairwise(worth)]
    earned[0] += worth[0]
    earned[-1] += total - worth[-1]
    return earned


def _passed_so_far(dialogues: Sequence[Dialogue], gates: Mapping[str, Reward]) -> list[list[float]]:
    """By dialogue, what the gates leave of it after each reply but the last; nothing where they do not know."""
    counts = [max(len(dialogue.replies) - 1, 0) for dialogue in dialogues]
    begun = [d.up_to(reply) for d, count in zip(dialogues, counts) for reply in range(1, count + 1)]
    passed = iter(gates_passed(score_heads(gates, begun), len(begun)))
    return [[part or 0.0 for part in islice(passed, count)] for count in counts]


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
