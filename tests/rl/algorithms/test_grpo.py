import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from empdetect.rl.algorithms.grpo import group_advantages
from empdetect.rl.algorithms.kl import kl_estimate
from empdetect.rl.algorithms.ppo import policy_loss
from empdetect.rl.algorithms.tokens import token_weights

REWARD = st.one_of(st.just(math.nan), st.floats(-1, 1, width=32))
GROUPS = st.integers(2, 6).flatmap(
    lambda size: st.lists(st.lists(REWARD, min_size=size, max_size=size), min_size=1, max_size=4)
)


@given(GROUPS)
def test_advantages_sum_to_zero_within_each_group(groups: list[list[float]]) -> None:
    advantages = group_advantages(torch.tensor(groups))
    assert advantages.isfinite().all()
    assert advantages.sum(1).abs().max() < 1e-3


@given(GROUPS, st.integers(-3, 3))
def test_a_shift_of_all_rewards_changes_nothing(groups: list[list[float]], shift: int) -> None:
    rewards = torch.tensor(groups, dtype=torch.float64)
    assert torch.allclose(group_advantages(rewards), group_advantages(rewards + shift), atol=1e-9)


@given(GROUPS)
def test_unknown_rewards_take_no_part(groups: list[list[float]]) -> None:
    rewards = torch.tensor(groups, dtype=torch.float64)
    advantages = group_advantages(rewards)
    assert (advantages[rewards.isnan()] == 0).all()
    for row, found in zip(rewards, advantages):
        known = ~row.isnan()
        alone = group_advantages(row[known][None]) if known.any() else torch.zeros(1, 0)
        assert torch.allclose(found[known], alone[0].double(), atol=1e-9)


@given(st.floats(-1, 1, width=32), st.integers(1, 6))
def test_ties_and_single_rewards_give_nothing(reward: float, size: int) -> None:
    assert group_advantages(torch.full((1, size), reward)).abs().max() < 1e-4
    lonely = torch.full((1, size + 1), math.nan)
    lonely[0, 0] = reward
    assert (group_advantages(lonely) == 0).all()


def test_advantages_are_z_scores_above_the_floor_and_less_below_it() -> None:
    rewards = torch.tensor([[0.0, 0.5, 1.0], [0.50, 0.51, 0.52]])
    wide, narrow = group_advantages(rewards, std_floor=0.05)
    assert torch.allclose(wide, torch.tensor([-1.0, 0.0, 1.0]))
    assert torch.allclose(narrow, torch.tensor([-0.2, 0.0, 0.2]), atol=1e-4)
    padded = group_advantages(rewards, std_floor=0.0, epsilon=1e-4)
    assert torch.allclose(padded, (rewards - rewards.mean(1, True)) / (rewards.std(1, keepdim=True) + 1e-4), atol=1e-5)


@st.composite
def rows(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, int]:
    dialogues = draw(st.integers(1, 4))
    owner = [*range(dialogues), *draw(st.lists(st.integers(0, dialogues - 1), max_size=4))]
    own = draw(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=len(owner), max_size=len(owner)))
    for first in range(dialogues):
        own[first][4] = True
    return torch.tensor(own), torch.tensor(owner), dialogues


@given(rows())
def test_every_dialogue_weighs_the_same_however_long_it_is(case: tuple[torch.Tensor, torch.Tensor, int]) -> None:
    own, owner, dialogues = case
    weights = token_weights(own, owner, dialogues)
    assert (weights[~own] == 0).all()
    for number in range(dialogues):
        assert float(weights[owner == number].sum()) == pytest.approx(1 / dialogues, rel=1e-5)


@given(rows(), st.integers(0, 2**31 - 1))
def test_gradients_reach_the_policys_own_tokens_only(case: tuple[torch.Tensor, torch.Tensor, int], seed: int) -> None:
    own, owner, dialogues = case
    torch.manual_seed(seed)
    new = (-torch.rand(own.shape)).requires_grad_()
    old, reference = new.detach() - 0.05, new.detach() + 0.1
    weights = token_weights(own, owner, dialogues)
    loss = policy_loss(new, old, torch.ones(len(own), 1), weights) + kl_estimate(new, reference, weights)
    loss.backward()
    assert new.grad is not None
    assert (new.grad[~own] == 0).all() and (new.grad[own] != 0).all()


def test_values_on_other_tokens_cannot_reach_the_loss() -> None:
    weights = torch.tensor([[0.0, 1.0]])
    new = torch.tensor([[-1e9, -1.0]], requires_grad=True)
    old = torch.tensor([[0.0, -1.0]])
    reference = torch.tensor([[1e9, -1.0]])
    loss = policy_loss(new, old, torch.tensor([[2.0]]), weights) + kl_estimate(new, reference, weights)
    assert float(loss.detach()) == -2.0


@pytest.mark.parametrize(
    ("ratio", "advantage", "loss", "learns"),
    [
        (1.0, 1.0, -1.0, True),
        (1.1, 1.0, -1.1, True),
        (1.5, 1.0, -1.2, False),
        (0.5, 1.0, -0.5, True),
        (1.5, -1.0, 1.5, True),
        (0.5, -1.0, 0.8, False),
    ],
)
def test_the_clip_stops_gains_and_never_losses(ratio: float, advantage: float, loss: float, learns: bool) -> None:
    new = torch.tensor([[math.log(ratio)]], requires_grad=True)
    found = policy_loss(new, torch.zeros(1, 1), torch.tensor([[advantage]]), torch.ones(1, 1))
    found.backward()
    assert float(found.detach()) == pytest.approx(loss, rel=1e-5)
    assert new.grad is not None
    assert bool(new.grad.abs().sum() > 0) == learns


@given(st.lists(st.floats(-5, 0), min_size=1, max_size=8), st.lists(st.floats(-5, 0), min_size=8, max_size=8))
def test_kl_is_never_negative_and_zero_for_the_same_policy(new: list[float], reference: list[float]) -> None:
    one, other = torch.tensor([new]), torch.tensor([reference[: len(new)]])
    weights = torch.full_like(one, 1 / len(new))
    assert float(kl_estimate(one, other, weights)) >= -1e-6
    assert float(kl_estimate(one, one, weights)) == 0.0


def test_kl_estimate_is_unbiased_on_the_policys_own_samples() -> None:
    torch.manual_seed(0)
    policy, reference = torch.tensor([0.5, 0.3, 0.2]), torch.tensor([0.2, 0.5, 0.3])
    drawn = torch.multinomial(policy, 200_000, replacement=True)
    weights = torch.full((1, len(drawn)), 1 / len(drawn))
    estimate = kl_estimate(policy.log()[drawn][None], reference.log()[drawn][None], weights)
    assert float(estimate) == pytest.approx(float((policy * (policy / reference).log()).sum()), abs=0.01)


def test_the_corrected_estimate_has_the_gradient_of_the_divergence() -> None:
    """In expectation over the policy's own samples; the plain estimate's gradient is that of the other direction."""
    logits = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64).log()[None]
    new = logits.log_softmax(0)[None]
    chances = new.detach().exp()
    truth = (new.exp() * (new - reference)).sum()
    (expected,) = torch.autograd.grad(truth, logits, retain_graph=True)
    (found,) = torch.autograd.grad(kl_estimate(new, reference, chances, new.detach()), logits, retain_graph=True)
    (plain,) = torch.autograd.grad(kl_estimate(new, reference, chances), logits)
    assert torch.allclose(found, expected, atol=1e-12)
    assert not torch.allclose(plain, expected, atol=1e-2)
