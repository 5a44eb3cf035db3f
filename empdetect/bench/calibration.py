"""How sure is it, and is that so? Calibration, coverage and strangers over the grouped folds of benchmarks.

``python -m empdetect.bench.calibration [NAME...] -o docs/results/calibration.json --data-root DIR``

Each fold is trained and calibrated as ``empdetect fit`` does it: on the validation part or, where heads are solved,
across the people that they learn from. Its test segments are judged so, and once more calibrated on the test answers
of the other folds, each given by the detector that did not train on them (what a detector made of all folds can have).
"""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from empdetect.bench.calibration_table import calibration_table, strangers_table
from empdetect.bench.configs import find_config
from empdetect.bench.results import Results
from empdetect.bench.run import machine
from empdetect.bench.strangers import foreign_speech, strange_segments
from empdetect.bench.study import one_line_errors, study_parser
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.emodb import EmodbDataModule
from empdetect.detector import Detector, Observations
from empdetect.example import Example, featurise
from empdetect.features.base import Extractor
from empdetect.features.cache import FeatureCache
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.held_out import calibrate_across_groups, examples_of, groups_of, learn_from_held_out, tests_of
from empdetect.models.calibration import Calibration, calibrate
from empdetect.models.doubt import STRANGE
from empdetect.models.reliability import Judged, plain, reliability
from empdetect.recording import Segment
from empdetect.training import TrainingCLI, commit, learn_validation, quieten, run, take_best_weights, versions

NAMES = (
    *("epitome_frozen", "empathic_reactions", "ravdess_audio", "stress_predict", "contagion_emg"),
    "contagion_videos",
)
"""Configurations that are measured unless others are named."""
STREAMS = ("audio", "text", "video", "physiology")
STRANGERS = 20
"""Segments of each kind of stranger."""
MOST_STRANGERS = 1000
"""Features of strangers that are kept in memory: they are the same in all folds."""


class CalibratedCommand(TrainingCLI):
    """Fits, takes the best weights, calibrates, and writes nothing."""

    talks: ClassVar[bool] = False

    def after_fit(self) -> None:
        """Make a detector of the fit."""
        take_best_weights(self.trainer, self.model)
        self.detector = Detector(self.model, self.datamodule.features, device="cpu")
        learn_from_held_out(self.detector, self.datamodule)
        learn_validation(self.model, self.datamodule)
        calibrate_across_groups(self.detector)


@dataclass
class Fold:
    """One trained fold, and what its detector saw of the test segments."""

    detector: Detector
    data: EmpathyDataModule
    seen: Observations
    doubt: dict[str, NDArray[np.float64]]
    tests: dict[str, Judged]
    strangers: dict[str, dict[str, dict[str, float]]]


def measure(name: str, data_root: str | None, folds: int | None = None) -> dict[str, Any]:
    """Train all folds of a configuration, and measure.

    Args:
        name: of a configuration in ``configs``, or a path.
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        folds: only so many, the first ones; None takes all.
    """
    began = time.monotonic()
    cache = FeatureCache(enabled=False, keep=MOST_STRANGERS)
    done = [_fold(name, data_root, 0, cache)]
    count = done[0].data.folds if folds is None else min(folds, done[0].data.folds)
    done += [_fold(name, data_root, number, cache) for number in range(1, count)]
    data = done[0].data
    return {
        "data": f"{data.about} {data.source}".strip(),
        "folds": data.folds,
        "folds_done": len(done),
        "targets": {target: _figures(done, target) for target in done[0].tests},
        "novelty": _novelty(done),
        "commit": commit(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "versions": versions(),
        "machine": machine(),
        "minutes": round((time.monotonic() - began) / 60, 1),
    }


def _fold(name: str, data_root: str | None, number: int, cache: FeatureCache) -> Fold:
    with tempfile.TemporaryDirectory(prefix="empdetect-calibration-") as folder:
        arguments = ["fit", f"--config={find_config(name)}", f"--data.init_args.fold={number}"]
        arguments += [f"--trainer.logger.init_args.save_dir={folder}"]
        arguments += [f"--data.init_args.data_root={data_root}"] if data_root else []
        command = run(arguments, CalibratedCommand)
        detector, data = command.detector, command.datamodule  # type: ignore[attr-defined]
        examples = examples_of(detector, data, "test")
        seen, doubt = detector.observe(examples, data.batch_size), detector.doubt(examples)
        tests = tests_of(detector, data, seen, doubt)
        found = Fold(detector, data, seen, doubt, tests, {})
        found.strangers = _strangers(found, examples, Path(folder), data_root, cache)
    print(f"{name}: fold {number} done", file=sys.stderr)  # noqa: T201
    return found


def _figures(folds: Sequence[Fold], target: str) -> dict[str, Any]:
    """Figures over all folds as one set, with the fold's own calibration and with that of the other folds."""
    own = reliability([fold.tests[target] for fold in folds])
    methods = [_method(fold.detector.calibration, target) for fold in folds]
    found: dict[str, Any] = {"kind": folds[0].tests[target].target.kind, "own": {**plain(own), "methods": methods}}
    if len(folds) > 1:
        crossed = [_crossed(folds, place) for place in range(len(folds))]
        figures = reliability([tests[target] for tests, _ in crossed])
        methods = [_method(calibration, target) for _, calibration in crossed]
        found["other_folds"] = {**plain(figures), "methods": methods}
    return found


def _method(calibration: Calibration | None, target: str) -> str | None:
    fitted = calibration.targets[target].recalibration if calibration else None
    return fitted.method if fitted else None


def _crossed(folds: Sequence[Fold], place: int) -> tuple[dict[str, Judged], Calibration]:
    """A fold's test segments, calibrated on those of the other folds; nobody is on both sides."""
    fold, asked = folds[place], asked_once([groups_of(each.data.parts["test"]) for each in folds])
    others = [(other, asked[number]) for number, other in enumerate(folds) if number != place]
    outputs = {
        name: torch.cat([each.seen.outputs[name][torch.from_numpy(kept)] for each, kept in others])
        for name in fold.tests
    }
    labels = {
        name: torch.from_numpy(np.concatenate([each.data.labels("test", name)[kept] for each, kept in others]))
        for name in fold.tests
    }
    groups = np.concatenate([groups_of(each.data.parts["test"])[kept] for each, kept in others])
    own = fold.detector.calibration
    crossed = calibrate(fold.detector.task, outputs, labels, groups)
    fold.detector.calibration = crossed
    tests = tests_of(fold.detector, fold.data, fold.seen, fold.doubt)
    fold.detector.calibration = own
    mine = set(groups_of(fold.data.parts["test"])[asked[place]].tolist())
    return {name: test.take(np.array([g in mine for g in test.groups], bool)) for name, test in tests.items()}, crossed


def asked_once(groups: Sequence[NDArray[np.str_]]) -> list[NDArray[np.bool_]]:
    """Which test segments ``(n,)`` of each fold to count, such that no group counts in two.

    Folds that share a test part share out its groups, not always evenly.

    Args:
        groups: of the test segments of each fold.
    """
    folds_of: dict[str, list[int]] = {}
    for number, fold in enumerate(groups):
        for group in np.unique(fold).tolist():
            folds_of.setdefault(group, []).append(number)
    chosen = {group: folds_of[group][rank % len(folds_of[group])] for rank, group in enumerate(sorted(folds_of))}
    return [np.array([chosen[group] == number for group in fold.tolist()], bool) for number, fold in enumerate(groups)]


def _strangers(
    fold: Fold, examples: Sequence[Example], folder: Path, data_root: str | None, cache: FeatureCache
) -> Any:
    """By modality and kind of stranger: how well it is told from the fold's test segments, and what it changes."""
    detector, found = fold.detector, {}
    for stream in STREAMS:
        names = [n for n, e in detector.features.items() if e.modality == stream and n in fold.doubt]
        if not names:
            continue
        made = _made(fold, stream, folder / stream, data_root)
        usual = [example for example in examples if _seen(example, names)]
        found[stream] = {kind: _told(fold, names, usual, segments, cache) for kind, segments in made.items()}
    return found


def _seen(example: Example, names: Sequence[str]) -> bool:
    """Whether any of these readings has something of the scored person."""
    return any(example.inputs[name][0].observed for name in names)


def _made(fold: Fold, stream: str, folder: Path, data_root: str | None) -> dict[str, list[Segment]]:
    detector = fold.detector
    made = strange_segments(
        stream,
        folder,
        STRANGERS if stream != "video" else STRANGERS // 2,
        detector.task.window or 6.0,
        detector.task.persons,
        _channels(detector),
    )
    # German is no other language to what learned from Emo-DB.
    foreign = stream == "audio" and not isinstance(fold.data, EmodbDataModule)
    spoken = foreign_speech(data_root, STRANGERS) if foreign else []
    return {**made, "another language (German, Emo-DB)": spoken} if spoken else made


def _channels(detector: Detector) -> tuple[str, ...]:
    """Names of the body signals that a detector reads, through extractors that change what others give."""
    found: tuple[str, ...] = ()
    for extractor in detector.features.values():
        inner = extractor
        while not isinstance(inner, PhysiologyFeatures) and isinstance(getattr(inner, "features", None), Extractor):
            inner = inner.features  # type: ignore[attr-defined]
        found += inner.channels if isinstance(inner, PhysiologyFeatures) else ()
    return found


def _told(
    fold: Fold, names: Sequence[str], usual: Sequence[Example], segments: Sequence[Segment], cache: FeatureCache
) -> dict[str, float]:
    """Figures of one kind of stranger, by the reading of the modality to which each is strangest.

    Those of whom nothing is observed get no score at all.
    """
    from sklearn.metrics import roc_auc_score

    detector = fold.detector
    examples = [featurise(s, detector.features, cache, "missing", detector.task.persons) for s in segments]
    there = [example for example in examples if _seen(example, names)]
    found = {"segments": float(len(segments)), "not_scored": 1 - len(there) / len(segments)}
    if not there or detector.novelty is None:
        return found
    strange, known = (_largest(detector.novelty.distance(part), names) for part in (there, usual))
    truth = np.concatenate([np.zeros(len(known)), np.ones(len(strange))])
    doubt = _largest(detector.doubt(there), names)
    return {
        **found,
        "auroc": float(roc_auc_score(truth, np.concatenate([known, strange]))),
        "doubt": float(np.median(doubt)),
        "doubtful": float((doubt >= STRANGE).mean()),
        "wider": interval_width(detector, there) / interval_width(detector, usual),
    }


def interval_width(detector: Detector, examples: Sequence[Example]) -> float:
    """Mean width of the 90% intervals of all targets, in units of their range."""
    answers = detector.judge(detector.observe(examples), detector.doubt(examples))
    widths = []
    for target in detector.task.targets:
        lowest, highest = (0.0, 1.0) if target.kind == "nominal" else target.limits
        widths.append(float((answers[target.name].high - answers[target.name].low).mean()) / (highest - lowest))
    return float(np.mean(widths))


def _novelty(folds: Sequence[Fold]) -> dict[str, Any]:
    """Means over folds: false alarms by modality, and each kind of stranger."""
    strangest = [_strangest(fold) for fold in folds]
    alarms = {
        modality: {
            "doubted": float(np.mean([(doubt[modality] > 0).mean() for doubt in strangest])),
            "false_alarms": float(np.mean([(doubt[modality] >= STRANGE).mean() for doubt in strangest])),
            "worst_fold": float(np.max([(doubt[modality] >= STRANGE).mean() for doubt in strangest])),
        }
        for modality in strangest[0]
    }
    strangers: dict[str, Any] = {}
    for stream, kinds in folds[0].strangers.items():
        for kind in kinds:
            each = [fold.strangers[stream][kind] for fold in folds]
            names = sorted({key for one in each for key in one})
            strangers.setdefault(stream, {})[kind] = {
                key: float(np.mean([one[key] for one in each if key in one])) for key in names
            }
    return {"own_data": alarms, "strangers": strangers}


def _strangest(fold: Fold) -> dict[str, NDArray[np.float64]]:
    """Doubt about each test segment ``(n,)`` by modality."""
    readings: dict[str, list[str]] = {}
    for name in fold.doubt:
        readings.setdefault(fold.detector.features[name].modality, []).append(name)
    return {modality: _largest(fold.doubt, names) for modality, names in readings.items()}


def _largest(found: Mapping[str, NDArray[np.float64]], names: Sequence[str]) -> NDArray[np.float64]:
    """Of the readings of a modality that are there, the largest distance or doubt of each segment ``(n,)``.

    They share a scale.
    """
    return np.asarray(np.nanmax([found[name] for name in names], axis=0))


def digits(value: Any) -> Any:
    """For JSON: numbers of four digits, None where one is not defined."""
    if isinstance(value, Mapping):
        return {key: digits(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [digits(item) for item in value]
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return value


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("calibration", __doc__, "data_root", out="results; others in it stay")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"configurations (default: {' '.join(NAMES)})")
    parser.add_argument("--folds", type=int, metavar="N", help="only the first N folds (default: all)")
    parsed = parser.parse_args(arguments)
    quieten()
    results = Results(parsed.out)
    for name in parsed.names or NAMES:
        results.keep(name, digits(measure(name, parsed.data_root, parsed.folds)))
        print(calibration_table({name: results.benchmarks[name]}))  # noqa: T201
        print(strangers_table({name: results.benchmarks[name]}))  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
