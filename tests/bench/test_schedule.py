"""Schedules: made experiments in which muscles answer the clip, or only keep what the last one left."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from empdetect.bench.schedule import STUDIES, main, measure, stress_questions, table
from empdetect.datamodules.contagion_emg import COLUMNS, KINDS, clips
from empdetect.datamodules.stress_predict import StressPredictDataModule
from tests.datamodules.test_stress_predict import write as write_stress

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results" / "schedule.json"
CONTAGION = STUDIES[0]
ALL, SAME = "all clips", "clips of one number in their sessions"
FIRST_CLIP, NEUTRAL = "the first angry or happy clip", "neutral clips: angry or happy before"
SPACING, FIRST, LENGTH = 2000, 1200, 700
"""Samples between clips, before the first and of one."""


ORDERS = ("nhahahanhnan", "nanhnahahahn")
"""Those of the real study, by first letters."""


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
    kind_of = {kind[0]: kind for kind in KINDS}
    for number in range(observers):
        values = np.zeros((FIRST + 12 * SPACING, len(COLUMNS)))
        values[:, 3:5] = generator.normal(0, 0.5, (len(values), 2))
        for place, kind in enumerate(kind_of[letter] for letter in ORDERS[number % 2]):
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
    page.write_text("<!-- schedule -->\n<!-- end of schedule -->\n", encoding="utf-8")
    assert main(["contagion_emg", "-o", str(out), "--data-root", str(root), "--page", str(page)]) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["command"] == f"python -m empdetect.bench.schedule contagion_emg -o {out}"
    rows = found["rows"]["contagion_emg"]
    assert list(rows) == [ALL, SAME, FIRST_CLIP, NEUTRAL]
    assert list(rows[ALL]) == ["segments", "ours", "clip number alone", "functionals + logistic"]
    assert min(rows[asked]["ours"]["auroc"] for asked in (ALL, SAME, FIRST_CLIP)) > 0.9
    low, high = rows[NEUTRAL]["ours"]["interval"]
    assert low < 0.5 < high
    assert f"| {ALL} | 120 |" in page.read_text(encoding="utf-8")
    assert NEUTRAL in capsys.readouterr().out


def test_what_the_last_clip_left_is_found_out(tmp_path: Path) -> None:
    found = measure(CONTAGION, str(write(tmp_path, answer=0.0, left=1.0)))
    assert found[ALL]["ours"]["auroc"] > 0.8
    assert found[NEUTRAL]["ours"]["auroc"] > 0.9
    assert found[FIRST_CLIP]["ours"]["auroc"] < 0.7
    assert found[ALL]["clip number alone"]["auroc"] > 0.7
    assert found[SAME]["clip number alone"]["auroc"] == 0.5, "one answer a moment"


def test_windows_of_one_minute_are_of_one_moment(tmp_path: Path) -> None:
    segments = StressPredictDataModule({}, str(write_stress(tmp_path))).segments()
    everything, same = stress_questions(segments, None)
    assert everything.moments is None
    assert same.moments is not None
    assert {(segment.start, moment) for segment, moment in zip(segments, same.moments, strict=True)} == {
        (start, start) for start in (0.0, 120.0, 180.0, 240.0)
    }
    np.testing.assert_array_equal(same.labels, [segment.labels["stress"] for segment in segments])


def test_faults_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path / "found.json"), "--data-root", str(tmp_path)]) == 2
    assert "contagion" in capsys.readouterr().err
    assert main(["emodb", "-o", str(tmp_path / "found.json"), "--data-root", str(tmp_path)]) == 2
    assert "unknown emodb; known are contagion_emg, stress_predict" in capsys.readouterr().err


def test_the_rows_of_another_study_are_not_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "found.json"
    out.write_text(json.dumps({"rows": {"contagion_emg": {}, "stress_predict": {}}}), encoding="utf-8")
    assert main(["contagion_emg", "-o", str(out), "--data-root", str(tmp_path)]) == 2
    assert "also holds stress_predict, which would be lost" in capsys.readouterr().err
    assert list(json.loads(out.read_text(encoding="utf-8"))["rows"]) == ["contagion_emg", "stress_predict"]


def test_clips_come_in_their_order() -> None:
    values = np.zeros((400, len(COLUMNS)))
    values[90:100, COLUMNS.index("neutral")] = values[290:300, COLUMNS.index("angry")] = 5.0
    assert clips(values) == [(100, "neutral"), (300, "angry")]


def test_the_figures_on_the_page_are_those_of_the_file() -> None:
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))["rows"]
    page = (RESULTS.parents[1] / "bench.md").read_text(encoding="utf-8")
    assert page.partition("<!-- schedule -->\n")[2].partition("<!-- end of schedule -->")[0] == table(rows)
