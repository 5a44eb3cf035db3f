"""RLVER's presets: the paper's values, and a run of each before a service on loopback."""

import json
from pathlib import Path

import pytest

from empdetect.rl.policy import small_policy
from empdetect.rl.profiles import Profile, write_profiles
from empdetect.rl.run import parser, train_from_config
from empdetect.rl.users.sentient import SentientUser
from tests.rl.stub_endpoint import stub_endpoint

CONFIGS = Path(__file__).parents[2] / "configs" / "rl"


def person(number: int) -> Profile:
    scene = f"第{number}次没有得到升职。"
    return Profile(f"p{number}", f"李华{number}，三十岁。", scene, "empathy", "passive", language="zh")


@pytest.mark.parametrize("name", ["rlver-ppo", "rlver-grpo"])
def test_the_presets_hold_the_papers_values(name: str) -> None:
    parse = parser()
    told = parse.parse_args(["--config", str(CONFIGS / f"{name}.yaml")])
    built = parse.instantiate_classes(told)
    made, update = built.trainer, built.trainer["update"]
    assert isinstance(built.user, SentientUser) and built.user.rules.start == 30.0
    assert (made.profiles_per_step, made.max_turns, made.temperature, made.think) == (32, 8, 1.0, True)
    assert made.group_size == (1 if name == "rlver-ppo" else 4)
    assert (update.learning_rate, update.clip, update.max_grad_norm, update.entropy_weight) == (1e-6, 0.2, 1.0, 0.001)
    assert update.kl_weight == 0.0, "the paper has no reference model"
    if name == "rlver-ppo":
        assert (made.gamma, made.lam, update.value_learning_rate, update.value_clip) == (1.0, 1.0, 5e-6, 0.5)
    first = (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(f"# empdetect rl train --config configs/rl/{name}.yaml ")


@pytest.mark.parametrize("name", ["rlver-ppo", "rlver-grpo"])
def test_the_presets_run_before_a_service(name: str, tmp_path: Path) -> None:
    model = small_policy(["<think> hm </think> go on ."], width=16, heads=2).save(tmp_path / "model")
    with stub_endpoint() as stub:
        told = {
            "out": tmp_path / "run",
            "model": model,
            "profiles": write_profiles([person(n) for n in range(3)], tmp_path / "train.jsonl"),
            "test_profiles": write_profiles([person(9)], tmp_path / "test.jsonl"),
            "user.init_args.endpoint.init_args.base_url": stub.url,
            "accelerator": "cpu",
            "trainer.steps": 2,
            "trainer.profiles_per_step": 2,
            "trainer.max_turns": 2,
            "trainer.max_new_tokens": 6,
        }
        out = train_from_config(CONFIGS / f"{name}.yaml", told)
    assert stub.requests
    found = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert found["before"]["not scorable"] == {"p9": [0.0, 1.0]}
    log = (out / "log.csv").read_text(encoding="utf-8").splitlines()
    assert len(log) == 3 and ("value_loss" in log[0]) == (name == "rlver-ppo")
    assert "form.mean" in log[0]
