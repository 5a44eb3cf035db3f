"""A preset with all its heads and gates: cut short and resumed, replayed, and refused when its parts contradict."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from empdetect.errors import InputError
from empdetect.rl.cassette import TAPE
from empdetect.rl.profiles import read_profiles, write_profiles
from empdetect.rl.replay import replay
from empdetect.rl.run import train_from_config

CONFIGS = Path(__file__).parents[2] / "configs" / "rl"
SMALL = {
    "accelerator": "cpu",
    "warmup_rounds": 1,
    "warmup.steps": 20,
    "trainer.profiles_per_step": 1,
    "trainer.group_size": 2,
    "trainer.max_turns": 2,
    "trainer.max_new_tokens": 10,
    "trainer.checkpoint_every": 1,
    "evaluate.samples": 1,
}
TIMED = ("rollout_seconds", "seconds")


def untimed(log: Path) -> list[dict[str, str]]:
    names, *rows = [line.split(",") for line in log.read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in zip(names, row) if name not in TIMED} for row in rows]


@pytest.mark.parametrize("name", ["embedded-grpo-say", "embedded-ppo-think"])
def test_a_preset_goes_on_as_if_never_stopped_and_can_be_replayed(tmp_path: Path, name: str) -> None:
    config = CONFIGS / f"{name}.yaml"
    write_profiles([*read_profiles(split="train")[:8], *read_profiles(split="test")[:3]], tmp_path / "few.jsonl")
    told = SMALL | {"profiles": tmp_path / "few.jsonl"}
    train_from_config(config, told | {"out": tmp_path / "whole", "trainer.steps": 2})
    for steps in (1, 2):
        train_from_config(config, told | {"out": tmp_path / "cut", "trainer.steps": steps})
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert untimed(cut / "log.csv") == untimed(whole / "log.csv") and len(untimed(cut / "log.csv")) == 2
    assert (cut / "evaluation.json").read_text() == (whole / "evaluation.json").read_text()
    # The start policy's dialogues, the judgement before, two steps, the judgement after.
    found = replay(whole / TAPE)
    assert found.same and found.dialogues == 2 * 8 + 3 + 4 + 3
    assert replay(cut / TAPE).same


def test_a_run_with_other_settings_is_refused_and_keeps_its_own(tmp_path: Path) -> None:
    config, out = CONFIGS / "embedded-grpo-say.yaml", tmp_path / "run"
    plain = {"rewards": '{"emotion": {"class_path": "empdetect.rl.rewards.emotion.EmotionReward"}}'}
    told: dict[str, Any] = SMALL | plain | {"weights": '{"emotion": 1.0}', "out": out, "trainer.steps": 1}
    train_from_config(config, told)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="that run had other settings"):
        train_from_config(config, told | {"warmup.steps": 21})
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert yaml.safe_load((out / "settings.yaml").read_text())["warmup"]["steps"] == 20


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"trainer.algorithm": "gdpo"}, "leave 'credit' at 'dialogue'"),
        ({"trainer.think": True}, "'empathy' asks for replies without a thought"),
        ({"trainer.group_size": 1}, "'group_size' must be 2 or more"),
        ({"weights.empathy": 0.4}, "at most 0.3 of the emotion's weight"),
        (
            {"gates.form": '{"class_path": "empdetect.rl.rewards.detector.DetectorReward", "init_args": '
             '{"detector": "text-ngrams", "measure": "empathetic_personas_empathy_score"}}'},
            "the gate form is a trained detector",
        ),
        (
            {"rewards.empathy": '{"class_path": "empdetect.rl.rewards.detector.DetectorReward", "init_args": '
             '{"detector": "text-ngrams", "measure": "empathetic_personas_empathy_score"}}'},
            "the head empathy is a detector's score as it is.*among the 'judges' of an EmpathyReward",
        ),
        (
            {"rewards.emotion": '{"class_path": "empdetect.rl.rewards.emotion.EmotionReward", "init_args": '
             '{"kind": "change"}}'},
            "leave 'kind' at 'terminal', or 'credit' at 'dialogue'",
        ),
        ({"gates.emotion": '{"class_path": "empdetect.rl.rewards.guards.LengthGuard"}'}, "emotion names both"),
        (
            {"witnesses.empathy": '{"class_path": "empdetect.rl.rewards.guards.LengthGuard"}'},
            "empathy names both a head and a witness",
        ),
    ],
)  # fmt: skip
def test_parts_that_contradict_each_other_are_refused_before_any_work(
    tmp_path: Path, told: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train_from_config(CONFIGS / "embedded-grpo-say.yaml", {"out": tmp_path / "run", **told})
    assert not (tmp_path / "run").exists()
