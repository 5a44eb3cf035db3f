"""What every encoder promises, and the layers that several share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from empdetect.features.base import Origin


class Encoder(nn.Module, ABC):
    """Turns one person's frames of one modality into one vector.

    A subclass keeps every constructor argument as an attribute of the same name (see ``components``)
    and sets the attributes below. Any ``nn.Module`` with this interface can be named by its class
    path in a configuration.

    Attributes:
        features: number of features a frame, as the extractor gives them.
        width: length of the vector.
        standardize: whether the features are to be standardised with the training set's mean and
            spread first; False for token ids, samples and pixels.
        learning_rate: of this encoder's weights; None takes the detector's.
    """

    features: int
    width: int
    standardize: bool = True
    learning_rate: float | None = None

    @abstractmethod
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encode.

        Args:
            x: ``(batch, time, feature)``, NaN where a value is unknown.
            mask: ``(batch, time)`` bool, True where a frame was observed.

        Returns:
            ``(batch, width)``; rows without any observed frame are finite and mean nothing.
        """

    def rebuilt(self) -> set[str]:
        """Names in the ``state_dict`` that building the encoder again restores: a detector leaves them out."""
        return set()

    def learned_from(self) -> Sequence[Origin]:
        """What weights of this house that it started from learned from: cards name it, and it may bind."""
        return ()


class RunningStatistics(nn.Module, ABC):
    """What a module gathers of all that it sees while training, apart from its weights."""

    @abstractmethod
    def reset_running_stats(self) -> None:
        """Start anew, as if nothing had been seen."""


class InputLayer(nn.Module):
    """Linear projection that tells an unknown value from a zero: each feature enters with an indicator.

    ``(batch, time, feature)`` to ``(batch, time, width)``.
    """

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * features, width)

    def forward(self, x: Tensor) -> Tensor:
        known = torch.isfinite(x)
        return self.linear(torch.cat([x.nan_to_num(0.0, 0.0, 0.0), known.to(x.dtype)], dim=-1))


class AttentiveStatistics(nn.Module):
    """Attentive statistics pooling (Okabe et al., Interspeech 2018): weighted mean and spread over time.

    ``(batch, time, width)`` to ``(batch, width)``.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
        self.project = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        # A row without any frame attends to all of them evenly: finite, and left out by the fusion.
        seen = mask | ~mask.any(dim=1, keepdim=True)
        weights = self.attention(x).masked_fill(~seen.unsqueeze(-1), float("-inf")).softmax(dim=1)
        mean = (weights * x).sum(dim=1)
        variance = (weights * (x - mean.unsqueeze(1)).square()).sum(dim=1)
        return self.project(torch.cat([mean, (variance + 1e-5).sqrt()], dim=-1))


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean over observed frames: ``(batch, time, width)`` to ``(batch, width)``; 0 where there are none."""
    weights = mask.unsqueeze(-1).to(x.dtype)
    return (x * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
