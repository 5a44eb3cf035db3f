"""Example: the features of one segment, ready for a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.cache import FeatureCache
from empdetect.recording import Participant, Segment

People = tuple[Features, ...]
"""Features of one modality, one entry a person, the scored person first."""


@dataclass(frozen=True)
class Example:
    """One segment, ready for a batch.

    Args:
        segment: where it comes from.
        inputs: by modality, the features of each person.
    """

    segment: Segment
    inputs: Mapping[str, People]

    def without(self, *modalities: str) -> "Example":
        """The same example with some modalities missing."""
        emptied = {
            name: tuple(Features.missing(f.values.shape[1], f"{name} left out") for f in people)
            if name in modalities
            else people
            for name, people in self.inputs.items()
        }
        return replace(self, inputs=emptied)


def featurise(
    segment: Segment,
    extractors: Mapping[str, Extractor],
    cache: FeatureCache,
    on_error: Literal["raise", "missing"] = "raise",
    persons: int | None = None,
) -> Example:
    """Features of a segment's people, cut to its window.

    Where it is known when someone speaks, the quality of their sound falls with the doubt that they do.

    Args:
        segment: what to look at; its person comes first, then the others.
        extractors: by the name under which the model reads them.
        cache: where features are kept.
        on_error: what a stream that cannot be read does: ``raise``, or be ``missing`` with the
            message as its reason.
        persons: look at so many people at most; None looks at all.

    Raises:
        InputError: a stream cannot be read and ``on_error`` is ``raise``.
    """

    def window(extractor: Extractor, person: Participant) -> Features:
        try:
            found = cache.features(extractor, person).window(segment.start, segment.end)
            return _heard(found, person, segment) if extractor.modality == "audio" else found
        except InputError as error:
            if on_error == "raise":
                raise
            return Features.missing(extractor.width, str(error))

    people = segment.people()[:persons]
    inputs = {name: tuple(window(extractor, person) for person in people) for name, extractor in extractors.items()}
    return Example(segment, inputs)


def _heard(found: Features, person: Participant, segment: Segment) -> Features:
    """Features of a person's sound, their quality lower the less sure it is that they speak."""
    if person.audio is None or person.audio.turns is None:
        return found
    if person.audio.shared and not found.observed:
        return replace(found, reason=f"{person.name} says nothing in this window, and others share the sound")
    return replace(found, quality=found.quality * np.float32(person.audio.turns.sureness(segment.start, segment.end)))
