"""The LightningDataModule that every dataset shares: segments in, grouped splits and batches out."""

import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from lightning import LightningDataModule
from torch.utils.data import DataLoader, Dataset

from empdetect.batch import Batch
from empdetect.datamodules.bucketing import LengthSampler
from empdetect.datamodules.personal import PersonalScales
from empdetect.datamodules.splits import group_of, split_segments
from empdetect.errors import InputError
from empdetect.example import Example, featurise
from empdetect.features.base import Extractor
from empdetect.features.cache import FeatureCache
from empdetect.features.extraction import fill_cache
from empdetect.recording import SPLITS, Recording, Segment, Split, Stream
from empdetect.streams.audio import AudioStream
from empdetect.streams.files import fingerprint, require_file
from empdetect.streams.video import VideoStream
from empdetect.task import Task


class SegmentDataset(Dataset[Example]):
    """Segments with their features, read from the cache and kept in memory after the first epoch.

    Args:
        segments: what it holds.
        extractors: by modality.
        cache: where features are kept.
        persons: how many people of a segment the model looks at.
        zscore_by: ``group`` standardises each person's features by that person's own mean and spread
            over the segments of the group (of one speaker, say); None leaves them as they are.
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        extractors: Mapping[str, Extractor],
        cache: FeatureCache,
        persons: int,
        zscore_by: Literal["group"] | None = None,
    ) -> None:
        self.segments = list(segments)
        self.persons = persons
        self.extractors = extractors
        self.cache = cache
        self.zscore_by = zscore_by
        self._kept: dict[int, Example] = {}
        self._scales: PersonalScales | None = None

    def __len__(self) -> int:
        return len(self.segments)

    def __getitem__(self, index: int) -> Example:
        if index not in self._kept:
            example = self._example(index)
            self._kept[index] = example if self.zscore_by is None else self._personal().standardised(example)
        return self._kept[index]

    def _example(self, index: int) -> Example:
        return featurise(self.segments[index], self.extractors, self.cache, persons=self.persons)

    def _personal(self) -> PersonalScales:
        if self._scales is None:
            self._scales = PersonalScales.of(self._example(index) for index in range(len(self)))
        return self._scales

    def lengths(self) -> list[int]:
        """Frames of the longest input of each segment: what padding it with others costs."""
        people = [[f for inputs in self[i].inputs.values() for f in inputs] for i in range(len(self))]
        return [max((len(features.times) for features in each), default=0) for each in people]

    def unseen(self) -> dict[str, str]:
        """Modalities of which no segment has anything, with the reason that the first one gives."""
        if not self.segments:
            return {}
        missing = {name: people[0].reason for name, people in self[0].inputs.items() if people}
        for place in range(len(self)):
            seen = [name for name in missing if any(features.observed for features in self[place].inputs[name])]
            missing = {name: reason for name, reason in missing.items() if name not in seen}
            if not missing:
                break
        return missing


class EmpathyDataModule(LightningDataModule):
    """A dataset of labelled segments.

    A subclass says what it is in the class attributes below, gives a ``task`` and implements
    ``segments``. Splitting, feature extraction, caching and batching are done here.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        folds: number of grouped folds where the dataset has no split of its own.
        fold: which of them is the test set; the next one is for validation.
        batch_size: segments in a batch.
        seed: of the folds and of the order of training.
        workers: processes that load batches; 0 loads in this one.

    Attributes:
        about: one line: what the dataset holds, and of whom.
        licence: terms of the data, as their owners state them.
        source: the paper or site to cite.
        zscore_by: see ``SegmentDataset``; a data module whose people come with many segments each may
            take it as an argument of its constructor.
        how_to_get: where to ask for the data and where to put them, if that takes more than a download.
        may_be_missing: modalities of which the training split need not have anything, as another detector has learned
            to read them.
    """

    about: ClassVar[str] = ""
    licence: ClassVar[str] = ""
    source: ClassVar[str] = ""
    how_to_get: ClassVar[str] = ""
    zscore_by: Literal["group"] | None = None
    may_be_missing: Sequence[str] = ()
    task: Task

    def __init__(
        self,
        features: dict[str, Extractor],
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__()
        self.features = features
        self.folds = folds
        self.fold = fold
        self.batch_size = batch_size
        self.seed = seed
        self.workers = workers
        self.cache = FeatureCache()
        self.parts: dict[Split, list[Segment]] = {}
        self._datasets: dict[Split, SegmentDataset] = {}
        self._contents: dict[str, str] = {}

    @abstractmethod
    def segments(self) -> list[Segment]:
        """All segments of the dataset, with labels and groups.

        Raises:
            InputError: the data are not where they should be, or not what they should be.
        """

    def prepare_data(self) -> None:
        """Compute the features that are not cached yet, with a progress bar."""
        self._split()
        segments = [segment for part in self.parts.values() for segment in part]
        people = {(s.recording.id, p.name): p for s in segments for p in s.people()[: self.task.persons]}
        fill_cache(list(people.values()), self.features, self.cache)

    def setup(self, stage: str) -> None:
        """Make the datasets of all splits. ``stage`` is Lightning's and makes no difference."""
        self._split()
        if not self._datasets:
            self._datasets = {
                name: SegmentDataset(self.parts[name], self.features, self.cache, self.task.persons, self.zscore_by)
                for name in SPLITS
            }

    def train_on_test(self) -> None:
        """Put the test part to the training part, for a detector that is to be used and not measured.

        What was held out for validation stands in for the test part from now on.
        """
        self._split()
        held_out = self.parts["val"]
        self._replace_parts({"train": [*self.parts["train"], *self.parts["test"]], "val": held_out, "test": held_out})

    def relabel(self, change: Callable[[Sequence[Segment]], list[Segment]]) -> None:
        """Learn from other labels: the training and the validation part become what ``change`` makes of them."""
        self._split()
        parts = self.parts
        self._replace_parts({"train": change(parts["train"]), "val": change(parts["val"]), "test": parts["test"]})

    def _replace_parts(self, parts: dict[Split, list[Segment]]) -> None:
        self.parts = parts
        self._datasets = {}
        self.setup("fit")

    def check_modalities(self) -> None:
        """Find out, once ``setup`` is done, that the training split has something of each modality.

        Raises:
            InputError: no segment has anything of a modality: its encoder would never learn to read it.
        """
        missing = self._datasets["train"].unseen()
        unseen = {name: reason for name, reason in missing.items() if name not in self.may_be_missing}
        if unseen:
            told = "; ".join(f"'{name}' ({reason or 'nothing observed'})" for name, reason in unseen.items())
            raise InputError(
                f"Training: none of the {len(self.parts['train'])} training segments has anything of {told}; leave it "
                "out of data.features and model.encoders, or name what the data have"
            )

    def train_dataloader(self) -> DataLoader[Example]:
        """Batches of the training split, shuffled, those of like length together.

        Raises:
            InputError: no segment has anything of a modality: its encoder would never learn to read it.
        """
        self.check_modalities()
        return self._loader("train", shuffle=True)

    def val_dataloader(self) -> DataLoader[Example]:
        """Batches of the validation split, in order."""
        return self._loader("val")

    def test_dataloader(self) -> DataLoader[Example]:
        """Batches of the test split, in order."""
        return self._loader("test")

    def predict_dataloader(self) -> DataLoader[Example]:
        """Batches of the test split, in order."""
        return self._loader("test")

    def fingerprint(self) -> str:
        """Fingerprint of who is in which split with which content and label: equal for equal data and folds."""
        self._split()
        rows = [
            repr((name, *self._known_by(s), sorted(s.labels.items())))
            for name, part in self.parts.items()
            for s in part
        ]
        return fingerprint(*sorted(rows))

    def examples(self, split: Split) -> list[Example]:
        """The segments of a split with their features, in order."""
        self.setup("fit")
        dataset = self._datasets[split]
        return [dataset[place] for place in range(len(dataset))]

    def source_of(self, target: str) -> "EmpathyDataModule":
        """The dataset that a target's labels come from; a module that joins several tells which."""
        return self

    def provenance(self, target: str, splits: Sequence[Split] = ("train",)) -> dict[str, Any]:
        """What the head of a target was trained on: data, licence, how much of it, and its fingerprint.

        Args:
            target: name of the target.
            splits: what it learned from.
        """
        self._split()
        source = self.source_of(target)
        learned = [s for split in splits for s in self.parts[split] if not np.isnan(s.labels.get(target, np.nan))]
        rows = [repr((*self._known_by(s), s.labels[target])) for s in learned]
        return {
            "data": f"{source.about} {source.source}".strip(),
            "licence": source.licence,
            "segments": len(learned),
            "groups": len({group_of(segment) for segment in learned}),
            "fingerprint": fingerprint(*sorted(rows)),
        }

    def labels(self, split: Split, target: str) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """Labels ``(segment,)`` of one target in one split; NaN where unknown."""
        self._split()
        return np.array([segment.labels.get(target, np.nan) for segment in self.parts[split]])

    def summary(self) -> str:
        """One line: how many segments and groups each split holds."""
        self._split()
        counts = Counter({name: len(part) for name, part in self.parts.items()})
        return ", ".join(f"{counts[name]} {name}" for name in SPLITS) + " segments, split by group"

    def _split(self) -> None:
        if self.parts:
            return
        names = [target.name for target in self.task.targets]
        labelled = [s for s in self.segments() if any(not np.isnan(s.labels.get(name, np.nan)) for name in names)]
        if not labelled:
            raise InputError(f"{type(self).__name__}: no segment has a label of {', '.join(names)}")
        self.parts = split_segments(labelled, self.task.targets[0], self.folds, self.fold, self.seed)

    def _known_by(self, segment: Segment) -> tuple[object, ...]:
        """What a fingerprint tells of a segment besides its labels; each recording is looked at once."""
        recording = segment.recording
        if recording.id not in self._contents:
            self._contents[recording.id] = content_of(recording)
        return (recording.id, self._contents[recording.id], segment.participant, segment.start, segment.end)

    def _loader(self, split: Split, shuffle: bool = False) -> DataLoader[Example]:
        import torch

        collate = partial(
            Batch.collate, persons=self.task.persons, targets=[target.name for target in self.task.targets]
        )
        dataset = self._datasets[split]
        sampler = None
        if shuffle:
            sampler = LengthSampler(dataset.lengths(), self.batch_size, torch.Generator().manual_seed(self.seed))
        return DataLoader(
            dataset,
            batch_size=self.batch_size,
            sampler=sampler,
            collate_fn=collate,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
        )


def content_of(recording: Recording) -> str:
    """Fingerprint of what was recorded of each person, wherever the files lie."""
    streams = ((person.name, *named) for person in recording.participants for named in person.streams())
    return fingerprint(*(repr((person, name, _content(stream))) for person, name, stream in streams))


def _content(stream: Stream) -> str:
    """The stream's own fingerprint; of sound and film, gigabytes that take minutes to read, name and size of the file.

    A stream that cannot be read is as one that is not there: whoever needs its features is told.
    """
    try:
        if isinstance(stream, AudioStream | VideoStream):
            return repr((stream.path.name, require_file(stream.path).stat().st_size, stream.offset))
        return stream.fingerprint()
    except (InputError, OSError):
        return ""


def data_folder(root: str | None, *parts: str, how_to_get: str = "") -> Path:
    """Folder of a dataset below the data root.

    Args:
        root: folder that holds the datasets; None reads ``EMPDETECT_DATA``.
        parts: path below it.
        how_to_get: the data module's own words on where the data come from, for the message.

    Raises:
        InputError: no root is known, or the folder is not there.
    """
    base = root or os.environ.get("EMPDETECT_DATA")
    if not base:
        raise InputError("Finding the data: give 'data_root', or set EMPDETECT_DATA to the folder of the datasets")
    folder = Path(base, *parts)
    if not folder.exists():
        remedy = how_to_get or "see `empdetect data list` for where to get it"
        raise InputError(f"Finding the data: nothing at {folder}; {remedy}")
    return folder
