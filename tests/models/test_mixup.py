"""Mixup of tokens: what is mixed with what, and what is left alone."""

import torch

from empdetect.models.mixup import Mixture


def test_tokens_are_mixed_where_both_are_there() -> None:
    tokens = {"text": torch.tensor([[[0.0]], [[1.0]], [[4.0]]])}
    present = {"text": torch.tensor([[True], [True], [False]])}
    mixture = Mixture(0.75, torch.tensor([1, 2, 0]))
    mixed = mixture.tokens(tokens, present)["text"].flatten().tolist()
    assert mixed == [0.25, 1.0, 4.0]
    labels = mixture.labels({"empathy": torch.tensor([0.0, 1.0, float("nan")])})["empathy"]
    assert labels[0] == 1.0
    assert labels[1].isnan()
    assert labels[2] == 0.0


def test_a_drawn_mixture_is_a_share_and_an_order() -> None:
    mixture = Mixture.draw(0.4, 5, torch.device("cpu"))
    assert 0 <= mixture.share <= 1
    assert sorted(mixture.order.tolist()) == list(range(5))
