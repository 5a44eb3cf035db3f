"""GRPO: group relative policy optimisation, as pure functions on tensors.

After Shao et al., DeepSeekMath (arXiv 2402.03300). Deviations: the standard deviation of a group has
a floor, and a reward that is not known (NaN) takes no part.
"""

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
    known = ~rewards.isnan()
    count = known.sum(1, keepdim=True)
    filled = rewards.where(known, 0)
    mean = filled.sum(1, keepdim=True) / count.clamp(min=1)
    centred = (filled - mean).where(known & (count > 1), 0)
    variance = centred.square().sum(1, keepdim=True) / (count - 1).clamp(min=1)
    return centred / (variance.sqrt().clamp(min=std_floor) + epsilon)


def token_weights(own: Tensor, owner: Tensor, dialogues: int) -> Tensor:
    """Weight of each token such that every dialogue weighs the same: ``1 / (dialogues * own tokens)``.

    The factor ``1/G sum_i 1/|o_i|`` of DeepSeekMath, eq. 3, where ``|o_i|`` counts all tokens of the
    policy in dialogue i, over all its turns and rows. A dialogue does not weigh more for being longer.

    Args:
        own: ``(row, time)`` True for the policy's own tokens.
        owner: ``(row,)`` number of each row's dialogue.
        dialogues: how many there are.

    Returns:
        ``(row, time)``; sums to 1 if every dialogue has tokens of the policy, 0 where ``own`` is False.
    """
    counts = torch.zeros(dialogues, device=own.device).index_add_(0, owner, own.sum(1).float())
    return own / (dialogues * counts.clamp(min=1))[owner, None]


def policy_loss(new: Tensor, old: Tensor, advantages: Tensor, weights: Tensor, clip: float = 0.2) -> Tensor:
    """Clipped loss, to be minimised: ``-sum w min(ratio A, clip(ratio, 1-e, 1+e) A)``.

    DeepSeekMath, eq. 3 without its KL term, where ``ratio = exp(new - old)``.

    Args:
        new: ``(row, time)`` log-probabilities under the policy that learns.
        old: ``(row, time)`` log-probabilities under the policy that sampled; no gradient.
        advantages: ``(row,)``
        weights: ``(row, time)`` from ``token_weights``; 0 on tokens that are not the policy's.
        clip: how far the ratio may leave 1 before it stops to pay.
    """
    ratio = (new - old).exp()
    gain = advantages[:, None]
    surrogate = torch.minimum(ratio * gain, ratio.clamp(1 - clip, 1 + clip) * gain)
    return -_weighted(surrogate, weights)


def kl_estimate(new: Tensor, reference: Tensor, weights: Tensor) -> Tensor:
    """KL divergence from a reference: the weighted mean of ``exp(ref - new) - (ref - new) - 1``.

    DeepSeekMath, eq. 4 (the k3 estimator of Schulman): unbiased on the policy's own samples, never negative.

    Args:
        new: ``(row, time)`` log-probabilities under the policy.
        reference: ``(row, time)`` log-probabilities under the reference; no gradient.
        weights: ``(row, time)`` from ``token_weights``.
    """
    difference = reference - new
    return _weighted(difference.exp() - difference - 1, weights)


def _weighted(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum; values without weight cannot reach it, not even infinite ones."""
    return (values.where(weights > 0, 0) * weights).sum()
