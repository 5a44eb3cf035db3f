"""An ensemble: the mean of its members, told by those who saw something, and a detector like any other."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.temporal import TemporalConvEncoder
from empdetect.models.ensemble import Ensemble
from empdetect.models.heads import decode, level_probabilities
from empdetect.task import Target, Task
from tests.detectors import TASK, tiny_detector

KINDS = Task(
    (
        Target("happy", "binary"),
        Target("emotion", "nominal", ("calm", "angry", "sad")),
        Target("level", "ordinal", ("none", "weak", "strong")),
        Target("distress", "regression", range=(1, 7)),
    )
)


def member(seed: int, *modalities: str) -> DetectorModule:
    torch.manual_seed(seed)
    encoders = {name: TemporalConvEncoder(3, width=8, layers=1) for name in modalities}
    return DetectorModule(KINDS, dict(encoders), width=8, fusion_layers=0).eval()


def batch(*missing: str) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    torch.manual_seed(0)
    inputs = {name: torch.randn(4, 1, 5, 3) for name in ("audio", "text")}
    masks = {name: torch.full((4, 1, 5), name not in missing) for name in inputs}
    return inputs, masks


@torch.inference_mode()
def test_scores_are_the_mean_of_the_members_scores() -> None:
    members = [member(seed, "audio", "text") for seed in (1, 2, 3)]
    inputs, masks = batch()
    together = Ensemble(members)(inputs, masks)
    for target in KINDS.targets:
        alone = [each(inputs, masks)[target.name] for each in members]
        if target.kind in ("binary", "nominal"):
            expected = torch.stack([level_probabilities(target, outputs) for outputs in alone]).mean(0)
            torch.testing.assert_close(level_probabilities(target, together[target.name]), expected)
        elif not target.is_categorical:
            torch.testing.assert_close(together[target.name], torch.stack(alone).mean(0))
        else:
            levels = torch.stack([decode(target, outputs) for outputs in alone])
            between = decode(target, together[target.name])
            assert (between >= levels.amin(0) - 0.2).all() and (between <= levels.amax(0) + 0.2).all()


@torch.inference_mode()
def test_a_member_without_input_has_no_say() -> None:
    voice, words = member(1, "audio"), member(2, "text")
    inputs, masks = batch("text")
    together = Ensemble([voice, words])(inputs, masks)
    alone = voice(inputs, masks)
    for target in KINDS.targets:
        torch.testing.assert_close(decode(target, together[target.name]), decode(target, alone[target.name]))


@torch.inference_mode()
def test_nothing_given_is_still_finite() -> None:
    inputs, masks = batch("text", "audio")
    outputs = Ensemble([member(1, "audio"), member(2, "text")])(inputs, masks)
    assert all(torch.isfinite(answer).all() for answer in outputs.values())


def test_members_of_other_tasks_and_none_are_refused() -> None:
    other = DetectorModule(TASK, {"audio": TemporalConvEncoder(3, width=8, layers=1)}, width=8)
    with pytest.raises(InputError, match="different tasks"):
        Ensemble([member(1, "audio"), other])
    with pytest.raises(InputError, match="at least one member"):
        Ensemble([])


def test_saved_and_loaded_it_answers_alike(tmp_path: Path) -> None:
    voice, body = tiny_detector("audio"), tiny_detector("physiology")
    detector = Detector(Ensemble([voice.module, body.module]), voice.features | body.features, device="cpu")
    loaded = Detector.from_pretrained(detector.save_pretrained(tmp_path / "both"), device="cpu")
    assert isinstance(loaded.module, Ensemble)
    assert loaded.module.modalities == ["audio", "physiology"]
    for name, weights in detector.module.state_dict().items():
        torch.testing.assert_close(loaded.module.state_dict()[name], weights, rtol=0, atol=0)
