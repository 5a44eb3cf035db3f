"""Statistics encoder: what a few hundred examples can teach, where networks over frames only learn them by heart."""

import torch
from torch import Tensor, nn

from empdetect.models.encoders.base import Encoder, RunningStatistics

QUANTILES = (0.1, 0.5, 0.9)
PER_FEATURE = 2 + len(QUANTILES) + 2 + 1
"""Mean and spread, quantiles, spread and mean size of the change from frame to frame, share of known frames."""


class StatisticsEncoder(Encoder):
    """Statistics of each feature over time, as the functionals of openSMILE, through a small network.

    The statistics are standardised with the mean and spread of all that was seen in training, so
    the frames come in their own units.

    Args:
        features: number of features a frame.
        width: of the network and of its vector.
        layers: hidden layers; 0 gives the standardised statistics themselves, whose number is then the width.
        dropout: share of activations dropped in training.
        input_dropout: share of statistics dropped in training.
        level: column with the level in dB, such as 65 for ``energy_db`` after 64 mel bands: frames more
            than ``reach`` below the loudest are pauses and left out of all but ``share``; None keeps all.
        reach: in dB.
        centred: whether to take each feature's own median off first, so that only what changes counts:
            the expression of a face, not whose face it is.
    """

    standardize = False

    def __init__(
        self,
        features: int,
        width: int = 128,
        layers: int = 2,
        dropout: float = 0.5,
        input_dropout: float = 0.2,
        level: int | None = None,
        reach: float = 35.0,
        centred: bool = False,
    ) -> None:
        super().__init__()
        self.features = features
        inputs = features * PER_FEATURE + 1
        self.width = width if layers else inputs
        self.layers = layers
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.level = level
        self.reach = reach
        self.centred = centred
        self.scale = RunningScale(inputs)
        self.thin = nn.Dropout(input_dropout)
        self.network = nn.Sequential(
            *(_layer(inputs if index == 0 else width, width, dropout) for index in range(layers))
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.centred:
            x = x - x.masked_fill(~mask.unsqueeze(-1), float("nan")).nanmedian(dim=1, keepdim=True).values
        found = statistics(x, mask if self.level is None else self._sounding(x, mask), mask)
        hidden: Tensor = self.network(self.thin(self.scale(found).clamp(-4, 4)))
        return hidden

    def _sounding(self, x: Tensor, mask: Tensor) -> Tensor:
        """Frames ``(batch, time)`` that are no pauses."""
        level = x[..., self.level].masked_fill(~mask, float("-inf")).nan_to_num(float("-inf"))
        return mask & (level >= level.amax(dim=1, keepdim=True) - self.reach)


class RunningScale(RunningStatistics):
    """Subtracts the mean and divides by the spread of all rows seen in training: ``(batch, width)``.

    Unlike batch normalisation it does not depend on who else is in the batch.
    """

    seen: Tensor
    mean: Tensor
    variance: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.zeros(width))

    def reset_running_stats(self) -> None:
        """No row was seen."""
        for moment in (self.seen, self.mean, self.variance):
            moment.zero_()

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self._learn(x.detach())
        # A statistic that never varies must not be blown up.
        spread = self.variance.sqrt()
        return (x - self.mean) / torch.where(spread > 1e-6, spread, torch.ones_like(spread))

    def _learn(self, x: Tensor) -> None:
        """Merge the moments of new rows (Chan et al., 1983, eq. 2.1)."""
        total = self.seen + len(x)
        share = len(x) / total
        shift = x.mean(dim=0) - self.mean
        self.variance += share * (x.var(dim=0, correction=0) - self.variance + (1 - share) * shift.square())
        self.mean += share * shift
        self.seen.copy_(total)


def statistics(x: Tensor, used: Tensor, mask: Tensor) -> Tensor:
    """Statistics over time ``(batch, features * PER_FEATURE + 1)``; 0 where nothing is known.

    Args:
        x: ``(batch, time, feature)``, NaN where unknown.
        used: ``(batch, time)`` frames to describe.
        mask: ``(batch, time)`` frames that were observed; the last statistic is the log of their number.
    """
    x = x.float().masked_fill(~used.unsqueeze(-1), float("nan"))
    change = x[:, 1:] - x[:, :-1]
    quantiles = torch.nanquantile(x, torch.tensor(QUANTILES, device=x.device), dim=1).unbind(0)
    share = torch.isfinite(x).sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
    parts = [x.nanmean(dim=1), _spread(x), *quantiles, _spread(change), change.abs().nanmean(dim=1), share]
    length = mask.sum(dim=1, keepdim=True).clamp(min=1).log()
    return torch.cat([*parts, length], dim=1).nan_to_num(0.0)


def _spread(x: Tensor) -> Tensor:
    """Standard deviation over time of what is known: ``(batch, time, feature)`` to ``(batch, feature)``."""
    return (x - x.nanmean(dim=1, keepdim=True)).square().nanmean(dim=1).sqrt()


def _layer(inputs: int, width: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(dropout))
