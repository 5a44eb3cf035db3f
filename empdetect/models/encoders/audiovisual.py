"""Audiovisual encoders: a small network over face crops and motion, and torchvision's video networks."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from empdetect.errors import InputError
from empdetect.models.encoders.base import AttentiveStatistics, Encoder, InputLayer
from empdetect.models.encoders.pretrained import loading
from empdetect.models.encoders.temporal import TemporalConvBlock

AT_ONCE = 64
"""Crops that go through the convolutions together."""


class FaceEncoder(Encoder):
    """Convolutions over each aligned face crop, temporal convolutions over crops and motion.

    Args:
        size: height and width of a crop in pixels, as ``features.face.Face`` gives them.
        motion: motion features that follow the pixels.
        width: of the network and of its vector.
        layers: temporal blocks.
        dropout: share of activations dropped in training.
    """

    standardize = False

    def __init__(self, size: int = 48, motion: int = 4, width: int = 64, layers: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        self.size = size
        self.motion = motion
        self.width = width
        self.layers = layers
        self.dropout = dropout
        self.features = size * size + motion
        self.crop = nn.Sequential(
            _shrink(1, 16), _shrink(16, 32), _shrink(32, width), nn.AdaptiveAvgPool2d(2), nn.Flatten()
        )
        self.from_crop = nn.Linear(4 * width, width)
        self.from_motion = InputLayer(motion, width)
        self.blocks = nn.ModuleList(TemporalConvBlock(width, 3, 2**i, dropout) for i in range(layers))
        self.pool = AttentiveStatistics(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        pixels, motion = x[..., : self.size**2], x[..., self.size**2 :]
        hidden = self.from_motion(motion)
        # Only frames with a face go through the convolutions: lost ones cost nothing.
        crops = pixels[mask].nan_to_num(0.0).view(-1, 1, self.size, self.size)
        if len(crops):
            if self.training:
                crops = _flip_half(crops)
            seen = torch.zeros_like(hidden)
            # A few at a time: what the first layers give of a thousand crops fits into no cache.
            vectors = torch.cat([self.crop(part) for part in crops.split(AT_ONCE)])
            seen[mask] = self.from_crop(vectors).to(hidden.dtype)
            hidden = hidden + seen
        for block in self.blocks:
            hidden = block(hidden, mask)
        return self.pool(hidden, mask)


class TorchvisionVideoEncoder(Encoder):
    """A video network of torchvision, by name, over colour clips from ``features.face.VideoClip``.

    Args:
        network: name of a network in ``torchvision.models.video``, e.g. ``r3d_18``.
        size: height and width of a frame in pixels.
        weights: file of weights saved with safetensors; None starts from random ones.
        learning_rate: of this encoder.
    """

    standardize = False

    def __init__(
        self,
        network: str = "r3d_18",
        size: int = 112,
        weights: str | None = None,
        learning_rate: float | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.size = size
        self.weights = weights
        self.learning_rate = learning_rate
        self.features = 3 * size * size
        self.backbone, self.width = _video_network(network, weights)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, time = x.shape[:2]
        clip = x.nan_to_num(0.0).view(batch, time, 3, self.size, self.size).transpose(1, 2)
        return self.backbone(clip)


def _video_network(name: str, weights: str | None) -> tuple[nn.Module, int]:
    """A torchvision video network whose last layer is left out, and the length of its vector."""
    from torchvision.models import get_model, list_models, video

    known = list_models(module=video)
    if name not in known:
        raise InputError(f"Loading the video network '{name}': torchvision has {', '.join(known)}")
    backbone = get_model(name, weights=None)
    name_of_last, last = [(n, m) for n, m in backbone.named_modules() if isinstance(m, nn.Linear)][-1]
    backbone.set_submodule(name_of_last, nn.Identity())
    if weights is not None:
        from safetensors.torch import load_model

        with loading(weights, name):
            load_model(backbone, weights)
    return backbone, int(last.in_features)


def _shrink(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.GroupNorm(4, outputs), nn.GELU(), _Halve())


class _Halve(nn.Module):
    """The largest of each 2 by 2 pixels, the odd last row and column left out: ``nn.MaxPool2d(2)``."""

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return F.max_pool2d(x, 2)
        # The same values six times faster on a CPU; only the gradient of ties is another.
        height, width = (2 * (size // 2) for size in x.shape[-2:])
        rows = torch.maximum(x[..., 0:height:2, :], x[..., 1:height:2, :])
        return torch.maximum(rows[..., 0:width:2], rows[..., 1:width:2])


def _flip_half(crops: Tensor) -> Tensor:
    """Mirror a random half of the crops: a face says the same either way round."""
    flip = torch.rand(len(crops), 1, 1, 1, device=crops.device) < 0.5
    return torch.where(flip, crops.flip(-1), crops)
