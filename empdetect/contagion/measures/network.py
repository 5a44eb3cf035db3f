"""A group as a network: a measure of every pair, and what each member has in common with the others."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, group, mean
from empdetect.errors import InputError

PairMeasure = Callable[[Array, Array], Array]
"""Takes ``(..., time)`` of two people and gives ``(...)``, such as ``lambda x, y: concordance(x, y, rate).values``."""


@dataclass(frozen=True)
class Network:
    """Ties between the members of a group.

    Args:
        ties: ``(..., person, person)`` from the one in the row to the one in the column; NaN on the diagonal, and for
            somebody who has no usable signal.
        values: ``(...)`` mean of all ties.
        leading: ``(..., person)`` mean of the ties that go out from each; of a measure without direction, its strength.
        following: ``(..., person)`` mean of the ties that come in.
        quality: ``(...)`` share of the ties that could be had.
    """

    ties: Array
    values: Array
    leading: Array
    following: Array
    quality: Array


def network(values: ArrayLike, rate: float, measure: PairMeasure, directed: bool = False) -> Network:
    """The pairwise network of a group of three or more (or two).

    Mean of all ties as in the team measures of Reinero, Dikker and Van Bavel, SCAN 2021; strength of a member as in
    weighted networks (Barrat et al., PNAS 2004; degree in networkx), divided by the number of ties. Cost: that of
    the measure times the pairs, each for all leading dimensions at once.

    Args:
        values: ``(..., person, time)``, NaN for missing.
        rate: samples per second, in Hz.
        measure: of a pair.
        directed: whether the measure tells who leads: ``measure(x, y)`` is then the tie from x to y, and each pair is
            asked both ways round.

    Raises:
        InputError: the signals cannot be used (``gaps.group``), or the measure gives no one number a pair.
    """
    signals = group(values, rate, "Network of a group")
    persons = signals.shape[-2]
    ties = np.full((*signals.shape[:-2], persons, persons), np.nan)
    for one in range(persons):
        for other in range(persons) if directed else range(one + 1, persons):
            if one == other:
                continue
            tie = np.asarray(measure(signals[..., one, :], signals[..., other, :]), np.float64)
            if tie.shape != ties.shape[:-2]:
                raise InputError(
                    f"Network of a group: the measure must give one number a pair, {ties.shape[:-2]}, got {tie.shape}; "
                    "name its '.values', or a mean of them"
                )
            ties[..., one, other] = tie
            if not directed:
                ties[..., other, one] = tie
    flat = ties.reshape(*ties.shape[:-2], -1)
    known = np.isfinite(flat).sum(axis=-1) / (persons * (persons - 1))
    return Network(ties, mean(flat), mean(ties, axis=-1), mean(ties, axis=-2), known)
