"""Temporal convolution network: for physiology, frozen text embeddings, and tables of features."""

from torch import Tensor, nn

from empdetect.models.encoders.base import AttentiveStatistics, Encoder, InputLayer


class TemporalConvBlock(nn.Module):
    """Residual dilated convolution over time, after Bai et al., arXiv 1803.01271, but not causal.

    ``(batch, time, width)`` to the same shape. Frames outside the mask are zeroed, so that padding
    never reaches an observed frame.
    """

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv = nn.Conv1d(width, 2 * width, kernel, padding=dilation * (kernel // 2), dilation=dilation)
        self.gate = nn.GLU(dim=1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        hidden = (self.norm(x) * mask.unsqueeze(-1)).transpose(1, 2)
        return x + self.dropout(self.gate(self.conv(hidden)).transpose(1, 2))


class TemporalConvEncoder(Encoder):
    """Temporal convolution network with attentive statistics pooling.

    Args:
        features: number of features a frame.
        width: of the network and of its vector.
        layers: blocks; each doubles the dilation. 0 pools the projected frames as they are.
        kernel: frames a convolution sees, odd.
        dropout: share of activations dropped in training.
    """

    def __init__(self, features: int, width: int = 64, layers: int = 3, kernel: int = 5, dropout: float = 0.2) -> None:
        super().__init__()
        self.features = features
        self.width = width
        self.layers = layers
        self.kernel = kernel
        self.dropout = dropout
        self.input = InputLayer(features, width)
        self.blocks = nn.ModuleList(TemporalConvBlock(width, kernel, 2**i, dropout) for i in range(layers))
        self.pool = AttentiveStatistics(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        hidden = self.input(x)
        for block in self.blocks:
            hidden = block(hidden, mask)
        return self.pool(hidden, mask)
