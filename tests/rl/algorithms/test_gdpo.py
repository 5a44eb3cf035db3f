import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from empdetect.rl.algorithms.gdpo import decoupled_advantages
from empdetect.rl.algorithms.grpo import group_advantages
from tests.rl.algorithms.test_grpo import REWARD

HEADS = st.lists(st.lists(st.lists(REWARD, min_size=4, max_size=4), min_size=3, max_size=3), min_size=2, max_size=2)
WEIGHTS = torch.tensor([1.0, 0.3], dtype=torch.float64)


def tensor(heads: list[list[list[float]]]) -> torch.Tensor:
    return torch.tensor(heads, dtype=torch.float64)


@given(HEADS)
def test_each_groups_advantages_sum_to_zero(heads: list[list[list[float]]]) -> None:
    advantages = decoupled_advantages(tensor(heads), WEIGHTS)
    assert advantages.isfinite().all()
    assert advantages.sum(1).abs().max() < 1e-6


@given(HEADS, st.integers(-3, 3), st.integers(-3, 3))
def test_a_shift_of_one_head_changes_nothing(heads: list[list[list[float]]], one: int, other: int) -> None:
    rewards = tensor(heads)
    shifted = rewards + torch.tensor([one, other])[:, None, None]
    assert torch.allclose(decoupled_advantages(rewards, WEIGHTS), decoupled_advantages(shifted, WEIGHTS), atol=1e-6)


@given(HEADS)
def test_a_rollout_that_no_head_knows_gets_nothing_and_moves_nobody(heads: list[list[list[float]]]) -> None:
    rewards = tensor(heads)
    rewards[:, 0, 0] = math.nan
    advantages = decoupled_advantages(rewards, WEIGHTS)
    assert advantages[0, 0] == 0
    smaller = torch.stack([group_advantages(head[:1, 1:]) for head in rewards])
    raw = (WEIGHTS[:, None, None] * smaller).sum(0)[0]
    if float(raw.norm()) > 1e-6 and float(advantages[0, 1:].norm()) > 1e-9:
        ratio = advantages[0, 1:] / raw
        assert torch.allclose(ratio[raw.abs() > 1e-6], ratio[raw.abs().argmax()].expand(3)[raw.abs() > 1e-6], rtol=1e-3)


@given(st.floats(-1, 1, width=32), st.floats(-1, 1, width=32))
def test_ties_give_nothing(one: float, other: float) -> None:
    rewards = torch.tensor([one, other])[:, None, None].expand(2, 3, 4)
    assert (decoupled_advantages(rewards, WEIGHTS.float()) == 0).all()


def test_the_floors_keep_a_hairs_breadth_from_deciding_where_emotions_tie() -> None:
    emotion = torch.zeros(2, 4)
    detector = torch.tensor([[0.500, 0.501, 0.502, 0.503], [0.500, 0.501, 0.502, 0.503]])
    rewards = torch.stack([emotion, detector])
    weights = torch.tensor([1.0, 0.3])
    assert float(decoupled_advantages(rewards, weights).abs().max()) < 0.01
    assert float(decoupled_advantages(rewards, weights, 0.0, 0.0, 1e-4).abs().max()) > 1


def test_a_small_head_counts_by_its_weight() -> None:
    """As a sum, the wide head would decide alone."""
    wide = torch.tensor([[0.0, 10.0, 0.0, 10.0]])
    small = torch.tensor([[0.0, 0.0, 0.1, 0.1]])
    advantages = decoupled_advantages(torch.stack([wide, small]), torch.tensor([1.0, 1.0]))[0]
    assert float(advantages[2] - advantages[0]) == pytest.approx(float(advantages[1] - advantages[0]), rel=1e-4)
