"""GRPO: group relative policy optimisation (Shao et al., DeepSeekMath, arXiv 2402.03300)."""

import torch
from torch import Tensor


def group_advantages(rewards: Tensor, std_floor: float = 0.05, epsilon: float = 0.0) -> Tensor:
    """Advantage of each rollout within its group: ``(r - mean) / max(std, floor)``.

    DeepSeekMath, section 4.1.2 (outcome supervision), with the sample standard deviation. Emotions
    move in coarse steps, so a group often ties or nearly ties; the floor keeps a hair's breadth of
    difference from being blown up to a full advantage.

    Args:
        rewards: ``(group, rollout)``; NaN is not known, is left out of mean and deviation and gets 0.
        std_floor: least standard deviation to divide by, in units of the reward.
        epsilon: added to the deviation, as other implementations do.

    Returns:
        ``(group, rollout)``; 0 where the reward is NaN, and in groups with fewer than two known.
    """
    centred, count = centred_in_group(rewards)
    variance = centred.square().sum(1, keepdim=True) / (count - 1).clamp(min=1)
    scale = variance.sqrt().clamp(min=std_floor) + epsilon
    return centred / scale.where(scale > 0, 1)


def centred_in_group(rewards: Tensor) -> tuple[Tensor, Tensor]:
    """Rewards minus their group's mean, and how many are known.

    Args:
        rewards: ``(group, rollout)``; NaN is not known.

    Returns:
        ``(group, rollout)``, 0 where the reward is NaN and in groups with fewer than two known; ``(group, 1)``.
    """
    known = ~rewards.isnan()
    count = known.sum(1, keepdim=True)
    # Equal rewards are exactly 0 apart; their mean, rounded, would not be.
    first = rewards.nan_to_num().gather(1, known.int().argmax(1, keepdim=True))
    above = (rewards - first).where(known, 0)
    mean = above.sum(1, keepdim=True) / count.clamp(min=1)
    return torch.where(known & (count > 1), above - mean, 0), count
