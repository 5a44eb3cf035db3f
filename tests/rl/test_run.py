import csv
import json
from pathlib import Path

import pytest

from empdetect.cli import main
from empdetect.errors import InputError
from empdetect.rl.cassette import TAPE
from empdetect.rl.policy import Policy, small_policy
from empdetect.rl.profiles import Profile, read_profiles, write_profiles
from empdetect.rl.replay import replay
from empdetect.rl.run import parser, split_profiles, train_from_config
from tests.detectors import tiny_detector

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "configs" / "rl" / "demo.yaml"
SMALL = {
    "accelerator": "cpu",
    "warmup_rounds": 1,
    "warmup.steps": 2,
    "trainer.steps": 1,
    "trainer.profiles_per_step": 1,
    "trainer.group_size": 2,
    "trainer.max_turns": 1,
    "trainer.max_new_tokens": 4,
    "evaluate.samples": 1,
}


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_detector("text", calibrated=True).save_pretrained(tmp_path_factory.mktemp("rl") / "detector")


def judged_by(detector: object, measure: str = "empathy") -> dict[str, str]:
    """Settings that put a detector in the place of the demo's own."""
    pairs = (str(detector), measure), ("text-ngrams", "empathetic_personas_empathy_score")
    path = "empdetect.rl.rewards.detector.DetectorReward"
    judges = [{"class_path": path, "init_args": {"detector": name, "measure": asked}} for name, asked in pairs]
    return {"rewards.empathy.init_args.judges": json.dumps(judges)}


def test_the_demo_configuration_runs_and_writes_it_all_down(tmp_path: Path, detector: Path) -> None:
    out = tmp_path / "run"
    told = {**SMALL, "out": out, **judged_by(detector)}
    assert train_from_config(DEMO, told) == out
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"empdetect rl train --config {DEMO} --set accelerator=cpu --set warmup_rounds=1" in card
    assert f"--set out={out} --set 'rewards.empathy.init_args.judges=[" in card
    assert "| 32 dialogues with 32 profiles | before | after |" in card
    assert "head 'empathy'" in card and "group_size: 2" in card
    (row,) = csv.DictReader((out / "log.csv").open(encoding="utf-8"))
    assert row["empathy.none"] == "0"
    assert replay(out / TAPE).same
    assert Policy.from_pretrained(out / "policy").parameters <= 3_000_000


def test_a_model_of_ones_own_needs_no_warm_up(tmp_path: Path, detector: Path) -> None:
    model = small_policy(["Hello there."], width=16, heads=2).save(tmp_path / "model")
    told = {**SMALL, "out": tmp_path / "run", "model": model, "warmup_rounds": "null", "system": "Be kind."}
    train_from_config(DEMO, {**told, **judged_by(detector)})
    assert "Be kind." in (tmp_path / "run" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"trainer.stepz": 3}, "stepz"),
        ({"trainer.steps": "many"}, "steps"),
        ({"user": "empdetect.rl.rewards.emotion.EmotionReward"}, "user"),
        (judged_by("no/such/detector"), "no/such/detector"),
        (judged_by("text-empathy", "joy"), "joy"),
        ({"warmup_rounds": 0}, "warmup_rounds"),
        ({"profiles": "no/such/file.jsonl"}, "no file no/such/file.jsonl"),
        ({"weights": '{"emotion": 1.0}'}, "give every head one weight"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, detector: Path, told: dict[str, object], message: str) -> None:
    good = {**SMALL, "out": tmp_path / "run", **judged_by(detector)}
    with pytest.raises(InputError, match=message):
        train_from_config(DEMO, {**good, **told})


def test_a_missing_configuration_is_named() -> None:
    with pytest.raises(InputError, match=r"no file none\.yaml"):
        train_from_config(Path("none.yaml"))


def test_the_schema_is_that_of_the_parts() -> None:
    text = parser().format_help()
    for setting in ("--trainer.group_size", "--warmup.steps", "--evaluate.samples", "--weights", "--test_profiles"):
        assert setting in text


def test_held_out_profiles_share_no_persona_with_training(tmp_path: Path) -> None:
    bank = read_profiles()
    train, held_out = split_profiles(write_profiles(bank, tmp_path / "bank.jsonl"), None, 0)
    assert {p.split for p in held_out} == {"test"} and {p.split for p in train} == {"train"}
    unsplit = write_profiles([Profile(**{**p.to_dict(), "split": ""}) for p in bank], tmp_path / "unsplit.jsonl")
    train, held_out = split_profiles(unsplit, None, 0)
    assert len(held_out) == 33 and not {p.group for p in train} & {p.group for p in held_out}
    test = write_profiles(bank[:2], tmp_path / "test.jsonl")
    train, held_out = split_profiles(unsplit, test, 0)
    assert len(held_out) == 2 and len(train) == len(bank) - 2


def test_the_settings_of_a_run_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rl", "settings"]) == 0
    shown = capsys.readouterr().out
    assert "--trainer.update.learning_rate" in shown and "default: 0.001" in shown
