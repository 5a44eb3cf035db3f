"""Standardisation with the training set's statistics, kept with the model's weights."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class Standardize(nn.Module):
    """Subtracts the mean and divides by the spread of the training frames; unknown values stay NaN.

    Args:
        features: number of features a frame.
    """

    mean: Tensor
    scale: Tensor
    fitted: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))

    def forward(self, x: Tensor) -> Tensor:
        """``(..., feature)`` to the same shape."""
        return (x - self.mean) / self.scale

    @torch.no_grad()
    def fit(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Learn mean and spread from observed, known values only.

        Args:
            batches: pairs of ``(..., feature)`` values and ``(...)`` masks.
        """
        count = torch.zeros_like(self.mean, dtype=torch.float64)
        total, squares = torch.zeros_like(count), torch.zeros_like(count)
        for x, mask in batches:
            frames = x[mask].double()
            known = torch.isfinite(frames)
            frames = frames.nan_to_num(0.0, 0.0, 0.0)
            count += known.sum(dim=0)
            total += frames.sum(dim=0)
            squares += frames.square().sum(dim=0)
        mean = total / count.clamp(min=1)
        spread = (squares / count.clamp(min=1) - mean.square()).clamp(min=0).sqrt()
        self.mean.copy_(mean)
        # A feature that never varies, or was never seen, must not be blown up.
        self.scale.copy_(torch.where(spread > 1e-6, spread, torch.ones_like(spread)))
        self.fitted.fill_(True)
