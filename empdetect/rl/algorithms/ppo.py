"""PPO: the clipped losses of policy and value (Schulman et al., arXiv 1707.06347), as pure functions on tensors.

GRPO, RLOO and GDPO share the loss of the policy and differ in the advantages.
"""

import torch
from torch import Tensor

from empdetect.rl.algorithms.tokens import weighted


def policy_loss(new: Tensor, old: Tensor, advantages: Tensor, weights: Tensor, clip: float = 0.2) -> Tensor:
    """Clipped loss, to be minimised: ``-sum w min(ratio A, clip(ratio, 1-e, 1+e) A)``, ``ratio = exp(new - old)``.

    PPO, eq. 7; DeepSeekMath (arXiv 2402.03300), eq. 3 without its KL term.

    Args:
        new: ``(row, time)`` log-probabilities under the policy that learns.
        old: ``(row, time)`` log-probabilities under the policy that sampled; no gradient.
        advantages: ``(row, time)``, or ``(row, 1)`` if all tokens of a row share one.
        weights: ``(row, time)`` from ``token_weights``; 0 on tokens that are not the policy's.
        clip: how far the ratio may leave 1 before it stops to pay.
    """
    ratio = (new - old).exp()
    surrogate = torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return -weighted(surrogate, weights)


def clipped_share(new: Tensor, old: Tensor, weights: Tensor, clip: float = 0.2) -> Tensor:
    """Weighted share of tokens whose ratio has left ``1 - clip`` to ``1 + clip``, 0 to 1."""
    away = ((new - old).exp() - 1).abs() > clip
    return weighted(away.float(), weights)


def value_loss(new: Tensor, old: Tensor, returns: Tensor, weights: Tensor, clip: float = 0.5) -> Tensor:
    """Half the squared error of the values, the larger of plain and clipped: ``1/2 sum w max(.)``.

    As in PPO's first implementation (OpenAI baselines): the value may move at most ``clip`` from what it
    was before the update, or it does not pay.

    Args:
        new: ``(row, time)`` values that learn.
        old: ``(row, time)`` values before the update; no gradient.
        returns: ``(row, time)`` from ``gae``.
        weights: ``(row, time)``, as for the policy.
        clip: how far a value may move, in units of the reward.
    """
    near = old + (new - old).clamp(-clip, clip)
    return 0.5 * weighted(torch.maximum((new - returns) ** 2, (near - returns) ** 2), weights)
