"""How far one person's frames go along with another's a while later: products over lags, and what chance gives."""

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor


def lag_products(lead: Tensor, follow: Tensor, window: int, most: int) -> Tensor:
    """Sums of products ``lead(t) * follow(t + lag)`` over the windows that the leading frame lies in.

    Every pair of frames at most ``most`` apart is in exactly one window: none is lost at the borders.

    Args:
        lead, follow: ``(..., time)``, 0 where not known.
        window: frames of a window.
        most: longest lag, in frames.

    Returns:
        ``(..., window, 2 * most + 1)``, lags from ``-most`` to ``most``.
    """
    length = lead.shape[-1]
    windows = max(1, -(-length // window))
    padded = windows * window - length
    leading = F.pad(lead, (0, padded)).unflatten(-1, (windows, window))
    following = F.pad(follow, (most, most + padded)).unfold(-1, window + 2 * most, window)
    size = next_fast_len(window + 2 * most, real=True)
    spectrum = torch.fft.rfft(leading, n=size).conj() * torch.fft.rfft(following, n=size)
    return torch.fft.irfft(spectrum, n=size)[..., : 2 * most + 1]


def chance_square(lead: Tensor, follow: Tensor, pairs: Tensor) -> Tensor:
    """Variance, by chance, of the sum of products of two signals' frames, for each pair of frames in it: ``(...)``.

    Bartlett's formula: the sum over all lags of the product of the two autocovariances (Box, Jenkins and Reinsel, Time
    Series Analysis, section 12.1), taken from the two spectra. A sum over n pairs of two independent signals, whatever
    their memory, has a variance of about n times this.

    Args:
        lead, follow: ``(..., time)`` of mean 0, and 0 where not known.
        pairs: ``(...)`` known frames of the one times known frames of the other.
    """
    size = 2 * next_fast_len(lead.shape[-1], real=True)
    power = _power(lead, size) * _power(follow, size)
    # Of a real signal all frequencies but the first and the last stand for two.
    whole = (2 * power.sum(dim=-1) - power[..., 0] - power[..., -1]) / size
    return whole / pairs.clamp(min=1)


def evidence(
    lead: Tensor, follow: Tensor, led: Tensor, followed: Tensor, window: int, most: int
) -> tuple[Tensor, Tensor]:
    """Sums of products over lags in units of their spread by chance: about normal where nobody follows.

    The spread is itself estimated, and the less well the fewer independent frames there are: how many is told besides.

    Args:
        lead, follow: ``(batch, head, time)``, 0 where not known.
        led, followed: ``(batch, time)`` where they are known.
        window: frames of a window.
        most: longest lag, in frames.

    Returns:
        ``(batch, head, 1 + window, 2 * most + 1)``: of the whole time first, then of each window; 0 where no frames
        of the two lie at that lag. And ``(batch, head)``: pairs of independent frames that would tell as much.
    """
    products = lag_products(lead, follow, window, most)
    products = torch.cat([products.sum(dim=-2, keepdim=True), products], dim=-2)
    with torch.no_grad():
        led, followed = led.to(lead.dtype).unsqueeze(1), followed.to(lead.dtype).unsqueeze(1)
        pairs = lag_products(led, followed, window, most).round()
        pairs = torch.cat([pairs.sum(dim=-2, keepdim=True), pairs], dim=-2)
    each = chance_square(lead, follow, led.sum(dim=-1) * followed.sum(dim=-1))
    spread = (each[..., None, None] * pairs).clamp(min=1e-12).sqrt()
    squares = [
        x.square().sum(dim=-1) / there.sum(dim=-1).clamp(min=1) for x, there in ((lead, led), (follow, followed))
    ]
    free = torch.minimum(led.sum(dim=-1), followed.sum(dim=-1)) * squares[0] * squares[1] / each.clamp(min=1e-12)
    return torch.where(pairs > 0, products / spread, torch.zeros_like(products)), free


def _power(x: Tensor, size: int) -> Tensor:
    spectrum = torch.view_as_real(torch.fft.rfft(x, n=size))
    return spectrum.square().sum(dim=-1)
