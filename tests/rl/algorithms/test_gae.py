import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from empdetect.rl.algorithms.gae import gae
from empdetect.rl.algorithms.ppo import clipped_share, value_loss
from empdetect.rl.algorithms.tokens import whitened


@st.composite
def chains(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rewards, values and own tokens of one row."""
    length = draw(st.integers(1, 6))
    numbers = st.floats(-1, 1, width=32)
    rewards, values = (draw(st.lists(numbers, min_size=length, max_size=length)) for _ in range(2))
    own = torch.tensor([[*draw(st.lists(st.booleans(), min_size=length - 1, max_size=length - 1)), True]])
    return torch.tensor([rewards], dtype=torch.float64).where(own, 0), torch.tensor([values], dtype=torch.float64), own


@given(chains(), st.floats(0.5, 1), st.floats(0, 1))
def test_it_is_the_sum_over_the_own_tokens_alone(
    case: tuple[torch.Tensor, torch.Tensor, torch.Tensor], gamma: float, lam: float
) -> None:
    rewards, values, own = case
    advantages, returns = gae(rewards, values, own, gamma, lam)
    r, v = rewards[own].tolist(), values[own].tolist()
    deltas = [r[t] + gamma * (v[t + 1] if t + 1 < len(v) else 0.0) - v[t] for t in range(len(r))]
    expected = [sum((gamma * lam) ** (k - t) * deltas[k] for k in range(t, len(r))) for t in range(len(r))]
    assert advantages[own].tolist() == pytest.approx(expected, abs=1e-9)
    assert returns[own].tolist() == pytest.approx([a + b for a, b in zip(expected, v)], abs=1e-9)
    assert (advantages[~own] == 0).all()


@given(chains())
def test_without_discount_returns_are_the_rewards_to_come_whatever_the_values(
    case: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
) -> None:
    rewards, values, own = case
    _, returns = gae(rewards, values, own)
    r = rewards[own].tolist()
    assert returns[own].tolist() == pytest.approx([sum(r[t:]) for t in range(len(r))], abs=1e-9)


def test_a_late_reward_reaches_the_first_token_over_the_users_words() -> None:
    rewards = torch.tensor([[0.0, 0.0, 0.0, 0.7]])
    own = torch.tensor([[True, False, False, True]])
    _, returns = gae(rewards, torch.zeros(1, 4), own)
    assert returns.tolist() == [[pytest.approx(0.7), 0.0, 0.0, pytest.approx(0.7)]]


def test_an_unknown_reward_stays_unknown_in_its_own_row() -> None:
    rewards = torch.tensor([[0.0, math.nan], [0.0, 1.0]])
    advantages, _ = gae(rewards, torch.zeros(2, 2), torch.ones(2, 2).bool())
    assert advantages[0].isnan().all() and advantages[1].tolist() == [1.0, 1.0]


def test_whitened_values_have_mean_zero_and_deviation_one() -> None:
    values, mask = (
        torch.tensor([[1.0, 2.0, 99.0], [4.0, 99.0, 99.0]]),
        torch.tensor([[True, True, False], [True, False, False]]),
    )
    found = whitened(values, mask)
    assert float(found[mask].mean()) == pytest.approx(0, abs=1e-6)
    assert float(found[mask].std()) == pytest.approx(1, abs=1e-4)
    assert (found[~mask] == 0).all()
    assert (whitened(values, mask & (values == 1)) == 0).all()


@pytest.mark.parametrize(("moved", "loss", "learns"), [(0.2, 0.32, True), (0.9, 0.125, False), (-0.9, 1.805, True)])
def test_a_value_gains_nothing_by_leaping(moved: float, loss: float, learns: bool) -> None:
    new = torch.tensor([[moved]], requires_grad=True)
    found = value_loss(new, torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1), clip=0.5)
    found.backward()
    assert float(found.detach()) == pytest.approx(loss, rel=1e-5)
    assert new.grad is not None
    assert bool(new.grad.abs().sum() > 0) == learns


def test_the_share_of_clipped_tokens_is_weighted() -> None:
    new = torch.tensor([[0.5, 0.0, -9.0]])
    weights = torch.tensor([[0.25, 0.75, 0.0]])
    assert float(clipped_share(new, torch.zeros(1, 3), weights)) == 0.25
