"""Writes golden.json: what TRL's and verl's own functions give on random ragged batches.

They need other versions of libraries than empdetect, so this runs in an environment of its own, from the
repository's root:

    uv venv /tmp/golden && uv pip install --python /tmp/golden/bin/python trl==1.16.0 verl==0.9.1 cachetools
    PYTHONPATH=. /tmp/golden/bin/python tests/rl/algorithms/make_golden.py
"""

import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer
from verl.trainer.ppo import core_algos as verl
from verl.workers.config import FSDPActorConfig

from empdetect.rl.policy import small_policy

GROUPS, SIZE, TIME = 3, 4, 9
CLIP, VALUE_CLIP, KL_WEIGHT, GAMMA, LAM = 0.2, 0.5, 0.1, 0.97, 0.9
WEIGHTS = (1.0, 0.3)


def batch(seed: int) -> dict[str, torch.Tensor]:
    """A batch with user tokens inside and padding at the end; row 0 of each group ties with row 1."""
    chance = torch.Generator().manual_seed(seed)
    rows = GROUPS * SIZE
    lengths = torch.randint(3, TIME + 1, (rows,), generator=chance)
    place = torch.arange(TIME)
    own = (torch.rand(rows, TIME, generator=chance) < 0.7) & (place < lengths[:, None])
    own[torch.arange(rows), lengths - 1] = True  # a dialogue ends on the policy's token
    old = -3 * torch.rand(rows, TIME, generator=chance)
    emotion = torch.randint(0, 21, (rows,), generator=chance) / 20
    emotion[::SIZE] = emotion[1::SIZE]
    return {
        "own": own,
        "last": lengths - 1,
        "old": old,
        "new": old + 0.3 * torch.randn(rows, TIME, generator=chance),
        "reference": old + 0.3 * torch.randn(rows, TIME, generator=chance),
        "advantages": torch.randn(rows, generator=chance),
        "values": torch.rand(rows, TIME, generator=chance),
        "moved": torch.rand(rows, TIME, generator=chance) * 2 - 0.5,
        "returns": torch.rand(rows, TIME, generator=chance),
        "rewards": torch.stack([emotion, torch.rand(rows, generator=chance)]),
    }


def of_verl(given: dict[str, torch.Tensor]) -> dict[str, Any]:
    """What verl makes of a batch."""
    own, rows = given["own"].float(), len(given["own"])
    index = np.arange(rows) // SIZE
    scores = torch.zeros(2, rows, TIME)
    scores[:, torch.arange(rows), given["last"]] = given["rewards"]
    total = (torch.tensor(WEIGHTS)[:, None, None] * scores).sum(0)
    advantages, returns = verl.compute_gae_advantage_return(total, given["values"], own, GAMMA, LAM)
    actor = FSDPActorConfig(strategy="fsdp", rollout_n=1, clip_ratio=CLIP, ppo_micro_batch_size_per_gpu=1)
    spread = given["advantages"][:, None].expand(-1, TIME)
    found = {"gae_whitened": advantages * own, "gae_returns": returns * own}
    found["k3"] = verl.kl_penalty(given["new"], given["reference"], "low_var_kl") * own
    for mode in ("token-mean", "seq-mean-token-mean"):
        losses = verl.compute_policy_loss_vanilla(given["old"], given["new"], spread, own, mode, actor)
        found[f"policy {mode}"] = losses[0]
        found[f"value {mode}"] = verl.compute_value_loss(
            given["moved"], given["returns"], given["values"], own, VALUE_CLIP, mode
        )[0]
    found["grpo"] = first_own(verl.compute_grpo_outcome_advantage(total, own, index)[0], own)
    found["rloo"] = first_own(verl.compute_rloo_outcome_advantage(total, own, index)[0], own)
    found["gdpo"] = gdpo_of_verl(given, index)
    return {name: tensor.tolist() for name, tensor in found.items()}


def gdpo_of_verl(given: dict[str, torch.Tensor], index: np.ndarray) -> torch.Tensor:
    """verl whitens over tokens; with one token a rollout that is over rollouts, as ours and TRL's do."""
    rows = len(index)
    one = torch.ones(rows, 1)
    parts = {"emotion": given["rewards"][0].numpy(), "detector": given["rewards"][1].numpy()}
    config = {"gdpo_reward_keys": list(parts), "gdpo_reward_weights": list(WEIGHTS)}
    whole = {"prompts": torch.ones(rows, 1), "attention_mask": torch.ones(rows, 2).long()}
    return verl.compute_gdpo_outcome_advantage(one * 0, one, index, config=config, non_tensor_batch=parts, batch=whole)[
        0
    ][:, 0]


def first_own(values: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """The one value that all own tokens of a row share."""
    return values.gather(1, own.argmax(1, keepdim=True))[:, 0]


class Told:
    """A reward function that gives what it is told, some of it None."""

    def __init__(self, name: str) -> None:
        self.__name__ = name
        self.values: list[float | None] = []

    def __call__(self, prompts: list[str], **_: Any) -> list[float | None]:
        return self.values


def trainer(kind: str, aggregation: str, loss: str, folder: str) -> tuple[Any, list[Told]]:
    """A real trainer of TRL on a tiny model."""
    policy = small_policy(["Hello there ."], width=16, heads=2)
    model = str(policy.save(Path(folder) / "model"))  # TRL loads the reference by name
    common: dict[str, Any] = {
        "output_dir": folder,
        "use_cpu": True,
        "per_device_train_batch_size": GROUPS * SIZE,
        "num_generations": SIZE,
        "max_completion_length": 4,
        "reward_weights": list(WEIGHTS),
        "beta": KL_WEIGHT,
        "report_to": [],
    }
    told = [Told("emotion"), Told("detector")]
    data = Dataset.from_dict({"prompt": ["Hello"] * GROUPS})
    if kind == "rloo":
        made = RLOOTrainer(model, told, RLOOConfig(**{**common, "beta": 0.0}), data, None, policy.tokenizer)
    else:
        config = GRPOConfig(**common, loss_type=loss, multi_objective_aggregation=aggregation, epsilon=CLIP)
        made = GRPOTrainer(model, told, config, data, None, policy.tokenizer)
    made.model.train()
    return made, told


def of_trl(given: dict[str, torch.Tensor], unknown: list[int], folder: str) -> dict[str, Any]:
    """What TRL's trainers make of a batch; the rollouts ``unknown`` get None from both heads."""
    found: dict[str, Any] = {}
    prompts = [{"prompt": "Hello"} for _ in range(GROUPS * SIZE)]
    for name, aggregation in (("grpo", "sum_then_normalize"), ("gdpo", "normalize_then_sum"), ("rloo", "")):
        made, told = trainer(name, aggregation, "grpo", folder)
        for head, rewards in zip(told, given["rewards"]):
            head.values = [None if place in unknown else float(value) for place, value in enumerate(rewards)]
        found[name] = made._generate_and_score_completions(prompts)["advantages"].tolist()
    for loss in ("grpo", "bnpo"):
        made, _ = trainer("grpo", "sum_then_normalize", loss, folder)
        made._get_per_token_logps_and_entropies = lambda *_, **__: (given["new"], torch.zeros_like(given["new"]), None)
        made.current_gradient_accumulation_steps = 1
        found[f"loss {loss}"] = float(made._compute_loss(made.model, loss_inputs(given)))
    return found


def loss_inputs(given: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A batch as TRL's loss takes it."""
    ids = torch.ones_like(given["own"], dtype=torch.long)
    return {
        "prompt_ids": ids[:, :1],
        "prompt_mask": ids[:, :1],
        "completion_ids": ids,
        "completion_mask": given["own"].long(),
        "advantages": given["advantages"],
        "old_per_token_logps": given["old"],
        "ref_per_token_logps": given["reference"],
    }


def main() -> None:
    """Make the values."""
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(3):
            given, unknown = batch(seed), [1, 6] if seed == 2 else []
            cases.append(
                {
                    "given": {name: tensor.tolist() for name, tensor in given.items()},
                    "unknown": unknown,
                    "verl": of_verl(given),
                    "trl": of_trl(given, unknown, folder),
                }
            )
    named = {"size": SIZE, "clip": CLIP, "value_clip": VALUE_CLIP, "kl_weight": KL_WEIGHT}
    settings = {**named, "gamma": GAMMA, "lam": LAM, "weights": WEIGHTS}
    versions = {name: version(name) for name in ("trl", "verl", "torch", "transformers")}
    told = {"versions": versions, "settings": settings, "cases": cases}
    Path(__file__).with_name("golden.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
