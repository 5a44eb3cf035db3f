"""Audio encoders: a small conformer trained from scratch, and pretrained speech networks by class path."""

from typing import Any

import torch
from torch import Tensor, nn

from empdetect.models.encoders.base import AttentiveStatistics, Encoder, InputLayer
from empdetect.models.encoders.conformer import ConformerBlock
from empdetect.models.encoders.pretrained import load_pretrained


class ConformerEncoder(Encoder):
    """Conformer (Gulati et al., Interspeech 2020) over log-mel and prosody frames.

    Args:
        features: number of features a frame.
        width: of the network and of its vector.
        layers: conformer blocks.
        heads: attention heads a block.
        kernel: frames the block's convolution sees, odd.
        dropout: share of activations dropped in training.
        time_masks: stretches of time hidden in training (SpecAugment, Park et al., 2019).
        mask_share: longest such stretch, as a share of the frames.
    """

    def __init__(
        self,
        features: int,
        width: int = 96,
        layers: int = 3,
        heads: int = 4,
        kernel: int = 15,
        dropout: float = 0.2,
        time_masks: int = 2,
        mask_share: float = 0.1,
    ) -> None:
        super().__init__()
        self.features = features
        self.width = width
        self.layers = layers
        self.heads = heads
        self.kernel = kernel
        self.dropout = dropout
        self.time_masks = time_masks
        self.mask_share = mask_share
        self.input = InputLayer(features, width)
        self.shorten = nn.ModuleList([_halving(width), _halving(width)])
        self.blocks = nn.ModuleList(ConformerBlock(width, heads, kernel, dropout) for _ in range(layers))
        self.pool = AttentiveStatistics(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        hidden = self.input(self._hide(x) if self.training else x)
        for halve in self.shorten:
            hidden = halve((hidden * mask.unsqueeze(-1)).transpose(1, 2)).transpose(1, 2)
            mask = mask[:, ::2]
        longest = int(_last_observed(mask).clamp(min=1).max())
        hidden, mask = hidden[:, :longest], mask[:, :longest]
        for block in self.blocks:
            hidden = block(hidden, mask)
        return self.pool(hidden, mask)

    def _hide(self, x: Tensor) -> Tensor:
        """Hide stretches of time, each of another place and length: unknown values, not zeros."""
        batch, time = x.shape[:2]
        for _ in range(self.time_masks):
            length = (torch.rand(batch, 1, device=x.device) * self.mask_share * time).long()
            start = (torch.rand(batch, 1, device=x.device) * (time - length)).long()
            place = torch.arange(time, device=x.device).unsqueeze(0)
            hidden = (place >= start) & (place < start + length)
            x = x.masked_fill(hidden.unsqueeze(-1), float("nan"))
        return x


class PretrainedAudioEncoder(Encoder):
    """A pretrained speech network of transformers (wav2vec2, WavLM, HuBERT, Whisper's encoder) by class path.

    Its input is the raw sound at 16 kHz from ``features.audio.Waveform``. Whisper looks at 30 s at most:
    what comes later is not seen, so score windows of 30 s or less with it.

    Args:
        network: class path, e.g. ``transformers.WavLMModel``.
        weights: folder or hub name of the weights.
        samples: samples a frame holds, as the extractor gives them.
        trainable: whether its weights learn; frozen, only what comes after them does.
        learning_rate: of this encoder.
    """

    standardize = False

    def __init__(
        self,
        network: str,
        weights: str,
        samples: int = 320,
        trainable: bool = False,
        learning_rate: float | None = 1e-5,
    ) -> None:
        super().__init__()
        self.network = network
        self.weights = weights
        self.samples = samples
        self.trainable = trainable
        self.learning_rate = learning_rate
        self.features = samples
        self.backbone = load_pretrained(network, weights).train(trainable)
        self.mel = _whisper_mel(self.backbone)
        if self.mel is not None:
            self.backbone = self.backbone.get_encoder()
        self.width = self.backbone.config.hidden_size
        self.pool = AttentiveStatistics(self.width)
        self.backbone.requires_grad_(trainable)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        samples = x.nan_to_num(0.0).flatten(1)
        if self.mel is not None:
            return self._whisper(samples, mask)
        hidden = self.backbone(samples).last_hidden_state
        # The network's stride need not equal the frame length: carry the mask over by place.
        place = (torch.arange(hidden.shape[1], device=x.device) * mask.shape[1]) // hidden.shape[1]
        return self.pool(hidden, mask[:, place])

    def _whisper(self, samples: Tensor, mask: Tensor) -> Tensor:
        """Whisper takes a mel spectrogram of 30 s and gives a frame for every 20 ms of it."""
        rows = list(samples.cpu().numpy())
        mel = self.mel(rows, sampling_rate=16_000, return_tensors="pt").input_features
        hidden = self.backbone(mel.to(samples.device)).last_hidden_state
        frames = torch.arange(hidden.shape[1], device=samples.device) * 320 // self.samples
        inside = frames < mask.shape[1]
        return self.pool(hidden[:, inside], mask[:, frames[inside]])


def _whisper_mel(backbone: Any) -> Any:
    """What makes Whisper's mel spectrogram, for a Whisper; None for networks that take the sound itself."""
    if backbone.config.model_type != "whisper":
        return None
    from transformers import WhisperFeatureExtractor

    return WhisperFeatureExtractor(feature_size=backbone.config.num_mel_bins)


def _halving(width: int) -> nn.Module:
    return nn.Sequential(nn.Conv1d(width, width, 3, stride=2, padding=1), nn.GELU())


def _last_observed(mask: Tensor) -> Tensor:
    """Number of frames up to the last observed one: ``(batch, time)`` to ``(batch,)``."""
    place = torch.arange(1, mask.shape[1] + 1, device=mask.device)
    return (mask * place).amax(dim=1)
