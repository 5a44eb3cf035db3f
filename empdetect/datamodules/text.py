"""What datasets of texts share: one utterance, or a pair of utterances, to a segment; duplicates tied together."""

import csv
import re
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import SPLITS, Participant, Recording, Segment
from empdetect.streams.files import require_file
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task

Words = str | Sequence[str]
"""What somebody said: one utterance, or several in their order."""


@dataclass(frozen=True)
class Text:
    """One text with its labels.

    Args:
        name: unlike that of any other text of the dataset.
        words: what is scored.
        labels: known labels by target.
        ties: what must not be on both sides of a split, such as a writer or a dialogue. Texts that share
            a tie, their words or their context stay together. Ties are compared by place: the first
            with the first, and so on; an empty one ties nothing.
        context: what the other person said before; empty if there is none.
        earlier: turns before the context, each with its speaker; all turns are then in one transcript.
        split: where the dataset's owners put it.
    """

    name: str
    words: Words
    labels: dict[str, float] = field(default_factory=dict)
    ties: tuple[str, ...] = ()
    context: Words = ""
    earlier: Sequence[tuple[str, str]] = ()
    split: str | None = None


class TextDataModule(EmpathyDataModule):
    """A dataset of texts. A subclass says where they are and yields them.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds the dataset's own; None reads ``EMPDETECT_DATA``.
        folds: number of grouped folds; None takes those of the dataset's protocol.
        fold, batch_size, seed, workers: as for ``EmpathyDataModule``.

    Attributes:
        folder: name of the dataset's folder below the data root.
        protocol_folds: how many folds its protocol has.
        speaker, listener: names and roles of who is scored, and of whose words are the context.
    """

    folder: ClassVar[str]
    protocol_folds: ClassVar[int] = 5
    speaker: ClassVar[str] = "speaker"
    listener: ClassVar[str] = "listener"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, self.protocol_folds if folds is None else folds, fold, batch_size, seed, workers)
        self.data_root = data_root

    @abstractmethod
    def texts(self, folder: Path) -> Iterable[Text]:
        """All texts of the dataset.

        Args:
            folder: where its files are.

        Raises:
            InputError: a file is missing or broken.
        """

    def segments(self) -> list[Segment]:
        """One segment a text.

        Raises:
            InputError: a file is missing or broken.
        """
        texts = list(self.texts(data_folder(self.data_root, self.folder, how_to_get=self.how_to_get)))
        return [self._segment(text, group) for text, group in zip(texts, groups_of(texts), strict=True)]

    def _segment(self, text: Text, group: str) -> Segment:
        people = self._dialogue(text) if text.earlier else [_person(self.speaker, text.words)]
        if text.context and not text.earlier:
            people.append(_person(self.listener, text.context))
        recording = Recording(text.name, tuple(people))
        return Segment(recording, self.speaker, labels=text.labels, group=group, split=text.split)

    def _dialogue(self, text: Text) -> list[Participant]:
        """The two people with all turns in one transcript."""
        turns = [*text.earlier, (self.listener, _joined(text.context)), (self.speaker, _joined(text.words))]
        transcript = Transcript(tuple(Utterance(words, speaker=who) for who, words in turns if words))
        return [Participant(name, name, transcript=transcript) for name in (self.speaker, self.listener)]


class PairDataModule(TextDataModule):
    """A dataset of texts that answer another person's.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds the dataset's own; None reads ``EMPDETECT_DATA``.
        context: whether the model reads what the other person said, too.
        folds: number of grouped folds; None takes those of the dataset's protocol.
        fold, batch_size, seed, workers: as for ``EmpathyDataModule``.

    Attributes:
        targets: what is labelled.
        construct: what that is about, see ``Task``.
    """

    targets: ClassVar[tuple[Target, ...]]
    construct: ClassVar[str] = "empathy"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        context: bool = True,
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, data_root, folds, fold, batch_size, seed, workers)
        self.context = context
        self.task = Task(
            self.targets,
            unit="utterance",
            construct=self.construct,
            interaction="dyadic",
            persons=2 if context else 1,
        )


class PublishedTextDataModule(TextDataModule):
    """A dataset of texts whose owners say which are for training and which for the test.

    The test set is always theirs, whole. Its texts may also occur elsewhere, word for word: such copies
    are counted, and left out if asked. Within a split, texts are grouped by their first tie, which no text
    but a copy may share with another split. Further ties may be on both sides, as the owners dealt them: the
    texts concerned are counted.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds the dataset's own; None reads ``EMPDETECT_DATA``.
        deduplicate: leave out texts for training that occur in the validation or test set, and texts for
            validation that occur in the test set.
        folds: where the owners name no validation set, one in so many groups of the training set becomes it;
            None takes the number of the dataset's protocol.
        fold: makes no difference.
        batch_size, seed, workers: as for ``EmpathyDataModule``.

    Attributes:
        further_tie: what the second tie and those after it are, in the plural, for the summary.
        copies: by split, how many texts occur word for word in a later one; known once the data are read.
        tied: by split, how many of the texts that are kept share a further tie with another one; likewise.
    """

    further_tie: ClassVar[str] = "ties"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        deduplicate: bool = False,
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, data_root, folds, fold, batch_size, seed, workers)
        self.deduplicate = deduplicate
        self.copies: dict[str, int] = {}
        self.tied: dict[str, int] = {}

    def segments(self) -> list[Segment]:
        """One segment a text.

        Raises:
            InputError: a file is missing or broken, or texts that are no copies share their first tie across splits.
        """
        texts = list(self.texts(data_folder(self.data_root, self.folder, how_to_get=self.how_to_get)))
        copied = copies_of(texts)
        # The groups below carry the split in their names, so nobody could see it later on.
        _check_first_ties([text for place, text in enumerate(texts) if place not in copied], type(self).__name__)
        self.copies = {split: sum(texts[place].split == split for place in copied) for split in SPLITS[:2]}
        kept = [text for place, text in enumerate(texts) if not (self.deduplicate and place in copied)]
        tied = tied_across(kept)
        self.tied = {split: sum(kept[place].split == split for place in tied) for split in SPLITS}
        return [self._segment(text, f"{text.split}: {text.ties[0]}") for text in kept]

    def summary(self) -> str:
        """One line: how many segments each split holds, how many texts occur in a later one, and what ties splits."""
        line = super().summary()
        what = "left out" if self.deduplicate else "kept"
        counts = " and ".join(f"{count} {split}" for split, count in self.copies.items())
        tied = ", ".join(f"{count} {split}" for split, count in self.tied.items())
        shared = f"; {tied} texts share their {self.further_tie} with another split" if any(self.tied.values()) else ""
        return f"{line}; {counts} texts that occur in a later split {what}{shared}"


def groups_of(texts: Iterable[Text]) -> list[str]:
    """A group for each text, the same for texts with a common tie, and for copies."""
    return linked((*text.ties, _joined(text.words), _joined(text.context)) for text in texts)


def copies_of(texts: Sequence[Text]) -> set[int]:
    """Places of the texts whose words occur in a later split: training ones in validation or test, and so on."""
    words = [normalised(_joined(text.words)) for text in texts]
    last: dict[str, int] = {}
    for key, text in zip(words, texts, strict=True):
        last[key] = max(last.get(key, 0), _rank(text))
    return {place for place, key in enumerate(words) if key and 0 <= _rank(texts[place]) < last[key]}


def tied_across(texts: Sequence[Text]) -> set[int]:
    """Places of the texts that share a tie other than their first with a text of another split."""
    splits: dict[tuple[int, str], set[str | None]] = defaultdict(set)
    ties = [[(column, tie) for column, tie in enumerate(text.ties) if column and tie] for text in texts]
    for text, further in zip(texts, ties, strict=True):
        for tie in further:
            splits[tie].add(text.split)
    return {place for place, further in enumerate(ties) if any(len(splits[tie]) > 1 for tie in further)}


def _check_first_ties(texts: Iterable[Text], what: str) -> None:
    """Make sure that no first tie is in two of the published splits.

    Raises:
        InputError: one is.
    """
    seen: dict[str, Text] = {}
    for text in texts:
        before = seen.setdefault(text.ties[0], text)
        if before.split != text.split:
            raise InputError(
                f"Reading the published split of {what}: '{text.ties[0][:60]}' is in {before.split} ({before.name}) "
                f"and in {text.split} ({text.name}); a first tie, such as a dialogue, must be in one split alone"
            )


def linked(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A group for each row, the same for rows that share any value, directly or through others.

    Values are compared as ``normalised``, each with the values of its own column; empty ones are not.
    """
    parent: dict[tuple[int, str], tuple[int, str]] = {}

    def root(key: tuple[int, str]) -> tuple[int, str]:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    firsts = []
    for number, row in enumerate(rows):
        keys = [(column, words) for column, value in enumerate(row) if (words := normalised(value))]
        keys = keys or [(-1, f"row {number}")]
        for key in keys[1:]:
            parent[root(key)] = root(keys[0])
        firsts.append(keys[0])
    return [root(key)[1] for key in firsts]


def normalised(text: str) -> str:
    """The words of a text without case, punctuation and spacing: what makes two texts the same."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def level(classes: Sequence[str], name: str, where: str) -> float:
    """Number of a class.

    Raises:
        InputError: there is no such class.
    """
    if name not in classes:
        raise InputError(f"Reading {where}: got the label '{name[:40]}', allowed are {', '.join(classes)}")
    return float(classes.index(name))


def read_fields(path: Path, count: int, tabs: bool = False) -> Iterator[tuple[str, list[str]]]:
    """Place (for messages) and fields of each line of a table without a header.

    Args:
        path: the file.
        count: how many fields a line has.
        tabs: separated by tabs, quotation marks being nothing special; else by commas.

    Raises:
        InputError: the file is missing, empty or not UTF-8, or a line has another number of fields.
    """
    require_file(path)
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.reader(file, "excel-tab", quoting=csv.QUOTE_NONE) if tabs else csv.reader(file)
        try:
            for number, fields in enumerate(lines, 1):
                if len(fields) != count:
                    raise InputError(f"Reading {path}: row {number} has {len(fields)} fields and not {count}")
                yield f"{path}, row {number}", fields
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"Reading {path}: {error}; download it again") from None


def _person(name: str, words: Words) -> Participant:
    said = (words,) if isinstance(words, str) else words
    return Participant(name, name, transcript=Transcript(tuple(Utterance(text) for text in said)))


def _joined(words: Words) -> str:
    return words if isinstance(words, str) else " ".join(words)


def _rank(text: Text) -> int:
    """Place of a text's split among ``SPLITS``; -1 if it has none."""
    return SPLITS.index(text.split) if text.split in SPLITS else -1
