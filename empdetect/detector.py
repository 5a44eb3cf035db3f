"""Detector: a trained model as a user holds it. Load it, let it score, save it, share it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from empdetect import detector_folder, windows
from empdetect.batch import Batch
from empdetect.components import OWN
from empdetect.device import pick_device
from empdetect.errors import InputError
from empdetect.example import Example, featurise
from empdetect.features.base import Extractor
from empdetect.features.cache import FeatureCache
from empdetect.models.calibration import Calibration
from empdetect.models.detector_module import DetectorModule
from empdetect.models.heads import decode
from empdetect.progress import track
from empdetect.recording import Recording, Segment
from empdetect.scores import Scores
from empdetect.task import Target, Task


@dataclass(frozen=True)
class Prediction:
    """A detector's answer about one segment.

    Args:
        segment: what it is about.
        scores: by measure, the calibrated score; empty if the segment could not be scored.
        intervals: by measure, the ends of the 90% interval; NaN where the detector is not calibrated.
        quality: by modality, how far the scored person's signal can be trusted, 0 (nothing there) to 1.
        missing: by modality of which nothing was observed, why.
        reason: why there is no score; empty if there is one.
    """

    segment: Segment
    scores: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

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
            }
            for measure in measures
        ]


class Detector:
    """A trained detector.

    Args:
        module: the trained model.
        features: the extractors it was trained with, by modality.
        calibration: fitted on held-out segments; None gives uncalibrated scores without intervals.
        facts: what ``metrics.json`` and the model card tell: data, licence, metrics, versions.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    """

    def __init__(
        self,
        module: DetectorModule,
        features: Mapping[str, Extractor],
        calibration: Calibration | None = None,
        facts: Mapping[str, Any] | None = None,
        device: str = "auto",
    ) -> None:
        module.check_features(features)
        self.device = pick_device(device)
        self.module = module.to(self.device).eval()
        self.features = {name: features[name] for name in module.modalities}
        self.calibration = calibration
        self.facts = dict(facts or {})

    @property
    def task(self) -> Task:
        """What the detector answers."""
        return self.module.task

    @property
    def measures(self) -> list[str]:
        """Names of the measures it gives."""
        return [measure for target in self.task.targets for measure in target.measures]

    @classmethod
    def from_pretrained(cls, name: str | Path, trusted: Sequence[str] = OWN, device: str = "auto") -> "Detector":
        """Load a detector. No code of its author runs: safetensors and classes of trusted packages only.

        Args:
            name: a folder, or a name on the Hugging Face hub.
            trusted: packages whose classes its configuration may name.
            device: where it is to run.

        Raises:
            InputError: the folder is not a detector, holds a pickle, was tampered with or names a
                class outside the trusted packages.
        """
        parts = detector_folder.read(detector_folder.locate(name), trusted)
        return cls(parts.module, parts.features, parts.calibration, parts.facts, device)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write config.yaml, model.safetensors, calibration.json, metrics.json and the model card."""
        return detector_folder.write(Path(folder), self._parts())

    def push_to_hub(self, name: str, private: bool = True, token: str | None = None) -> str:
        """Upload to the Hugging Face hub and return the address.

        Args:
            name: ``owner/name`` on the hub.
            private: whether only its owner can see it.
            token: access token; None takes the one that is logged in.

        Raises:
            InputError: the model card still lacks its limits.
        """
        return detector_folder.push(self._parts(), name, private, token)

    def score(self, recordings: Recording | Iterable[Recording], cache: FeatureCache | None = None) -> Scores:
        """Score every participant of every recording, in the windows of the task.

        Args:
            recordings: one or more.
            cache: where features are kept; None computes them anew and keeps nothing.
        """
        recordings = [recordings] if isinstance(recordings, Recording) else list(recordings)
        rows = []
        for recording in track(recordings, "Scoring"):
            for prediction in self.predict(windows.segments(recording, self.task), cache=cache):
                rows += prediction.rows(self.measures)
        return Scores.of(rows, self.about())

    def predict(
        self, segments: Sequence[Segment], batch_size: int = 16, cache: FeatureCache | None = None
    ) -> list[Prediction]:
        """Answer about segments, in their order. What cannot be scored has a reason and no score.

        Args:
            segments: what to score.
            batch_size: segments a batch.
            cache: where features are kept; None computes them anew and keeps nothing.
        """
        cache = cache or FeatureCache(enabled=False)
        examples = [featurise(segment, self.features, cache, "missing", self.task.persons) for segment in segments]
        scorable = [place for place, example in enumerate(examples) if _observed(example)]
        outputs = self.outputs([examples[place] for place in scorable], batch_size)
        row_of = {place: row for row, place in enumerate(scorable)}
        return [
            self._prediction(example, outputs, row_of[place]) if place in row_of else _unscored(example)
            for place, example in enumerate(examples)
        ]

    def about(self) -> dict[str, Any]:
        """What the sidecar of a Scores table tells of the detector."""
        return {
            "detector": self.facts.get("name", "unnamed"),
            "fingerprint": self.facts.get("fingerprint"),
            "task": self.task.to_dict(),
            "modalities": self.module.modalities,
            "calibrated": self.calibration is not None,
            "meaning": windows.MEANING,
            "limits": detector_folder.LIMITS,
        }

    @torch.inference_mode()
    def outputs(self, examples: Sequence[Example], batch_size: int = 16) -> dict[str, Tensor]:
        """Raw outputs of the heads, by target ``(n, outputs)``: what calibration and explanation start from."""
        collate = partial(Batch.collate, persons=self.task.persons, targets=[])
        loader: DataLoader[Example] = DataLoader(list(examples), batch_size, collate_fn=collate)  # type: ignore[arg-type]
        found: dict[str, list[Tensor]] = {target.name: [] for target in self.task.targets}
        for batch in loader:
            there = batch.to(self.device)
            for name, answer in self.module(there.inputs, there.masks).items():
                found[name].append(answer.float().cpu())
        return {
            target.name: torch.cat(found[target.name]) if found[target.name] else torch.empty(0, target.outputs)
            for target in self.task.targets
        }

    def _parts(self) -> detector_folder.Parts:
        return detector_folder.Parts(self.module, self.features, self.calibration, self.facts)

    def _prediction(self, example: Example, outputs: Mapping[str, Tensor], index: int) -> Prediction:
        scores: dict[str, float] = {}
        intervals: dict[str, tuple[float, float]] = {}
        for target in self.task.targets:
            for place, (measure, score) in enumerate(self._answers(target, outputs[target.name][index])):
                scores[measure] = score
                intervals[measure] = self._interval(target, place, score)
        return Prediction(example.segment, scores, intervals, _quality(example), _missing(example))

    def _answers(self, target: Target, output: Tensor) -> list[tuple[str, float]]:
        fitted = self.calibration.targets.get(target.name) if self.calibration else None
        decoded = decode(target, output.unsqueeze(0), fitted.temperature if fitted else 1.0)[0]
        return list(zip(target.measures, decoded.tolist(), strict=True))

    def _interval(self, target: Target, place: int, score: float) -> tuple[float, float]:
        fitted = self.calibration.targets.get(target.name) if self.calibration else None
        return fitted.interval(target, place, score) if fitted else (math.nan, math.nan)


def _observed(example: Example) -> bool:
    """Whether anything was observed of the scored person."""
    return any(people[0].observed for people in example.inputs.values())


def _quality(example: Example) -> dict[str, float]:
    """By modality, mean quality of the scored person's frames; 0 where there are none."""
    return {
        name: people[0].mean_quality if people[0].observed else 0.0 for name, people in sorted(example.inputs.items())
    }


def _missing(example: Example) -> dict[str, str]:
    """By modality of which nothing was observed of the scored person, why."""
    return {
        name: people[0].reason or "nothing observed"
        for name, people in sorted(example.inputs.items())
        if not people[0].observed
    }


def _unscored(example: Example) -> Prediction:
    missing = _missing(example)
    reason = "; ".join(f"{name}: {why}" for name, why in missing.items())
    return Prediction(example.segment, quality=_quality(example), missing=missing, reason=reason)
