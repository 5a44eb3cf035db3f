"""Which tokens weigh how much."""

import torch
from torch import Tensor


def token_weights(own: Tensor, owner: Tensor, dialogues: int) -> Tensor:
    """Weight of each token such that every dialogue weighs the same: ``1 / (dialogues * own tokens)``.

    The factor ``1/G sum_i 1/|o_i|`` of DeepSeekMath (arXiv 2402.03300), eq. 3, where ``|o_i|`` counts all
    tokens of the policy in dialogue i, over all its turns and rows. A dialogue does not weigh more for
    being longer, nor for lying in several rows, as one with dropped thoughts does.

    Args:
        own: ``(row, time)`` True for the policy's own tokens.
        owner: ``(row,)`` number of each row's dialogue.
        dialogues: how many there are.

    Returns:
        ``(row, time)``; sums to 1 if every dialogue has tokens of the policy, 0 where ``own`` is False.
    """
    counts = torch.zeros(dialogues, device=own.device).index_add_(0, owner, own.sum(1).float())
    return own / (dialogues * counts.clamp(min=1))[owner, None]


def weighted(values: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum over ``(row, time)``; values without weight cannot reach it, not even infinite ones."""
    return (values.where(weights > 0, 0) * weights).sum()


def whitened(values: Tensor, mask: Tensor) -> Tensor:
    """Values with mean 0 and variance 1 over the tokens of the mask.

    Args:
        values: ``(row, time)``
        mask: ``(row, time)`` True for the tokens that count.

    Returns:
        ``(row, time)``; 0 elsewhere, and everywhere if fewer than two tokens count.
    """
    chosen = values[mask]
    if chosen.numel() < 2:
        return torch.zeros_like(values)
    # Equal values are exactly 0 apart; their mean, rounded, would not be.
    above = values - chosen[0]
    return ((above - above[mask].mean()) * (chosen.var() + 1e-8).rsqrt()).where(mask, 0)
