"""Our own detectors, trained on shuffled labels."""

import json
from pathlib import Path

import pytest
import yaml

from empdetect.bench.benchmark import Benchmark, Line
from empdetect.bench.catalogue import load_benchmark
from empdetect.bench.checks import ProtocolError
from empdetect.bench.metrics import accuracy
from empdetect.bench.shuffled import NAMES, check_chance, main, measure
from empdetect.bench.trained import FoldCommand, ShuffledCommand, TrainedDetector
from empdetect.datamodules.stress_predict import StressPredictDataModule
from tests.bench.test_trained import WIDTHS, configuration
from tests.datamodules.test_stress_predict import write as write_stress


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a made dataset and a configuration that is solved."""
    folder = tmp_path_factory.mktemp("shuffled")
    write_stress(folder, tuple(range(2, 11)))
    content = configuration()
    means = {
        name: {"class_path": "empdetect.models.encoders.mean.MeanEncoder", "init_args": {"features": width}}
        for name, width in WIDTHS.items()
    }
    kernel = {"class_path": "empdetect.models.kernel.KernelMachine"}
    content["model"] = {"kernel": kernel, "encoders": means}
    content["trainer"]["max_epochs"] = 1
    content["checkpoint"] = {"monitor": None}
    (folder / "made.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def benchmark(folder: Path) -> Benchmark:
    ours = TrainedDetector([str(folder / "made.yaml")])
    lines = (Line("accuracy", accuracy),)
    return Benchmark("made", "Made", "3 folds by person", StressPredictDataModule, ours, lines, data_args={"folds": 3})


def test_what_is_learned_from_shuffled_labels_is_chance(made: Path) -> None:
    found = measure(benchmark(made), str(made))
    assert found["measured"] <= found["limit"] and found["folds"] == 3
    assert 0.3 < found["chance"] < 0.7


def test_labels_that_were_not_shuffled_are_noticed(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ShuffledCommand, "before_fit", FoldCommand.before_fit)
    found = measure(benchmark(made), str(made))
    assert found["measured"] > found["limit"]
    with pytest.raises(ProtocolError, match=r"ours know more than chance of made \(1\.000, at most 0\.\d+\); look for"):
        check_chance({"other": {"measured": 0.5, "limit": 0.6}, "made": {**found, "measured": 1.0}})


def test_the_names_are_those_of_benchmarks_that_are_trained() -> None:
    assert all(isinstance(load_benchmark(name).ours, TrainedDetector) for name in NAMES)


def test_the_command_line_names_what_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["-o", str(tmp_path / "found.json"), "--data-root", str(tmp_path)]
    assert main(["no_such", *out]) == 2 and "no benchmark 'no_such'" in capsys.readouterr().err
    assert main(["emodb", *out]) == 2 and "nothing at" in capsys.readouterr().err
    assert not (tmp_path / "found.json").exists()


@pytest.mark.data
def test_real_videos_told_from_shuffled_labels(data_root: Path, tmp_path: Path) -> None:
    page, out = tmp_path / "page.md", tmp_path / "found.json"
    page.write_text("<!-- shuffled -->\n<!-- end of shuffled -->\n", encoding="utf-8")
    given = ["contagion_videos", "-o", str(out), "--data-root", str(data_root), "--page", str(page)]
    assert main(given) == 0
    row = json.loads(out.read_text(encoding="utf-8"))["rows"]["contagion_videos"]
    assert row["measured"] <= row["limit"] and "| `contagion_videos` |" in page.read_text(encoding="utf-8")
