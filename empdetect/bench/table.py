"""The table of results in the README, made from the committed results of ``bench.folds``."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Args:
        results: name of a file of results, without its ending.
        metric: target and metric.
        shown: what the table calls them.
        floor: what a plain classical baseline reached under the same grouping, None if there is none.
        baseline: that baseline.
    """

    results: str
    metric: str
    shown: str
    floor: float | None = None
    baseline: str = ""


LINES = (
    Line("epitome", "emotional_reactions/macro_f1", "EPITOME, emotional reactions, macro-F1", 0.711, "TF-IDF"),
    Line("epitome", "interpretations/macro_f1", "EPITOME, interpretations, macro-F1", 0.567, "TF-IDF"),
    Line("epitome", "explorations/macro_f1", "EPITOME, explorations, macro-F1", 0.662, "TF-IDF"),
    Line(
        "epitome_frozen", "emotional_reactions/macro_f1", "EPITOME, the same, encoder frozen, macro-F1", 0.711, "TF-IDF"
    ),
    Line("ravdess_audio", "emotion/accuracy", "RAVDESS, voice, 8 emotions, accuracy", 0.529, "classical"),
    Line(
        "ravdess_audiovisual",
        "emotion/accuracy",
        "RAVDESS, voice and face features, accuracy",
        0.577,
        "action units + audio",
    ),
    Line("contagion_videos", "expression/uar", "Contagion videos, 3 expressions from pixels, UAR", None),
    Line("contagion_emg", "happy/auroc", "Contagion EMG, happy or angry trial, AUROC", 0.711, "classical"),
    Line("stress_predict", "stress/auroc", "Stress-Predict, stress in 60 s, AUROC", None),
)
"""What the README shows. Floors are those of the catalogue of our data; no command here measures them yet."""


def results_table(folder: Path) -> str:
    """Markdown table of the results in a folder of JSON files; lines without a file are left out."""
    head = "| data and metric | configuration | measured | majority | floor |\n|---|---|---|---|---|\n"
    return head + "\n".join(_rows(folder)) + "\n"


def _rows(folder: Path) -> Iterator[str]:
    for line in LINES:
        path = folder / f"{line.results}.json"
        if not path.is_file():
            continue
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        floor = f"{line.floor:.3f} ({line.baseline})" if line.floor is not None else ""
        yield (
            f"| {line.shown} | [{line.results}](configs/{line.results}.yaml) "
            f"| **{found['mean'][line.metric]:.3f}** ± {found['spread'][line.metric]:.3f} "
            f"| {found['majority'][line.metric]:.3f} | {floor} |"
        )


if __name__ == "__main__":
    sys.stdout.write(results_table(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/results")))
