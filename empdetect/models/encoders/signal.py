"""Signal encoder: one person's signals by their ranks, without their memory, and filtered; frame by frame."""

from abc import abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from empdetect.models.encoders.base import Encoder, masked_mean

EXTREME = 5.0
"""Standardised values beyond it are cut: one artefact must not decide."""
RIDGE = 1e-3
"""Added to the variance when a signal's memory is fitted, as a share of it."""


class FrameEncoder(Encoder):
    """An encoder that also gives its frames, for networks that compare two people frame by frame."""

    @abstractmethod
    def frames(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode each frame.

        Args:
            x: ``(batch, time, feature)``, NaN where a value is unknown.
            mask: ``(batch, time)`` bool, True where a frame was observed.

        Returns:
            ``(batch, time, width)``; 0 where nothing was observed.
        """

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Mean of the frames over time, ``(batch, width)``."""
        return masked_mean(self.frames(x, mask), mask)


class SignalEncoder(FrameEncoder):
    """Learned filters over each signal twice: detrended and as normal scores, and prewhitened besides.

    A signal with a memory goes along with any other such signal for a while, by chance. What is left of it after its
    own past is taken off does not (prewhitening: Dean and Dunsmuir, Behavior Research Methods 2016). The past is fitted
    for each recording by the Yule-Walker equations, so units, level and memory of a signal make no difference.

    Args:
        features: signals of a person.
        width: filters.
        order: frames of its own past that are taken off.
        kernel: frames a filter sees, odd.
    """

    standardize = False

    def __init__(self, features: int = 1, width: int = 6, order: int = 6, kernel: int = 9) -> None:
        super().__init__()
        self.features = features
        self.width = width
        self.order = order
        self.kernel = kernel
        self.filters = nn.Conv1d(2 * features, width, kernel, padding=kernel // 2, bias=False)
        with torch.no_grad():
            self.filters.weight.mul_(0.3)
            for place in range(width):  # each starts as one of the two, and learns from there
                self.filters.weight[place, place % (2 * features), kernel // 2] += 1

    def frames(self, x: Tensor, mask: Tensor) -> Tensor:
        with torch.no_grad():
            known = (torch.isfinite(x) & mask.unsqueeze(-1)).transpose(1, 2)
            plain = normal_scores(detrended(x.transpose(1, 2), known), known)
            white = prewhitened(plain, known, self.order)
            both = torch.cat([plain, white], dim=1).clamp(-EXTREME, EXTREME)
        hidden: Tensor = self.filters(both)
        return hidden.transpose(1, 2) * mask.unsqueeze(-1)


def detrended(x: Tensor, known: Tensor) -> Tensor:
    """Signals ``(batch, feature, time)`` off their straight line, in units of their spread; 0 where not known.

    Args:
        x: signals.
        known: of the same shape, which values count.
    """
    weight = known.to(torch.float64)
    count = weight.sum(dim=-1, keepdim=True).clamp(min=1)
    values = torch.where(known, x, x.new_zeros(())).to(torch.float64)
    values = (values - values.sum(dim=-1, keepdim=True) / count) * weight
    time = torch.linspace(-1, 1, x.shape[-1], dtype=torch.float64, device=x.device) * torch.ones_like(weight)
    time = (time - (time * weight).sum(dim=-1, keepdim=True) / count) * weight
    slope = (time * values).sum(dim=-1, keepdim=True) / time.square().sum(dim=-1, keepdim=True).clamp(min=1e-12)
    left = values - slope * time
    spread = (left.square().sum(dim=-1, keepdim=True) / count).sqrt()
    # What is left of a constant is rounding, and must not be blown up to a signal.
    size = (values.square().sum(dim=-1, keepdim=True) / count).sqrt() + 1e-30
    return torch.where(spread > 1e-6 * size, left / spread.clamp(min=1e-30), torch.zeros_like(left)).float()


def normal_scores(x: Tensor, known: Tensor) -> Tensor:
    """Signals ``(batch, feature, time)`` as standard normal ones whose values come in the same order.

    Scores of van der Waerden (Proc. Koninklijke Nederlandse Akademie van Wetenschappen A 55, 1952): the normal
    quantile of ``rank / (n + 1)``, equal values at their mean rank. Skew is gone, and a burst weighs no more than
    its place.

    Args:
        x: signals.
        known: of the same shape, which values count.

    Returns:
        The same shape; 0 where not known, and of a signal that does not vary.
    """
    ordered = torch.where(known, x, torch.inf).sort(dim=-1).values.contiguous()
    inside = torch.where(known, x, 0.0).contiguous()
    twice = torch.searchsorted(ordered, inside) + torch.searchsorted(ordered, inside, right=True) + 1
    share = twice / (2 * (known.sum(dim=-1, keepdim=True) + 1))
    return torch.where(known, torch.special.ndtri(share.clamp(1e-6, 1 - 1e-6)), 0.0)


def prewhitened(x: Tensor, known: Tensor, order: int) -> Tensor:
    """What an autoregression on its own past leaves of standardised signals, in units of its spread.

    Args:
        x: ``(batch, feature, time)``, 0 where not known.
        known: of the same shape.
        order: frames of the past.

    Returns:
        The same shape; 0 where a value or the one just before it is not known.
    """
    length = x.shape[-1]
    before = [F.pad(x, (k, 0))[..., :length] for k in range(order + 1)]
    # Divided by the same number at each lag: the equations then always have a stable solution.
    memory = torch.stack([(x * past).sum(dim=-1) for past in before], dim=-1)
    memory = memory / memory[..., :1].clamp(min=1e-12)
    place = torch.arange(order, device=x.device)
    toeplitz = memory[..., (place[:, None] - place[None, :]).abs()]
    weights = torch.linalg.solve(toeplitz + RIDGE * torch.eye(order, device=x.device), memory[..., 1:])
    left = x - sum(weights[..., k, None] * before[k + 1] for k in range(order))
    seen = known & F.pad(known, (1, 0))[..., :length]
    left = left * seen
    spread = (left.square().sum(dim=-1, keepdim=True) / seen.sum(dim=-1, keepdim=True).clamp(min=1)).sqrt()
    return left / spread.clamp(min=1e-6)
