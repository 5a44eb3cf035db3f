"""A tiny Whisper with random weights, saved as any Whisper is."""

from pathlib import Path

import torch
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")


def save_whisper(folder: Path) -> Path:
    """Write the model's folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {piece: place for place, piece in enumerate([*sorted(ByteLevel.alphabet()), *SPECIAL])}
    tokenizer = WhisperTokenizer(vocabulary, [])
    tokenizer.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    end, start, *_, no_times = (tokenizer.convert_tokens_to_ids(token) for token in SPECIAL)
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=80,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_target_positions=32,
        eos_token_id=end,
        bos_token_id=end,
        pad_token_id=end,
        decoder_start_token_id=start,
        suppress_tokens=[],
        begin_suppress_tokens=[],
    )
    torch.manual_seed(0)
    network = WhisperForConditionalGeneration(config)
    network.generation_config.update(max_length=12, no_timestamps_token_id=no_times, forced_decoder_ids=None)
    WhisperProcessor(WhisperFeatureExtractor(feature_size=80), tokenizer).save_pretrained(folder)
    network.save_pretrained(folder)
    return folder
