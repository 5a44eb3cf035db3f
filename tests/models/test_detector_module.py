"""The LightningModule: sizes, masks, missing modalities, learning rates and a training that learns."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from empdetect.batch import Batch
from empdetect.errors import InputError
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.recording import Participant, Recording, Segment
from empdetect.task import Target, Task

TASK = Task((Target("empathy", "binary"), Target("level", "regression", range=(0, 1))), persons=2)
SEGMENT = Segment(Recording("r", (Participant("a"), Participant("b"))), "a")


def make(task: Task = TASK, fusion_layers: int = 1, modality_dropout: float = 0.2) -> DetectorModule:
    torch.manual_seed(0)
    encoders = {"audio": TemporalConvEncoder(3, width=8, layers=1), "text": TemporalConvEncoder(5, width=8, layers=0)}
    return DetectorModule(
        task, dict(encoders), 8, fusion_layers, fusion_heads=2, dropout=0.0, modality_dropout=modality_dropout
    )


def batch_of(labels: Tensor, seed: int = 0) -> Batch:
    """A batch in which the mean of the first audio feature tells the label."""
    generator = torch.Generator().manual_seed(seed)
    size = len(labels)
    audio = torch.randn(size, 2, 6, 3, generator=generator)
    audio[:, 0, :, 0] += 4 * labels.view(-1, 1) - 2
    inputs = {"audio": audio, "text": torch.randn(size, 2, 4, 5, generator=generator)}
    masks = {name: torch.ones(x.shape[:3], dtype=torch.bool) for name, x in inputs.items()}
    return Batch(inputs, masks, {"empathy": labels, "level": labels}, (SEGMENT,) * size)


def loader(*batches: Batch) -> DataLoader[Batch]:
    return DataLoader(list(batches), batch_size=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("fusion_layers", [0, 1])
def test_outputs_are_sized_by_the_task(fusion_layers: int) -> None:
    batch = batch_of(torch.zeros(3))
    outputs = make(fusion_layers=fusion_layers)(batch.inputs, batch.masks)
    assert {name: tuple(out.shape) for name, out in outputs.items()} == {"empathy": (3, 1), "level": (3, 1)}


@settings(max_examples=20, deadline=None)
@given(extra=st.integers(1, 9), filler=st.floats(-1e3, 1e3))
def test_padding_changes_nothing(extra: int, filler: float) -> None:
    module = make().eval()
    batch = batch_of(torch.zeros(2))
    padded = {name: torch.nn.functional.pad(x, (0, 0, 0, extra), value=filler) for name, x in batch.inputs.items()}
    masks = {name: torch.nn.functional.pad(mask, (0, extra), value=False) for name, mask in batch.masks.items()}
    before, after = module(batch.inputs, batch.masks), module(padded, masks)
    for name in before:
        torch.testing.assert_close(after[name], before[name], atol=1e-5, rtol=1e-4)


def test_other_examples_of_a_batch_change_nothing() -> None:
    module = make().eval()
    both = batch_of(torch.tensor([0.0, 1.0]))
    one = {name: x[:1] for name, x in both.inputs.items()}
    masks = {name: mask[:1] for name, mask in both.masks.items()}
    torch.testing.assert_close(module(one, masks)["empathy"], module(both.inputs, both.masks)["empathy"][:1])


@pytest.mark.parametrize("gone", [["audio"], ["text"], ["audio", "text"]])
def test_missing_modalities_give_finite_outputs_that_ignore_their_content(gone: list[str]) -> None:
    module = make().eval()
    batch = batch_of(torch.zeros(2))
    for name in gone:
        batch.masks[name][:] = False
        batch.inputs[name][:] = float("nan")
    before = module(batch.inputs, batch.masks)
    for name in gone:
        batch.inputs[name][:] = 7.0
    after = module(batch.inputs, batch.masks)
    for name in before:
        assert torch.isfinite(before[name]).all()
        torch.testing.assert_close(after[name], before[name])


def test_training_learns_and_standardises_from_the_training_set_alone() -> None:
    module = make(modality_dropout=0.0)
    labels = torch.tensor([0.0, 1.0] * 8)
    train = [batch_of(labels, seed) for seed in range(4)]
    trainer = Trainer(
        max_epochs=12, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(module, loader(*train), loader(batch_of(labels, 99)))
    assert trainer.callback_metrics["val/empathy/auroc"] > 0.9
    frames = torch.cat([batch.inputs["audio"] for batch in train])
    torch.testing.assert_close(module.scales["audio"].mean, frames.flatten(0, 2).mean(0), atol=1e-4, rtol=1e-4)


def test_metrics_that_are_not_defined_never_win() -> None:
    module = make()
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    found = trainer.validate(module, loader(batch_of(torch.full((3,), float("nan")))), verbose=False)[0]
    assert found["val/main"] == -1.0


def test_each_encoder_learns_at_its_own_rate() -> None:
    module = make()
    module.encoders["text"].learning_rate = 1e-5
    groups = module._parameter_groups()
    assert [group["lr"] for group in groups] == [1e-3, 1e-5]
    named = sum(len(group["params"]) for group in groups)
    assert named == len(list(module.parameters())), "every weight is in exactly one group"


def test_rare_levels_weigh_more() -> None:
    weights = make()._inverse_shares([batch_of(torch.tensor([0.0, 0.0, 0.0, 1.0]))])["empathy"]
    assert weights[1] == pytest.approx(3 * weights[0])


def test_a_detector_needs_a_modality() -> None:
    with pytest.raises(InputError, match="at least one modality"):
        DetectorModule(TASK, {})
