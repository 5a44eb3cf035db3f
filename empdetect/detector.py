"""Detector: a trained model as a user holds it. Load it, let it score, save it, share it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from empdetect import detector_folder, windows
from empdetect.batch import Batch, size_for
from empdetect.components import OWN, describe
from empdetect.device import give_back_memory, pick_device
from empdetect.errors import InputError
from empdetect.example import Example, featurise_together
from empdetect.features.base import Extractor
from empdetect.features.cache import FeatureCache
from empdetect.models.calibration import MEANING, REFERENCES, UNCALIBRATED, Answers, Calibration
from empdetect.models.ensemble import Ensemble
from empdetect.models.network import DetectorNetwork
from empdetect.models.novelty import Novelty
from empdetect.prediction import Prediction, observed, predicted, unscored
from empdetect.progress import track
from empdetect.recording import Recording, Segment
from empdetect.scores import Scores
from empdetect.streams.files import file_fingerprint, fingerprint
from empdetect.stretches import stretches
from empdetect.task import Task

ALL = "all"
"""Under this name stands what is observed with every modality."""

Answered = tuple[dict[str, Tensor], dict[str, Tensor]]
"""Outputs by target, and by target how far the members of an ensemble disagree."""


@dataclass(frozen=True)
class Observations:
    """What a detector's module says of segments, before calibration.

    Args:
        outputs: by target, ``(n, outputs)`` of its head.
        spread: by target, ``(n,)`` how far the members of an ensemble disagree; None for a single detector.
    """

    outputs: dict[str, Tensor]
    spread: Mapping[str, NDArray[np.float64]] | None


class Detector:
    """A trained detector.

    Args:
        module: the trained model, or several as one.
        features: the extractors it was trained with, by modality.
        calibration: fitted on held-out segments; None gives uncalibrated scores without intervals.
        facts: what ``metrics.json`` and the model card tell: data, licence, metrics, versions.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        novelty: what the inputs of the training set look like; None takes every input for a usual one.
    """

    def __init__(
        self,
        module: DetectorNetwork | Ensemble,
        features: Mapping[str, Extractor],
        calibration: Calibration | None = None,
        facts: Mapping[str, Any] | None = None,
        device: str = "auto",
        novelty: Novelty | None = None,
    ) -> None:
        module.check_features(features)
        self.device = pick_device(device)
        self.module = module.to(self.device).eval()
        self.features = {name: features[name] for name in module.modalities}
        self.calibration = calibration
        self.facts = dict(facts or {})
        self.novelty = novelty

    @property
    def task(self) -> Task:
        """What the detector answers."""
        return self.module.task

    @property
    def measures(self) -> list[str]:
        """Names of the measures it gives."""
        return [measure for target in self.task.targets for measure in target.measures]

    @property
    def heads(self) -> dict[str, Any]:
        """By target, what its head was trained on: data, licence, segments, groups, fingerprint; empty if not told."""
        return dict(self.facts.get("heads", {}))

    @classmethod
    def from_pretrained(cls, name: str | Path, trusted: Sequence[str] = OWN, device: str = "auto") -> "Detector":
        """Load a detector. No code of its author runs: safetensors and classes of trusted packages only.

        Args:
            name: a folder, ``text-empathy``, which comes with the package, or a name on the Hugging Face hub.
            trusted: packages whose classes its configuration may name.
            device: where it is to run.

        Raises:
            InputError: the folder is not a detector, holds a pickle, was tampered with or names a
                class outside the trusted packages.
        """
        parts = detector_folder.read(detector_folder.locate(name), trusted)
        return cls(parts.module, parts.features, parts.calibration, parts.facts, device, parts.novelty)

    def save_pretrained(self, folder: str | Path, half: bool = False) -> Path:
        """Write the detector's files and its card; ``half`` and what is raised: ``detector_folder.write``."""
        return detector_folder.write(Path(folder), self._parts(), half)

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

        Raises:
            InputError: something else was given, such as a path.
        """
        recordings = [recordings] if isinstance(recordings, Recording | str | Path) else list(recordings)
        wrong = next((each for each in recordings if not isinstance(each, Recording)), None)
        if wrong is not None:
            raise InputError(f"Scoring: recordings are needed, got {wrong!r:.60}; open files with open_recording")
        rows = []
        for recording in track(recordings, "Scoring"):
            kept = cache or FeatureCache(enabled=False, keep=self.kept(recording))
            for part in self.predict_stretches(windows.segments(recording, self.task), kept):
                for prediction in part:
                    rows += prediction.rows(self.measures)
        return Scores.of(rows, self.about())

    def kept(self, recording: Recording) -> int:
        """How many features a cache in memory must keep so that none of a stretch is computed twice."""
        # Those of the stretch that is answered, and of the one that is prepared meanwhile.
        return max(1, 2 * len(self.features) * len(recording.participants))

    def read_ahead(self, recordings: Sequence[Recording]) -> None:
        """Get ready for recordings that will be scored one by one: their words are embedded together."""
        people = [person for recording in recordings for person in recording.participants]
        for extractor in self.features.values():
            extractor.ahead(people)

    def stretches(self, segments: Sequence[Segment]) -> Iterator[list[Segment]]:
        """Segments of one recording piece by piece, to be given to ``predict`` in this order: see ``stretches``."""
        return stretches(segments, [extractor for extractor in self.features.values() if extractor.whole])

    def predict(
        self,
        segments: Sequence[Segment],
        batch_size: int = 16,
        cache: FeatureCache | None = None,
        attribute: bool = False,
    ) -> list[Prediction]:
        """Answer about segments, in their order. What cannot be scored has a reason and no score.

        Args:
            segments: what to score.
            batch_size: segments a batch.
            cache: where features are kept; None computes them anew and keeps nothing.
            attribute: also tell how much each modality carried the score; each costs one more pass of the model.
        """
        return self._answers(self.examples(segments, cache), batch_size, attribute)

    def examples(self, segments: Sequence[Segment], cache: FeatureCache | None = None) -> list[Example]:
        """Features of segments; what cannot be read is missing."""
        cache = cache or FeatureCache(enabled=False)
        return featurise_together(segments, self.features, cache, self.task.persons)

    def predict_stretches(
        self, segments: Sequence[Segment], cache: FeatureCache, done: int = 0
    ) -> Iterator[list[Prediction]]:
        """Answer about the segments of one recording stretch by stretch, and tell what carried each score.

        While one stretch is answered, the next is decoded and its features are computed in a thread.

        Args:
            segments: of one recording.
            cache: where features are kept.
            done: so many stretches are passed over.
        """
        coming = islice(self.stretches(segments), done, None)

        def prepared() -> list[Example] | None:
            stretch = next(coming, None)
            return None if stretch is None else self.examples(stretch, cache)

        with ThreadPoolExecutor(1) as ahead:
            examples = prepared()
            while examples is not None:
                following = ahead.submit(prepared)
                yield self._answers(examples, size_for(examples), attribute=True)
                examples = following.result()
                if examples is not None:
                    give_back_memory()

    def _answers(self, examples: Sequence[Example], batch_size: int, attribute: bool = False) -> list[Prediction]:
        """Predictions in the order of the examples; those of which nothing was observed have a reason."""
        scorable = [place for place, example in enumerate(examples) if observed(example, self._people)]
        found = iter(self._predictions([examples[place] for place in scorable], batch_size, attribute))
        known = set(scorable)
        return [
            next(found) if place in known else unscored(example, self._people) for place, example in enumerate(examples)
        ]

    def about(self) -> dict[str, Any]:
        """What the sidecar of a Scores table tells of the detector."""
        return {
            "detector": self.facts.get("name", "unnamed"),
            "fingerprint": self.facts.get("fingerprint"),
            "task": self.task.to_dict(),
            "modalities": self.module.modalities,
            "calibrated": self.calibration is not None,
            "heads": self.heads,
            "meaning": windows.MEANING,
            "intervals": {target.name: MEANING[target.kind in ("binary", "nominal")] for target in self.task.targets},
            "limits": detector_folder.LIMITS,
            "references": self._references(),
        }

    def _references(self) -> list[str]:
        """Works to name in a paper that uses its scores."""
        found = dict.fromkeys(work for extractor in self.features.values() for work in extractor.references)
        return [*found, *(REFERENCES if self.calibration is not None else ())]

    def identity(self) -> str:
        """Fingerprint of all that its answers depend on: weights, features, calibration, novelty, device."""
        weights = self.module.state_dict()
        arrays = {} if self.novelty is None else self.novelty.arrays()
        fitted = None if self.calibration is None else self.calibration.to_dict()
        parts: list[str | bytes] = [json.dumps([self.task.to_dict(), fitted, self.device.type], sort_keys=True)]
        for name, extractor in self.features.items():
            parts += [name, json.dumps(describe(extractor), sort_keys=True), str(extractor.version)]
            parts += [file_fingerprint(path) for path in extractor.resources()]
        for name in sorted(weights):
            parts += [name, weights[name].detach().cpu().reshape(-1).view(torch.uint8).numpy().tobytes()]
        for name in sorted(arrays):
            parts += [name, np.ascontiguousarray(arrays[name]).tobytes()]
        return fingerprint(*parts)

    def outputs(self, examples: Sequence[Example], batch_size: int = 16) -> dict[str, Tensor]:
        """Raw outputs of the heads, by target ``(n, outputs)``: what calibration and explanation start from."""
        return self.observe(examples, batch_size).outputs

    def observe(self, examples: Sequence[Example], batch_size: int = 16) -> Observations:
        """Raw outputs of the heads, and how far the members of an ensemble disagree."""
        return self.observe_without(examples, batch_size, [])[ALL]

    @torch.inference_mode()
    def observe_without(
        self, examples: Sequence[Example], batch_size: int, modalities: Sequence[str]
    ) -> dict[str, Observations]:
        """What ``observe`` gives under the name ``ALL``, and by modality what it would give without it.

        Each example is encoded once.
        """
        found: dict[str, list[Answered]] = {name: [] for name in (ALL, *modalities)}
        for first in range(0, len(examples), batch_size):
            some = examples[first : first + batch_size]
            there = Batch.collate(some, persons=self.task.persons, targets=[]).to(self.device)
            for name, answered in self._answered(there, modalities):
                found[name].append(answered)
        return {name: self._joined(parts) for name, parts in found.items()}

    def _answered(self, batch: Batch, modalities: Sequence[str]) -> Iterator[tuple[str, Answered]]:
        """Outputs and spread of a batch, and without each modality."""
        if isinstance(self.module, Ensemble):
            members = self.module.encode(batch.inputs, batch.masks)
            yield ALL, self.module.judge(members)
            for name in modalities:
                yield name, self.module.judge([each.without(name) for each in members])
            return
        encoded = self.module.encode(batch.inputs, batch.masks)
        yield ALL, (self.module.answer(encoded), {})
        for name in modalities:
            yield name, (self.module.answer(encoded.without(name)), {})

    def _joined(self, parts: Sequence[Answered]) -> Observations:
        """Observations of all batches."""
        outputs = {
            t.name: torch.cat([torch.empty(0, t.outputs), *(found[t.name].float().cpu() for found, _ in parts)])
            for t in self.task.targets
        }
        if not isinstance(self.module, Ensemble):
            return Observations(outputs, None)
        spread = {
            t.name: torch.cat([torch.empty(0), *(apart[t.name].float().cpu() for _, apart in parts)]).double().numpy()
            for t in self.task.targets
        }
        return Observations(outputs, spread)

    def doubt(self, examples: Sequence[Example]) -> dict[str, NDArray[np.float64]]:
        """By modality that is judged, how far inputs are unlike the training data: ``(n,)``, 0 to 1."""
        return {} if self.novelty is None else self.novelty.doubt(examples)

    def judge(self, seen: Observations, doubt: Mapping[str, NDArray[np.float64]]) -> dict[str, Answers]:
        """Calibrated scores with their 90% intervals, by target; wider where input is strange or members disagree."""
        fitted = self.calibration.targets if self.calibration else {}
        found = {}
        for target in self.task.targets:
            spread = None if seen.spread is None else seen.spread[target.name]
            answers = fitted.get(target.name, UNCALIBRATED).answers(target, seen.outputs[target.name], spread)
            found[target.name] = answers.widened(target, np.max(list(doubt.values()), axis=0)) if doubt else answers
        return found

    @property
    def _people(self) -> int:
        """Without how many people there is nothing to score: all whom it compares, else the scored person alone."""
        return self.task.persons if self.module.compares else 1

    def _parts(self) -> detector_folder.Parts:
        return detector_folder.Parts(self.module, self.features, self.calibration, self.facts, self.novelty)

    def _predictions(self, examples: Sequence[Example], batch_size: int, attribute: bool) -> list[Prediction]:
        if not examples:
            return []
        doubt = self.doubt(examples)
        # What is the only modality of all cannot be left out: nothing would remain to score.
        left_out = self.module.modalities if attribute and len(self.module.modalities) > 1 else []
        seen = self.observe_without(examples, batch_size, left_out)
        answers = self.judge(seen.pop(ALL), doubt)
        strange = [{name: float(values[row]) for name, values in doubt.items()} for row in range(len(examples))]
        found = [
            predicted(self.task, example, row, answers, strange[row], self._people)
            for row, example in enumerate(examples)
        ]
        if not attribute:
            return found
        carried = self._carried(examples, found, seen)
        return [replace(prediction, carried=parts) for prediction, parts in zip(found, carried, strict=True)]

    def _carried(
        self, examples: Sequence[Example], found: Sequence[Prediction], seen: Mapping[str, Observations]
    ) -> list[dict[str, dict[str, float]]]:
        """By measure and modality, the score minus the one without the modality (occlusion: Zeiler & Fergus, 2014)."""
        carried: list[dict[str, dict[str, float]]] = [{} for _ in examples]
        for name, observations in seen.items():
            rows = [row for row, e in enumerate(examples) if e.inputs[name][0].observed and observed(e.without(name))]
            without = self.judge(observations, {})
            for target in self.task.targets:
                for place, measure in enumerate(target.measures):
                    for row in rows:
                        score = float(without[target.name].scores[row, place])
                        carried[row].setdefault(measure, {})[name] = found[row].scores[measure] - score
        return carried
