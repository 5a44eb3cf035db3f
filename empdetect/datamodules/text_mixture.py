"""Several datasets of texts as one, for a model that learns them all."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from empdetect.components import build
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.splits import group_of
from empdetect.datamodules.text import normalised
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import SPLITS, Participant, Recording, Segment, Split
from empdetect.task import Task


class TextMixtureDataModule(EmpathyDataModule):
    """Datasets of texts side by side, each split as it splits itself.

    A target is named after its set, as in ``mint_advice``; a text has labels of its own set and none of
    the others. A text for training or validation that occurs in the test part of another set, or anywhere
    in a set that is to be kept out, is dropped: texts are compared without case, punctuation and
    spacing, and those of any person that the model reads count.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        members: class path of each set's data module, by the name of the set.
        arguments: further arguments of a member or of a set to keep out, by its name.
        keep_out: sets that nothing may be learned from, by name, as in ``members``.
        data_root: folder that holds the datasets; None reads ``EMPDETECT_DATA``.
        at_most: of each set so many segments for training, and for validation, drawn by ``seed``; None takes all.
        fold: which fold each member tests; one with fewer folds starts again from its first.
        batch_size, seed, workers: as for ``EmpathyDataModule``.

    Attributes:
        dropped: by set, how many texts were dropped; known once the data are read.

    Raises:
        InputError: there are no members, or a set is both a member and to be kept out.
    """

    def __init__(
        self,
        features: dict[str, Extractor],
        members: dict[str, str],
        arguments: dict[str, dict[str, Any]] | None = None,
        keep_out: dict[str, str] | None = None,
        data_root: str | None = None,
        at_most: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, fold=fold, batch_size=batch_size, seed=seed, workers=workers)
        self.members = members
        self.arguments = arguments or {}
        self.keep_out = keep_out or {}
        self.data_root = data_root
        self.at_most = at_most
        self.dropped: dict[str, int] = {}
        _check_names(members, self.keep_out, self.arguments)
        self._members = {name: self._module(name, path) for name, path in members.items()}
        self._kept_out = [self._module(name, path) for name, path in self.keep_out.items()]
        self.folds = max(member.folds for member in self._members.values())
        self.task = _joint_task(self._members)
        # A detector's card names all the data it learned from.
        self.__dict__.update({fact: _facts(self._members, fact) for fact in ("about", "licence", "source")})

    def segments(self) -> list[Segment]:
        """All segments of all members that are not dropped."""
        self._split()
        return [segment for name in SPLITS for segment in self.parts[name]]

    def summary(self) -> str:
        """One line: how many segments each split holds, and how many texts were dropped."""
        line = super().summary()
        counts = ", ".join(f"{count} of {name}" for name, count in self.dropped.items() if count)
        return f"{line}; dropped as they occur in a test part or a set to keep out: {counts or 'none'}"

    def source_of(self, target: str) -> EmpathyDataModule:
        """The member whose target it is."""
        owners = {f"{name}_{own.name}": member for name, member in self._members.items() for own in member.task.targets}
        return owners[target]

    def _split(self) -> None:
        if self.parts:
            return
        parts = {name: _own_parts(name, member) for name, member in self._members.items()}
        outside = _texts(segment for module in self._kept_out for segment in module.segments())
        tested = {name: _texts(own["test"]) for name, own in parts.items()}
        counts: Counter[str] = Counter(dict.fromkeys(parts, 0))
        for name, own in parts.items():
            banned = outside.union(*(texts for other, texts in tested.items() if other != name))
            for split in SPLITS[:2]:
                kept = [segment for segment in own[split] if not _texts([segment]) & banned]
                counts[name] += len(own[split]) - len(kept)
                own[split] = self._drawn(kept)
        self.dropped = dict(counts)
        self.parts = {split: [segment for own in parts.values() for segment in own[split]] for split in SPLITS}

    def _module(self, name: str, path: str) -> EmpathyDataModule:
        """The data module of a class path; whoever trains chooses it, so any package may be named."""
        given = {"features": self.features, "data_root": self.data_root, "seed": self.seed}
        spec = {"class_path": path, "init_args": {**given, **self.arguments.get(name, {})}}
        module = build(spec, EmpathyDataModule, trusted=(path.partition(".")[0],))
        module.fold = self.fold % module.folds
        return module

    def _drawn(self, segments: list[Segment]) -> list[Segment]:
        if self.at_most is None:
            return segments
        order = np.random.default_rng(self.seed).permutation(len(segments))[: self.at_most]
        return [segments[place] for place in sorted(order)]


def _check_names(members: Mapping[str, str], keep_out: Mapping[str, str], arguments: Mapping[str, Any]) -> None:
    both = sorted(set(members) & set(keep_out))
    unknown = sorted(set(arguments) - set(members) - set(keep_out))
    if not members:
        raise InputError("Mixing datasets: give at least one member, its name and the class path of its data module")
    if both:
        raise InputError(f"Mixing datasets: {', '.join(both)} cannot be both a member and kept out")
    if unknown:
        raise InputError(f"Mixing datasets: arguments for {', '.join(unknown)}, which are neither members nor kept out")


def _joint_task(members: Mapping[str, EmpathyDataModule]) -> Task:
    targets = [
        replace(target, name=f"{name}_{target.name}")
        for name, member in members.items()
        for target in member.task.targets
    ]
    persons = max(member.task.persons for member in members.values())
    return Task(tuple(targets), unit="utterance", interaction="dyadic" if persons > 1 else "monadic", persons=persons)


def _own_parts(name: str, member: EmpathyDataModule) -> dict[Split, list[Segment]]:
    """The member's parts under the names of the mixture, with the people whom the member looks at."""
    member.summary()  # splits
    return {
        split: [_renamed(name, segment, member.task.persons) for segment in member.parts[split]] for split in SPLITS
    }


def _renamed(name: str, segment: Segment, persons: int) -> Segment:
    return replace(
        segment,
        recording=Recording(f"{name}: {segment.recording.id}", segment.people()[:persons]),
        labels={f"{name}_{target}": value for target, value in segment.labels.items()},
        group=f"{name}: {group_of(segment)}",
        split=None,
    )


def _texts(segments: Iterable[Segment]) -> set[str]:
    """What the people of segments said, normalised; nothing for people without words."""
    return {words for segment in segments for person in segment.people() if (words := _words(person))}


def _words(person: Participant) -> str:
    if person.transcript is None:
        return ""
    return normalised(" ".join(utterance.text for utterance in person.transcript.read().utterances))


def _facts(members: Mapping[str, EmpathyDataModule], fact: str) -> str:
    """What each member says of itself, in one line."""
    return " ".join(f"[{name}] {getattr(member, fact)}" for name, member in members.items())
