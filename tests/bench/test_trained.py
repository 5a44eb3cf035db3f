"""Our detector as a system: configurations through the real training, one small dataset."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from empdetect.bench.baselines import Functionals, Majority
from empdetect.bench.benchmark import Benchmark, Line
from empdetect.bench.catalogue import benchmark_names, load_benchmark
from empdetect.bench.checks import ProtocolError
from empdetect.bench.command import save_detector, saveable
from empdetect.bench.configs import find_config, only_modalities, read_config
from empdetect.bench.metrics import accuracy
from empdetect.bench.run import fold_data, fold_of, run_benchmark
from empdetect.bench.system import Fold, unlabelled
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.stress_predict import StressPredictDataModule
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.recording import Segment
from tests.datamodules.test_stress_predict import write as write_stress

HEART = PhysiologyFeatures(["HR"], rate=1.0)
WIDTHS = {"HR": 1, "TEMP": 2}
"""Columns of each channel."""


def modality(channel: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Specs of the extractor and the encoder of a wristband's channel."""
    return (
        {
            "class_path": "empdetect.features.physiology.PhysiologyFeatures",
            "init_args": {"channels": [channel], "rate": 1.0},
        },
        {
            "class_path": "empdetect.models.encoders.temporal.TemporalConvEncoder",
            "init_args": {"features": WIDTHS[channel], "width": 8, "layers": 1},
        },
    )


def configuration(**data_arguments: object) -> dict[str, Any]:
    return {
        "name": "made",
        "trainer": {"max_epochs": 2, "enable_progress_bar": False},
        "data": {
            "class_path": "empdetect.datamodules.stress_predict.StressPredictDataModule",
            "init_args": {"features": {name: modality(name)[0] for name in WIDTHS}, **data_arguments},
        },
        "model": {
            "width": 8,
            "fusion_layers": 0,
            "encoders": {name: modality(name)[1] for name in WIDTHS},
        },
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a made dataset and a configuration for it."""
    folder = tmp_path_factory.mktemp("trained")
    write_stress(folder)
    (folder / "made.yaml").write_text(yaml.safe_dump(configuration()), encoding="utf-8")
    return folder


def benchmark(folder: Path, **changes: Any) -> Benchmark:
    return replace(
        Benchmark(
            name="made",
            title="Made",
            protocol="3 folds by person",
            data=StressPredictDataModule,
            ours=TrainedDetector([str(folder / "made.yaml")]),
            lines=(Line("accuracy", accuracy, must=0.1),),
            baselines=(Majority(), Functionals({"heart": HEART}, model="logistic")),
            control=Functionals({"heart": HEART}, model="logistic", strengths=(1e-3,)),
            data_args={"folds": 3},
        ),
        **changes,
    )


def first_fold(folder: Path) -> tuple[Fold, list[Segment]]:
    data = fold_data(benchmark(folder), str(folder), 0)
    return fold_of(benchmark(folder), data, 0, str(folder), fast=True), data.parts["test"]


def test_a_benchmark_of_a_configuration_runs_and_leaves_nothing_behind(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reports = list(run_benchmark(benchmark(made), str(made)))
    assert [report["folds_done"] for report in reports] == [1, 2, 3]
    assert [sum(part["segments"].values()) for part in reports[-1]["fold_parts"]] == [12, 12, 12]
    assert reports[-1]["settings"] == TrainedDetector([str(made / "made.yaml")]).settings()
    line = reports[-1]["lines"][0]
    assert 0 <= line["value"] <= 1
    assert set(line["baselines"]) == {"majority", "functionals"}
    assert line["verdict"] == "reached"
    assert not list(tmp_path.iterdir()), "no runs and no checkpoints stay"


def test_settings_are_told_apart_and_comments_are_not(made: Path, tmp_path: Path) -> None:
    content = (made / "made.yaml").read_text(encoding="utf-8")
    other = tmp_path / "made.yaml"
    other.write_text(f"# a remark\n{content}", encoding="utf-8")
    same = TrainedDetector([str(made / "made.yaml")])
    assert TrainedDetector([str(other)]).settings() == same.settings()
    assert TrainedDetector([str(other)], members=2).settings() != same.settings()
    other.write_text(content.replace("max_epochs: ", "max_epochs: 1"), encoding="utf-8")
    assert list(TrainedDetector([str(other)]).settings()) == ["made"]
    assert TrainedDetector([str(other)]).settings() != same.settings()


def test_equal_seeds_give_equal_answers_and_other_seeds_others(made: Path) -> None:
    fold, test = first_fold(made)
    ours = TrainedDetector([str(made / "made.yaml")])
    found = []
    for seed in (0, 0, 1):
        ours.fit(fold, seed)
        found.append(ours.answers(unlabelled(test))["stress"])
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-6
    np.testing.assert_allclose(found[0].sum(axis=1), 1)


def test_members_are_averaged(made: Path) -> None:
    fold, test = first_fold(made)
    both = TrainedDetector([str(made / "made.yaml")], members=2)
    both.fit(fold, 0)
    together = both.answers(test)["stress"]
    each = []
    for seed in (0, 1000):
        one = TrainedDetector([str(made / "made.yaml")])
        one.fit(fold, seed)
        each.append(one.answers(test)["stress"])
    np.testing.assert_allclose(together, np.mean(each, axis=0))


def test_a_configuration_that_splits_otherwise_is_refused(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(configuration(seed=3)), encoding="utf-8")
    data = fold_data(benchmark(made), str(made), 0)
    other = StressPredictDataModule({}, str(made), folds=3, seed=3)
    other.setup("fit")
    assert data.parts["test"][0].group != other.parts["test"][0].group, "the seed must deal other folds to be a fault"
    fold, _ = first_fold(made)
    with pytest.raises(ProtocolError, match=r"ours, fold 0: learned from \d+ segments outside"):
        TrainedDetector([str(path)]).fit(fold, 0)


def test_saving_trains_on_everything_and_calibrates(made: Path, tmp_path: Path) -> None:
    made_benchmark = benchmark(made, ours=TrainedDetector([str(made / "made.yaml")], members=2))
    report = list(run_benchmark(made_benchmark, str(made), fast=True))[-1]
    folder = save_detector(made_benchmark, report, tmp_path / "made", str(made))
    detector = Detector.from_pretrained(folder, device="cpu")
    assert detector.calibration is not None
    assert detector.calibration.targets["stress"].cases == 4
    assert detector.facts["test"]["accuracy"] == report["lines"][0]["value"]
    assert "learned from 8 segments" in detector.facts["splits"]
    assert "empdetect bench made" in (folder / "README.md").read_text(encoding="utf-8")


def test_what_cannot_score_by_itself_is_not_saved(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave out --save"):
        save_detector(benchmark(made, name="made-z", zscore_by="group"), {}, tmp_path, str(made))
    with pytest.raises(InputError, match="leave out --save"):
        save_detector(benchmark(made, ours=Majority()), {}, tmp_path, str(made))


def test_one_modality_can_be_kept() -> None:
    kept = only_modalities(configuration(), ["HR"])
    assert list(kept["model"]["encoders"]) == list(kept["data"]["init_args"]["features"]) == ["HR"]
    assert kept["model"]["modality_dropout"] == 0
    assert only_modalities(configuration(), []) == configuration()
    with pytest.raises(InputError, match="no encoder audio"):
        only_modalities(configuration(), ["audio"])


def test_configurations_are_found_by_name_or_path(tmp_path: Path) -> None:
    assert find_config("contagion_emg").name == "contagion_emg.yaml"
    with pytest.raises(InputError, match="Looking for the configuration 'nothing'"):
        find_config("nothing")
    for text, message in (("a: [", "made"), ("just text", "it holds no keys")):
        (tmp_path / "made.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_config(str(tmp_path / "made.yaml"))


def test_members_that_cannot_be_one_detector_are_refused_before_any_fold(made: Path, tmp_path: Path) -> None:
    other = configuration()
    other["data"]["init_args"]["features"]["HR"] = modality("TEMP")[0]
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(other), encoding="utf-8")
    ours = TrainedDetector([str(made / "made.yaml"), str(tmp_path / "other.yaml")])
    with pytest.raises(InputError, match="compute 'HR' differently"):
        saveable(benchmark(made, ours=ours))


@pytest.mark.parametrize("name", [name for name in benchmark_names() if not name.endswith("-z")])
def test_the_detector_of_every_benchmark_can_be_saved(name: str) -> None:
    saveable(load_benchmark(name))


def test_asking_before_learning_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="fit"):
        TrainedDetector(["epitome"]).answers([])
