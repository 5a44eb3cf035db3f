"""Real pairs of people against re-paired strangers: the same people, so that only who sat with whom can tell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.table import Table

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Two people who were recorded together.

    Args:
        name: of the pair.
        first, second: ``(time,)`` the same kind of signal of both, NaN for missing.
        rate: samples per second, in Hz.
        condition: of the study, if it has any.
    """

    name: str
    first: Array
    second: Array
    rate: float
    condition: str = ""


def cut_alike(first: Array, second: Array) -> tuple[Array, Array]:
    """Two signals as long as the shorter one, so that length cannot tell strangers apart."""
    samples = min(len(first), len(second))
    return first[:samples], second[:samples]


def repaired_segments(
    pairs: Sequence[Pair], persons: tuple[str, str], column: str, blocks: int, strangers: int, seed: int
) -> list[Segment]:
    """Segments of real pairs (``real`` 1) and of strangers (``real`` 0).

    Pairs are dealt to blocks, strangers are of one block, and blocks are groups: no fold trains on a person it tests.

    Args:
        pairs: all of them.
        persons: what the two are called.
        column: what the signal is called in each one's table ``signal``.
        blocks: how many; each needs two pairs.
        strangers: of each first person, at most.
        seed: of the dealing.

    Raises:
        InputError: there are too few pairs for so many blocks.
    """
    if blocks < 1 or len(pairs) < 2 * blocks:
        raise InputError(f"Re-pairing {len(pairs)} pairs in {blocks} blocks: each needs two; give fewer blocks")
    rng = np.random.default_rng(seed)
    dealt = np.array_split(rng.permutation(len(pairs)), blocks)
    found = []
    for number, block in enumerate(dealt):
        for place in block:
            others = rng.permutation(block[block != place])[:strangers]
            for other in (place, *others):
                recording = _recording(pairs[place], pairs[other], persons, column)
                labels = {"real": float(other == place)}
                found.append(Segment(recording, persons[0], labels=labels, group=f"block_{number}"))
    return found


def _recording(one: Pair, other: Pair, persons: tuple[str, str], column: str) -> Recording:
    signals = cut_alike(one.first, other.second)
    people = tuple(
        Participant(name, tables={"signal": _table(values, one.rate, column)}) for name, values in zip(persons, signals)
    )
    return Recording(one.name if one is other else f"{one.name}_with_{other.name}", people)


def _table(values: Array, rate: float, column: str) -> Table:
    return Table(values[:, None].astype(np.float32), np.arange(len(values)) / rate, (column,))
