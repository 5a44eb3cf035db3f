"""Networks by class path: tiny random ones, saved and loaded as real ones would be."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from empdetect.errors import InputError
from empdetect.models.encoders.audio import PretrainedAudioEncoder
from empdetect.models.encoders.audiovisual import TorchvisionVideoEncoder
from empdetect.models.encoders.pretrained import network_class

CONV: dict[str, Any] = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
    "conv_dim": (8, 8), "conv_kernel": (10, 3), "conv_stride": (80, 4), "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip
WHISPER: dict[str, Any] = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "vocab_size": 60,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1,
    "suppress_tokens": [], "begin_suppress_tokens": [],
}  # fmt: skip
NETWORKS = {
    "Wav2Vec2Model": transformers.Wav2Vec2Config(**CONV),
    "WavLMModel": transformers.WavLMConfig(**CONV),
    "HubertModel": transformers.HubertConfig(**CONV),
    "WhisperModel": transformers.WhisperConfig(**WHISPER),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_speech_networks_encode_what_was_observed(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    getattr(transformers, name)(NETWORKS[name]).save_pretrained(tmp_path)
    encoder = PretrainedAudioEncoder(f"transformers.{name}", str(tmp_path)).eval()
    sound = 0.1 * torch.randn(2, 40, 320)
    mask = torch.ones(2, 40, dtype=torch.bool)
    mask[1, 20:] = False
    vectors = encoder(sound, mask)
    assert vectors.shape == (2, encoder.width) == (2, 16)
    assert torch.isfinite(vectors).all()
    assert not torch.allclose(encoder(sound.flip(0), mask), vectors)
    assert torch.isfinite(encoder(torch.full_like(sound, float("nan")), torch.zeros_like(mask))).all()
    assert not any(parameter.requires_grad for parameter in encoder.backbone.parameters())


def test_a_video_network_of_torchvision_encodes_clips() -> None:
    encoder = TorchvisionVideoEncoder("r3d_18", size=16).eval()
    clip = torch.rand(1, 4, 3 * 16 * 16)
    vectors = encoder(clip, torch.ones(1, 4, dtype=torch.bool))
    assert vectors.shape == (1, encoder.width) == (1, 512)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("os.system", "allowed are classes of"),
        ("transformers.NoSuch", "not found"),
        ("transformers.pipeline", "not a network"),
    ],
)
def test_other_class_paths_are_refused(path: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        network_class(path)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        PretrainedAudioEncoder("transformers.WavLMModel", str(tmp_path / "nowhere"))


def test_broken_weights_and_unknown_networks_are_told_in_a_line(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"no weights")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match=f"'{tmp_path}' of transformers.WavLMModel: .*header"):
        PretrainedAudioEncoder("transformers.WavLMModel", str(tmp_path))
    with pytest.raises(InputError, match=r"of r3d_18: .*header"):
        TorchvisionVideoEncoder("r3d_18", weights=str(weights))
    with pytest.raises(InputError, match="of r3d_18: No such file"):
        TorchvisionVideoEncoder("r3d_18", weights=str(tmp_path / "none.safetensors"))
    with pytest.raises(InputError, match="'resnet18': torchvision has mc3_18"):
        TorchvisionVideoEncoder("resnet18")
