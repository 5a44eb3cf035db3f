"""Baselines: what a plain classical system reaches on the same folds, in the same call."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.checks import Key, key_of, text_of
from empdetect.bench.linear import Kind, LinearModels, Rows
from empdetect.bench.opensmile import OpensmileFunctionals, require_opensmile
from empdetect.bench.system import Answers, Fold, ZscoreBy, labels_of
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.splits import group_of
from empdetect.example import featurise
from empdetect.features.base import Extractor, Features
from empdetect.features.cache import FeatureCache
from empdetect.features.extraction import fill_cache
from empdetect.features.text import TextEmbeddings
from empdetect.recording import Segment

WORD_STRENGTHS = (0.3, 1.0, 3.0)
FUNCTIONAL_STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)


class Majority:
    """Always the commonest level of the training part, or its mean."""

    name = "majority"

    def __init__(self) -> None:
        self._answer: dict[str, NDArray[np.float64]] = {}

    def fit(self, fold: Fold, seed: int) -> None:
        """Count the labels."""
        labels = labels_of([*fold.train, *fold.val], fold.task)
        for target in fold.task.targets:
            known = labels[target.name][np.isfinite(labels[target.name])]
            if target.is_categorical:
                commonest = np.bincount(known.astype(int), minlength=target.levels).argmax()
                self._answer[target.name] = np.eye(target.levels)[commonest]
            else:
                self._answer[target.name] = np.array([known.mean() if len(known) else np.mean(target.limits)])

    def answers(self, segments: Sequence[Segment]) -> Answers:
        """The same for each."""
        return {name: np.tile(answer, (len(segments), 1)) for name, answer in self._answer.items()}


class Tfidf:
    """TF-IDF of words (one and two) and characters (two to five), and logistic or ridge regression.

    Args:
        people: whose words are read: 0 is the scored person, 1 the next one; each has weights of its own.
        words: whether words count; without them characters alone, as for Chinese.
        strengths: of the linear model, to choose from on the validation part.
        name: what the table calls it.
        last: only each person's last turn is read.
    """

    def __init__(
        self,
        people: Sequence[int] = (0,),
        words: bool = True,
        strengths: Sequence[float] = WORD_STRENGTHS,
        name: str = "TF-IDF",
        last: bool = False,
    ) -> None:
        self.people = tuple(people)
        self.last = last
        self.words = words
        self.strengths = tuple(strengths)
        self.name = name
        self._models = LinearModels("logistic", strengths)
        self._readers: list[tuple[int, Any]] = []

    def fit(self, fold: Fold, seed: int) -> None:
        """Fit words and weights on the training and validation part."""
        everyone = [*fold.train, *fold.val]
        self._readers = [
            (person, reader.fit([text_of(segment, person, self.last) for segment in everyone]))
            for person in self.people
            for reader in self._new_readers()
        ]
        train = self._rows(fold.train), labels_of(fold.train, fold.task)
        val = self._rows(fold.val) if fold.val else None, labels_of(fold.val, fold.task)
        self._models.fit(fold.task, train, val, seed)

    def answers(self, segments: Sequence[Segment]) -> Answers:
        """Probabilities or numbers."""
        return self._models.answers(self._rows(segments))

    def _new_readers(self) -> list[Any]:
        from sklearn.feature_extraction.text import TfidfVectorizer

        characters = TfidfVectorizer(
            analyzer="char_wb" if self.words else "char",
            ngram_range=(2, 5) if self.words else (1, 3),
            min_df=2,
            sublinear_tf=True,
            dtype=np.float32,
        )
        both = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32)
        return [both, characters] if self.words else [characters]

    def _rows(self, segments: Sequence[Segment]) -> Rows:
        from scipy.sparse import hstack

        texts = {person: [text_of(segment, person, self.last) for segment in segments] for person in self.people}
        return hstack([reader.transform(texts[person]) for person, reader in self._readers]).tocsr()


class Functionals:
    """Statistics over time of extractors' features, side by side, and a linear model.

    What is not known of a segment is filled with the mean of the training part. In a ``-z`` protocol
    the statistics are standardised by the group's own mean and spread first.

    Args:
        features: extractors by modality; several are fused early, each weighing alike however many statistics it has.
        single: modalities whose extractor gives one frame a recording, which is taken as it is.
        model: linear support vector machine, or logistic regression; ridge regression for numbers.
        strengths: of the linear model, to choose from on the validation part.
        name: what the table calls it.
    """

    def __init__(
        self,
        features: Mapping[str, Extractor],
        single: Sequence[str] = (),
        model: Kind = "svm",
        strengths: Sequence[float] = FUNCTIONAL_STRENGTHS,
        name: str = "functionals",
    ) -> None:
        self.features = dict(features)
        self.single = tuple(single)
        self.model = model
        self.strengths = tuple(strengths)
        self.name = name
        self._models = LinearModels(model, strengths)
        self._moments = (np.zeros(0), np.ones(0))
        self._weights = np.ones(0)
        self._zscore_by: ZscoreBy | None = None
        self._known: dict[Key, NDArray[np.float64]] = {}
        self._cache = FeatureCache()

    def fit(self, fold: Fold, seed: int) -> None:
        """Fit scaling and weights on the training and validation part."""
        self._zscore_by = fold.zscore_by
        everyone = self._statistics([*fold.train, *fold.val])
        self._moments = moments(everyone)
        self._weights = self._alike()
        train = self._scaled(everyone[: len(fold.train)]), labels_of(fold.train, fold.task)
        val = self._scaled(everyone[len(fold.train) :]), labels_of(fold.val, fold.task)
        self._models.fit(fold.task, train, val, seed)

    def answers(self, segments: Sequence[Segment]) -> Answers:
        """Probabilities or numbers."""
        return self._models.answers(self._scaled(self._statistics(segments)))

    def _scaled(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.nan_to_num(scaled(rows, *self._moments), nan=0.0) * self._weights

    def _alike(self) -> NDArray[np.float64]:
        """Weight ``(statistic,)``: the squares of a modality's sum to the same, and all of them to their number."""
        widths = [self.features[name].width * (1 if name in self.single else 8) for name in sorted(self.features)]
        weights = [np.full(width, (sum(widths) / len(widths) / width) ** 0.5) for width in widths]
        return np.concatenate(weights)

    def _statistics(self, segments: Sequence[Segment]) -> NDArray[np.float64]:
        """``(segment, statistic)``, NaN where unknown; kept from fold to fold."""
        new = [segment for segment in segments if key_of(segment) not in self._known]
        people = {(s.recording.id, s.participant): s.people()[0] for s in new}
        fill_cache(list(people.values()), self.features, self._cache)
        for segment in new:
            self._known[key_of(segment)] = self._of(segment)
        rows = np.stack([self._known[key_of(segment)] for segment in segments])
        return rows if self._zscore_by is None else by_group(rows, segments)

    def _of(self, segment: Segment) -> NDArray[np.float64]:
        example = featurise(segment, self.features, self._cache, persons=1)
        found = {name: example.inputs[name][0] for name in sorted(self.features)}
        return np.concatenate([only_frame(f) if name in self.single else statistics(f) for name, f in found.items()])


class FrozenText(Functionals):
    """Frozen MiniLM and a linear model."""

    def __init__(self, name: str = "frozen MiniLM + logistic") -> None:
        super().__init__({"text": TextEmbeddings()}, single=("text",), model="logistic", name=name)


class Opensmile(Functionals):
    """openSMILE functionals and a linear support vector machine; needs the package of the extra ``bench``.

    Args:
        feature_set: ``ComParE_2016`` or ``eGeMAPSv02``.
        beside: other extractors by modality, fused early.
        single: which of these give one frame a recording.
        name: what the table calls it.
    """

    def __init__(
        self,
        feature_set: str = "ComParE_2016",
        beside: Mapping[str, Extractor] | None = None,
        single: Sequence[str] = (),
        name: str = "",
    ) -> None:
        features = {"audio": OpensmileFunctionals(feature_set), **(beside or {})}
        super().__init__(features, ("audio", *single), name=name or " + ".join([feature_set, *sorted(beside or {})]))
        self.feature_set = feature_set

    def fit(self, fold: Fold, seed: int) -> None:
        """Fit scaling and weights on the training and validation part.

        Raises:
            NotAvailable: the package is not installed.
        """
        require_opensmile()
        super().fit(fold, seed)


class SingleModality(TrainedDetector):
    """Our detector with one modality alone.

    Args:
        config: name of a file in ``configs/``.
        modality: the one it keeps.
    """

    def __init__(self, config: str, modality: str) -> None:
        super().__init__((config,), modalities=(modality,), name=f"{modality} only")


def statistics(features: Features) -> NDArray[np.float64]:
    """Statistics over time of each feature: mean, spread, five quantiles and mean change; NaN where unknown."""
    values = features.values[features.mask].astype(float)
    if not len(values):
        return np.full(8 * features.values.shape[1], np.nan)
    mean, spread = moments(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a feature that is never known stays NaN
        quantiles = np.nanquantile(values, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0)
    change, _ = moments(np.abs(np.diff(values, axis=0)))
    return np.concatenate([mean, spread, *quantiles, change])


def only_frame(features: Features) -> NDArray[np.float64]:
    """The one frame of a whole recording; NaN where it is not known."""
    width = features.values.shape[1]
    return features.values[0].astype(float) if features.observed else np.full(width, np.nan)


def by_group(rows: NDArray[np.float64], segments: Sequence[Segment]) -> NDArray[np.float64]:
    """Rows ``(segment, feature)`` standardised by the mean and spread of their group's."""
    groups = np.array([group_of(segment) for segment in segments])
    found = np.empty_like(rows)
    for group in np.unique(groups):
        found[groups == group] = scaled(rows[groups == group], *moments(rows[groups == group]))
    return found


def moments(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread ``(feature,)`` of the known values of ``(n, feature)``; NaN where nothing is known."""
    known = np.isfinite(rows)
    count = np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    mean = np.where(known, rows, 0.0).sum(axis=0) / count
    return mean, np.sqrt((np.where(known, rows - mean, 0.0) ** 2).sum(axis=0) / count)


def scaled(rows: NDArray[np.float64], mean: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standardised rows; what does not vary is left at 0."""
    result: NDArray[np.float64] = (rows - mean) / np.where(spread > 1e-9, spread, 1.0)
    return result
