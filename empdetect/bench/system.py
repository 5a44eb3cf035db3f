"""System: anything that learns from a fold and answers about segments it has not seen. Ours and the baselines alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from empdetect.recording import Segment
from empdetect.task import Task

Labels: TypeAlias = Mapping[str, NDArray[np.float64]]
"""By target, ``(n,)``; NaN where unknown."""

Answers: TypeAlias = Mapping[str, NDArray[np.float64]]
"""By target, ``(n, levels)`` probabilities (two columns if binary), or ``(n, 1)`` numbers in the target's units."""

ZscoreBy = Literal["group"]
"""Whose own statistics standardise the features of a ``-z`` protocol: those of all segments of the group."""


class NotAvailable(Exception):  # noqa: N818 (nothing is wrong: something optional is not installed)
    """A system cannot run here. The message is one sentence that says what is missing and how to get it."""


@dataclass(frozen=True)
class Fold:
    """What a system may learn from: the training and validation part of one fold, never its test part.

    Args:
        task: what is asked.
        number: which fold, from 0.
        train, val: segments with labels.
        data_root: folder that holds the datasets; None reads ``EMPDETECT_DATA``.
        data_args: further arguments of the data module, for systems that build it themselves.
        zscore_by: set in ``-z`` protocols only: standardise by the group's own statistics.
        fast: learn in a hurry, to see that it works.
    """

    task: Task
    number: int
    train: Sequence[Segment]
    val: Sequence[Segment]
    data_root: str | None = None
    data_args: Mapping[str, Any] = field(default_factory=dict)
    zscore_by: ZscoreBy | None = None
    fast: bool = False


class System(Protocol):
    """What is measured.

    ``fit`` starts anew each time it is called; equal folds and seeds give equal answers.
    """

    @property
    def name(self) -> str:
        """What the table calls it."""

    def fit(self, fold: Fold, seed: int) -> None:
        """Learn from a fold.

        Raises:
            InputError: the data or the configuration cannot be used.
            NotAvailable: something optional that it needs is not installed.
        """

    def answers(self, segments: Sequence[Segment]) -> Answers:
        """Answer about segments, in their order; their labels are not there."""


def labels_of(segments: Sequence[Segment], task: Task) -> dict[str, NDArray[np.float64]]:
    """Labels ``(n,)`` by target."""
    return {
        target.name: np.array([segment.labels.get(target.name, np.nan) for segment in segments], float)
        for target in task.targets
    }


def unlabelled(segments: Sequence[Segment]) -> list[Segment]:
    """The same segments without their labels."""
    return [replace(segment, labels={}) for segment in segments]
