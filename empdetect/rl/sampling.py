"""Sampling of many completions side by side, with a cache of keys and values.

``transformers`` can do this too, with a dozen options that a rollout must not use. Its loop spends longer on them than
a small model needs for its token, and computes finished rows to the end.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

CROWDED = 0.75
"""Finished rows are dropped once no more than this share of the batch goes on; each drop copies the cache."""


@torch.no_grad()
def sample(
    model: Any, ids: Tensor, mask: Tensor, count: int, temperature: float, ends: Sequence[int]
) -> list[list[int]]:
    """Completions of prompts, drawn from the model's whole distribution by torch's global chance.

    Args:
        model: causal language model of transformers, in evaluation mode.
        ids: ``(row, time)`` token ids of the prompts, padded on the left.
        mask: ``(row, time)`` True where a token stands.
        count: tokens a completion at most.
        temperature: 0 takes the likeliest token.
        ends: tokens each of which ends a completion.

    Returns:
        Token ids of each completion, with its end token if it came to one.
    """
    found: list[list[int]] = [[] for _ in range(len(ids))]
    rows, places = torch.arange(len(ids), device=ids.device), mask.long().cumsum(1).sub(1).clamp(min=0)
    last, cache = _read(model, ids, mask, places, None)
    going, ending = torch.ones_like(rows, dtype=torch.bool), torch.tensor(ends, device=ids.device)
    for number in range(count):
        tokens = draw(last, temperature)
        for row, token in zip(rows[going].tolist(), tokens[going].tolist()):
            found[row].append(token)
        going &= (tokens[:, None] != ending).all(1)
        left = int(going.sum())
        if not left or number + 1 == count:
            break
        if left <= CROWDED * len(rows):
            cache.batch_select_indices(going.nonzero()[:, 0])
            rows, tokens, mask, places, going = (part[going] for part in (rows, tokens, mask, places, going))
        mask = torch.nn.functional.pad(mask, (0, 1), value=True)
        places = places[:, -1:] + 1
        last, cache = _read(model, tokens[:, None], mask, places, cache)
    return found


def draw(logits: Tensor, temperature: float) -> Tensor:
    """One token a row ``(row, vocabulary)``; the likeliest where the temperature is 0."""
    if temperature == 0:
        return logits.argmax(-1)
    # By the inverse of the distribution: one random number a row, where torch.multinomial draws one a token.
    below = logits.div(temperature).softmax(-1).cumsum(-1)
    # Its type is named, as in half precision Fabric makes that torch's default: 256 values are no random number.
    chance = torch.rand(len(below), 1, dtype=below.dtype, device=below.device) * below[:, -1:]
    return torch.searchsorted(below, chance, right=True)[:, 0].clamp(max=below.shape[1] - 1)


def _read(model: Any, ids: Tensor, mask: Tensor, places: Tensor, cache: Any) -> tuple[Tensor, Any]:
    """Logits ``(row, vocabulary)`` after the last token, and the cache with all tokens."""
    given = {"input_ids": ids, "attention_mask": mask.long(), "position_ids": places}
    out = model(**given, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return out.logits[:, -1].float(), out.past_key_values
