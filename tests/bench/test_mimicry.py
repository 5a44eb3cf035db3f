"""Mimicry in muscles: a made experiment through the command line, and the real one."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from empdetect.bench.mimicry import EXPECTED, main, measure, read_observers

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results" / "mimicry.json"


def write_experiment(root: Path, mimicry: float, observers: int = 12) -> Path:
    """Files as the real ones: eight columns at 100 Hz, four clips of each kind, muscles with gains of their own."""
    folder = root / "contagion" / "emg_scr_100hz"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for number in range(observers):
        values = np.zeros((9000, 8))
        values[:, 3:5] = generator.normal(0, 0.5, (9000, 2))
        for clip, happy in enumerate(generator.permutation([True] * 4 + [False] * 4)):
            onset = 500 + 1000 * clip
            values[onset + 150 : onset + 500, 3 if happy else 4] += mimicry * generator.uniform(0.5, 1.5)
            values[onset - 10 : onset, 6 if happy else 5] = 5.0
        values[:, 3:5] = generator.uniform(0.0001, 0.01) * np.exp(values[:, 3:5])
        with gzip.open(folder / f"{number:02}_FMOV_preprocessed.txt.gz", "wt") as file:
            file.writelines("\t".join(f"{value:g}" for value in row) + "\t\n" for row in values)
    return root


def test_the_command_finds_mimicry_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_experiment(tmp_path / "data", mimicry=1.0)
    assert main(["-o", str(tmp_path / "found.json"), "--data-root", str(root)]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["seed"] == 0
    for muscle in EXPECTED:
        one = found["muscles"][muscle]
        assert one["effect"]["p"] < 0.001
        assert one["effect"]["observers"] == one["observers_in_the_expected_direction"] == 12
        moments = np.array(one["moments_with_p_below_.05"])
        assert ((moments > 1.4) & (moments < 5.1)).all()
        assert len(moments) > 25
    assert "corrugator, angry less happy:" in capsys.readouterr().out


def test_it_finds_none_where_there_is_none(tmp_path: Path) -> None:
    found = measure(read_observers(str(write_experiment(tmp_path, mimicry=0.0))))
    for one in found["muscles"].values():
        assert one["effect"].get("p") > 0.01
        assert len(one["moments_with_p_below_.05"]) == 0
        assert one["shuffled_clips"]["share_with_p_below_.05"] <= 0.07


def test_data_that_are_not_there_end_it_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-o", str(tmp_path / "found.json"), "--data-root", str(tmp_path)]) == 2
    assert "empdetect: Finding the data: nothing at" in capsys.readouterr().err


@pytest.mark.data
def test_real_faces_catch_what_they_see(data_root: Path) -> None:
    """The issue's bar: both muscles as expected over observers, p below .01, and the committed file says the same."""
    found = measure(read_observers(str(data_root)))
    committed = json.loads(RESULTS.read_text())
    for muscle in EXPECTED:
        effect = found["muscles"][muscle]["effect"]
        assert effect["mean"] > 0
        assert effect["p"] < 0.01
        assert effect["p_flips"] < 0.01
        assert effect["observers"] == 25
        written = committed["muscles"][muscle]["effect"]
        assert effect["p"] == pytest.approx(written["p"], rel=1e-3)
        assert effect["d"] == pytest.approx(written["d"], rel=1e-3)
        assert 0.03 <= found["muscles"][muscle]["shuffled_clips"]["share_with_p_below_.05"] <= 0.07
