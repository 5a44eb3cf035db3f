"""Ours against TRL's and verl's own functions; see make_golden.py."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from empdetect.rl.algorithms.gae import gae
from empdetect.rl.algorithms.gdpo import decoupled_advantages
from empdetect.rl.algorithms.grpo import group_advantages
from empdetect.rl.algorithms.kl import kl_estimate
from empdetect.rl.algorithms.ppo import policy_loss, value_loss
from empdetect.rl.algorithms.rloo import leave_one_out_advantages
from empdetect.rl.algorithms.tokens import token_weights, whitened

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text(encoding="utf-8"))
SET = GOLDEN["settings"]
WEIGHTS = torch.tensor(SET["weights"])
TRL_EPSILON, VERL_EPSILON = 1e-4, 1e-6

pytestmark = pytest.mark.parametrize("case", GOLDEN["cases"])


def tensors(case: dict[str, Any]) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(values) for name, values in case["given"].items()}


def same(found: torch.Tensor, expected: Any) -> None:
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-6, rtol=0)


def scores(case: dict[str, Any], unknown: bool) -> torch.Tensor:
    """Rewards ``(head, group, rollout)``; unknown ones are NaN."""
    rewards = tensors(case)["rewards"]
    if unknown:
        rewards[:, case["unknown"]] = math.nan
    return rewards.view(2, -1, SET["size"])


def total(rewards: torch.Tensor) -> torch.Tensor:
    return (WEIGHTS[:, None, None] * rewards).sum(0)


def weights(given: dict[str, torch.Tensor], mode: str) -> torch.Tensor:
    """Weights of tokens: each token the same, or each row."""
    own = given["own"]
    if mode in ("token-mean", "bnpo"):
        return own / own.sum()
    return token_weights(own, torch.arange(len(own)), len(own))


def test_group_advantages(case: dict[str, Any]) -> None:
    of_verl = group_advantages(total(scores(case, False)), std_floor=0.0, epsilon=VERL_EPSILON)
    same(of_verl.flatten(), case["verl"]["grpo"])
    of_trl = group_advantages(total(scores(case, True)), std_floor=0.0, epsilon=TRL_EPSILON)
    same(of_trl.flatten(), case["trl"]["grpo"])


def test_leave_one_out(case: dict[str, Any]) -> None:
    same(leave_one_out_advantages(total(scores(case, False))).flatten(), case["verl"]["rloo"])
    same(leave_one_out_advantages(total(scores(case, True))).flatten(), case["trl"]["rloo"])


def test_decoupled_heads(case: dict[str, Any]) -> None:
    of_trl = decoupled_advantages(scores(case, True), WEIGHTS, 0.0, 0.0, TRL_EPSILON)
    same(of_trl.flatten(), case["trl"]["gdpo"])
    # verl adds 1e-6 to a group's deviation and 1e-8 to the batch's variance.
    heads = torch.stack([group_advantages(head, 0.0, VERL_EPSILON) for head in scores(case, False)])
    sums = (WEIGHTS[:, None, None] * heads).sum(0)
    same(whitened(sums, torch.ones_like(sums).bool()).flatten(), case["verl"]["gdpo"])
    ours = decoupled_advantages(scores(case, False), WEIGHTS, 0.0, 0.0, VERL_EPSILON)
    torch.testing.assert_close(ours.flatten(), torch.tensor(case["verl"]["gdpo"]), atol=5e-6, rtol=0)


def test_generalised_advantages(case: dict[str, Any]) -> None:
    given = tensors(case)
    rewards = torch.zeros_like(given["values"])
    rewards[torch.arange(len(rewards)), given["last"]] = total(scores(case, False)).flatten()
    advantages, returns = gae(rewards, given["values"], given["own"], SET["gamma"], SET["lam"])
    same(whitened(advantages, given["own"]), case["verl"]["gae_whitened"])
    same(returns, case["verl"]["gae_returns"])


@pytest.mark.parametrize("mode", ["token-mean", "seq-mean-token-mean"])
def test_losses_of_verl(case: dict[str, Any], mode: str) -> None:
    given = tensors(case)
    weight = weights(given, mode)
    loss = policy_loss(given["new"], given["old"], given["advantages"][:, None], weight, SET["clip"])
    same(loss, case["verl"][f"policy {mode}"])
    loss = value_loss(given["moved"], given["values"], given["returns"], weight, SET["value_clip"])
    same(loss, case["verl"][f"value {mode}"])


@pytest.mark.parametrize("kind", ["grpo", "bnpo"])
def test_losses_of_trl_with_divergence(case: dict[str, Any], kind: str) -> None:
    given = tensors(case)
    weight = weights(given, kind)
    loss = policy_loss(given["new"], given["old"], given["advantages"][:, None], weight, SET["clip"])
    divergence = kl_estimate(given["new"], given["reference"], weight, given["old"])
    same(loss + SET["kl_weight"] * divergence, case["trl"][f"loss {kind}"])


def test_divergence_of_verl(case: dict[str, Any]) -> None:
    given = tensors(case)
    for row, column in given["own"].nonzero().tolist():
        weight = torch.zeros_like(given["new"])
        weight[row, column] = 1.0
        same(kl_estimate(given["new"], given["reference"], weight), case["verl"]["k3"][row][column])
