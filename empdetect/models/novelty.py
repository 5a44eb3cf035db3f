"""Novelty: whether an input looks like what the detector was trained on, modality by modality.

A network that was trained to tell emotions apart maps music, noise and speech onto the same few directions, so
its own vectors do not tell strangers from acquaintances (feature collapse: van Amersfoort et al., ICML 2020). So
the inputs are looked at: the mean, spread and movement of each feature over the segment. Their distance to the
training set is that to the nearest of a few centres in the space of the main components, and what lies outside of
that space (as ViM adds the residual: Wang et al., CVPR 2022). Words are looked at as words: how rare they are in
the training set.

Usual distances come from segments whose group (person) the density was not fitted on, so that a new person is no
stranger.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.example import Example
from empdetect.features.base import Features
from empdetect.models.doubt import doubt_of, on_scale, typical_and_limit
from empdetect.recording import Segment

Array = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]]
"""Of any precision."""
Stored = NDArray[np.float32]

COMPONENTS = 16
CENTRES = 32
FEWEST = 20
"""Segments of at least two groups that a density is fitted on; fewer give none."""
PARTS = 5
"""Parts of the groups for held-out distances."""
MOST_FEATURES = 2048
"""Of more features, such as pixels, every second, third ... is looked at."""
BUCKETS = 1 << 15
"""Words are counted by hash; a few share a bucket."""
WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s]")
"""A word, a mark, or one character of a script that puts no spaces between words."""
PRIOR_WORDS = 6.0
"""A text counts as if it had so many usual words more: one odd word in two says little."""


@dataclass(frozen=True)
class FeatureNovelty:
    """Distance of a segment's features to those of the training set.

    Args:
        floor: ``(2, feature)`` least spread and movement, so that their logarithm is finite.
        mean, scale: ``(n,)`` of the outline; what never varied in training has an endless scale and is not judged.
        axes: ``(component, n)`` main components.
        lengths: ``(component,)`` standard deviation along each.
        centres: ``(centre, component)`` in units of those.
        usual: ``(2,)`` median distance to a centre, and outside of the components, in training.
        limits: ``(2,)`` median and 95% quantile of the distance of held-out segments.
    """

    floor: Stored
    mean: Stored
    scale: Stored
    axes: Stored
    lengths: Stored
    centres: Stored
    usual: Stored
    limits: Stored

    def __call__(self, seen: Sequence[Features]) -> Array:
        """Distance ``(n,)`` of segments that each have an observed frame, on the scale of ``doubt``."""
        return on_scale(self.raw(np.stack([outline(features) for features in seen])), *self.limits.tolist())

    def raw(self, outlines: Array) -> Array:
        """Distance ``(n,)`` of outlines ``(n, 3, feature)``; about 1 is usual in training."""
        x = _standardised(outlines, self.floor, self.mean, self.scale)
        along = x @ self.axes.T
        outside = np.sqrt(np.maximum(np.square(x).sum(axis=1) - np.square(along).sum(axis=1), 0))
        gaps = (along / self.lengths)[:, None] - self.centres[None]
        nearest = np.sqrt(np.square(gaps).sum(axis=2).min(axis=1))
        return np.asarray(np.sqrt(np.square(nearest / self.usual[0]) / 2 + np.square(outside / self.usual[1]) / 2))

    @classmethod
    def fit(cls, outlines: Array, groups: NDArray[Any], others: Array, other_groups: NDArray[Any]) -> "FeatureNovelty":
        """Fit on training outlines; limits also from ``others`` of the validation set."""
        from sklearn.model_selection import GroupKFold

        distances = np.empty(len(outlines))
        for rest, part in GroupKFold(min(PARTS, len(np.unique(groups)))).split(outlines, groups=groups):
            distances[part] = cls._fit(outlines[rest]).raw(outlines[part])
        whole = cls._fit(outlines)
        held_out = [distances, whole.raw(others)] if len(others) else [distances]
        whose = np.concatenate([groups, other_groups])
        limits = np.array(typical_and_limit(np.concatenate(held_out), whose), np.float32)
        return cls(**{**whole.__dict__, "limits": limits})

    @classmethod
    def _fit(cls, outlines: Array) -> "FeatureNovelty":
        from sklearn.cluster import KMeans
        from sklearn.decomposition import PCA

        floor = 0.05 * np.nanmedian(np.where(np.isfinite(outlines[:, 1:]), outlines[:, 1:], 0), axis=0) + 1e-6
        raw = _logarithms(outlines, floor)
        known = np.isfinite(raw)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, raw, 0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, np.square(raw - mean), 0).sum(axis=0) / count)
        scale = np.where(spread > 1e-6, spread, np.inf)
        x = _standardised(outlines, floor, mean, scale)
        components = min(COMPONENTS, len(x) // 4, x.shape[1])
        fitted = PCA(components, svd_solver="randomized" if min(x.shape) > 64 else "full", random_state=0).fit(x)
        lengths = np.maximum(np.sqrt(fitted.explained_variance_), 1e-6)
        along = x @ fitted.components_.T
        means = KMeans(min(CENTRES, len(x) // 4), n_init=1, random_state=0).fit(along / lengths).cluster_centers_
        parts = (floor, mean, scale, fitted.components_, lengths, means, np.ones(2), np.array([0.0, 1.0]))
        plain = cls(*(np.ascontiguousarray(part, np.float32) for part in parts))
        return cls(**{**plain.__dict__, "usual": plain._usual(x)})

    def _usual(self, x: Array) -> Stored:
        """Median distances of training rows, at least a hundredth: a space without an outside has no measure there."""
        along = x @ self.axes.T
        outside = np.sqrt(np.maximum(np.square(x).sum(axis=1) - np.square(along).sum(axis=1), 0))
        gaps = (along / self.lengths)[:, None] - self.centres[None]
        nearest = np.sqrt(np.square(gaps).sum(axis=2).min(axis=1))
        return np.maximum([np.median(nearest), np.median(outside)], 0.01).astype(np.float32)


@dataclass(frozen=True)
class WordNovelty:
    """Rarity of a segment's words in the training set: their mean ``-log p`` under a unigram model.

    Args:
        rarity: ``(BUCKETS,)`` of words by hash.
        limits: ``(2,)`` median and 95% quantile of the rarity of held-out segments.
    """

    rarity: NDArray[np.float16]
    limits: Stored

    def __call__(self, texts: Sequence[str]) -> Array:
        """Rarity ``(n,)`` of texts, on the scale of ``doubt``."""
        typical, limit = self.limits.tolist()
        return on_scale(np.array([_mean_rarity(self.rarity, text, typical) for text in texts]), typical, limit)

    @classmethod
    def fit(
        cls, texts: Sequence[str], groups: NDArray[Any], others: Sequence[str], other_groups: NDArray[Any]
    ) -> "WordNovelty":
        """Fit on training texts; limits also from ``others`` of the validation set."""
        from sklearn.model_selection import GroupKFold

        table = _rarity(texts)
        found = np.empty(len(texts))
        for rest, part in GroupKFold(min(PARTS, len(np.unique(groups)))).split(texts, groups=groups):
            fitted = _rarity([texts[place] for place in rest])
            plain = np.median([_mean_rarity(fitted, texts[place], 0.0, prior=0.0) for place in part])
            found[part] = [_mean_rarity(fitted, texts[place], float(plain)) for place in part]
        more = np.array([_mean_rarity(table, text, float(np.median(found))) for text in others])
        limits = typical_and_limit(np.concatenate([found, more]), np.concatenate([groups, other_groups]))
        return cls(table, np.array(limits, np.float32))


@dataclass(frozen=True)
class Novelty:
    """What a detector knows of the inputs it was trained on.

    Args:
        features: by modality.
        words: by modality; those that read a transcript are judged by its words.
    """

    features: Mapping[str, FeatureNovelty]
    words: Mapping[str, WordNovelty]

    def doubt(self, examples: Sequence[Example]) -> dict[str, Array]:
        """By modality, doubt ``(n,)`` about what is there of the scored person, 0 to 1; 0 where nothing is."""
        return {name: doubt_of(np.nan_to_num(found), 0.0, 1.0) for name, found in self.distance(examples).items()}

    def distance(self, examples: Sequence[Example]) -> dict[str, Array]:
        """By modality, how far what is there of the scored person is from the usual: ``(n,)``.

        0 is the median of held-out segments, 1 their 95% quantile; NaN where nothing is there.
        """
        found = {}
        for name in sorted({*self.features, *self.words}):
            distances = np.full(len(examples), np.nan)
            there = [place for place, example in enumerate(examples) if example.inputs[name][0].observed]
            if there and name in self.words:
                distances[there] = self.words[name]([words_of(examples[place].segment) for place in there])
            elif there:
                distances[there] = self.features[name]([examples[place].inputs[name][0] for place in there])
            found[name] = distances
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it as arrays by name, for safetensors."""
        return {
            f"{part}.{name}.{field}": np.ascontiguousarray(value)
            for part, fitted in (("features", self.features), ("words", self.words))
            for name, novelty in fitted.items()
            for field, value in novelty.__dict__.items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Novelty":
        """Of what ``arrays`` gave."""
        parts: dict[str, dict[str, dict[str, Any]]] = {"features": {}, "words": {}}
        for key, value in arrays.items():
            part, name, field = key.split(".")
            parts[part].setdefault(name, {})[field] = value
        return cls(
            {name: FeatureNovelty(**fields) for name, fields in parts["features"].items()},
            {name: WordNovelty(**fields) for name, fields in parts["words"].items()},
        )


def fit_novelty(
    train: Sequence[Example],
    groups: Sequence[str],
    held_out: Sequence[Example],
    held_out_groups: Sequence[str],
    texts: Sequence[str] = ("text",),
) -> Novelty:
    """Fit on the training set, with limits from left-out groups of it and from the validation set.

    A modality with too few segments, or with one group alone, is not judged.

    Args:
        train: segments that the detector was trained on.
        groups: whose each is.
        held_out: segments that it was not trained on.
        held_out_groups: whose each of these is.
        texts: modalities that are words; they are judged by the words of the transcript if all have some.
    """
    features: dict[str, FeatureNovelty] = {}
    words: dict[str, WordNovelty] = {}
    for name in sorted(train[0].inputs) if train else []:
        seen, whose = _observed(train, groups, name)
        others, others_of = _observed(held_out, held_out_groups, name)
        if len(seen) < FEWEST or len(set(whose)) < 2:
            continue
        if name in texts and all(words_of(example.segment) for example in seen):
            ours, theirs = ([words_of(e.segment) for e in part] for part in (seen, others))
            words[name] = WordNovelty.fit(ours, np.array(whose), theirs, np.array(others_of))
        elif name not in texts or seen[0].inputs[name][0].values.shape[1] > 1:  # not the ids of tokens
            rows, more = (np.array([outline(e.inputs[name][0]) for e in part]) for part in (seen, others))
            features[name] = FeatureNovelty.fit(rows, np.array(whose), more, np.array(others_of))
    return Novelty(features, words)


def words_of(segment: Segment) -> str:
    """What the scored person said in a segment."""
    person = segment.people()[0]
    if person.transcript is None:
        return ""
    spoken = person.transcript.read().of(person.name).utterances
    return " ".join(u.text for u in spoken if _inside(u.start, u.end, segment))


def outline(features: Features) -> Array:
    """Mean, spread and mean movement from frame to frame of each feature: ``(3, feature)``, NaN where unknown."""
    step = -(-features.values.shape[1] // MOST_FEATURES)
    frames = features.values[features.mask, ::step].astype(float)
    known = np.isfinite(frames)
    count = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, frames, 0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, np.square(frames - mean), 0).sum(axis=0) / count)
        change = np.abs(np.diff(frames, axis=0))
        moves = np.where(np.isfinite(change), change, 0).sum(axis=0) / np.isfinite(change).sum(axis=0)
    return np.stack([mean, spread, moves])


def _inside(start: float | None, end: float | None, segment: Segment) -> bool:
    """Whether the middle of an utterance lies in a segment; one without times is in every segment."""
    if start is None:
        return True
    middle = start if end is None else (start + end) / 2
    return (segment.start is None or middle >= segment.start) and (segment.end is None or middle < segment.end)


def _observed(examples: Sequence[Example], groups: Sequence[str], name: str) -> tuple[list[Example], list[str]]:
    there = [place for place, example in enumerate(examples) if example.inputs[name][0].observed]
    return [examples[place] for place in there], [groups[place] for place in there]


def _logarithms(outlines: Numbers, floor: Numbers) -> Array:
    """Means as they are, spread and movement as logarithms: a signal that is too still is as strange as a wild one."""
    moving = np.log(outlines[:, 1:] + floor)
    return np.concatenate([outlines[:, :1], moving], axis=1).reshape(len(outlines), -1)


def _standardised(outlines: Numbers, floor: Numbers, mean: Numbers, scale: Numbers) -> Array:
    """Rows ``(n, 3 * feature)``; what is not known counts as the mean, and nothing as more than 20 deviations."""
    return np.asarray(np.clip(np.nan_to_num((_logarithms(outlines, floor) - mean) / scale, nan=0.0), -20, 20))


def _rarity(texts: Sequence[str]) -> NDArray[np.float16]:
    counts = np.zeros(BUCKETS)
    for text in texts:
        np.add.at(counts, _buckets(text), 1.0)
    return (-np.log((counts + 0.5) / (counts.sum() + 0.5 * BUCKETS))).astype(np.float16)


def _mean_rarity(rarity: NDArray[np.float16], text: str, typical: float, prior: float = PRIOR_WORDS) -> float:
    found = rarity[_buckets(text)].astype(float)
    return float((found.sum() + prior * typical) / max(len(found) + prior, 1e-9))


def _buckets(text: str) -> NDArray[np.int_]:
    """Bucket of each word and each mark."""
    return np.array([zlib.crc32(word.encode()) % BUCKETS for word in WORD.findall(text.lower())], int)
