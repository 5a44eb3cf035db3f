"""Conformer block whose answer about a row does not depend on how far the row is padded.

torchaudio's conformer normalises over padded frames too and lets its convolution see them: a recording's
score would change with what else is in its batch. Here both are masked.
"""

from torch import Tensor, nn


class ConformerBlock(nn.Module):
    """Half a feed-forward step, self-attention, convolution, half a feed-forward step (Gulati et al., 2020, eq. 1).

    ``(batch, time, width)`` to the same shape. The convolution is normalised over features instead of
    over the batch, so that it holds in batches of any size.

    Args:
        width: of the network.
        heads: attention heads.
        kernel: frames the convolution sees, odd.
        dropout: share of activations dropped in training.
    """

    def __init__(self, width: int, heads: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.before = _feed_forward(width, dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout=dropout, batch_first=True)
        self.convolution = _Convolution(width, kernel, dropout)
        self.after = _feed_forward(width, dropout)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        # A row without any frame attends to all of them: finite, and left out by what comes after.
        hidden_from = ~mask & mask.any(dim=1, keepdim=True)
        x = x + 0.5 * self.before(x)
        normed = self.attention_norm(x)
        attended, _ = self.attention(normed, normed, normed, key_padding_mask=hidden_from, need_weights=False)
        x = x + self.dropout(attended)
        x = x + self.convolution(x, mask)
        return self.norm(x + 0.5 * self.after(x))


class _Convolution(nn.Module):
    """Gated depthwise convolution over the observed frames."""

    def __init__(self, width: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.gated = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GLU())
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.mixed = nn.Sequential(nn.LayerNorm(width), nn.SiLU(), nn.Linear(width, width), nn.Dropout(dropout))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        gated = self.gated(x) * mask.unsqueeze(-1)
        return self.mixed(self.depthwise(gated.transpose(1, 2)).transpose(1, 2))


def _feed_forward(width: int, dropout: float) -> nn.Module:
    return nn.Sequential(
        nn.LayerNorm(width),
        nn.Linear(width, 4 * width),
        nn.SiLU(),
        nn.Dropout(dropout),
        nn.Linear(4 * width, width),
        nn.Dropout(dropout),
    )
