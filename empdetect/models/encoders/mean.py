"""Mean encoder: the frames of a person as one vector, nothing learned. For features that already describe a stretch."""

from torch import Tensor

from empdetect.models.encoders.base import Encoder


class MeanEncoder(Encoder):
    """Mean of the known values of the observed frames; 0, which is the mean of the training set, where none is known.

    Args:
        features: number of features a frame, and of the vector.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.width = features

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        known = x.isfinite() & mask.unsqueeze(-1)
        total = x.masked_fill(~known, 0.0).sum(dim=1)
        return total / known.sum(dim=1).clamp(min=1)
