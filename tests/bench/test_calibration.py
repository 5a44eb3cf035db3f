"""The command that measures calibration and strangers, on a made dataset; and the tables of the documentation."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
import yaml

from empdetect.bench.calibration import Fold, _crossed, _largest, _novelty, asked_once, main
from empdetect.bench.calibration_table import calibration_table, strangers_table
from empdetect.bench.results import is_whole, read_results
from tests.datamodules.test_stress_predict import write as write_stress
from tests.models.test_reliability import numbers

ROOT = Path(__file__).parents[2]
CONFIG = {
    "name": "made",
    "trainer": {"max_epochs": 1, "enable_progress_bar": False},
    "data": {
        "class_path": "empdetect.datamodules.stress_predict.StressPredictDataModule",
        "init_args": {
            "folds": 3,
            "features": {
                "heart": {
                    "class_path": "empdetect.features.physiology.PhysiologyFeatures",
                    "init_args": {"channels": ["HR"], "rate": 1.0},
                }
            },
        },
    },
    "model": {
        "width": 8,
        "fusion_layers": 0,
        "encoders": {
            "heart": {
                "class_path": "empdetect.models.encoders.temporal.TemporalConvEncoder",
                "init_args": {"features": 1, "width": 8, "layers": 1},
            }
        },
    },
}


def test_all_folds_of_a_configuration_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    config, out = tmp_path / "made.yaml", tmp_path / "calibration.json"
    config.write_text(yaml.safe_dump(CONFIG))
    assert main([str(config), "-o", str(out), "--data-root", str(write_stress(tmp_path))]) == 0
    [(name, report)] = read_results(out).items()
    assert report["folds"] == report["folds_done"] == 3 and is_whole(report)
    own, others = (report["targets"]["stress"][which] for which in ("own", "other_folds"))
    assert own["cases"] == others["cases"] == 12
    assert own["methods"] == ["none"] * 3, "four cases tell nothing"
    assert 0 <= others["ece_after"] <= 1
    assert report["novelty"] == {"own_data": {}, "strangers": {}}, "too few segments to know what is usual"
    assert name in capsys.readouterr().out
    assert not list(tmp_path.rglob("*.safetensors"))


def test_two_readings_of_the_same_words_are_one_doubt() -> None:
    features = {name: SimpleNamespace(modality="text") for name in ("text", "feelings")}
    doubt = {"text": np.array([0.0, 0.9]), "feelings": np.array([0.6, 0.2])}
    fold = SimpleNamespace(detector=SimpleNamespace(features=features), doubt=doubt, strangers={})
    own = _novelty([cast(Fold, fold)])["own_data"]
    assert own == {"text": {"doubted": 1.0, "false_alarms": 1.0, "worst_fold": 1.0}}


def test_what_is_missing_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no_such", "-o", str(tmp_path / "x.json")]) == 2
    assert "Looking for the configuration 'no_such'" in capsys.readouterr().err


def test_the_documentation_shows_the_committed_results() -> None:
    measured = read_results(ROOT / "docs" / "results" / "calibration.json")
    page = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert calibration_table(measured) in page
    assert strangers_table(measured) in page
    for name, report in measured.items():
        novelty = report["novelty"]
        assert set(novelty["strangers"]) <= set(novelty["own_data"]), f"{name}: strangers without false alarms"


def test_a_reading_that_is_not_there_is_not_compared() -> None:
    found = {"words": np.array([-0.5, 2.0]), "emotions": np.array([np.nan, 3.0])}
    assert _largest(found, ["words", "emotions"]).tolist() == [-0.5, 3.0]


def test_folds_that_share_a_test_part_share_out_its_groups() -> None:
    shared, own = ["a", "a", "b", "c", "d", "e"], [["x"], ["y", "y"], ["z"]]
    groups = [np.array([*shared, *each]) for each in own]
    counted = [fold[kept].tolist() for fold, kept in zip(groups, asked_once(groups), strict=True)]
    assert sorted(group for each in counted for group in each) == sorted([*shared, "x", "y", "y", "z"]), "each once"
    assert all(set(counted[one]).isdisjoint(counted[other]) for one, other in ((0, 1), (0, 2), (1, 2)))
    assert all(set(shared) & set(each) for each in counted)


def test_nobody_is_calibrated_on_whom_they_are_tested_on(monkeypatch: pytest.MonkeyPatch) -> None:
    groups, learned_from = np.array(["a", "b", "c", "d"]), []
    segments = [SimpleNamespace(group=group) for group in groups]
    test = numbers([True, False, True, False], groups.tolist())

    def fold() -> Fold:
        data = SimpleNamespace(parts={"test": segments}, labels=lambda split, name: test.labels)
        detector = SimpleNamespace(calibration="own", task=None)
        seen = SimpleNamespace(outputs={"x": torch.arange(4.0)[:, None]})
        return cast(Fold, SimpleNamespace(detector=detector, data=data, seen=seen, doubt={}, tests={"x": test}))

    def calibrate(task: object, outputs: Any, labels: Any, whose: Any) -> str:
        assert len(outputs["x"]) == len(labels["x"]) == len(whose)
        learned_from.append(set(whose.tolist()))
        return "crossed"

    monkeypatch.setattr("empdetect.bench.calibration.calibrate", calibrate)
    monkeypatch.setattr("empdetect.bench.calibration.tests_of", lambda *given: {"x": test})
    folds = [fold(), fold()]
    asked = [_crossed(folds, place)[0]["x"] for place in (0, 1)]
    assert [set(each.groups.tolist()) for each in asked] == [{"a", "c"}, {"b", "d"}]
    assert learned_from == [{"b", "d"}, {"a", "c"}]
    assert [fold.detector.calibration for fold in folds] == ["own", "own"]
