"""Example: the features of one segment, ready for a batch."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal, Protocol

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


def featurise_together(
    segments: Sequence[Segment], extractors: Mapping[str, Extractor], cache: FeatureCache, persons: int | None = None
) -> list[Example]:
    """Features of several segments as of ``featurise``; a stream that cannot be read is missing, with its reason.

    Of segments of one recording, faces are followed in a thread while the rest is computed.
    """
    people = _people_of(segments, persons)
    if not people:
        return [featurise(segment, extractors, cache, "missing", persons) for segment in segments]
    once = _Once(cache)
    beside = [extractor for extractor in extractors.values() if extractor.beside]
    others = [extractor for extractor in extractors.values() if not extractor.beside]
    if beside and others:
        for extractor in beside:
            extractor.prepare()
        with ThreadPoolExecutor(1) as pool:
            following = pool.submit(_compute, people, beside, once)
            _compute(people, others, once)
            following.result()
    return [featurise(segment, extractors, once, "missing", persons) for segment in segments]


class Source(Protocol):
    """Where features come from."""

    def features(self, extractor: Extractor, person: Participant) -> Features:
        """Features of a participant.

        Raises:
            InputError: a stream is there but cannot be read.
        """


class _Once:
    """Asks a cache once for each extractor and person, and remembers the answer, were it an error."""

    def __init__(self, cache: FeatureCache) -> None:
        self.cache = cache
        self._known: dict[tuple[int, int], Features | InputError] = {}

    def features(self, extractor: Extractor, person: Participant) -> Features:
        """Features of a participant, as the cache gives them."""
        key = (id(extractor), id(person))
        if key not in self._known:
            try:
                self._known[key] = self.cache.features(extractor, person)
            except InputError as error:
                self._known[key] = error
        found = self._known[key]
        if isinstance(found, InputError):
            raise found
        return found


def _people_of(segments: Sequence[Segment], persons: int | None) -> list[Participant]:
    """Those who are looked at, each once; nobody where the segments are of several recordings."""
    if len({id(segment.recording) for segment in segments}) != 1:
        return []
    found = {id(person): person for segment in segments for person in segment.people()[:persons]}
    return list(found.values())


def _compute(people: Sequence[Participant], extractors: Sequence[Extractor], source: Source) -> None:
    """Compute features ahead; those that fail will tell so to who asks for them."""
    for person in people:
        for extractor in extractors:
            with suppress(InputError):
                source.features(extractor, person)


def featurise(
    segment: Segment,
    extractors: Mapping[str, Extractor],
    cache: Source,
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
