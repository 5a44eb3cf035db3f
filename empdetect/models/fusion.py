"""Fusion: one vector from the modalities and people that are there."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


class Fusion(nn.Module):
    """A small transformer over one token for each modality and person.

    A token that is missing is replaced by one learned for its modality, and in training whole
    modalities are dropped at random, so that the detector keeps working with what is there.
    With ``layers=0`` the vector is the mean of the tokens that are there: with linear heads after
    it that is late fusion, the mean of each modality's own answer. With one modality it is that
    modality's detector.

    Args:
        modalities: names of the modalities.
        persons: people the model looks at.
        width: of the tokens.
        layers: transformer layers.
        heads: attention heads a layer.
        dropout: share of activations dropped in training.
        modality_dropout: chance that a modality is dropped from a training example.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        persons: int,
        width: int,
        layers: int,
        heads: int = 4,
        dropout: float = 0.1,
        modality_dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.modalities = sorted(modalities)
        self.modality_dropout = modality_dropout
        tokens = len(self.modalities)
        self.place = nn.Parameter(0.02 * torch.randn(tokens, persons, width))
        self.missing = nn.Parameter(0.02 * torch.randn(tokens, 1, width))
        self.summary = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.transformer = _transformer(width, layers, heads, dropout) if layers else None
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> Tensor:
        """Fuse.

        Args:
            tokens: by modality, ``(batch, person, width)``.
            present: by modality, ``(batch, person)`` bool: whether anything was observed.

        Returns:
            ``(batch, width)``
        """
        stacked = torch.stack([tokens[name] for name in self.modalities], dim=1)
        there = torch.stack([present[name] for name in self.modalities], dim=1)
        if self.training and self.modality_dropout > 0:
            there = self._drop(there)
        stacked = torch.where(there.unsqueeze(-1), stacked + self.place, self.missing + self.place)
        stacked, there = stacked.flatten(1, 2), there.flatten(1)
        if self.transformer is None:
            # Normed before the mean, not after: the mean of linear answers is then the answer of the mean.
            return _mean_of_present(self.norm(stacked), there)
        first = self.summary.expand(len(stacked), -1, -1)
        fused: Tensor = self.transformer(torch.cat([first, stacked], dim=1))
        return self.norm(fused[:, 0])

    def _drop(self, there: Tensor) -> Tensor:
        """Drop modalities ``(batch, modality, person)`` at random, but never all that an example has."""
        keep = torch.rand(there.shape[:2], device=there.device) >= self.modality_dropout
        kept = there & keep.unsqueeze(-1)
        nothing_left = ~kept.flatten(1).any(dim=1)
        return torch.where(nothing_left[:, None, None], there, kept)


def _transformer(width: int, layers: int, heads: int, dropout: float) -> nn.Module:
    layer = nn.TransformerEncoderLayer(
        width, heads, 2 * width, dropout, activation="gelu", batch_first=True, norm_first=True
    )
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


def _mean_of_present(tokens: Tensor, there: Tensor) -> Tensor:
    """Mean over the tokens that are there; over all, the learned missing ones, if none is."""
    used = there | ~there.any(dim=1, keepdim=True)
    weights = used.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1)
