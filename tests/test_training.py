"""`empdetect fit` on a simulated corpus: a detector's folder comes out, and answers."""

import json
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from empdetect.cli import main
from empdetect.datamodules.manifest import ManifestDataModule
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.scores import Scores
from empdetect.task import Target, Task
from empdetect.training import commit, start_from, versions

TARGET = {"name": "empathy", "kind": "binary"}


def configuration(manifest: Path, runs: Path) -> dict[str, object]:
    return {
        "name": "tiny",
        "trainer": {
            "max_epochs": 2,
            "accelerator": "cpu",
            "logger": {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": {"save_dir": str(runs)}},
        },
        "data": {
            "class_path": "empdetect.datamodules.manifest.ManifestDataModule",
            "init_args": {
                "manifest": str(manifest),
                "features": {"text": {"class_path": "empdetect.features.text.TextEmbeddings"}},
                "task": {"targets": [TARGET], "persons": 2, "roles": ["observer"], "window": 10.0},
                "batch_size": 2,
            },
        },
        "model": {
            "width": 8,
            "fusion_layers": 1,
            "encoders": {
                "text": {
                    "class_path": "empdetect.models.encoders.temporal.TemporalConvEncoder",
                    "init_args": {"features": 384, "width": 8, "layers": 0},
                }
            },
        },
    }


@pytest.fixture(scope="module")
def fitted(simulated_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that `empdetect fit` made."""
    folder = tmp_path_factory.mktemp("fit")
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(configuration(simulated_corpus, folder)), encoding="utf-8")
    assert main(["fit", "--config", str(config)]) == 0
    return next(folder.rglob("detector"))


def test_fit_writes_a_detector_that_loads(fitted: Path) -> None:
    detector = Detector.from_pretrained(fitted, device="cpu")
    assert detector.measures == ["empathy"]
    assert detector.task.roles == ("observer",)


def test_the_facts_tell_what_was_measured_on_what(fitted: Path) -> None:
    facts = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    assert facts["name"] == "tiny"
    assert set(facts["test"]) == {f"empathy/{m}" for m in ("accuracy", "macro_f1", "uar", "auroc")}
    assert facts["majority"]["empathy/accuracy"] == pytest.approx(0.5)
    assert len(facts["fingerprint"]) == 32
    assert facts["seed"] == 0


def test_every_fit_measures_its_calibration_and_names_the_data_of_each_head(fitted: Path) -> None:
    facts = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    assert {"ece_before", "ece_after", "coverage", "fitted_on"} <= set(facts["calibration"]["empathy"])
    assert facts["heads"]["empathy"]["segments"] == 2
    card = (fitted / "README.md").read_text(encoding="utf-8")
    assert "What each head was trained on" in card
    assert "How sure it is" in card
    assert yaml.safe_load((fitted / "config.yaml").read_text())["heads"] == facts["heads"]


def test_the_card_says_what_a_score_is_not(fitted: Path) -> None:
    card = (fitted / "README.md").read_text(encoding="utf-8")
    assert "not a diagnosis" in card
    assert yaml.safe_load(card.split("---")[1])["library_name"] == "empdetect"


def test_an_encoder_that_does_not_fit_its_features_is_refused_before_training(
    simulated_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = configuration(simulated_corpus, tmp_path)
    wrong["model"]["encoders"]["text"]["init_args"]["features"] = 5  # type: ignore[index]
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(wrong), encoding="utf-8")
    assert main(["fit", "--config", str(config)]) == 2
    message = capsys.readouterr().err
    assert "takes 5 features a frame, its extractor gives 384" in message
    assert "Traceback" not in message


def test_a_modality_that_no_training_segment_has_is_refused(
    simulated_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = configuration(simulated_corpus, tmp_path)
    wrong["data"]["init_args"]["features"]["body"] = {  # type: ignore[index]
        "class_path": "empdetect.features.physiology.PhysiologyFeatures",
        "init_args": {"channels": ["TEMP"]},
    }
    encoder = {**wrong["model"]["encoders"]["text"], "init_args": {"features": 2}}  # type: ignore[index]
    wrong["model"]["encoders"]["body"] = encoder  # type: ignore[index]
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(wrong), encoding="utf-8")
    assert main(["fit", "--config", str(config)]) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert "training segments has anything of 'body' (the physiology has ECG, EDA, RSP, none of TEMP)" in message
    assert "leave it out of data.features and model.encoders" in message


def test_a_misspelt_key_is_named(simulated_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = configuration(simulated_corpus, tmp_path)
    wrong["modle"] = wrong.pop("model")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(wrong), encoding="utf-8")
    assert main(["fit", "--config", str(config)]) == 2
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert "modle" in message
    assert message.startswith("empdetect: ")


def test_the_configuration_for_own_recordings_trains(simulated_corpus: Path, tmp_path: Path) -> None:
    config = Path(__file__).resolve().parents[1] / "configs" / "manifest.yaml"
    given = {
        "data.init_args.manifest": simulated_corpus,
        "data.init_args.task.targets": json.dumps([TARGET]),
        "trainer.logger.init_args.save_dir": tmp_path,
        "trainer.max_epochs": 1,
    }
    assert main(["fit", "--config", str(config), *(f"--{name}={value}" for name, value in given.items())]) == 0
    detector = Detector.from_pretrained(tmp_path / "mine" / "version_0" / "detector", device="cpu")
    assert set(detector.features) == {"text", "audio"}


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_random_weights_answer_nothing(command: str, fitted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--config", str(fitted.parents[2] / "config.yaml")]) == 2
    assert "no checkpoint, so the weights would be random; add --ckpt_path" in capsys.readouterr().err


def test_a_checkpoint_of_another_width_is_refused(fitted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = next((fitted.parent / "checkpoints").glob("epoch*.ckpt"))
    wrong = ["--model.encoders.text.init_args.features=7", "--ckpt_path", str(checkpoint)]
    assert main(["test", "--config", str(fitted.parents[2] / "config.yaml"), *wrong]) == 2
    assert "384" in capsys.readouterr().err


def test_a_run_is_named_after_its_detector(fitted: Path) -> None:
    assert fitted.parts[-3:] == ("tiny", "version_0", "detector")


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_a_checkpoint_is_evaluated_on_any_split(command: str, fitted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = fitted.parents[2]
    checkpoint = next((fitted.parent / "checkpoints").glob("epoch*.ckpt"))
    assert main([command, "--config", str(run / "config.yaml"), "--ckpt_path", str(checkpoint)]) == 0
    shown = capsys.readouterr().out
    if command == "predict":
        scores = Scores.read(Path(shown.split("predictions: ")[1].strip()))
        assert len(scores) == 2, "one test dyad, two windows"
        assert scores.table["score"].between(0, 1).all()
    else:
        assert "empathy/macro_f1" in shown


def test_encoders_start_from_those_of_a_trained_detector(fitted: Path, simulated_corpus: Path, tmp_path: Path) -> None:
    module, trained = loose_module(), Detector.from_pretrained(fitted, device="cpu").module
    assert start_from(module, fitted) == ("text",)
    for name, weights in module.encoders.state_dict().items():
        torch.testing.assert_close(weights, trained.state_dict()[f"encoders.{name}"])
    config = configuration(simulated_corpus, tmp_path) | {"start_from": str(fitted)}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert main(["fit", "--config", str(tmp_path / "config.yaml")]) == 0


def test_a_modality_that_was_learned_elsewhere_may_be_missing(
    fitted: Path, simulated_corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, silent = pd.read_csv(simulated_corpus, sep="\t").drop(columns="transcript"), tmp_path / "silent.tsv"
    for column in ("video", "audio", "physiology"):
        rows[column] = [str(simulated_corpus.parent / name) for name in rows[column]]
    rows.to_csv(silent, sep="\t", index=False)
    config = configuration(silent, tmp_path)
    config["data"]["init_args"]["features"]["body"] = {  # type: ignore[index]
        "class_path": "empdetect.features.physiology.PhysiologyFeatures",
        "init_args": {"channels": ["EDA"]},
    }
    width = PhysiologyFeatures(["EDA"]).width
    encoder = config["model"]["encoders"]["text"]  # type: ignore[index]
    config["model"]["encoders"]["body"] = {**encoder, "init_args": {"features": width, "width": 8, "layers": 0}}  # type: ignore[index]
    for started, code in (({}, 2), ({"start_from": str(fitted)}, 0)):
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump(config | started), encoding="utf-8")
        assert main(["fit", "--config", str(path)]) == code
        assert ("has anything of 'text'" in capsys.readouterr().err) == (code == 2)


def test_starting_from_a_detector_of_another_shape_is_refused(fitted: Path) -> None:
    with pytest.raises(InputError, match="its text encoder differs"):
        start_from(loose_module(width=16), fitted)


def test_starting_from_a_detector_of_other_modalities_is_refused(fitted: Path) -> None:
    with pytest.raises(InputError, match="it reads text, the model voice"):
        start_from(loose_module("voice"), fitted)


def loose_module(modality: str = "text", width: int = 8) -> DetectorModule:
    """A module with random weights, whose encoder is that of the fitted detector unless changed."""
    encoder = TemporalConvEncoder(384, width=width, layers=0)
    return DetectorModule(Task((Target("empathy", "binary"),), persons=2), {modality: encoder}, width=8)


def test_a_detector_that_could_not_score_a_recording_by_itself_is_not_written(
    simulated_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ManifestDataModule, "zscore_by", "group")
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(configuration(simulated_corpus, tmp_path)), encoding="utf-8")
    assert main(["fit", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert "empathy/accuracy" in shown
    assert "none is written, as zscore_by needs all recordings of a person" in " ".join(shown.split())
    assert not list(tmp_path.rglob("detector"))


def test_the_commit_is_that_of_the_package_and_not_of_what_it_is_installed_in(tmp_path: Path) -> None:
    package = tmp_path / ".venv" / "empdetect"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (tmp_path / "theirs.txt").write_text("")

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=me", "-c", "user.email=me@example.org", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert commit(package) is None
    git("init", "-q")
    git("add", "theirs.txt")
    git("commit", "-qm", "theirs")
    assert commit(package) is None
    git("add", ".")
    git("commit", "-qm", "ours")
    head = git("rev-parse", "HEAD").strip()
    assert commit(package) == head
    (tmp_path / "theirs.txt").write_text("changed")
    assert commit(package) == head
    (tmp_path / ".venv" / "configs").mkdir()
    assert commit(package) == head
    (tmp_path / ".venv" / "configs" / "mine.yaml").write_text("")
    assert commit(package) == f"{head}-dirty"
    (tmp_path / ".venv" / "configs" / "mine.yaml").unlink()
    (package / "new.py").write_text("")
    assert commit(package) == f"{head}-dirty"
    (package / "new.py").unlink()
    (package / "__init__.py").write_text("changed = True\n")
    assert commit(package) == f"{head}-dirty"


def test_versions_name_what_deals_the_folds() -> None:
    always = {"empdetect", "torch", "lightning", "transformers", "numpy", "scikit-learn"}
    assert set(versions()) - {"opensmile"} == always
