from typing import Any

import pytest
import torch
from transformers import Gemma3TextConfig, GPT2Config, LlamaConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from empdetect.rl.sampling import draw, sample

SIZES: dict[str, Any] = {"vocab_size": 40, "bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
LLAMA = LlamaConfig(**SIZES, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2)
GPT2 = GPT2Config(**SIZES, n_embd=16, n_layer=2, n_head=2, n_positions=64)
GEMMA = Gemma3TextConfig(
    **SIZES,
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=8,
    sliding_window=4,
)


@pytest.mark.parametrize("config", [LLAMA, GPT2, GEMMA], ids=["llama", "gpt2", "sliding window"])
def test_the_likeliest_tokens_are_those_of_transformers(config: Any) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.5)  # so that rows differ
    ids = torch.randint(2, 40, (12, 7))
    mask = torch.ones_like(ids, dtype=torch.bool)
    ids[0, :4], mask[0, :4] = 0, False
    model.generation_config.eos_token_id = None
    theirs = model.generate(ids, attention_mask=mask.long(), max_new_tokens=20, do_sample=False)[:, 7:].tolist()
    end = max(range(40), key=lambda token: len({row.index(token) if token in row else 20 for row in theirs}))
    expected = [row[: row.index(end) + 1] if end in row else row for row in theirs]
    assert sample(model, ids, mask, 20, 0.0, [end]) == expected
    assert len({len(row) for row in expected}) > 1
    model.generation_config.eos_token_id = several = [end, *(row[-1] for row in expected if len(row) == 20)][:3]
    theirs = model.generate(ids, attention_mask=mask.long(), max_new_tokens=20, do_sample=False)[:, 7:].tolist()
    ended = [next((n + 1 for n, token in enumerate(row) if token in several), 20) for row in theirs]
    found = sample(model, ids, mask, 20, 0.0, several)
    assert found == [row[:length] for row, length in zip(theirs, ended)] and found != expected


def test_tokens_are_drawn_by_their_probability() -> None:
    torch.manual_seed(0)
    chances = torch.tensor([0.5, 0.0, 0.3, 0.2])
    drawn = draw(chances.log().expand(20_000, -1), 1.0)
    shares = torch.bincount(drawn, minlength=4) / len(drawn)
    assert torch.allclose(shares, chances, atol=0.015) and shares[1] == 0
    sharper = draw(chances.log().expand(20_000, -1), 0.5)
    squares = chances.square() / chances.square().sum()
    assert torch.allclose(torch.bincount(sharper, minlength=4) / 20_000, squares, atol=0.015)


def test_chance_is_fine_grained_where_half_precision_is_torchs_default() -> None:
    """As in a run with ``bf16-true``, which has so few values that most of the tokens could not be drawn."""
    logits = torch.zeros(4000, 1000)
    torch.set_default_dtype(torch.bfloat16)
    try:
        drawn = draw(logits, 1.0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert len(drawn.unique()) > 900
