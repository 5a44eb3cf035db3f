"""Prediction: a detector's answer about one segment, and how it is put together."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from empdetect.errors import InputError
from empdetect.example import Example
from empdetect.models.calibration import Answers
from empdetect.models.doubt import STRANGE
from empdetect.recording import Segment
from empdetect.task import Task


@dataclass(frozen=True)
class Prediction:
    """A detector's answer about one segment.

    Args:
        segment: what it is about.
        scores: by measure, the calibrated score; empty if the segment could not be scored.
        intervals: by measure, the ends of the 90% interval; NaN where the detector is not calibrated.
        labels: by target of yes or no (``no``, ``yes``) or of classes, those labels of which the true one is one in
            90% of cases; without targets whose calibration cannot tell.
        quality: by modality, how far the signal of those scored can be trusted, 0 (nothing there, or nothing like
            what the detector was trained on) to 1.
        missing: by modality of which nothing was observed, why.
        doubt: by modality, how far what is there is unlike the training data, 0 to 1; quality is lowered by it.
        reason: why there is no score, or why it is doubtful; empty if neither.
        carried: by measure and modality, how much the score changes when the modality is left out; empty where it
            was not asked for, or one modality alone was there.
    """

    segment: Segment
    scores: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    doubt: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    carried: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def score(self, measure: str) -> float | None:
        """Score of a measure; None if the segment could not be scored.

        Raises:
            InputError: the detector has no such measure.
        """
        if self.scores and measure not in self.scores:
            raise InputError(f"No measure '{measure}': the detector gives {', '.join(self.scores)}")
        return self.scores.get(measure)

    def rows(self, measures: Iterable[str]) -> list[dict[str, Any]]:
        """Rows of a Scores table, one for each measure."""
        there = {name: value for name, value in sorted(self.quality.items()) if value > 0}
        common = {
            "recording": self.segment.recording.id,
            "participant": self.segment.participant,
            "start": self.segment.start,
            "end": self.segment.end,
            "quality": sum(self.quality.values()) / len(self.quality) if self.quality else 0.0,
            "modalities": " ".join(f"{name}:{value:.2f}" for name, value in there.items()),
            "reason": self.reason,
        }
        empty = (math.nan, math.nan)
        return [
            {
                **common,
                "measure": measure,
                "score": self.scores.get(measure, math.nan),
                "low": self.intervals.get(measure, empty)[0],
                "high": self.intervals.get(measure, empty)[1],
                "carried": changes(self.carried.get(measure, {})),
            }
            for measure in measures
        ]


def predicted(
    task: Task, example: Example, row: int, answers: Mapping[str, Answers], doubt: Mapping[str, float], people: int
) -> Prediction:
    """What a detector says of one segment.

    Args:
        task: what it answers.
        example: the segment with its features.
        row: which of the answers is the segment's.
        answers: by target, those about all segments.
        doubt: by modality, how far what is there is unlike the training data.
        people: without how many there is nothing to score.
    """
    scores: dict[str, float] = {}
    intervals: dict[str, tuple[float, float]] = {}
    labels: dict[str, tuple[str, ...]] = {}
    for target in task.targets:
        found = answers[target.name]
        sets = found.labels(target, slice(row, row + 1))
        if sets is not None:
            names = target.classes or ("no", "yes")
            labels[target.name] = tuple(name for name, there in zip(names, sets[0], strict=True) if there)
        for place, measure in enumerate(target.measures):
            scores[measure] = float(found.scores[row, place])
            intervals[measure] = (float(found.low[row, place]), float(found.high[row, place]))
    seen_quality, missing = _quality(example, people), _missing(example, people)
    quality = {name: value * (1 - doubt.get(name, 0.0)) for name, value in seen_quality.items()}
    reason = _strangeness(doubt)
    return Prediction(example.segment, scores, intervals, quality, missing, doubt, reason, labels=labels)


def observed(example: Example, people: int = 1) -> bool:
    """Whether anything was observed of the scored person, and of those whom they are compared with."""
    return any(
        len(each) >= people and all(features.observed for features in each[:people]) for each in example.inputs.values()
    )


def changes(by_modality: Mapping[str, float]) -> str:
    """Changes of a score as one cell of a table: ``audio:+0.120 text:-0.031``."""
    return " ".join(f"{name}:{value:+.3f}" for name, value in sorted(by_modality.items()))


def _quality(example: Example, people: int) -> dict[str, float]:
    """By modality, mean quality of the frames of so many people; 0 for those of whom there are none."""
    return {
        name: sum(features.mean_quality for features in each[:people] if features.observed) / people
        for name, each in sorted(example.inputs.items())
    }


def _missing(example: Example, people: int) -> dict[str, str]:
    """By modality of which nothing was observed of somebody who is needed, why."""
    found = {}
    for name, each in sorted(example.inputs.items()):
        absent = [features.reason or "nothing observed" for features in each[:people] if not features.observed]
        if absent or len(each) < people:
            found[name] = absent[0] if absent else "nobody to compare with"
    return found


def _strangeness(doubt: Mapping[str, float]) -> str:
    """Which modalities are unlike the training data, in words; empty if none is."""
    strange = [name for name, value in doubt.items() if value >= STRANGE]
    return f"doubtful: {', '.join(strange)} unlike the training data" if strange else ""


def unscored(example: Example, people: int) -> Prediction:
    """A segment with nothing to score, and why."""
    missing = _missing(example, people)
    reason = "; ".join(f"{name}: {why}" for name, why in missing.items())
    return Prediction(example.segment, quality=_quality(example, people), missing=missing, reason=reason)
