"""Standardisation by a person's own statistics: what is usual for a voice, a face or a body is taken off.

The statistics of the people tested come from their own segments, all of them, without labels. A figure
measured so supposes that one has many recordings of the person: benchmarks name it ``-z``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.splits import group_of
from empdetect.example import Example
from empdetect.features.base import Features

Key = tuple[str, str, str]
"""Group, person and modality."""


@dataclass(frozen=True)
class PersonalScales:
    """Mean and spread of each feature of each person.

    Args:
        means, spreads: ``(feature,)`` by group, person and modality.
    """

    means: dict[Key, NDArray[np.float64]]
    spreads: dict[Key, NDArray[np.float64]]

    @classmethod
    def of(cls, examples: Iterable[Example]) -> "PersonalScales":
        """Learn from the observed, known values of all examples."""
        sums: dict[Key, NDArray[np.float64]] = {}
        for example in examples:
            for key, features in _people(example):
                values = features.values[features.mask].astype(float)
                known = np.isfinite(values)
                values = np.where(known, values, 0.0)
                sums[key] = sums.get(key, 0.0) + np.stack([known.sum(0), values.sum(0), (values**2).sum(0)])
        means, spreads = {}, {}
        for key, (count, total, squares) in sums.items():
            means[key] = total / np.maximum(count, 1)
            spread = np.sqrt(np.maximum(squares / np.maximum(count, 1) - means[key] ** 2, 0.0))
            # A feature that never varies, or was never seen, must not be blown up.
            spreads[key] = np.where(spread > 1e-6, spread, 1.0)
        return cls(means, spreads)

    def standardised(self, example: Example) -> Example:
        """The example with the features of each person standardised."""
        scaled = {key: self._scaled(key, features) for key, features in _people(example)}
        group, names = group_of(example.segment), [person.name for person in example.segment.people()]
        return replace(
            example,
            inputs={
                modality: tuple(scaled[group, name, modality] for name, _ in zip(names, people, strict=False))
                for modality, people in example.inputs.items()
            },
        )

    def _scaled(self, key: Key, features: Features) -> Features:
        values = (features.values - self.means[key]) / self.spreads[key]
        return replace(features, values=values.astype(np.float32))


def _people(example: Example) -> Iterable[tuple[Key, Features]]:
    group, names = group_of(example.segment), [person.name for person in example.segment.people()]
    for modality, people in example.inputs.items():
        for name, features in zip(names, people, strict=False):
            yield (group, name, modality), features
