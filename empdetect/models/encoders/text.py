"""Text encoder: a fine-tuned transformer over a person's words."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from empdetect.features.base import Origin
from empdetect.features.text import adapter_folder, adapter_origins, load_text_model, load_tokenizer, with_adapter
from empdetect.models.encoders.base import Encoder, masked_mean


class TransformerTextEncoder(Encoder):
    """Any Hugging Face encoder, fine-tuned on token ids from ``features.text.TextTokens``.

    Frozen text needs no encoder of its own: ``features.text.TextEmbeddings`` with a
    ``TemporalConvEncoder`` trains many times faster.

    Args:
        model: ``minilm`` (all-MiniLM-L6-v2 from its package), or a folder or hub name.
        max_tokens: words beyond so many tokens are cut off, at the front of the conversation.
        trainable_layers: only the last so many transformer layers learn; None trains all.
        adapter_rank: learn low-rank adapters of every linear layer (LoRA: Hu et al., ICLR 2022) and leave the
            network as it is: a detector's file is then 3 MB at rank 16, not 90. None learns the weights themselves.
        adapter: low-rank weights that the network starts from, merged into its own: ``emotions``, which comes with
            this package, or a folder of PEFT.
        learning_rate: of this encoder; a pretrained one wants a smaller one than the rest.
    """

    features = 1
    standardize = False

    def __init__(
        self,
        model: str = "minilm",
        max_tokens: int = 256,
        trainable_layers: int | None = None,
        adapter_rank: int | None = None,
        adapter: str | None = None,
        learning_rate: float | None = 5e-5,
    ) -> None:
        super().__init__()
        self.model = model
        self.max_tokens = max_tokens
        self.trainable_layers = trainable_layers
        self.adapter_rank = adapter_rank
        self.adapter = adapter
        self.learning_rate = learning_rate
        # Transformers loads networks in evaluation mode; Lightning keeps the mode, and dropout would stay off.
        self.backbone = _started(load_text_model(model), adapter).train()
        tokenizer = load_tokenizer(model)
        self.width = int(self.backbone.config.hidden_size)
        self._first, self._last = int(tokenizer.cls_token_id), int(tokenizer.sep_token_id)
        if trainable_layers is not None:
            self._freeze(trainable_layers)
        if adapter_rank is not None:
            self.backbone = _adapted(self.backbone, adapter_rank)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        ids, seen = self._with_special_tokens(x, mask)
        hidden = self.backbone(input_ids=ids, attention_mask=seen.long()).last_hidden_state
        return masked_mean(hidden, seen)

    def rebuilt(self) -> set[str]:
        """The frozen weights of the embedded network, which are checked by their hash whenever they are loaded."""
        if self.model != "minilm" or self.adapter is not None:
            return set()
        return {name for name, weights in self.named_parameters() if not weights.requires_grad}

    def learned_from(self) -> Sequence[Origin]:
        """What the adapter that it started from learned from."""
        return () if self.adapter is None else adapter_origins(self.adapter)

    def _with_special_tokens(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Token ids and mask ``(batch, time + 2)``, each row between its first and last special token."""
        room = self.max_tokens - 2
        ids, lengths = _right_aligned_cut(x.squeeze(-1), mask, room)
        batch, time = ids.shape
        framed = torch.full((batch, time + 2), 0, dtype=torch.long, device=x.device)
        framed[:, 0] = self._first
        framed[:, 1:-1] = ids
        framed[torch.arange(batch, device=x.device), lengths + 1] = self._last
        seen = torch.arange(time + 2, device=x.device) < (lengths + 2).unsqueeze(1)
        return framed.masked_fill(~seen, 0), seen

    def _freeze(self, trainable: int) -> None:
        for parameter in self.backbone.parameters():
            parameter.requires_grad = False
        layers = self.backbone.encoder.layer
        for layer in layers[len(layers) - trainable :]:
            for parameter in layer.parameters():
                parameter.requires_grad = True


def _started(backbone: Any, adapter: str | None) -> Any:
    """The network with an adapter merged into its weights."""
    return backbone if adapter is None else with_adapter(backbone, adapter_folder(adapter))


def _adapted(backbone: nn.Module, rank: int) -> nn.Module:
    """The network with adapters in all linear layers of its blocks, and nothing else that learns."""
    from peft import LoraConfig, get_peft_model

    # Not in the pooler behind them, which nothing reads.
    settings = LoraConfig(
        r=rank, lora_alpha=2 * rank, lora_dropout=0.05, target_modules=r".*\.layer\..*\.(query|key|value|dense)"
    )
    return get_peft_model(backbone, settings)


def _right_aligned_cut(values: Tensor, mask: Tensor, room: int) -> tuple[Tensor, Tensor]:
    """Observed ids moved to the left, the last ``room`` of them kept: ids ``(batch, time)``, lengths ``(batch,)``.

    The last words are kept because the newest say most about how a person answered.
    """
    order = torch.argsort((~mask).long(), dim=1, stable=True)
    packed = values.nan_to_num(0.0).gather(1, order).long()
    lengths = mask.sum(dim=1)
    excess = (lengths - room).clamp(min=0)
    columns = torch.arange(min(room, values.shape[1]), device=values.device)
    picked = (columns.unsqueeze(0) + excess.unsqueeze(1)).clamp(max=values.shape[1] - 1)
    return packed.gather(1, picked), lengths.clamp(max=room)
