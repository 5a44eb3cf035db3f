"""Batch: what a model eats. One padded tensor and one mask a modality, and labels that may be unknown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from empdetect.example import Example, People
from empdetect.recording import Segment

FEWEST, MOST, AT_ONCE = 16, 256, 2**20
"""Examples in a batch that scores: as many as hold so many numbers of features, within limits."""


@dataclass(frozen=True)
class Batch:
    """Examples padded to a common shape.

    Args:
        inputs: by modality, ``(batch, person, time, feature)`` float; NaN where a value is unknown.
        masks: by modality, ``(batch, person, time)`` bool, True where observed. A missing modality is
            all False, and its inputs are NaN: never zeros that look like data.
        labels: by target, ``(batch,)`` float, NaN where unknown.
        segments: the segment of each example.
    """

    inputs: dict[str, Tensor]
    masks: dict[str, Tensor]
    labels: dict[str, Tensor]
    segments: tuple[Segment, ...]

    def __len__(self) -> int:
        return len(self.segments)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The batch on another device."""

        def move(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: tensor.to(device, non_blocking=non_blocking) for name, tensor in tensors.items()}

        return replace(self, inputs=move(self.inputs), masks=move(self.masks), labels=move(self.labels))

    @classmethod
    def collate(cls, examples: Sequence[Example], persons: int, targets: Sequence[str]) -> "Batch":
        """Pad examples to a batch.

        Args:
            examples: at least one; all of the same modalities.
            persons: how many people the model looks at; further ones are left out, absent ones are missing.
            targets: names of the labels to stack.
        """
        inputs, masks = {}, {}
        for modality in sorted(examples[0].inputs):
            inputs[modality], masks[modality] = _pad([example.inputs[modality] for example in examples], persons)
        labels = {
            name: torch.tensor([example.segment.labels.get(name, float("nan")) for example in examples])
            for name in targets
        }
        return cls(inputs, masks, labels, tuple(example.segment for example in examples))


def size_for(examples: Sequence[Example]) -> int:
    """So many examples like these make up a batch that fits into memory and keeps a processor busy."""
    sizes = (sum(each.values.size for people in e.inputs.values() for each in people) for e in examples)
    return min(max(AT_ONCE // max(max(sizes, default=1), 1), FEWEST), MOST)


def _pad(rows: Sequence[People], persons: int) -> tuple[Tensor, Tensor]:
    """Tensor ``(batch, person, time, feature)`` and mask ``(batch, person, time)`` of one modality."""
    width = rows[0][0].values.shape[1]
    longest = max((len(person.times) for people in rows for person in people[:persons]), default=0)
    # One empty frame at least: a time axis of length 0 breaks convolutions and pooling.
    values = torch.full((len(rows), persons, max(longest, 1), width), float("nan"))
    mask = torch.zeros(values.shape[:3], dtype=torch.bool)
    for row, people in enumerate(rows):
        for slot, person in enumerate(people[:persons]):
            values[row, slot, : len(person.times)] = torch.from_numpy(person.values)
            mask[row, slot, : len(person.times)] = torch.from_numpy(person.mask)
    return values, mask
