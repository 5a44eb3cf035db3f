"""All folds of a configuration: one made dataset through the real command, and its figures."""

import json
import math
from pathlib import Path

import pytest
import torch
import yaml

from empdetect.bench.folds import Answers, main, over_folds, write
from empdetect.task import Target, Task
from tests.datamodules.test_stress_predict import write as write_stress

CONFIG = {
    "name": "made",
    "trainer": {"max_epochs": 1, "enable_progress_bar": False},
    "data": {
        "class_path": "empdetect.datamodules.stress_predict.StressPredictDataModule",
        "init_args": {
            "folds": 3,
            "features": {
                "heart": {
                    "class_path": "empdetect.features.table.TableFeatures",
                    "init_args": {"columns": ["heart_rate"], "modality": "heart", "table": "heart"},
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


def test_all_folds_of_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config, out = tmp_path / "made.yaml", tmp_path / "results" / "made.json"
    config.write_text(yaml.safe_dump(CONFIG))
    assert main(["--config", str(config), "-o", str(out), "--data-root", str(write_stress(tmp_path))]) == 0
    content = json.loads(out.read_text())
    assert content["folds_run"] == [0, 1, 2]
    assert [sum(result["segments"].values()) for result in content["results"]] == [12, 12, 12]
    tests = [result["test"]["stress/accuracy"] for result in content["results"]]
    assert content["mean"]["stress/accuracy"] == pytest.approx(sum(tests) / 3, abs=1e-3)
    assert content["majority"]["stress/uar"] == 0.5
    assert content["command"].endswith("-o docs/results/made.json --data-root DIR")
    assert str(tmp_path) not in out.read_text()


def test_without_data_it_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "made.yaml"
    config.write_text(yaml.safe_dump(CONFIG))
    assert main(["--config", str(config), "-o", str(tmp_path / "x.json"), "--data-root", str(tmp_path / "none")]) == 2
    assert "Finding the data" in capsys.readouterr().err


def test_pooled_metrics_are_those_of_all_segments_together() -> None:
    task = Task((Target("stress", "binary"),))
    answers = Answers()
    answers.add({"stress": torch.tensor([[2.0], [-2.0]])}, {"stress": torch.tensor([1.0, 0.0])})
    answers.add({"stress": torch.tensor([[3.0], [1.0]])}, {"stress": torch.tensor([0.0, math.nan])})
    assert answers.metrics(task)["stress/accuracy"] == pytest.approx(2 / 3)


def test_what_is_not_defined_is_null(tmp_path: Path) -> None:
    mean = over_folds([{"test": {"a": 1.0}}, {"test": {"a": math.nan}}], "test", sum)
    write(tmp_path / "x.json", {"mean": mean, "list": [0.123456, 3]})
    assert json.loads((tmp_path / "x.json").read_text()) == {"mean": {"a": None}, "list": [0.1235, 3]}
