"""Checks that make a figure mean what it says. Each raises ``ProtocolError`` that names who and where."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from empdetect.bench.system import Answers, Fold, System, unlabelled
from empdetect.datamodules.splits import group_of
from empdetect.datamodules.text import normalised
from empdetect.features.base import Extractor
from empdetect.features.text import own_words
from empdetect.recording import Segment, Split
from empdetect.task import Task

FEW = 16
SAME = 0.02
"""Two answers about one segment may differ by so much, as a share of the target's range (padding, threads)."""

ROUNDING = 1e-6
"""A probability may be so far below 0 or above 1: sums of numbers of 32 bits are."""

Key = tuple[str, str, float | None, float | None]


class ProtocolError(Exception):
    """A protocol is broken, so its figures would mean nothing. The message says who broke it, and where."""


def key_of(segment: Segment) -> Key:
    """What a segment is known by: recording, participant, start and end."""
    return (segment.recording.id, segment.participant, segment.start, segment.end)


class FoldChecks:
    """Checks of the parts of one fold after the other.

    Args:
        benchmark: its name, for messages.
        shortest_text: texts of fewer words may be on both sides of a split.
    """

    def __init__(self, benchmark: str, shortest_text: int = 1) -> None:
        self.benchmark = benchmark
        self.shortest_text = shortest_text
        self._tested: dict[str, int] = {}
        self._texts: dict[Key, str] = {}

    def check(self, parts: Mapping[Split, Sequence[Segment]], fold: int) -> None:
        """Groups and texts of one fold.

        Raises:
            ProtocolError: a group or a text is in two parts, or a group is tested in two folds.
        """
        self._check_parts(parts, fold, "group", group_of)
        self._check_parts(parts, fold, "text", self._text)
        for group in sorted({group_of(segment) for segment in parts["test"]}):
            before = self._tested.setdefault(group, fold)
            if before != fold:
                raise ProtocolError(f"{self.benchmark}: group '{group}' is tested in folds {before} and {fold}")

    def _check_parts(
        self, parts: Mapping[Split, Sequence[Segment]], fold: int, what: str, value_of: Callable[[Segment], str]
    ) -> None:
        seen: dict[str, tuple[str, Segment]] = {}
        for part, segments in parts.items():
            for segment in segments:
                value = value_of(segment)
                before, first = seen.setdefault(value, (part, segment))
                if value and before != part:
                    raise ProtocolError(
                        f"{self.benchmark}, fold {fold}: the {what} '{value[:60]}' is in {before} "
                        f"({first.recording.id}) and in {part} ({segment.recording.id})"
                    )

    def _text(self, segment: Segment) -> str:
        """Normalised words of the scored person; empty if there are too few to tell anything."""
        key = key_of(segment)
        if key not in self._texts:
            text = normalised(text_of(segment))
            self._texts[key] = text if len(text.split()) >= self.shortest_text else ""
        return self._texts[key]


def text_of(segment: Segment, person: int = 0, last: bool = False) -> str:
    """What a person of a segment said in it, or said last: 0 is the scored person. Empty without a transcript."""
    people = segment.people()
    if person >= len(people):
        return ""
    start = -np.inf if segment.start is None else segment.start
    end = np.inf if segment.end is None else segment.end
    said = own_words(people[person])
    texts = [u.text for u in said if u.start is None or start <= u.start < end]
    return " ".join(texts[-1:] if last else texts)


def check_answers(name: str, fold: int, answers: Answers, segments: Sequence[Segment], task: Task) -> None:
    """There must be one answer a segment, each a number, probabilities between 0 and 1.

    Raises:
        ProtocolError: otherwise.
    """
    for target in task.targets:
        where = f"{name}, fold {fold}, target {target.name}"
        found = answers.get(target.name)
        if found is None:
            raise ProtocolError(f"{where}: no answers")
        if len(found) != len(segments):
            raise ProtocolError(f"{where}: {len(found)} predictions for {len(segments)} labels")
        width = target.levels if target.is_categorical else 1
        if found.shape != (len(segments), width):
            raise ProtocolError(f"{where}: answers of shape {found.shape}, expected is ({len(segments)}, {width})")
        wrong = np.flatnonzero(~np.isfinite(found).all(axis=1))
        if len(wrong):
            raise ProtocolError(
                f"{where}: {len(wrong)} predictions are not numbers, the first for {segments[wrong[0]].recording.id}"
            )
        wrong = np.flatnonzero((np.abs(found - 0.5) > 0.5 + ROUNDING).any(axis=1))
        if target.is_categorical and len(wrong):
            raise ProtocolError(
                f"{where}: {len(wrong)} predictions are no probabilities, which are between 0 and 1, the first for "
                f"{segments[wrong[0]].recording.id}"
            )


def check_learned_from(name: str, fold: Fold, learned: Sequence[Segment]) -> None:
    """A system that reads the data itself must have learned from the fold's training and validation part alone.

    Raises:
        ProtocolError: it saw another segment.
    """
    allowed = {key_of(segment) for segment in (*fold.train, *fold.val)}
    others = [segment for segment in learned if key_of(segment) not in allowed]
    if others:
        raise ProtocolError(
            f"{name}, fold {fold.number}: learned from {len(others)} segments outside the training and validation "
            f"part, the first {key_of(others[0])}"
        )


def check_named(benchmark: str, zscore_by: str | None) -> None:
    """Features standardised by the tested people's own statistics must show in the name.

    Raises:
        ProtocolError: the name and what is done differ.
    """
    if (zscore_by is not None) != benchmark.endswith("-z"):
        done = "are" if zscore_by is not None else "are not"
        raise ProtocolError(
            f"{benchmark}: features {done} standardised with the statistics of the people tested; "
            "the names of such protocols, and of no others, end in -z"
        )


def check_scaling(name: str, fold: Fold, zscore_by: str | None, features: Mapping[str, Extractor]) -> None:
    """A system that reads the data itself must standardise as the protocol says.

    Args:
        name: of the system.
        fold: with the protocol's word.
        zscore_by: the system's.
        features: its extractors by modality.

    Raises:
        ProtocolError: it standardises by people where the protocol does not, or the other way round; or it holds
            each segment against the person's whole recording, which holds all segments that are tested. What came
            before a segment may be read: whoever asks about it has that, too.
    """
    relative = [name for name, extractor in features.items() if extractor.whole and not extractor.past_only]
    if relative and fold.zscore_by is None:
        raise ProtocolError(
            f"{name}, fold {fold.number}: '{relative[0]}' is held against the person's whole recording, which only a "
            "protocol named -z may do"
        )
    if zscore_by != fold.zscore_by:
        raise ProtocolError(
            f"{name}, fold {fold.number}: its data module standardises by {zscore_by or 'the training set'}, "
            f"the protocol by {fold.zscore_by or 'the training set'}; take 'zscore_by' out of the configuration"
        )


def check_alone(name: str, fold: Fold, system: System, segments: Sequence[Segment], answers: Answers) -> None:
    """The answer about a segment must not depend on which other segments are tested.

    This finds standardisation (or anything else) that is fitted on the test data. A few segments, those
    with the most extreme answers, are asked about again by themselves. ``-z`` protocols are left out.

    Raises:
        ProtocolError: an answer changed.
    """
    if fold.zscore_by is not None:
        return
    for target in fold.task.targets:
        found = answers[target.name]
        places = np.argsort(found[:, -1], kind="stable")[-min(FEW, max(len(segments) // 4, 1)) :]
        alone = system.answers(unlabelled([segments[place] for place in places]))[target.name]
        span = 1.0 if target.is_categorical else target.limits[1] - target.limits[0]
        change = float(np.abs(alone - found[places]).max()) / span
        if not change <= SAME:  # nor is an answer that is no number the same
            raise ProtocolError(
                f"{name}, fold {fold.number}, target {target.name}: answers change by up to {change:.3f} with what "
                "else is tested: something is fitted on the test data, which only a protocol named -z may do"
            )
