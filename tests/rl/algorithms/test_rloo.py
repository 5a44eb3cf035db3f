import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from empdetect.rl.algorithms.rloo import leave_one_out_advantages
from tests.rl.algorithms.test_grpo import GROUPS


@given(GROUPS)
def test_each_is_compared_with_the_mean_of_the_others_that_are_known(groups: list[list[float]]) -> None:
    rewards = torch.tensor(groups, dtype=torch.float64)
    advantages = leave_one_out_advantages(rewards)
    for row, found in zip(rewards, advantages):
        for place, reward in enumerate(row):
            others = [float(other) for n, other in enumerate(row) if n != place and not math.isnan(other)]
            expected = float(reward) - sum(others) / len(others) if others and not math.isnan(reward) else 0.0
            assert float(found[place]) == pytest.approx(expected, abs=1e-9)


@given(GROUPS, st.integers(-3, 3))
def test_the_mean_is_zero_and_a_shift_changes_nothing(groups: list[list[float]], shift: int) -> None:
    rewards = torch.tensor(groups, dtype=torch.float64)
    advantages = leave_one_out_advantages(rewards)
    assert advantages.sum(1).abs().max() < 1e-9
    assert torch.allclose(advantages, leave_one_out_advantages(rewards + shift), atol=1e-9)


@given(st.floats(-1, 1, width=32), st.integers(1, 6))
def test_ties_and_single_rewards_give_nothing(reward: float, size: int) -> None:
    assert (leave_one_out_advantages(torch.full((1, size), reward)) == 0).all()
