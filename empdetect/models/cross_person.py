"""Cross-person attention: each person's frames look for the other's a while earlier and later.

The weight of one person's frame for another's is the product of the two, as in any attention (Vaswani et al., NeurIPS
2017), but places are relative: what counts is the lag between them. Summed over time that is a volume of
evidence over lags (as the correlation volume of optical flow: Teed and Deng, ECCV 2020), each head's in units of what
chance gives. Both orders of the two people go through one network, so exchanging them exchanges who leads, turns the
sign of the lag, and changes nothing else.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from empdetect.errors import InputError
from empdetect.models.lags import evidence
from empdetect.task import Task

DIRECTIONS = ("leads", "follows", "both")
"""Classes of the target that tells what the scored person does, in this order."""
LOOKS = 2
"""Lags that are looked at: around 0 and further off. People may see the same thing, and follow each other besides."""
AT_ONCE = 0.25
"""Seconds. Lags that people who see the same thing may have, and that tell nothing of who follows whom."""
UNSEEN = -1e4
"""Score of a lag that is not looked at."""


class CrossPersonAttention(nn.Module):
    """Whether two people go along with each other, who leads, and how much later the other comes.

    It takes the place of fusion and heads. The task must be of two persons; each target that ``presence`` names is
    binary, ``direction`` is nominal with the classes leads, follows, both, and ``lag`` a number from ``-max_lag`` to
    ``max_lag`` in seconds, positive if the other person follows the scored one.

    Args:
        features: width of the encoder's frames.
        rate: frames per second, in Hz.
        max_lag: longest lag it looks at, in seconds.
        heads: pairs of filters, one for who leads and one for who follows.
        width: of the network over lags.
        layers: of the network over lags; each doubles how far it sees.
        window: seconds of a window; windows are weighed by attention, as people may be coupled at times only.
        presence: names of the binary targets.
        direction: name of the nominal target.
        lag: name of the number.

    Raises:
        InputError: no lag but those near 0 lies within ``max_lag``.
    """

    late: Tensor

    def __init__(
        self,
        features: int = 6,
        rate: float = 10.0,
        max_lag: float = 5.0,
        heads: int = 4,
        width: int = 32,
        layers: int = 4,
        window: float = 40.0,
        presence: Sequence[str] = ("synchrony", "coupling"),
        direction: str = "direction",
        lag: str = "lag",
    ) -> None:
        super().__init__()
        if not (rate > 0 and max_lag > AT_ONCE and max_lag * rate >= 1 and window * rate >= 1):
            raise InputError(
                f"Building cross-person attention: a frame at least must lie within {max_lag:g} s and within a window "
                f"of {window:g} s; at {rate:g} Hz none does"
            )
        self.features = features
        self.rate = rate
        self.max_lag = max_lag
        self.heads = heads
        self.width = width
        self.layers = layers
        self.window = window
        self.presence = tuple(presence)
        self.direction = direction
        self.lag = lag
        self.most = round(max_lag * rate)
        self.lead = _projection(features, heads)
        self.follow = _projection(features, heads)
        self.volume = LagNetwork(2 * heads, width, layers, self.most)
        self.look = _Glance(width, LOOKS)
        self.where = _Glance(width, 1)
        late = torch.arange(-self.most, self.most + 1).abs() > AT_ONCE * rate
        self.register_buffer("late", late, persistent=False)
        seen = LOOKS * (width + 1)
        self.there = nn.ModuleDict({name: _head(seen) for name in self.presence})
        self.which = nn.ModuleDict({"one": _head(2 * seen), "both": _head(seen)})

    def check(self, task: Task) -> None:
        """Make sure that the task is one that it answers.

        Raises:
            InputError: it is not.
        """
        problem = _problem(self, task)
        if problem:
            raise InputError(f"Building cross-person attention: {problem}")

    def forward(self, frames: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Outputs of every target.

        Args:
            frames: ``(batch, person, time, feature)``, the scored person first.
            mask: ``(batch, person, time)``; unobserved frames have no part in it.

        Returns:
            By target, ``(batch, outputs)``.
        """
        first, one = self._volumes(frames, mask)
        second, other = self._volumes(frames.flip(1), mask.flip(1))
        # One network for both orders: what the other order says of a lag stands at the lag's mirror image.
        orders = torch.cat([_joined(first, second), _joined(second, first)])
        free = torch.cat([torch.cat([one, other], dim=1), torch.cat([other, one], dim=1)])
        ours, theirs = self.volume(orders, free).chunk(2)
        evident = (orders[:, :, 0].square().mean(dim=1, keepdim=True) / 2).log1p() / 2
        look, where = (
            _both(glance(ours, evident[: len(ours)]), glance(theirs, evident[len(ours) :]))
            for glance in (self.look, self.where)
        )
        # The first look sees what happens at once; the second, and the lag, what comes late.
        seen = torch.stack([~self.late, self.late])
        look, where = look.masked_fill(~seen, UNSEEN), where.masked_fill(~self.late, UNSEEN)
        answers = self._answers(_pooled(ours, look), _pooled(theirs, look.flip(-1)))
        lags = torch.linspace(0, 1, 2 * self.most + 1, device=frames.device)
        answers[self.lag] = (where.softmax(dim=-1) * lags).sum(dim=-1)
        return answers

    def _answers(self, ours: Tensor, theirs: Tensor) -> dict[str, Tensor]:
        """Outputs but for the lag, from what is seen of each order ``(batch, seen)``."""
        answers = {name: head(ours) + head(theirs) for name, head in self.there.items()}
        one, both = self.which["one"], self.which["both"]
        leads, follows = one(torch.cat([ours, theirs], dim=-1)), one(torch.cat([theirs, ours], dim=-1))
        answers[self.direction] = torch.cat([leads, follows, both(ours) + both(theirs)], dim=-1)
        return answers

    def _volumes(self, frames: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Evidence ``(batch, head, 1 + window, lag)`` that the second follows the first, by lag from -most to most.

        And how many independent frames it rests on, ``(batch, head)``.
        """
        window = round(self.window * self.rate)
        lead = (self.lead(frames[:, 0]) * mask[:, 0].unsqueeze(-1)).transpose(1, 2)
        follow = (self.follow(frames[:, 1]) * mask[:, 1].unsqueeze(-1)).transpose(1, 2)
        return evidence(lead, follow, mask[:, 0], mask[:, 1], window, self.most)


class LagNetwork(nn.Module):
    """From evidence over lags, whole and window by window, to what stands at each lag.

    Args:
        channels: of the evidence.
        width: of the answer.
        layers: residual convolutions over lags.
        most: longest lag, in frames.
    """

    place: Tensor

    def __init__(self, channels: int, width: int, layers: int, most: int) -> None:
        super().__init__()
        self.whole = nn.Conv1d(2 * channels + 2, width, 5, padding=2)
        self.part = nn.Conv2d(channels, width, (1, 5), padding=(0, 2))
        self.weight = nn.Conv2d(width, 1, 1)
        self.blocks = nn.ModuleList(_LagBlock(width, 2**number) for number in range(layers))
        lags = torch.linspace(-1, 1, 2 * most + 1)
        self.register_buffer("place", torch.stack([lags, lags.abs()]), persistent=False)

    def forward(self, volume: Tensor, free: Tensor) -> Tensor:
        """What stands at each lag, ``(batch, width, lag)``.

        Args:
            volume: evidence ``(batch, channel, 1 + window, lag)``.
            free: ``(batch, channel)`` independent frames that it rests on: of few, much evidence is soon there.
        """
        # Evidence grows with the length of the recording: hours must not drown what minutes have taught.
        volume = volume.sign() * volume.abs().log1p()
        place = self.place.expand(len(volume), -1, -1)
        rests = (free.clamp(min=1).log() / 2 - 2).unsqueeze(-1).expand(-1, -1, volume.shape[-1])
        hidden = self.whole(torch.cat([volume[:, :, 0], rests, place], dim=1)) + self._parts(volume[:, :, 1:])
        for block in self.blocks:
            hidden = block(hidden)
        return hidden

    def _parts(self, windows: Tensor) -> Tensor:
        """Attention over the windows ``(batch, channel, window, lag)`` with frames in them: ``(batch, width, lag)``."""
        seen = (windows != 0).any(dim=1).any(dim=-1)
        seen = (seen | ~seen.any(dim=1, keepdim=True))[:, None, :, None]
        hidden = nn.functional.gelu(self.part(windows))
        weights = self.weight(hidden).masked_fill(~seen, float("-inf")).softmax(dim=2)
        return (weights * hidden).sum(dim=2)


class _Glance(nn.Module):
    """Scores of lags: what the network makes of them, added to the evidence itself.

    Of normal evidence z at one lag alone, the odds of that lag are ``exp(z ** 2 / 2)``. Added is a gentle form of it,
    ``log(1 + z ** 2 / 2)``, so that lags are looked at from the first step on, and none for good.

    Args:
        width: of the network.
        looks: scores it gives.
    """

    def __init__(self, width: int, looks: int) -> None:
        super().__init__()
        self.made = nn.Conv1d(width, looks, 1)

    def forward(self, x: Tensor, evident: Tensor) -> Tensor:
        scores: Tensor = self.made(x) + evident
        return scores


class _LagBlock(nn.Module):
    """Residual dilated convolution over lags, ``(batch, width, lag)`` to the same shape."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(1, width)
        self.conv = nn.Conv1d(width, 2 * width, 5, padding=2 * dilation, dilation=dilation)
        self.gate = nn.GLU(dim=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.gate(self.conv(self.norm(x)))


def _projection(features: int, heads: int) -> nn.Linear:
    """Frames to heads; without a constant, so that what was not observed stays 0."""
    layer = nn.Linear(features, heads, bias=False)
    with torch.no_grad():
        layer.weight.mul_(0.3)
        for head in range(heads):  # each starts as one of the encoder's filters, for both people
            layer.weight[head, head % features] += 1
    return layer


def _head(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 32), nn.GELU(), nn.Linear(32, 1))


def _joined(first: Tensor, second: Tensor) -> Tensor:
    """Evidence of one order with the other's at the mirrored lags."""
    return torch.cat([first, second.flip(-1)], dim=1)


def _both(ours: Tensor, theirs: Tensor) -> Tensor:
    """Scores of lags ``(batch, look, lag)``, both orders having their say."""
    return ours + theirs.flip(-1)


def _pooled(x: Tensor, scores: Tensor) -> Tensor:
    """What stands at the lags that are looked at, and how evident they are.

    Args:
        x: ``(batch, width, lag)``.
        scores: ``(batch, look, lag)``.

    Returns:
        ``(batch, look * (width + 1))``
    """
    seen = torch.einsum("bwl,bkl->bkw", x, scores.softmax(dim=-1))
    return torch.cat([seen.flatten(1), scores.logsumexp(dim=-1).clamp(min=0).log1p()], dim=-1)


def _problem(attention: CrossPersonAttention, task: Task) -> str | None:
    names = [target.name for target in task.targets]
    asked = [*attention.presence, attention.direction, attention.lag]
    if sorted(names) != sorted(asked):
        return f"it answers {', '.join(asked)}, the task asks for {', '.join(names)}"
    if task.persons != 2:
        return f"the task must be of 2 persons, got {task.persons}; score the pairs of a group one by one"
    if any(task.target(name).kind != "binary" for name in attention.presence):
        return f"{', '.join(attention.presence)} must be binary"
    if task.target(attention.direction).classes != DIRECTIONS:
        return f"'{attention.direction}' must be nominal with the classes {', '.join(DIRECTIONS)}"
    if task.target(attention.lag).range != (-attention.max_lag, attention.max_lag):
        return f"'{attention.lag}' must be a number with the range -{attention.max_lag:g} to {attention.max_lag:g} s"
    return None
