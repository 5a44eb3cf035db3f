"""What the encoders made of a batch: by far the dearest part of an answer, so that several answers can share it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Encoded:
    """Tokens of each modality and who is there, as fusion and heads take them.

    Args:
        tokens: by modality, ``(batch, person, width)``.
        present: by modality, ``(batch, person)`` bool. Where frames are compared, both have a time axis after person.
    """

    tokens: Mapping[str, Tensor]
    present: Mapping[str, Tensor]

    def without(self, modality: str) -> "Encoded":
        """The same with one modality missing of everyone, as if it had never been there."""
        if modality not in self.tokens:
            return self
        tokens = {**self.tokens, modality: torch.zeros_like(self.tokens[modality])}
        return Encoded(tokens, {**self.present, modality: torch.zeros_like(self.present[modality])})
