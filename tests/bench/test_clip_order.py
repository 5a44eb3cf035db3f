"""Clip order: made experiments in which muscles answer the clip, or only keep what the last one left."""

import gzip
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from empdetect.bench.benchmarks.contagion_emg import BENCHMARK
from empdetect.bench.clip_order import QUESTIONS, main, measure
from empdetect.datamodules.contagion_emg import COLUMNS, KINDS, clips

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results" / "clip_order.json"
SPACING, FIRST, LENGTH = 2000, 1200, 700
"""Samples between clips, before the first and of one."""


def order(generator: np.random.Generator) -> list[str]:
    """Four clips of each kind, none after one of its kind."""
    while True:
        kinds = [str(kind) for kind in generator.permutation(np.repeat(KINDS, 4))]
        if all(one != other for one, other in pairwise(kinds)):
            return kinds


def write(root: Path, answer: float, left: float, observers: int = 15) -> Path:
    """Files as the real ones.

    Args:
        root: folder of the datasets.
        answer: how far, in logs, the muscle of a clip rises while it lasts.
        left: how far it is raised from then until the next clip starts.
    """
    folder = root / "contagion" / "emg_scr_100hz"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for number in range(observers):
        values = np.zeros((FIRST + 12 * SPACING, len(COLUMNS)))
        values[:, 3:5] = generator.normal(0, 0.5, (len(values), 2))
        for place, kind in enumerate(order(generator)):
            onset = FIRST + place * SPACING
            if kind != "neutral":
                muscle = 3 if kind == "happy" else 4
                values[onset : onset + LENGTH, muscle] += answer * generator.uniform(0.5, 1.5)
                values[onset + LENGTH : onset + SPACING, muscle] += left
            values[onset - 10 : onset, COLUMNS.index(kind)] = 5.0
        values[:, 3:5] = 0.001 * np.exp(values[:, 3:5])
        with gzip.open(folder / f"{number:02}_FMOV_preprocessed.txt.gz", "wt") as file:
            file.writelines("\t".join(f"{value:g}" for value in row) + "\t\n" for row in values)
    return root


def test_an_answer_to_the_clip_does_not_hang_on_the_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out, page = write(tmp_path / "data", answer=1.0, left=0.0), tmp_path / "found.json", tmp_path / "page.md"
    page.write_text("<!-- clip order -->\n<!-- end of clip order -->\n", encoding="utf-8")
    assert main(["-o", str(out), "--data-root", str(root), "--page", str(page)]) == 0
    rows = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert list(rows) == ["ours", "functionals + logistic"]
    assert rows["ours"]["after_neutral"]["auroc"] > 0.9
    low, high = rows["ours"]["before_neutral"]["interval"]
    assert low < 0.5 < high
    assert f"| {QUESTIONS['all']} | 120 |" in page.read_text(encoding="utf-8")
    assert QUESTIONS["before_neutral"] in capsys.readouterr().out


def test_what_the_last_clip_left_is_found_out(tmp_path: Path) -> None:
    found = measure(BENCHMARK.ours, str(write(tmp_path, answer=0.0, left=1.0)))
    assert found["after_other"]["auroc"] > 0.9
    assert found["before_neutral"]["auroc"] > 0.9
    assert found["after_neutral"]["auroc"] < 0.7


def test_data_that_are_not_there_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path / "found.json"), "--data-root", str(tmp_path)]) == 2
    assert "contagion" in capsys.readouterr().err


def test_clips_come_in_their_order() -> None:
    values = np.zeros((400, len(COLUMNS)))
    values[90:100, COLUMNS.index("neutral")] = values[290:300, COLUMNS.index("angry")] = 5.0
    assert clips(values) == [(100, "neutral"), (300, "angry")]


def test_the_figures_on_the_page_are_those_of_the_file() -> None:
    row = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]["ours"]["after_neutral"]
    page = (RESULTS.parents[1] / "bench.md").read_text(encoding="utf-8")
    low, high = row["interval"]
    assert f"| {row['trials']} | {row['auroc']:.3f} [{low:.3f}, {high:.3f}] |" in page
