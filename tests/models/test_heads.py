"""Heads: losses leave unknown labels out, answers stay within the target's limits."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from empdetect.models.heads import Heads, decode, level_probabilities, target_loss
from empdetect.task import Target, Task

TARGETS = [
    Target("empathy", "binary"),
    Target("level", "ordinal", ("none", "weak", "strong")),
    Target("emotion", "nominal", ("angry", "happy", "sad", "calm")),
    Target("distress", "regression", range=(1, 7)),
]
NAN = float("nan")


def label_of(target: Target, size: int) -> torch.Tensor:
    top = target.levels - 1 if target.is_categorical else 6
    return (torch.arange(size) % (top + 1)).float() + (0 if target.is_categorical else 1)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_unknown_labels_change_neither_loss_nor_gradient(target: Target) -> None:
    torch.manual_seed(0)
    outputs = torch.randn(12, target.outputs, requires_grad=True)
    labels = label_of(target, 12)
    labels[8:] = NAN
    loss = target_loss(target, outputs, labels)
    torch.testing.assert_close(loss, target_loss(target, outputs[:8], labels[:8]))
    loss.backward()
    assert outputs.grad is not None
    assert (outputs.grad[8:] == 0).all()
    assert (outputs.grad[:8] != 0).any()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_no_known_label_gives_no_gradient(target: Target) -> None:
    outputs = torch.randn(3, target.outputs, requires_grad=True)
    loss = target_loss(target, outputs, torch.full((3,), NAN))
    loss.backward()
    assert loss == 0
    assert outputs.grad is not None
    assert (outputs.grad == 0).all()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
def test_training_reaches_the_labels(target: Target) -> None:
    torch.manual_seed(0)
    labels = label_of(target, 8)
    outputs = torch.zeros(8, target.outputs, requires_grad=True)
    optimizer = torch.optim.Adam([outputs], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        target_loss(target, outputs, labels).backward()
        optimizer.step()
    if target.kind == "nominal":
        assert (decode(target, outputs).argmax(dim=1) == labels).all()
    else:
        torch.testing.assert_close(decode(target, outputs)[:, 0], labels, atol=0.15, rtol=0)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.kind)
@given(scale=st.floats(0.1, 500), seed=st.integers(0, 1000))
def test_answers_stay_within_limits(target: Target, scale: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    outputs = scale * torch.randn(5, target.outputs, generator=generator)
    scores = decode(target, outputs)
    assert scores.shape == (5, len(target.measures))
    assert (scores >= target.limits[0] - 1e-6).all()
    assert (scores <= target.limits[1] + 1e-6).all()
    if target.is_categorical:
        probabilities = level_probabilities(target, outputs)
        assert (probabilities >= 0).all()
        torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(5))


def test_weights_shift_the_loss_to_the_rare_level() -> None:
    target = TARGETS[0]
    outputs, labels = torch.tensor([[2.0], [2.0]]), torch.tensor([0.0, 1.0])
    even = target_loss(target, outputs, labels)
    shifted = target_loss(target, outputs, labels, weights=torch.tensor([3.0, 1.0]))
    assert shifted > even


def test_heads_are_sized_by_the_task() -> None:
    outputs = Heads(Task(tuple(TARGETS)), width=6)(torch.randn(2, 6))
    assert {name: tuple(out.shape) for name, out in outputs.items()} == {
        "empathy": (2, 1),
        "level": (2, 2),
        "emotion": (2, 4),
        "distress": (2, 1),
    }
