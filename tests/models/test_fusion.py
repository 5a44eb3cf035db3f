"""Fusion: what is missing must not matter, what is there must."""

import pytest
import torch
from torch import Tensor

from empdetect.models.fusion import Fusion

MODALITIES = ("audio", "text", "video")
WIDTH = 8


def make(layers: int, modality_dropout: float = 0.0) -> Fusion:
    torch.manual_seed(0)
    return Fusion(MODALITIES, persons=2, width=WIDTH, layers=layers, heads=2, modality_dropout=modality_dropout).eval()


def tokens(batch: int = 3) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    torch.manual_seed(1)
    values = {name: torch.randn(batch, 2, WIDTH) for name in MODALITIES}
    return values, {name: torch.ones(batch, 2, dtype=torch.bool) for name in MODALITIES}


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_a_missing_token_has_no_influence(layers: int) -> None:
    fusion = make(layers)
    values, present = tokens()
    present["video"][:, 1] = False
    before = fusion(values, present)
    values["video"][:, 1] = 1e6
    torch.testing.assert_close(fusion(values, present), before)


@pytest.mark.parametrize("layers", [0, 2])
def test_a_present_token_has_influence(layers: int) -> None:
    fusion = make(layers)
    values, present = tokens()
    before = fusion(values, present)
    values["text"][:, 0] += torch.randn(WIDTH)
    assert not torch.allclose(fusion(values, present), before)


@pytest.mark.parametrize("layers", [0, 2])
def test_nothing_present_is_finite_and_constant(layers: int) -> None:
    fusion = make(layers)
    values, present = tokens()
    present = {name: torch.zeros_like(mask) for name, mask in present.items()}
    fused = fusion(values, present)
    assert torch.isfinite(fused).all()
    torch.testing.assert_close(fused[0], fused[1])


def test_late_fusion_is_the_mean_of_what_is_there() -> None:
    fusion = make(layers=0)
    values, present = tokens(batch=1)
    present["audio"][:] = False
    head = torch.nn.Linear(WIDTH, 1)
    there = torch.stack([values[name][0] + fusion.place[fusion.modalities.index(name)] for name in ("text", "video")])
    each_answer = head(fusion.norm(there)).flatten()
    torch.testing.assert_close(head(fusion(values, present))[0, 0], each_answer.mean())


def test_the_order_of_naming_makes_no_difference() -> None:
    torch.manual_seed(0)
    one = Fusion(["text", "audio"], 1, WIDTH, 1, heads=2).eval()
    torch.manual_seed(0)
    other = Fusion(["audio", "text"], 1, WIDTH, 1, heads=2).eval()
    values = {name: torch.randn(2, 1, WIDTH) for name in ("audio", "text")}
    present = {name: torch.ones(2, 1, dtype=torch.bool) for name in values}
    torch.testing.assert_close(one(values, present), other(values, present))


def test_modality_dropout_never_drops_all() -> None:
    fusion = make(layers=1, modality_dropout=0.99)
    there = torch.ones(500, 3, 2, dtype=torch.bool)
    there[:, 0] = False
    kept = fusion._drop(there)
    assert kept.flatten(1).any(dim=1).all()
    assert not kept[:, 0].any(), "dropout must not bring back what is missing"
    assert (~kept[:, 1]).any(), "some modality is dropped somewhere"


def test_dropped_modalities_are_dropped_for_everyone_in_the_example() -> None:
    fusion = make(layers=1, modality_dropout=0.5)
    kept = fusion._drop(torch.ones(200, 3, 2, dtype=torch.bool))
    assert (kept[..., 0] == kept[..., 1]).all()
