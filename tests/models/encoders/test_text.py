"""Adapters of the text encoder: small on disk, the same after loading."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from empdetect.detector import Detector
from empdetect.features.text import TextTokens
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.text import TransformerTextEncoder
from tests.detectors import TASK


def adapted() -> Detector:
    torch.manual_seed(0)
    encoder = TransformerTextEncoder(adapter_rank=16, max_tokens=32)
    with torch.no_grad():
        for name, weights in encoder.named_parameters():
            if "lora_B" in name:  # they start at zero, where an adapter does nothing
                weights.normal_(std=0.02)
    module = DetectorModule(TASK, {"text": encoder}, width=16, fusion_layers=0)
    return Detector(module, {"text": TextTokens()}, device="cpu")


@torch.inference_mode()
def test_a_detector_with_adapters_is_small_and_answers_alike(tmp_path: Path) -> None:
    detector = adapted()
    folder = detector.save_pretrained(tmp_path / "detector")
    assert (folder / "model.safetensors").stat().st_size < 5e6
    assert not any(
        "base_layer" in name or "word_embeddings" in name for name in load_file(folder / "model.safetensors")
    )
    ids, mask = torch.randint(1000, 2000, (3, 1, 12, 1)).float(), torch.ones(3, 1, 12, dtype=torch.bool)
    loaded = Detector.from_pretrained(folder, device="cpu")
    for target, outputs in detector.module({"text": ids}, {"text": mask}).items():
        torch.testing.assert_close(loaded.module({"text": ids}, {"text": mask})[target], outputs, rtol=0, atol=0)


def test_only_the_adapters_learn() -> None:
    learning = [name for name, weights in adapted().module.encoders.named_parameters() if weights.requires_grad]
    assert learning
    assert all("lora_" in name for name in learning)


def test_weights_that_learn_are_all_saved() -> None:
    assert TransformerTextEncoder(max_tokens=32).rebuilt() == set()
    some = TransformerTextEncoder(max_tokens=32, trainable_layers=1).rebuilt()
    assert any("layer.0" in name for name in some)
    assert not any("layer.5" in name for name in some)
