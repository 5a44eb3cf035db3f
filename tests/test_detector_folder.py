"""A detector on disk: the same after loading, and never dangerous."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from empdetect.detector import Detector
from empdetect.detector_folder import read
from empdetect.errors import InputError
from empdetect.inputs import find_recordings
from empdetect.recording import Recording
from tests.detectors import tiny_detector, write_everything

FILES = {"config.yaml", "model.safetensors", "calibration.json", "metrics.json", "README.md"}


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("recordings")
    write_everything(folder, "everything")
    return find_recordings([folder])[0].open().recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_detector("audio", calibrated=True).save_pretrained(tmp_path / "detector")


def change(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text())
    edit(config)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


@pytest.mark.parametrize("modalities", [("audio",), ("text",), ("video",), ("physiology",), ()])
@pytest.mark.parametrize("calibrated", [False, True])
def test_a_loaded_detector_gives_the_very_same_scores(
    modalities: tuple[str, ...], calibrated: bool, recording: Recording, tmp_path: Path
) -> None:
    first = tiny_detector(*modalities, calibrated=calibrated)
    second = Detector.from_pretrained(first.save_pretrained(tmp_path / "d"), device="cpu")
    assert {path.name for path in (tmp_path / "d").iterdir()} == FILES
    one, two = first.score(recording), second.score(recording)
    assert one.table.equals(two.table)
    assert one.about == two.about
    assert first.calibration == second.calibration


def test_half_precision_halves_the_file_and_hardly_moves_a_score(recording: Recording, tmp_path: Path) -> None:
    detector = tiny_detector(calibrated=True)
    whole, half = (detector.save_pretrained(tmp_path / str(half), half=half) for half in (False, True))
    assert (half / "model.safetensors").stat().st_size < 0.6 * (whole / "model.safetensors").stat().st_size
    scores = [Detector.from_pretrained(folder, device="cpu").score(recording).table for folder in (whole, half)]
    assert scores[0]["score"].to_numpy() == pytest.approx(scores[1]["score"].to_numpy(), abs=5e-3)
    again = Detector.from_pretrained(half, device="cpu").save_pretrained(tmp_path / "again", half=True)
    assert (again / "model.safetensors").read_bytes() == (half / "model.safetensors").read_bytes()


def test_half_precision_keeps_means_and_scales_of_features_whole(tmp_path: Path) -> None:
    detector = tiny_detector("audio")
    state = detector.module.state_dict()
    scale = next(name for name in state if name.startswith("scales.") and name.endswith("mean"))
    state[scale].fill_(1000.1)
    detector.save_pretrained(tmp_path / "detector", half=True)
    loaded = Detector.from_pretrained(tmp_path / "detector", device="cpu").module.state_dict()
    assert torch.equal(loaded[scale], state[scale])
    kept = load_file(tmp_path / "detector" / "model.safetensors")
    assert {tensor.dtype for tensor in kept.values() if tensor.ndim > 1 and tensor.is_floating_point()} == {torch.half}


def test_a_weight_beyond_half_precision_is_named(tmp_path: Path) -> None:
    detector = tiny_detector("audio")
    name, weight = next((name, each) for name, each in detector.module.named_parameters() if each.ndim > 1)
    weight.data.view(-1)[0] = 1e6
    with pytest.raises(InputError, match=rf"half precision: '{name}' goes beyond 65,504; save it in single"):
        detector.save_pretrained(tmp_path / "detector", half=True)


def test_a_figure_that_is_not_defined_is_null_in_json_and_empty_in_the_card(tmp_path: Path) -> None:
    detector = tiny_detector("audio")
    detector.facts |= {"test": {"empathy/ccc": 0.5}, "majority": {"empathy/ccc": float("nan")}}
    for _ in range(2):
        folder = detector.save_pretrained(tmp_path / "detector")
        facts = json.loads((folder / "metrics.json").read_text(), parse_constant=pytest.fail)
        assert (facts["test"], facts["majority"]) == ({"empathy/ccc": 0.5}, {"empathy/ccc": None})
        assert "| empathy/ccc | 0.500 |  |" in (folder / "README.md").read_text()
        detector = Detector.from_pretrained(folder, device="cpu")


def test_a_place_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match=r"Writing .*file.*give an output folder"):
        tiny_detector("audio").save_pretrained(tmp_path / "file" / "detector")


def test_saving_again_replaces_the_files(folder: Path) -> None:
    tiny_detector("physiology").save_pretrained(folder)
    loaded = Detector.from_pretrained(folder, device="cpu")
    assert loaded.module.modalities == ["physiology"]
    assert loaded.calibration is None


def test_the_card_tells_the_limits_and_the_data(folder: Path) -> None:
    card = (folder / "README.md").read_text()
    head = yaml.safe_load(card.split("---")[1])
    assert head["library_name"] == "empdetect"
    assert "must not be used for" in card
    assert "random numbers" in card


@pytest.mark.parametrize("name", ["extra.pkl", "weights.bin", "MODEL.PT", "a.ckpt", "b.joblib", "c.npy"])
def test_a_pickle_is_refused_before_anything_is_read(name: str, folder: Path) -> None:
    (folder / name).write_bytes(pickle.dumps({"a": 1}))
    (folder / "config.yaml").write_text("broken: [")
    with pytest.raises(InputError, match=f"{name}, which can run code"):
        read(folder)


def test_tampered_weights_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not the file that was saved"):
        read(folder)


def test_weights_of_another_model_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file(dict(list(weights.items())[1:]), folder / "model.safetensors")
    forge(folder)
    with pytest.raises(InputError, match=r"does not fit config\.yaml"):
        read(folder)


def test_a_pickle_called_safetensors_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(pickle.dumps({"a": 1}))
    forge(folder)
    with pytest.raises(InputError, match=r"does not fit config\.yaml"):
        read(folder)


def forge(folder: Path) -> None:
    """Write the checksum of the weights that are there into the configuration."""
    import hashlib

    found = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    change(folder, lambda config: config["weights"].update(sha256=found))


@pytest.mark.parametrize(
    ("class_path", "message"),
    [
        ("os.system", "outside the trusted packages"),
        ("builtins.exec", "outside the trusted packages"),
        ("strangers.Extractor", "if you know its author"),
        ("empdetect.task.Target", "is not a Extractor"),
        ("empdetect.models.encoders.temporal.TemporalConvEncoder", "is not a Extractor"),
        ("empdetect.features.audio.Nothing", "cannot find"),
    ],
)
def test_features_of_a_class_that_is_none(class_path: str, message: str, folder: Path) -> None:
    change(folder, lambda config: config["features"]["audio"].update(class_path=class_path))
    with pytest.raises(InputError, match=message):
        Detector.from_pretrained(folder)


def test_an_encoder_of_a_class_that_is_none(folder: Path) -> None:
    wrong = {"class_path": "empdetect.features.audio.LogMel", "init_args": {}}
    change(folder, lambda config: config["model"]["encoders"].update(audio=wrong))
    with pytest.raises(InputError, match="is not a Encoder"):
        Detector.from_pretrained(folder)


@pytest.mark.parametrize("name", ["config.yaml", "model.safetensors", "calibration.json", "metrics.json"])
def test_a_file_that_is_missing_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"it lacks {name}"):
        read(folder)


def _break_yaml(folder: Path) -> None:
    (folder / "config.yaml").write_text("a: [")


def _run_code_in_yaml(folder: Path) -> None:
    (folder / "config.yaml").write_text("!!python/object/apply:os.system ['true']")


def _break_calibration(folder: Path) -> None:
    (folder / "calibration.json").write_text("{")


def _strange_calibration(folder: Path) -> None:
    (folder / "calibration.json").write_text(json.dumps({"empathy": {"cases": 3}}))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (_break_yaml, "is not plain YAML"),
        (_run_code_in_yaml, "is not plain YAML"),
        (lambda folder: change(folder, lambda c: c.update(format=99)), "format 99, this version reads 1"),
        (lambda folder: change(folder, lambda c: c.pop("task")), "must hold format, task"),
        (lambda folder: change(folder, lambda c: c.update(weights=None)), "does not describe a detector"),
        (lambda folder: change(folder, lambda c: c["model"].pop("encoders")), "does not describe a detector"),
        (lambda folder: change(folder, lambda c: c["model"].update(loud=1)), "does not describe a detector"),
        (lambda folder: change(folder, lambda c: c["model"].update(width="wide")), "does not describe a detector"),
        (lambda folder: change(folder, lambda c: c.update(features=["audio"])), "does not describe a detector"),
        (lambda folder: change(folder, lambda c: c.update(features={"audio": "x"})), "does not describe a detector"),
        (lambda folder: change(folder, lambda c: c["task"].pop("targets")), "at least one target is needed"),
        (lambda folder: change(folder, lambda c: c["task"].update(unit="year")), "got unit 'year'"),
        (_break_calibration, "does not describe a detector"),
        (_strange_calibration, "does not describe a detector"),
    ],
)
def test_a_folder_that_is_no_detector(break_it: Callable[[Path], None], message: str, folder: Path) -> None:
    break_it(folder)
    with pytest.raises(InputError, match=message):
        Detector.from_pretrained(folder)


@pytest.mark.parametrize("name", ["no/such/folder", "./nowhere", "/nowhere", "one"])
def test_a_folder_that_is_not_there(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no such folder; give one, 'text-empathy', or a hub name"):
        Detector.from_pretrained(name)


def test_a_hub_name_out_of_reach_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="no such folder, and the hub says"):
        Detector.from_pretrained("nobody/no-detector")


def test_publishing_needs_the_facts_about_the_data() -> None:
    detector = tiny_detector("audio")
    detector.facts.pop("data")
    with pytest.raises(InputError, match="the card names no training data"):
        detector.push_to_hub("me/mine")
