"""Stopping and going on, adapters and half precision."""

import csv
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
import torch
from lightning.fabric import Fabric
from safetensors.torch import load_file

from empdetect.cli import main
from empdetect.errors import InputError
from empdetect.rl.cassette import TAPE, read_batches, read_beginning
from empdetect.rl.checkpoint import NAME, Progress, load_checkpoint, save_checkpoint
from empdetect.rl.critic import Critic
from empdetect.rl.log import TensorBoard, write_csv
from empdetect.rl.policy import Policy, small_policy
from empdetect.rl.profiles import read_profiles, write_profiles
from empdetect.rl.replay import replay
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.run import train_from_config
from empdetect.rl.trainer import PolicyTrainer
from empdetect.rl.update import UpdateSettings
from empdetect.rl.users.appraisal import AppraisalUser
from tests.rl.stub_endpoint import stub_endpoint

PROFILES = read_profiles(split="train")[:4]
CONFIG = """\
accelerator: cpu
warmup_rounds: 1
user: empdetect.rl.users.appraisal.AppraisalUser
rewards: {emotion: {class_path: empdetect.rl.rewards.emotion.EmotionReward}}
gates: {form: {class_path: empdetect.rl.rewards.format.ThinkFormatReward}}
weights: {emotion: 1.0}
warmup: {steps: 8, rows: 4}
evaluate: {samples: 1}
trainer:
  algorithm: ppo
  think: true
  profiles_per_step: 2
  group_size: 2
  max_turns: 2
  max_new_tokens: 8
  checkpoint_every: 2
  update: {passes: 2}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    bank = write_profiles([*PROFILES, *read_profiles(split="test")[:2]], tmp_path / "bank.jsonl")
    path = tmp_path / "config.yaml"
    path.write_text(f"profiles: {bank}\n{CONFIG}", encoding="utf-8")
    return path


def run(config: Path, out: Path, steps: int) -> None:
    train_from_config(config, {"out": out, "trainer.steps": steps})


def log(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open(encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if "seconds" not in k} for row in csv.DictReader(file)]


def killed_after(config: Path, out: Path, steps: int, rows: int) -> None:
    """Start a run in a process of its own and kill it, without any warning, when its log has so many rows."""
    process = multiprocessing.get_context("fork").Process(target=run, args=(config, out, steps))
    process.start()
    while process.is_alive() and not ((out / "log.csv").is_file() and len(log(out)) >= rows):
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_killed_run_goes_on_as_if_it_had_never_stopped(config: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    run(config, whole, 7)
    killed_after(config, cut, 7, rows=3)
    assert (cut / NAME).is_file() and not (cut / "policy").exists()
    run(config, cut, 7)
    assert log(cut) == log(whole) and len(log(cut)) == 7
    parts = [batch.part for batch in read_batches(cut / TAPE) if batch.kind == "scored"]
    assert parts[:3] == ["before", "step 1", "step 2"] and parts[-2:] == ["step 7", "after"]
    again = replay(cut / TAPE)
    assert again.same and again.repeated == parts.count("step 3") - 1 + parts.count("step 4") - 1
    one, other = (load_file(out / "policy" / "model.safetensors") for out in (whole, cut))
    assert all(torch.equal(one[name], other[name]) for name in one)
    card = (cut / "README.md").read_text(encoding="utf-8")
    assert "7 steps of PPO" in card and "changed by" in card
    run(config, cut, 8)
    assert len(log(cut)) == 8, "a finished run can be made longer"
    with pytest.raises(InputError, match=r"had other settings \('seed: 0', now 'seed: 1'\).*another 'out'"):
        train_from_config(config, {"out": cut, "trainer.steps": 7, "seed": 1})


def test_a_run_killed_in_the_middle_of_a_record_can_still_be_replayed(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "cut"
    run(config, out, 2)
    tape = out / TAPE
    tape.write_bytes(tape.read_bytes()[:-100])
    assert main(["rl", "replay", str(tape)]) == 2
    run(config, out, 4)
    assert main(["rl", "replay", str(tape)]) == 0 and replay(tape).same


def test_a_checkpoint_is_whole_or_not_there(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, "a", torch.device("cpu")) is None
    progress = Progress([{"step": 1.0, "reward": 0.1 + 0.2}], {"you": 0.5})
    save_checkpoint(tmp_path, "a", progress, {"policy": {"weight": torch.ones(2)}})
    found = load_checkpoint(tmp_path, "a", torch.device("cpu"))
    assert found is not None
    assert found[0] == progress and torch.equal(found[1]["policy"]["weight"], torch.ones(2))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    with pytest.raises(InputError, match="one has more of them"):
        load_checkpoint(tmp_path, "a\nb", torch.device("cpu"))


def policy() -> Policy:
    return small_policy(["Hello there.", "I hear you, go on.", "It hurts!"], width=16, heads=2)


def trainer(learner: Policy, precision: str = "32-true", algorithm: str = "ppo") -> PolicyTrainer:
    return PolicyTrainer(
        learner,
        AppraisalUser(),
        {"emotion": EmotionReward()},
        {"emotion": 1.0},
        fabric=Fabric(accelerator="cpu", devices=1, precision=precision),  # type: ignore[arg-type]
        algorithm=algorithm,  # type: ignore[arg-type]
        update=UpdateSettings(kl_weight=0.1, entropy_weight=0.01, learning_rate=0.01),
        steps=2,
        profiles_per_step=2,
        group_size=3,
        max_turns=2,
        max_new_tokens=6,
        checkpoint_every=0,
    )


@pytest.mark.parametrize("algorithm", ["ppo", "grpo"])
def test_only_the_adapter_learns_and_the_saved_policy_holds_it(tmp_path: Path, algorithm: str) -> None:
    plain = policy()
    adapted = plain.with_lora(4)
    before = {name: weight.clone() for name, weight in adapted.model.named_parameters()}
    (first, second) = trainer(adapted, algorithm=algorithm).fit(PROFILES, tmp_path)
    moved = {name for name, weight in adapted.model.named_parameters() if not torch.equal(weight, before[name])}
    assert moved and all("lora_" in name for name in moved)
    assert first["kl"] == pytest.approx(0, abs=1e-6) and second["kl"] > 0
    again = Policy.from_pretrained(adapted.save(tmp_path / "saved"))
    assert not again.adapted
    ids = torch.tensor([[6, 7, 8, 9]])
    with torch.no_grad():
        expected = adapted.logprobs(ids, torch.ones_like(ids).bool())
        assert torch.allclose(again.logprobs(ids, torch.ones_like(ids).bool()), expected, atol=1e-5)


def test_the_critic_of_an_adapted_policy_shares_the_frozen_weights() -> None:
    adapted = policy().with_lora(4)
    critic = Critic(adapted)
    own = {weight.data_ptr() for weight in adapted.model.parameters()}
    shared = [weight for weight in critic.parameters() if weight.data_ptr() in own]
    assert shared and all(not weight.requires_grad for weight in shared)
    assert all(weight.data_ptr() not in own for weight in critic.learning())
    ids = torch.tensor([[6, 7, 8]])
    assert torch.equal(critic(ids, torch.ones_like(ids).bool()), torch.zeros(1, 3)), "nothing is known at the start"


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_a_run_in_half_precision_judges_in_it(config: Path, tmp_path: Path, precision: str) -> None:
    """Before and after, and the anchor of the KL, in one precision: else a run of no steps would change something."""
    model = small_policy(["I hear you ."], width=16, heads=2).save(tmp_path / "model")
    told = {"out": tmp_path / "run", "model": model, "warmup_rounds": 0, "precision": precision, "trainer.steps": 1}
    still = {"trainer.update.learning_rate": 0.0, "trainer.update.kl_weight": 0.1, "trainer.update.passes": 1}
    train_from_config(config, told | still)
    parts = json.loads((tmp_path / "run" / "evaluation.json").read_text(encoding="utf-8"))
    assert parts["before"] == parts["after"]
    assert float(log(tmp_path / "run")[0]["kl"]) == 0.0


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_half_precision_trains(tmp_path: Path, precision: str) -> None:
    rows = trainer(policy(), precision).fit(PROFILES, tmp_path)
    assert len(rows) == 2
    assert all(row["loss"] == row["loss"] and row["grad_norm"] > 0 for row in rows), "no NaN"


def test_what_a_step_does_not_have_is_left_empty_in_the_log(tmp_path: Path) -> None:
    write_csv([{"step": 1, "a": 0.5}, {"step": 2, "b": 0.25}], tmp_path / "log.csv")
    assert (tmp_path / "log.csv").read_text().splitlines() == ["step,a,b", "1,0.5,", "2,,0.25"]


def test_tensorboard_is_asked_for_by_name_where_it_is_missing(tmp_path: Path) -> None:
    try:
        import tensorboard  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match="it is not installed; run 'pip install tensorboard'"):
            TensorBoard(tmp_path)
        return
    TensorBoard(tmp_path).write({"step": 1.0, "emotion.mean": 0.5, "kl": float("nan")})
    assert list(tmp_path.glob("events.out.tfevents*"))


def test_a_group_of_one_is_for_ppo_only() -> None:
    for algorithm in ("grpo", "rloo", "gdpo"):
        with pytest.raises(InputError, match="'group_size' must be 2 or more, got 1"):
            PolicyTrainer(
                policy(),
                AppraisalUser(),
                {"emotion": EmotionReward()},
                {"emotion": 1.0},
                algorithm=algorithm,
                group_size=1,
            )


def test_a_run_killed_before_its_first_checkpoint_begins_a_tape_of_its_own(config: Path, tmp_path: Path) -> None:
    """Else a later part could take its beginning from an attempt that its heads were not prepared with."""
    killed_after(config, tmp_path / "cut", 7, rows=1)
    (tmp_path / "cut" / NAME).unlink(missing_ok=True)
    run(config, tmp_path / "cut", 2)
    run(config, tmp_path / "cut", 4)
    run(config, tmp_path / "whole", 4)
    assert log(tmp_path / "cut") == log(tmp_path / "whole")
    assert (tmp_path / "cut" / f"stopped-1-{TAPE}").is_file()
    assert read_beginning(tmp_path / "cut" / TAPE) == read_beginning(tmp_path / "whole" / TAPE)
    assert replay(tmp_path / "cut" / TAPE).same


SENTIENT = """\
accelerator: cpu
seed: 3
user:
  class_path: empdetect.rl.users.sentient.SentientUser
  init_args:
    endpoint:
      class_path: empdetect.rl.users.endpoint.Endpoint
      init_args: {model: stub}
rewards:
  emotion: {class_path: empdetect.rl.rewards.emotion.EmotionReward}
gates:
  varied: {class_path: empdetect.rl.rewards.guards.VarietyGuard}
weights: {emotion: 1.0}
evaluate: {samples: 1}
trainer: {profiles_per_step: 1, group_size: 2, max_turns: 1, max_new_tokens: 8, checkpoint_every: 1, monitor: null}
"""


def test_going_on_asks_a_language_model_nothing_twice(tmp_path: Path) -> None:
    """A user that is a language model costs money, and would tell the start policy another emotion the second time."""
    bank = write_profiles([*PROFILES, *read_profiles(split="test")[:2]], tmp_path / "bank.jsonl")
    small_policy(["I hear you ."], width=16, heads=2).save(tmp_path / "model")
    path = tmp_path / "config.yaml"
    path.write_text(f"profiles: {bank}\nmodel: {tmp_path / 'model'}\n{SENTIENT}", encoding="utf-8")
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    with stub_endpoint() as stub:
        told = {"user.init_args.endpoint.init_args.base_url": stub.url}
        asked = []
        for out, steps in ((cut, 1), (cut, 2), (whole, 2), (cut, 2)):
            train_from_config(path, told | {"out": out, "trainer.steps": steps})
            asked.append(len(stub.requests) - sum(asked))
    assert asked[3] == 0, "a run that had ended is not judged once more"
    step, judging = 2 * 2, 2 * 2
    assert asked[2] - asked[1] == 2 * len(PROFILES) * 2 + judging + step, "the base policy's dialogues and one step"
    assert log(cut) == log(whole)
    assert (cut / "evaluation.json").read_text() == (whole / "evaluation.json").read_text()
    assert replay(cut / TAPE).same
