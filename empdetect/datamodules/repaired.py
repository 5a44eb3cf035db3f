"""Real pairs of people against re-paired strangers: the same people, so that only who sat with whom can tell."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.table import Table
from empdetect.task import Target, Task

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


class RepairedDataModule(EmpathyDataModule):
    """Real pairs against re-paired strangers; a subclass says where the pairs are.

    The task is ``real``: whether the two sat with each other. Strangers are of one block, and folds hold blocks apart.
    Each first person is as long with the others as with their own partner, or length would tell who is real.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds the dataset's own; None reads ``EMPDETECT_DATA``.
        blocks: of pairs, among which strangers are paired; None takes the dataset's own number.
        strangers: of each first person, at most; None takes the dataset's own number.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.

    Attributes:
        folder: name of the dataset's folder below the data root.
        people: what the two are called.
        column: what their signal is called, in each one's table ``signal``.
        usual_blocks, usual_strangers: the dataset's own numbers.
    """

    folder: ClassVar[str]
    people: ClassVar[tuple[str, str]]
    column: ClassVar[str]
    usual_blocks: ClassVar[int]
    usual_strangers: ClassVar[int]

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        blocks: int | None = None,
        strangers: int | None = None,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.blocks = self.usual_blocks if blocks is None else blocks
        self.strangers = self.usual_strangers if strangers is None else strangers
        self.task = Task(
            (Target("real", "binary"),),
            unit="recording",
            direction="bidirectional",
            construct="contagion",
            interaction="dyadic",
            persons=2,
        )

    @abstractmethod
    def pairs(self, folder: Path) -> list[Pair]:
        """All real pairs.

        Args:
            folder: where the dataset's files are.

        Raises:
            InputError: a file is missing or not what it should be.
        """

    def segments(self) -> list[Segment]:
        """One segment a real pair and one for each pair of strangers, grouped by block.

        Raises:
            InputError: a file is missing or not what it should be, or there are too few pairs for the blocks.
        """
        pairs = self.pairs(data_folder(self.data_root, self.folder))
        return repaired_segments(pairs, self.people, self.column, self.blocks, self.strangers, self.seed)


def cut_alike(first: Array, second: Array) -> tuple[Array, Array]:
    """Two signals as long as the shorter one. Strangers are shorter than real pairs after it, if lengths differ."""
    samples = min(len(first), len(second))
    return first[:samples], second[:samples]


def repaired_segments(
    pairs: Sequence[Pair], persons: tuple[str, str], column: str, blocks: int, strangers: int, seed: int
) -> list[Segment]:
    """Segments of real pairs (``real`` 1) and of strangers (``real`` 0).

    Pairs are dealt to blocks, strangers are of one block, and blocks are groups: no fold trains on a person it tests.
    All segments of one first person are as long as the shortest of them, so that length tells nothing.

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
            with_whom = [place, *rng.permutation(block[block != place])[:strangers]]
            samples = min(len(pairs[place].first), *(len(pairs[other].second) for other in with_whom))
            for other in with_whom:
                recording = _recording(pairs[place], pairs[other], samples, persons, column)
                labels = {"real": float(other == place)}
                found.append(Segment(recording, persons[0], labels=labels, group=f"block_{number}"))
    return found


def _recording(one: Pair, other: Pair, samples: int, persons: tuple[str, str], column: str) -> Recording:
    signals = one.first[:samples], other.second[:samples]
    people = tuple(
        Participant(name, tables={"signal": _table(values, one.rate, column)}) for name, values in zip(persons, signals)
    )
    return Recording(one.name if one is other else f"{one.name}_with_{other.name}", people)


def _table(values: Array, rate: float, column: str) -> Table:
    return Table(values[:, None].astype(np.float32), np.arange(len(values)) / rate, (column,))
