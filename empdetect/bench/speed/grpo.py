"""A step of our GRPO against one of TRL's ``GRPOTrainer``: same model, dialogues, rewards, process and minute.

``python -m empdetect.bench.speed.grpo -o docs/results/rl_speed.json``. TRL is not among our dependencies; an
environment that has both is made by ``uv venv ENV && uv pip install --python ENV/bin/python -e . trl==1.16.0`` and
named by ``--python ENV/bin/python``. TRL gets its dialogues by ``rollout_func``, from the same rollout as ours.
After each of its steps one of ours follows, with the situations that TRL has just drawn and the same chance, so that
whatever else the machine does slows both. The tokens that either learned from are among the results.
"""

import argparse
import copy
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric

from empdetect.bench.study import write_study
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.listener import mixed_dialogues
from empdetect.rl.policy import Policy, small_policy
from empdetect.rl.profiles import Profile, read_profiles
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rollout import roll_out
from empdetect.rl.trainer import PolicyTrainer, seed_of_step
from empdetect.rl.update import UpdateSettings
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.warmup import warm_up

TURNS, TOKENS, TEMPERATURE, KL_WEIGHT = 4, 40, 0.7, 0.02
RATE = 1e-9
"""Learning rate: so low that both stay where they began, and neither comes to talk longer than the other."""


@dataclass(frozen=True)
class Size:
    """How much a step does.

    Args:
        profiles: situations a step.
        group: dialogues a situation.
        steps: measured steps of each; one more warms up.
    """

    profiles: int = 4
    group: int = 8
    steps: int = 20


@dataclass
class Drawn:
    """What TRL's latest step talked about.

    Args:
        profiles: its situations, each once.
        seed: of the run of one step in which ours talks about the same.
        tokens: that its policy sampled.
    """

    seed: int
    profiles: list[Profile] = field(default_factory=list)
    tokens: int = 0


def measure(size: Size, seed: int = 0) -> dict[str, Any]:
    """Seconds of each step of both, in pairs, and the ratio of ours to TRL's with a 95% interval over pairs."""
    from trl import __version__ as version

    policy = _speaker(seed)
    latest = Drawn(seed)
    ours = _ours(copy.deepcopy(policy), size, latest)
    kept = np.array(_interleaved(ours, _theirs(copy.deepcopy(policy), size, seed, latest), latest)[1:])
    drawn = np.random.default_rng(seed).integers(0, len(kept), (2000, len(kept)))
    ratios = np.median(kept[drawn, 0], 1) / np.median(kept[drawn, 1], 1)
    return {
        "ours_seconds": kept[:, 0],
        "trl_seconds": kept[:, 1],
        "ours_tokens": kept[:, 2],
        "trl_tokens": kept[:, 3],
        "ratio": float(np.median(kept[:, 0]) / np.median(kept[:, 1])),
        "ratio_interval": np.quantile(ratios, [0.025, 0.975]),
        "weights": policy.parameters,
        "dialogues_a_step": size.profiles * size.group,
        "replies_a_dialogue": TURNS,
        "trl": version,
    }


def _interleaved(
    ours: Callable[[], tuple[float, float]], theirs: Any, latest: Drawn
) -> list[tuple[float, float, float, float]]:
    """Seconds of our and of TRL's step, one of ours after each of theirs, and the tokens of ours and of theirs."""
    from transformers import TrainerCallback

    pairs: list[tuple[float, float, float, float]] = []

    class Interleave(TrainerCallback):
        def on_step_begin(self, *_: object, **__: object) -> None:
            self.began = time.perf_counter()

        def on_step_end(self, *_: object, **__: object) -> None:
            spent = time.perf_counter() - self.began
            seconds, tokens = ours()
            pairs.append((seconds, spent, tokens, float(latest.tokens)))

    theirs.add_callback(Interleave())
    theirs.train()
    return pairs


def _speaker(seed: int) -> Policy:
    """A small policy that has learned to speak."""
    lessons = mixed_dialogues(read_profiles(split="train"), AppraisalUser(), rounds=1, max_turns=TURNS, seed=seed)
    policy = small_policy((turn.text for dialogue in lessons for turn in dialogue.turns), seed=seed)
    warm_up(policy, lessons, Fabric(accelerator="cpu", devices=1), steps=60, seed=seed)
    return policy


def _ours(policy: Policy, size: Size, latest: Drawn) -> Callable[[], tuple[float, float]]:
    """Makes one step with what TRL has drawn, and tells its seconds and tokens."""
    trainer = PolicyTrainer(
        policy,
        AppraisalUser(),
        {"emotion": EmotionReward()},
        {"emotion": 1.0},
        fabric=Fabric(accelerator="cpu", devices=1),
        update=UpdateSettings(learning_rate=RATE, kl_weight=KL_WEIGHT),
        steps=1,
        profiles_per_step=size.profiles,
        group_size=size.group,
        max_turns=TURNS,
        max_new_tokens=TOKENS,
        temperature=TEMPERATURE,
        checkpoint_every=0,
        tensorboard=False,
    )

    def step() -> tuple[float, float]:
        trainer.seed = latest.seed
        with tempfile.TemporaryDirectory() as folder:
            (row,) = trainer.fit(latest.profiles, Path(folder))
        return row["seconds"], row["length"] * row["turns"] * size.profiles * size.group

    return step


def _theirs(policy: Policy, size: Size, seed: int, latest: Drawn) -> Any:
    """TRL's trainer on the same dialogues: the users' words are in its completions, masked."""
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    profiles = read_profiles(split="train")
    environment = EmpathyEnvironment(AppraisalUser(), TURNS)

    def rollout(prompts: Sequence[str], trainer: Any) -> dict[str, Any]:
        speaker, chosen = Policy(trainer.model, policy.tokenizer), [profiles[int(prompt)] for prompt in prompts]
        latest.profiles, latest.seed = list(dict.fromkeys(chosen)), latest.seed + 1
        chance = seed_of_step(latest.seed, 0)
        torch.manual_seed(chance)
        dialogues, found = roll_out(speaker, environment, chosen, chance, TOKENS, TEMPERATURE)
        latest.tokens = sum(sum(row.own) for row in found)
        # TRL knows one sequence a dialogue. The few that fall into two rows lose the first, which is in its favour.
        rows = list({row.owner: row for row in found}.values())
        starts = [row.own.index(True) for row in rows]
        return {
            "prompt_ids": [list(row.ids[:start]) for row, start in zip(rows, starts)],
            "completion_ids": [list(row.ids[start:]) for row, start in zip(rows, starts)],
            "logprobs": [[0.0] * (len(row.ids) - start) for row, start in zip(rows, starts)],
            "env_mask": [[int(own) for own in row.own[start:]] for row, start in zip(rows, starts)],
            "felt": EmotionReward()(dialogues),
        }

    def emotion(felt: list[float | None], **_: object) -> list[float | None]:
        return felt

    batch, folder = size.profiles * size.group, tempfile.mkdtemp()
    policy.save(Path(folder) / "start")  # TRL reads the reference model from where the model comes from
    config = GRPOConfig(
        output_dir=folder,
        model_init_kwargs={"dtype": "float32"},
        max_steps=size.steps + 1,
        per_device_train_batch_size=batch,
        num_generations=size.group,
        max_completion_length=TURNS * 2 * TOKENS,
        learning_rate=RATE,
        beta=KL_WEIGHT,
        temperature=TEMPERATURE,
        loss_type="grpo",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        seed=seed,
    )
    data = Dataset.from_list([{"prompt": str(number)} for number in range(len(profiles))])
    start = str(Path(folder) / "start")
    return GRPOTrainer(start, emotion, config, data, processing_class=policy.tokenizer, rollout_func=rollout)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; exit code 2 where TRL is not to be found."""
    parser = argparse.ArgumentParser("python -m empdetect.bench.speed.grpo", description=__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True, help="file of results (JSON)")
    parser.add_argument("--python", type=Path, help="of an environment with empdetect and TRL, if not this one")
    parser.add_argument("--steps", type=int, default=20, help="measured steps of each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args(arguments)
    if parsed.python:
        told = ["-o", str(parsed.out), "--steps", str(parsed.steps), "--seed", str(parsed.seed)]
        return subprocess.run([str(parsed.python), "-m", "empdetect.bench.speed.grpo", *told], check=False).returncode
    if importlib.util.find_spec("trl") is None:
        sys.stderr.write("Measuring against TRL: it is not installed here; name an environment's python: --python\n")
        return 2
    found = measure(Size(steps=parsed.steps), parsed.seed)
    write_study(parsed.out, f"python -m empdetect.bench.speed.grpo -o {parsed.out}", parsed.seed, found)
    low, high = found["ratio_interval"]
    sys.stdout.write(f"{parsed.out}: our step takes {found['ratio']:.2f} ({low:.2f} to {high:.2f}) of TRL's\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
