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
