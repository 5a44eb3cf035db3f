"""RLOO: REINFORCE with a leave-one-out baseline (Ahmadian et al., arXiv 2402.14740)."""

from torch import Tensor

from empdetect.rl.algorithms.grpo import centred_in_group


def leave_one_out_advantages(rewards: Tensor) -> Tensor:
    """Advantage of each rollout: its reward minus the mean of the others in its group.

    In the form ``n / (n - 1) (r - mean)``. Nothing is divided by a deviation, so there is none
    to give a floor, and a difference of emotion counts the same in every group.

    Args:
        rewards: ``(group, rollout)``; NaN is not known, is left out and gets 0.

    Returns:
        ``(group, rollout)``; 0 where the reward is NaN, and in groups with fewer than two known.
    """
    centred, count = centred_in_group(rewards)
    return centred * count / (count - 1).clamp(min=1)
