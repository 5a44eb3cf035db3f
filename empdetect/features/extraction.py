"""Extraction: the features of many people into the cache, several at once where that pays."""

import warnings
from collections.abc import Mapping, Sequence

from empdetect.features.base import Extractor
from empdetect.features.cache import FeatureCache
from empdetect.progress import track
from empdetect.recording import Participant
from empdetect.streams.audio import AudioStream
from empdetect.streams.video import VideoStream

FEW = 8
"""So few people are done sooner in one process than in several, which must start first."""

MANY = 64
"""So many people without media are computed together: a text model is several times faster with full batches."""


def fill_cache(people: Sequence[Participant], extractors: Mapping[str, Extractor], cache: FeatureCache) -> None:
    """Compute the features that are not cached yet, with a progress bar.

    Media are decoded in as many processes as there are processors; features of words and signals
    that are in memory are computed in this one.

    Args:
        people: whose features.
        extractors: by modality.
        cache: where they go.

    Raises:
        InputError: a stream is there but cannot be read.
    """
    from joblib import Parallel, cpu_count, delayed

    missing = [person for person in people if not all(cache.holds(e, person) for e in extractors.values())]
    heavy = sum(_has_media(person) for person in missing)
    jobs = cpu_count() if heavy >= FEW and cache.enabled else 1
    if not heavy and cache.enabled:
        for chunk in track(
            [missing[first : first + MANY] for first in range(0, len(missing), MANY)], "Computing features"
        ):
            for extractor in extractors.values():
                cache.fill(extractor, chunk)
        return
    if jobs == 1:
        for person in track(missing, "Computing features"):
            _compute(person, extractors, cache)
        return
    work = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(_compute)(person, extractors, cache) for person in missing
    )
    with warnings.catch_warnings():
        # A worker that has grown large is started anew; nobody needs to do anything about it.
        warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
        for _ in track(work, "Computing features", len(missing)):
            pass


def _compute(person: Participant, extractors: Mapping[str, Extractor], cache: FeatureCache) -> None:
    for extractor in extractors.values():
        cache.features(extractor, person)


def _has_media(person: Participant) -> bool:
    return any(isinstance(stream, AudioStream | VideoStream) for _, stream in person.streams())
