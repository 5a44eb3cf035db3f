"""Transfer entropy: how many bits of one person's next state the other's past tells beyond the own past."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.gaps import Array, pair
from empdetect.errors import InputError

Codes = NDArray[np.int64]

FEWEST = 5
"""Samples a cell of the joint table needs on average: below, entropies say more of chance than of people."""


@dataclass(frozen=True)
class TransferEntropy:
    """Transfer entropy by lag.

    Args:
        values: ``(..., lag)`` in bits; about 0 of independent signals, and slightly below or above by chance. NaN where
            a signal does not vary or too little is known.
        lags: ``(lag,)`` in seconds, growing, without 0: positive where the first person leads and the second follows so
            much later, negative where the first follows the second.
        samples: ``(..., lag)`` moments that entered.
        quality: ``(...)`` share of the moments that are known, at the lag at which most are.
    """

    values: Array
    lags: Array
    samples: NDArray[np.int64]
    quality: Array

    @property
    def net(self) -> Array:
        """``(...)`` greatest value where the first leads less the greatest where the second does, in bits.

        A maximum over lags is above 0 by chance: it is for comparing with the same of surrogates.
        """
        leads, follows = self.values[..., self.lags > 0], self.values[..., self.lags < 0]
        return np.asarray(np.max(leads, axis=-1) - np.max(follows, axis=-1))


def transfer_entropy(
    x: ArrayLike, y: ArrayLike, rate: float, max_lag: float, bins: int = 3, past: float | None = None
) -> TransferEntropy:
    """Transfer entropy ``I(y(t); x(t - lag) | y(t - past))`` and the same with both exchanged, at each lag.

    Schreiber, PRL 2000, eq. 4, with the interaction delay of Wibral et al., PLoS ONE 2013 (the follower's own past
    stays right before its present, so the greatest value is at the true delay). Each signal is cut into bins that
    hold equally many of its samples, so only the order of values counts. Entropies are counted and corrected for the
    number of cells (Miller, 1955): without, independent signals would seem to tell of each other.

    Cost: ``O(n lags)``, one count a lag for all surrogates at once; memory ``O(n)`` a pair.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        max_lag: longest lag in both directions, in seconds.
        bins: 2 to 8; each doubling needs eight times the data.
        past: how far before its present the follower's own past lies, in seconds; None is one sample.

    Raises:
        InputError: the signals do not belong together (``gaps.pair``), or a setting is out of its range.
    """
    one, other = pair(x, y, rate, "Transfer entropy")
    length = one.shape[-1]
    reach, back = round(max_lag * rate), 1 if past is None else round(past * rate)
    if not 2 <= bins <= 8 or not 1 <= reach < length or not 1 <= back < length:
        raise InputError(
            f"Transfer entropy: 'bins' must be 2 to 8, and 'max_lag' and 'past' one sample or more within the "
            f"signals' {length / rate:g} s; got {bins}, {max_lag:g} and {past} s at {rate:g} Hz"
        )
    shape = one.shape[:-1]
    codes = [binned(z, bins).reshape(-1, length) for z in (one, other)]
    follows = [_bits(codes[1], codes[0], lag, back, bins) for lag in range(reach, 0, -1)]
    leads = [_bits(codes[0], codes[1], lag, back, bins) for lag in range(1, reach + 1)]
    values, samples = (np.stack(parts, axis=-1) for parts in zip(*follows, *leads))
    lags = np.concatenate([np.arange(-reach, 0), np.arange(1, reach + 1)])
    most = samples.max(axis=-1) / (length - 1)
    return TransferEntropy(
        values.reshape(*shape, -1), lags / rate, samples.reshape(*shape, -1), np.minimum(most, 1).reshape(shape)
    )


def binned(values: Array, bins: int) -> Codes:
    """Number ``(..., time)`` of the bin of each sample, from 0, by the signal's own quantiles; -1 where unknown."""
    known = np.isfinite(values)
    count = known.sum(axis=-1, keepdims=True)
    ordered = np.sort(values, axis=-1)
    codes = np.where(known, 0, -1)
    for cut in range(1, bins):
        place = np.clip(np.ceil(count * cut / bins).astype(np.int64), 0, values.shape[-1] - 1)
        edge = np.take_along_axis(ordered, place, axis=-1)
        with np.errstate(invalid="ignore"):
            codes += known & (values >= edge)
    return codes


def _bits(leader: Codes, follower: Codes, lag: int, back: int, bins: int) -> tuple[Array, NDArray[np.int64]]:
    """Transfer entropy ``(pair,)`` from leader to follower in bits, and the number of moments."""
    first, length = max(lag, back), follower.shape[1]
    now, own, others = (
        follower[:, first:],
        follower[:, first - back : length - back],
        leader[:, first - lag : length - lag],
    )
    known = (now >= 0) & (own >= 0) & (others >= 0)
    cells = bins**3
    place = np.where(known, (now * bins + own) * bins + others, cells)
    place += np.arange(len(place))[:, None] * (cells + 1)
    counts = np.bincount(place.ravel(), minlength=len(place) * (cells + 1)).reshape(len(place), cells + 1)
    table = counts[:, :cells].reshape(-1, bins, bins, bins)
    samples = known.sum(axis=1)
    bits = (
        _entropy(table.sum(axis=3)) - _entropy(table.sum(axis=(1, 3))) - _entropy(table) + _entropy(table.sum(axis=1))
    )
    return np.where(samples >= FEWEST * cells, bits, np.nan), samples


def _entropy(table: Codes) -> Array:
    """Entropy ``(pair,)`` in bits of counts ``(pair, ...)``, with Miller's correction by the number of cells."""
    counts = table.reshape(len(table), -1)
    total = np.maximum(counts.sum(axis=1), 1)
    share = counts / total[:, None]
    plain = -(share * np.log2(share, out=np.zeros(share.shape), where=share > 0)).sum(axis=1)
    return np.asarray(plain + ((counts > 0).sum(axis=1) - 1) / (2 * total * np.log(2)))
