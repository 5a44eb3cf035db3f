"""What a detector learns from held-out segments: calibration, and what inputs are usual.

And how far both hold on the test segments, which had a say in neither.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from empdetect.datamodules.base import EmpathyDataModule, SegmentDataset
from empdetect.datamodules.splits import group_of
from empdetect.detector import Detector, Observations
from empdetect.example import Example
from empdetect.models.calibration import UNCALIBRATED, calibrate
from empdetect.models.doubt import STRANGE
from empdetect.models.network import DetectorNetwork
from empdetect.models.novelty import fit_novelty
from empdetect.models.reliability import Judged, judged, plain, reliability
from empdetect.recording import Segment, Split

MOST_FOR_NOVELTY = 2000
"""Of more training segments, evenly chosen ones tell what is usual."""


def learn_from_held_out(detector: Detector, data: EmpathyDataModule) -> None:
    """Calibrate a detector on the validation split, and let it know the inputs of the training split.

    Args:
        detector: gets a calibration and a novelty.
        data: it was trained on; its parts may be larger than in training, never smaller.
    """
    held_out, learned = examples_of(detector, data, "val"), examples_of(detector, data, "train")
    step = -(-len(learned) // MOST_FOR_NOVELTY)
    detector.calibration = detector.novelty = None
    seen = detector.observe(held_out, data.batch_size)
    labels = {name: torch.from_numpy(data.labels("val", name)) for name in seen.outputs}
    groups = groups_of(data.parts["val"])
    detector.calibration = calibrate(detector.task, seen.outputs, labels, groups, seen.spread)
    whose = groups_of(data.parts["train"][::step]).tolist()
    texts = [name for name, extractor in detector.features.items() if extractor.modality == "text"]
    detector.novelty = fit_novelty(learned[::step], whose, held_out, groups.tolist(), texts)


def calibrate_across_groups(detector: Detector) -> None:
    """Calibrate a detector whose heads were just solved on all that it learned from: cross-conformal over the groups.

    Each segment is answered by heads that did not learn from its group, so a few people who were held out need not
    speak for all. Others keep the calibration that they have.
    """
    module = detector.module
    found = module.kernel_heads.cross_fitted() if isinstance(module, DetectorNetwork) and module.kernel else None
    if found is not None:
        outputs, labels = ({name: each.cpu() for name, each in part.items()} for part in (found.outputs, found.labels))
        detector.calibration = calibrate(detector.task, outputs, labels, found.groups)


def uncertainty_facts(detector: Detector, data: EmpathyDataModule, split: Split = "test") -> dict[str, Any]:
    """What ``metrics.json`` tells of calibration, intervals and false alarms, measured on a split.

    Returns:
        ``calibration``: by target, the figures of ``models.reliability`` and on how many cases and groups
        it was fitted. ``novelty``: by modality, the share of segments that raise any doubt, and that are called
        doubtful (``false_alarms``); all are of the detector's own data.
    """
    examples = examples_of(detector, data, split)
    seen, doubt = detector.observe(examples, data.batch_size), detector.doubt(examples)
    figures = {
        name: {**_fitted_on(detector, name), **plain(reliability([test]))}
        for name, test in tests_of(detector, data, seen, doubt, split).items()
    }
    alarms = {
        name: {"doubted": round(float((d > 0).mean()), 4), "false_alarms": round(float((d >= STRANGE).mean()), 4)}
        for name, d in doubt.items()
    }
    return {"calibration": figures, "novelty": alarms}


def tests_of(
    detector: Detector,
    data: EmpathyDataModule,
    seen: Observations,
    doubt: Mapping[str, NDArray[np.float64]],
    split: Split = "test",
) -> dict[str, Judged]:
    """A detector's answers about a split beside the labels, by target.

    Args:
        detector: who answers, with its present calibration.
        data: the data.
        seen, doubt: what ``observe`` and ``doubt`` gave for the examples of the split.
        split: which.
    """
    answers, groups = detector.judge(seen, doubt), groups_of(data.parts[split])
    fitted = detector.calibration.targets if detector.calibration else {}
    return {
        target.name: judged(
            target,
            fitted.get(target.name, UNCALIBRATED),
            seen.outputs[target.name],
            answers[target.name],
            data.labels(split, target.name),
            groups,
        )
        for target in detector.task.targets
    }


def examples_of(detector: Detector, data: EmpathyDataModule, split: Split) -> list[Example]:
    """The segments of a split with the detector's features, which may be more than those of the data module."""
    if all(extractor is data.features.get(name) for name, extractor in detector.features.items()):
        return data.examples(split)
    data.setup("fit")
    dataset = SegmentDataset(data.parts[split], detector.features, data.cache, data.task.persons, data.zscore_by)
    return [dataset[place] for place in range(len(dataset))]


def groups_of(segments: Sequence[Segment]) -> NDArray[np.str_]:
    """Groups ``(n,)`` of segments."""
    return np.array([group_of(segment) for segment in segments], dtype=np.str_)


def _fitted_on(detector: Detector, target: str) -> dict[str, Any]:
    fitted = (detector.calibration.targets if detector.calibration else {}).get(target, UNCALIBRATED)
    method = fitted.recalibration.method if fitted.recalibration else None
    return {"method": method, "fitted_on": {"cases": fitted.cases, "groups": fitted.groups}}
