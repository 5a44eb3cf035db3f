"""Recurrence quantification: when two people, or all of a group, come back to states they shared, and for how long."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.gaps import Array, Flags, group, pair, standardised
from empdetect.errors import InputError

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Recurrence:
    """Recurrence of pairs or groups.

    Args:
        values: ``(...)`` recurrence rate: share of the compared moments at which states are alike, 0 to 1.
        determinism: ``(...)`` share of those that lie in lines of the least length or longer; NaN without any.
        mean_line: ``(...)`` mean length of these lines, in seconds; NaN without any.
        longest_line: ``(...)`` in seconds; 0 without any.
        profile: ``(..., lag)`` recurrence rate by lag.
        lags: ``(lag,)`` in seconds; positive: the second person follows.
        quality: ``(...)`` share of the compared moments that are known.
    """

    values: Array
    determinism: Array
    mean_line: Array
    longest_line: Array
    profile: Array
    lags: Array
    quality: Array


@dataclass(frozen=True)
class States:
    """What a state is, and what it is to come back to one.

    Args:
        radius: Euclidean distance below which two states are alike, in standard deviations.
        embedding: samples of each signal that make up a state.
        delay: between them, in seconds.
        least_line: samples of the shortest line that counts, 2 or more.
    """

    radius: float = 0.5
    embedding: int = 1
    delay: float = 0.0
    least_line: int = 2

    def of(self, signals: Array, rate: float) -> Array:
        """States ``(..., dimension, time)`` of signals ``(..., signal, time)``.

        Raises:
            InputError: samples and delay do not fit into the signals.
        """
        step, length = round(self.delay * rate), signals.shape[-1]
        left = length - (self.embedding - 1) * step
        if self.embedding < 1 or (self.embedding > 1 and step < 1) or left < 2:
            raise InputError(
                f"Recurrence: 'embedding' must be 1 or more and 'delay' one sample or more that leave two states, got "
                f"{self.embedding} and {self.delay:g} s at {rate:g} Hz for {length} samples"
            )
        return np.concatenate([signals[..., n * step : n * step + left] for n in range(self.embedding)], axis=-2)


def cross_recurrence(
    x: ArrayLike, y: ArrayLike, rate: float, max_lag: float, states: States | None = None
) -> Recurrence:
    """Cross-recurrence quantification (CRQA) within a band of lags, with its diagonal-wise profile.

    States ``(x(t), x(t + delay), ...)`` of standardised signals are alike where their Euclidean distance is below the
    radius (Zbilut, Giuliani and Webber, Phys. Lett. A 1998; RR, DET, L and L_max of Marwan et al., Phys. Rep. 2007;
    profile: Wallot and Leonardi, Front. Psychol. 2018). Only lags of the band are compared, as only they are claimed
    to be contagion; with ``max_lag`` as long as the signals it is the whole plot. Moments that hold an unknown sample
    are compared with none, and end a line.

    Cost: ``O(n lags embedding)``, one pass a lag for all surrogates at once; memory ``O(n embedding)`` a pair.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        max_lag: largest lag in both directions, in seconds.
        states: what is compared; ``States()`` unless given.

    Raises:
        InputError: the signals do not belong together (``gaps.pair``), or a setting is out of its range.
    """
    one, other = pair(x, y, rate, "Cross-recurrence")
    states = states or States()
    first, second = (states.of(standardised(z)[..., None, :], rate) for z in (one, other))
    reach = _reach(max_lag, rate, first.shape[-1], states)
    return _quantified(first, second, range(-reach, reach + 1), states, rate)


def group_recurrence(values: ArrayLike, rate: float, max_lag: float, states: States | None = None) -> Recurrence:
    """Multidimensional recurrence quantification (MdRQA): how often a whole group comes back to a state it was in.

    A state holds all members' standardised signals at a moment: Wallot, Roepstorff and Mønster, "Multidimensional
    recurrence quantification analysis for the analysis of multidimensional time-series", Front. Psychol. 2016. The
    plot is symmetric, so lags above 0 say all; the radius is in the space of all members, so it must grow with
    their number. Cost as for ``cross_recurrence``, times the members.

    Args:
        values: ``(..., person, time)``, NaN for missing.
        rate, states: as for ``cross_recurrence``.
        max_lag: longest time between two moments that are compared, in seconds.

    Raises:
        InputError: the signals cannot be used (``gaps.group``), or a setting is out of its range.
    """
    states = states or States()
    there = states.of(standardised(group(values, rate, "Group recurrence")), rate)
    reach = _reach(max_lag, rate, there.shape[-1], states)
    if reach < 1:
        raise InputError(f"Group recurrence: 'max_lag' must be one sample or more, got {max_lag:g} s")
    return _quantified(there, there, range(1, reach + 1), states, rate)


def _reach(max_lag: float, rate: float, length: int, states: States) -> int:
    if not max_lag >= 0 or not states.radius > 0 or states.least_line < 2:
        raise InputError(
            f"Recurrence: 'max_lag' must be 0 or more seconds, 'radius' above 0 and 'least_line' 2 or more, "
            f"got {max_lag:g}, {states.radius:g} and {states.least_line}"
        )
    return min(round(max_lag * rate), length - 1)


def _quantified(one: Array, other: Array, shifts: Iterable[int], states: States, rate: float) -> Recurrence:
    """Recurrence of states ``(..., dimension, time)`` with others, so many samples later each."""
    steps = np.array(list(shifts))
    counted = [_diagonal(one, other, int(step), states.radius, states.least_line) for step in steps]
    hits, known, compared, points, lines = (np.stack([row[n] for row in counted], axis=-1) for n in range(5))
    longest = np.max([row[5] for row in counted], axis=0)
    seen = known.sum(axis=-1) > 0
    return Recurrence(
        _share(hits.sum(axis=-1), known.sum(axis=-1)),
        _share(points.sum(axis=-1), hits.sum(axis=-1)),
        _share(points.sum(axis=-1), lines.sum(axis=-1)) / rate,
        np.where(seen, longest / rate, np.nan),
        _share(hits, known),
        steps / rate,
        _share(known.sum(axis=-1), compared.sum(axis=-1)),
    )


def _diagonal(one: Array, other: Array, shift: int, radius: float, least: int) -> tuple[Counts, ...]:
    """Along one diagonal, each ``(...)``: hits, known and compared cells, points and number of lines, longest line."""
    length = one.shape[-1]
    first = one[..., max(0, -shift) : length - max(0, shift)]
    second = other[..., max(0, shift) : length - max(0, -shift)]
    square = np.square(first - second).sum(axis=-2)
    with np.errstate(invalid="ignore"):
        hits = square < radius**2
    known = np.isfinite(square)
    compared = np.full(known.shape[:-1], known.shape[-1])
    return hits.sum(axis=-1), known.sum(axis=-1), compared, *line_lengths(hits, least)


def line_lengths(hits: Flags, least: int) -> tuple[Counts, Counts, Counts]:
    """Runs of hits along ``(..., time)``: points in those of the least length, how many of these, and the longest."""
    shape = hits.shape[:-1]
    flat = np.pad(hits.reshape(-1, hits.shape[-1]).astype(np.int8), ((0, 0), (1, 1)))
    edges = np.diff(flat, axis=1)
    rows, begins = np.nonzero(edges == 1)
    lengths = np.nonzero(edges == -1)[1] - begins
    counts, long = len(flat), lengths >= least
    points = np.bincount(rows[long], lengths[long], counts).astype(np.int64)
    lines = np.bincount(rows[long], minlength=counts)
    longest = np.zeros(counts, np.int64)
    np.maximum.at(longest, rows, lengths)
    return points.reshape(shape), lines.reshape(shape), longest.reshape(shape)


def _share(part: Counts, whole: Counts) -> Array:
    return np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
