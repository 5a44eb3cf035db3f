"""Batches of segments of like length: padding costs time."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from torch.utils.data import Sampler

if TYPE_CHECKING:
    import torch

T = TypeVar("T")

UNEVEN = 2.0
"""Lengths are sorted where the longest is so many times the median; else sorting would cost more than padding:
segments of one length are often alike in other ways too, and batches want to be mixed."""

POOL = 20
"""Batches among which segments are sorted: enough to cut the padding, few enough to keep batches mixed."""


class LengthSampler(Sampler[int]):
    """A new random order each epoch; where lengths differ much, the segments of a batch are of like length.

    Args:
        lengths: frames of each segment.
        batch_size: segments in a batch.
        generator: source of the order.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, generator: "torch.Generator") -> None:
        self.lengths = lengths
        self.batch_size = batch_size
        self.generator = generator

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        order = self._shuffled(range(len(self.lengths)))
        if max(self.lengths, default=0) < UNEVEN * median(self.lengths or [0]):
            yield from order
            return
        batches = []
        for pool in _cut(order, POOL * self.batch_size):
            batches += _cut(sorted(pool, key=self.lengths.__getitem__), self.batch_size)
        # A batch that is not full must stay the last one, or it would shift all that follow.
        whole = [batch for batch in batches if len(batch) == self.batch_size]
        rest = [index for batch in batches if len(batch) < self.batch_size for index in batch]
        for batch in self._shuffled(whole):
            yield from batch
        yield from rest

    def _shuffled(self, items: Sequence[T]) -> list[T]:
        import torch

        return [items[place] for place in torch.randperm(len(items), generator=self.generator)]


def _cut(items: Sequence[int], size: int) -> list[Sequence[int]]:
    return [items[first : first + size] for first in range(0, len(items), size)]
