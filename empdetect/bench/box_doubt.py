"""What the text detectors in the box find strange: other languages, words at random, code; and what they should not.

``python -m empdetect.bench.box_doubt -o docs/results/box_doubt.json --data-root DIR --page docs/calibration.md``

Ordinary are here English words of people in sets that no detector in the box learned from: what it calls doubtful of
these is what users meet as false alarms. What it calls doubtful of its own test segments stands on its card.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.calibration import interval_width
from empdetect.bench.strangers import strange_segments
from empdetect.bench.study import one_line_errors, publish, study_parser
from empdetect.datamodules.empathetic_dialogues import EmpatheticDialoguesDataModule
from empdetect.datamodules.epitome import EpitomeDataModule
from empdetect.datamodules.esconv import EsconvDataModule
from empdetect.datamodules.meld import MeldDataModule
from empdetect.datamodules.sage import SageDataModule
from empdetect.datamodules.text import TextDataModule
from empdetect.detector import Detector
from empdetect.example import Example, featurise
from empdetect.features.cache import FeatureCache
from empdetect.models.doubt import STRANGE
from empdetect.progress import track
from empdetect.recording import Segment

BOX = ("text-empathy", "text-ngrams")
ORDINARY: Mapping[str, type[TextDataModule]] = {
    "replies of peers (EPITOME)": EpitomeDataModule,
    "support in chats (ESConv)": EsconvDataModule,
    "speakers on what they went through (EmpatheticDialogues)": EmpatheticDialoguesDataModule,
    "a comedy series (MELD)": MeldDataModule,
}
"""English words of people, by what they are."""
CHINESE = "Chinese dialogues (SAGE)"
SOME = 200
"""Texts of each published set."""


def measure(name: str, data_root: str | None, folder: Path, seed: int) -> dict[str, dict[str, float]]:
    """How strange a detector finds ordinary English, set by set, and strangers, kind by kind.

    Args:
        name: of the detector.
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        folder: for what is made.
        seed: of the choice among texts.

    Returns:
        By what was read: ``segments``, the share of them ``doubtful``, ``wider``, how much the mean interval is wider
        than that of ordinary English, and of strangers ``auroc``, of how far they are from the training data
        against how far ordinary English is.
    """
    detector = Detector.from_pretrained(name, device="cpu")
    ordinary = {what: _examples(detector, _some(kind, data_root, seed)) for what, kind in ORDINARY.items()}
    known = [example for examples in ordinary.values() for example in examples]
    width, near = interval_width(detector, known), _distances(detector, known)
    found = {what: _figures(detector, examples, width) for what, examples in ordinary.items()}
    made = strange_segments("text", folder, SOME, seed=seed) | {CHINESE: _some(SageDataModule, data_root, seed)}
    for what, segments in track(list(made.items()), name):
        examples = _examples(detector, segments)
        found[what] = _figures(detector, examples, width) | {"auroc": _auroc(_distances(detector, examples), near)}
    return found


def _some(kind: type[TextDataModule], data_root: str | None, seed: int) -> list[Segment]:
    """Texts of a published set, drawn at random."""
    segments = kind({}, data_root).segments()
    chosen = np.random.default_rng(seed).permutation(len(segments))[:SOME]
    return [segments[place] for place in chosen]


def _examples(detector: Detector, segments: Sequence[Segment]) -> list[Example]:
    cache, persons = FeatureCache(enabled=False), detector.task.persons
    found = [featurise(segment, detector.features, cache, "missing", persons) for segment in segments]
    return [example for example in found if example.inputs["text"][0].observed]


def _figures(detector: Detector, examples: Sequence[Example], width: float) -> dict[str, float]:
    return {
        "segments": float(len(examples)),
        "doubtful": float((np.max(list(detector.doubt(examples).values()), axis=0) >= STRANGE).mean()),
        "wider": interval_width(detector, examples) / width,
    }


def _distances(detector: Detector, examples: Sequence[Example]) -> NDArray[np.floating]:
    """How far each is from the detector's training data."""
    assert detector.novelty is not None, "the detectors in the box remember their training data"
    return detector.novelty.distance(examples)["text"]


def _auroc(strange: NDArray[np.floating], near: NDArray[np.floating]) -> float:
    from sklearn.metrics import roc_auc_score

    truth = np.repeat([0, 1], [len(near), len(strange)])
    return float(roc_auc_score(truth, np.concatenate([near, strange])))


def table(rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """Markdown: a line of what was read, the detectors beside each other."""
    head = "| read | " + " | ".join(f"{name}: called doubtful | interval wider by | AUROC" for name in rows) + " |\n"
    lines = [
        f"| {what} | " + " | ".join(_cells(found[what]) for found in rows.values()) + " |\n"
        for what in next(iter(rows.values()))
    ]
    return head + "|---" * (head.count("|") - 1) + "|\n" + "".join(lines)


def _cells(found: Mapping[str, float]) -> str:
    auroc = f"{found['auroc']:.3f}" if "auroc" in found else ""
    return f"{found['doubtful']:.1%} | {found['wider']:.1f} × | {auroc}"


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used."""
    parser = study_parser("box_doubt", __doc__, "data_root", "page", seed=0)
    parsed = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="empdetect-box-") as folder:
        rows = {name: measure(name, parsed.data_root, Path(folder), parsed.seed) for name in BOX}
    publish(parsed, f"python -m empdetect.bench.box_doubt -o {parsed.out}", rows, "box", table(rows))


if __name__ == "__main__":
    sys.exit(main())
