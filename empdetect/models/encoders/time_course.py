"""Time course encoder: how features rise and fall over a segment, nothing learned. For responses to an event."""

import torch
from torch import Tensor

from empdetect.errors import InputError
from empdetect.models.encoders.base import Encoder


class TimeCourseEncoder(Encoder):
    """Means of each feature over equal parts of the segment, one after the other.

    A part's mean is that of the known values of its observed frames; 0, which is the mean of the training set,
    where none is known.

    Args:
        features: number of features a frame.
        parts: how many; 1 is the mean over all.
    """

    def __init__(self, features: int, parts: int = 1) -> None:
        super().__init__()
        if parts < 1:
            raise InputError(f"Time course encoder: 'parts' must be 1 or more, got {parts}")
        self.features = features
        self.parts = parts
        self.width = features * parts

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        known = x.isfinite() & mask.unsqueeze(-1)
        values = x.masked_fill(~known, 0.0)
        member = self._parts(mask).to(x.dtype).transpose(1, 2)
        total, count = member @ values, member @ known.to(x.dtype)
        return (total / count.clamp(min=1)).flatten(1)

    def _parts(self, mask: Tensor) -> Tensor:
        """In which part each frame lies ``(batch, time, part)``; a row ends with its last observed frame."""
        place = torch.arange(mask.shape[1], device=mask.device)
        length = torch.where(mask, place + 1, 0).amax(dim=1, keepdim=True).clamp(min=1)
        part = (place * self.parts // length).clamp(max=self.parts - 1)
        return part.unsqueeze(-1) == torch.arange(self.parts, device=mask.device)
