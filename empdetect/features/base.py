"""Features over time, and what every extractor of them promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empdetect.recording import Participant, Stream


@dataclass(frozen=True)
class Features:
    """Values over time of one modality of one person.

    Args:
        values: ``(time, feature)`` float32; NaN where a value is unknown (an unvoiced frame has no pitch).
        times: ``(time,)`` centre of each frame on the recording's clock, in seconds; NaN for words without times.
        mask: ``(time,)`` True where the frame was observed at all.
        quality: ``(time,)`` how far to trust the frame, 0 to 1; 0 where the mask is False.
        reason: why there is nothing, if there is nothing.
    """

    values: NDArray[np.float32]
    times: NDArray[np.float64]
    mask: NDArray[np.bool_]
    quality: NDArray[np.float32]
    reason: str = ""

    def __post_init__(self) -> None:
        lengths = {len(self.values), len(self.times), len(self.mask), len(self.quality)}
        if self.values.ndim != 2 or len(lengths) != 1:
            raise ValueError(
                f"Features need values (time, feature) and as many times, masks and qualities, got "
                f"{self.values.shape}, {self.times.shape}, {self.mask.shape}, {self.quality.shape}"
            )

    @classmethod
    def missing(cls, width: int, reason: str) -> "Features":
        """No frames at all, and why. ``width`` is the number of features."""
        empty = np.zeros(0)
        return cls(np.zeros((0, width), np.float32), empty, np.zeros(0, np.bool_), np.zeros(0, np.float32), reason)

    @cached_property
    def observed(self) -> bool:
        """Whether any frame was observed."""
        return bool(self.mask.any())

    @property
    def mean_quality(self) -> float:
        """Mean quality over all frames, lost ones counting as 0; NaN without frames."""
        return float(self.quality.mean()) if len(self.quality) else float("nan")

    def window(self, start: float | None, end: float | None) -> "Features":
        """The frames whose centres lie in [start, end), in seconds. Frames without a time stay in."""
        inside = np.ones(len(self.times), np.bool_)
        with np.errstate(invalid="ignore"):
            if start is not None:
                inside &= ~(self.times < start)
            if end is not None:
                inside &= ~(self.times >= end)
        part = replace(
            self,
            values=self.values[inside],
            times=self.times[inside],
            mask=self.mask[inside],
            quality=self.quality[inside],
        )
        if self.observed and not part.observed:
            return replace(part, reason=part.reason or "nothing observed in this window")
        return part


@dataclass(frozen=True)
class Origin:
    """Data that weights behind the features learned from.

    Args:
        weights: name of the weights, e.g. of an adapter.
        data: which; empty if it is not told.
        licence: terms of the data; empty if they are not told.
    """

    weights: str
    data: str
    licence: str


class Extractor(ABC):
    """Computes the features of one modality from a participant's streams.

    A subclass keeps every constructor argument as an attribute of the same name (see ``components``)
    and sets the attributes below.

    Attributes:
        modality: key under which the features reach the model: ``text``, ``audio``, ``video``, ``physiology``, ...
        width: number of features a frame.
        version: raised when the same arguments give other values, so that caches are made anew.
        by_role: whether the values depend on the participant's role besides the streams.
        cheap: whether computing the values is faster than reading them from a file: they are not kept on disk.
        whole: whether the values depend on the whole recording, as what is usual for a person does. Scoring then
            does not go through its streams stretch by stretch, so memory grows with the length.
        past_only: of such a one, whether what is usual is told from what came before, as with a baseline before a
            trial; a frame's own value may still reach ahead: filters some seconds, and what a piece of a signal is
            scaled by (the depth of a breath) to the end of the piece.
        references: works to name in a paper that uses the values, as ``Makowski et al., 2021 (NeuroKit2)``.
        beside: whether it may compute in a thread beside other extractors: it spends its time outside Python, and
            imports nothing but what ``prepare`` has imported.
    """

    modality: str
    width: int
    version: int = 1
    by_role: bool = False
    cheap: bool = False
    whole: bool = False
    past_only: bool = False
    beside: bool = False
    references: tuple[str, ...] = ()

    @abstractmethod
    def streams(self, person: Participant) -> Sequence[Stream]:
        """The streams the features come from; empty if the person has none of them."""

    @abstractmethod
    def extract(self, person: Participant) -> Features:
        """Features of all that ``streams`` holds, which is not empty.

        Raises:
            InputError: a stream is there but cannot be read.
        """

    def extract_many(self, people: Sequence[Participant]) -> list[Features]:
        """Features of several people, as ``extract`` gives them; for extractors that are faster with many at once.

        Values may differ from those of ``extract`` in the last digits.
        """
        return [self.extract(person) for person in people]

    def ahead(self, people: Sequence[Participant]) -> None:
        """Get ready for people whose features will be asked for one by one; what was got ready before may go.

        For extractors that are faster with many at once. Streams that cannot be read are passed over.
        """
        return

    def prepare(self) -> None:
        """Import what ``extract`` needs; called before it runs beside others."""
        return

    def resources(self) -> Sequence[Path]:
        """Files besides the streams that the values depend on and that may change, such as local weights."""
        return ()

    def learned_from(self) -> Sequence[Origin]:
        """What weights of this house, on top of a published model, learned from: cards name it, and it may bind."""
        return ()

    def absent(self, person: Participant) -> str:
        """Why there are no features of a person who has none of the streams."""
        return f"no {self.modality}"

    def __call__(self, person: Participant) -> Features:
        """Features of a participant; missing with a reason where the streams are."""
        if not self.streams(person):
            return Features.missing(self.width, self.absent(person))
        return self.extract(person)
