"""Heads: from the fused vector to each target's answer, and the losses that teach them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from empdetect.task import Target, Task


class Heads(nn.Module):
    """One linear head for each target of a task.

    Args:
        task: sizes the heads.
        width: of the fused vector.
        dropout: share of the vector dropped in training.
    """

    def __init__(self, task: Task, width: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({target.name: nn.Linear(width, target.outputs) for target in task.targets})

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """``(batch, width)`` to, by target, ``(batch, outputs)``."""
        x = self.dropout(x)
        return {name: head(x) for name, head in self.heads.items()}


def target_loss(target: Target, outputs: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean loss over known labels; 0 with a gradient of 0 if none is known.

    Binary: cross-entropy. Nominal: cross-entropy. Ordinal: cross-entropy of "above level k" for each
    k (the cumulative link of Frank and Hall, ECML 2001). Numbers: squared error on the unit range.

    Args:
        target: the target.
        outputs: ``(batch, outputs)`` of its head.
        labels: ``(batch,)``, NaN where unknown.
        weights: ``(levels,)`` weight of each level or class; None weighs all alike.
    """
    known = torch.isfinite(labels)
    if not known.any():
        return outputs.sum() * 0.0
    outputs, labels = outputs[known], labels[known]
    if not target.is_categorical:
        low, high = target.limits
        return F.mse_loss(outputs.squeeze(-1), (labels - low) / (high - low))
    levels = labels.long()
    if target.kind == "nominal":
        each = F.cross_entropy(outputs, levels, reduction="none")
    else:
        above = levels.unsqueeze(1) > torch.arange(outputs.shape[1], device=outputs.device)
        each = F.binary_cross_entropy_with_logits(outputs, above.to(outputs.dtype), reduction="none").mean(dim=1)
    return each.mean() if weights is None else (each * weights[levels]).sum() / weights[levels].sum()


def level_probabilities(target: Target, outputs: Tensor) -> Tensor:
    """Probability of each level or class.

    Args:
        target: a categorical target.
        outputs: ``(batch, outputs)`` of its head.

    Returns:
        ``(batch, levels)``, rows summing to 1.
    """
    if target.kind == "nominal":
        return outputs.softmax(dim=-1)
    # P(above k) must fall with k; the heads of neighbouring thresholds may disagree a little.
    above = outputs.sigmoid().cummin(dim=-1).values
    edge = above.new_ones(len(above), 1)
    return torch.cat([edge, above], dim=1) - torch.cat([above, edge * 0], dim=1)


def decode(target: Target, outputs: Tensor) -> Tensor:
    """Scores in the target's own units.

    Args:
        target: the target.
        outputs: ``(batch, outputs)`` of its head.

    Returns:
        ``(batch, measures)``: the probability (binary), of each class (nominal), the expected level
        (ordinal), or the number within its range.
    """
    if not target.is_categorical:
        low, high = target.limits
        return (low + (high - low) * outputs).clamp(low, high)
    probabilities = level_probabilities(target, outputs)
    if target.kind == "nominal":
        return probabilities
    if target.kind == "binary":
        return probabilities[:, 1:]
    levels = torch.arange(target.levels, device=outputs.device, dtype=outputs.dtype)
    return (probabilities * levels).sum(dim=1, keepdim=True)
