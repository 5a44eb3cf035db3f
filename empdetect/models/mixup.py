"""Mixup: training on mixtures of two examples, for small datasets."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mixture:
    """How a batch is mixed with itself (manifold mixup; Verma et al., ICML 2019).

    Args:
        share: weight of an example itself, 0 to 1.
        order: ``(batch,)`` number of the example each is mixed with.
    """

    share: float
    order: Tensor

    @classmethod
    def draw(cls, strength: float, batch: int, device: torch.device) -> "Mixture":
        """A random mixture; its share follows Beta(strength, strength)."""
        share = float(torch.distributions.Beta(strength, strength).sample())
        return cls(share, torch.randperm(batch, device=device))

    def tokens(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Mixed tokens by modality ``(batch, person, width)``; where one of the two is missing, not mixed."""
        mixed = {}
        for name, own in tokens.items():
            both = (present[name] & present[name][self.order]).unsqueeze(-1)
            mixed[name] = torch.where(both, self.share * own + (1 - self.share) * own[self.order], own)
        return mixed

    def labels(self, labels: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Labels of the examples that were mixed in, ``(batch,)`` each."""
        return {name: values[self.order] for name, values in labels.items()}
