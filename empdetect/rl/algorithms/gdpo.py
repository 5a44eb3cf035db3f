"""GDPO: each reward head normalised on its own within the group (arXiv 2601.05242)."""

import torch
from torch import Tensor

from empdetect.rl.algorithms.grpo import group_advantages


def decoupled_advantages(
    rewards: Tensor, weights: Tensor, std_floor: float = 0.05, batch_floor: float | None = None, epsilon: float = 0.0
) -> Tensor:
    """Advantage of each rollout: heads normalised by group, summed by weight, normalised over the batch.

    A sum of raw rewards lets the head with the widest spread decide alone. Here each head counts by its
    weight. The danger is the opposite one: where emotions tie, a detector's noise would be blown up to
    unit variance and decide alone. Hence both floors.

    Args:
        rewards: ``(head, group, rollout)``; NaN is not known and moves the rollout neither up nor down.
        weights: ``(head,)``
        std_floor: least standard deviation of a head within a group to divide by, in units of the reward.
        batch_floor: least standard deviation of the sums to divide by; the norm of the weights if None,
            the deviation of independent heads of unit variance, so that sums only ever shrink.
        epsilon: added to each deviation, as other implementations do.

    Returns:
        ``(group, rollout)``; 0 where no head knows the reward.
    """
    heads = torch.stack([group_advantages(head, std_floor, epsilon) for head in rewards])
    sums = (weights[:, None, None] * heads).sum(0)
    known = ~rewards.isnan().all(0)
    if int(known.sum()) < 2:
        return torch.zeros_like(sums)
    floor = float(weights.norm()) if batch_floor is None else batch_floor
    scale = sums[known].std().clamp(min=floor) + epsilon
    centred = sums - sums[known].mean()
    return (centred / scale.where(scale > 0, 1)).where(known, 0)
