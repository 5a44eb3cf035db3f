"""The policy: any causal language model of Hugging Face with its tokenizer and chat template."""

import copy
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.sampling import sample

PAD, END, UNKNOWN = "<|pad|>", "<|end|>", "<|unknown|>"
USER, ASSISTANT, SYSTEM = "<|user|>", "<|assistant|>", "<|system|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""How the small policy sees a dialogue."""


Precision = Literal["32-true", "bf16-mixed", "16-mixed", "bf16-true", "16-true", "64-true"]
WEIGHTS: dict[Precision, torch.dtype] = {
    "bf16-true": torch.bfloat16,
    "16-true": torch.float16,
    "64-true": torch.float64,
}
"""What the weights are loaded as, where that is not float32."""


class Policy:
    """A language model that replies in dialogues.

    Args:
        model: causal language model of transformers.
        tokenizer: its tokenizer, with a chat template, an end and a padding token.
        system: instruction that stands before every dialogue; empty gives none.
        max_context: tokens of history at most; the oldest turns are cut, see ``prompt``.
        at_once: prompts that ``generate`` answers side by side at most, as memory allows; 0 for all.
    """

    def __init__(self, model: Any, tokenizer: Any, system: str = "", max_context: int = 384, at_once: int = 0) -> None:
        if not tokenizer.chat_template:
            raise InputError("Building a policy: the tokenizer has no chat template; take a chat model's, or set one")
        if tokenizer.eos_token_id is None:
            raise InputError("Building a policy: the tokenizer has no end token; set its 'eos_token'")
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self.model = model
        self.tokenizer = tokenizer
        self.system = system
        self.max_context = max_context
        self.at_once = at_once

    @classmethod
    def from_pretrained(
        cls, name: str | Path, system: str = "", max_context: int = 384, dtype: torch.dtype = torch.float32
    ) -> "Policy":
        """Load a policy. No code of its author runs: safetensors only.

        Args:
            name: a folder, or a name on the Hugging Face hub.
            system: instruction that stands before every dialogue.
            max_context: tokens of history at most.
            dtype: of the weights.

        Raises:
            InputError: there is no such model, or it has no chat template.
        """
        from transformers import AutoModelForCausalLM, AutoTokenizer

        try:
            model = AutoModelForCausalLM.from_pretrained(str(name), use_safetensors=True, dtype=dtype)
            tokenizer = AutoTokenizer.from_pretrained(str(name))
        except (OSError, ValueError) as error:
            raise InputError(f"Loading the policy '{name}': {str(error).splitlines()[0]}") from None
        return cls(model, tokenizer, system, max_context)

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return torch.device(next(self.model.parameters()).device)

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(weight.numel() for weight in self.model.parameters())

    @property
    def ends(self) -> tuple[int, ...]:
        """Tokens each of which ends a reply: the tokenizer's, and all that the model's generation settings name.

        Models for dialogues often end a turn by another token than a text (Gemma), or by one of several (Llama 3).
        """
        settings = getattr(self.model, "generation_config", None)
        named = getattr(settings, "eos_token_id", None)
        more = named if isinstance(named, list | tuple) else [] if named is None else [named]
        return tuple(dict.fromkeys([self.tokenizer.eos_token_id, *more]))

    def prompt(self, dialogue: Dialogue) -> list[int]:
        """Token ids of the history as the policy sees it, up to where it is to speak; thoughts are dropped.

        If they are more than ``max_context``, the oldest turns are left out, as few as will do. What is left begins
        with a user's turn, as many templates insist, and below the instruction. Only the newest user's turn may
        lose words, the first ones, if it and the instruction alone are too long.

        Raises:
            InputError: the instruction alone is too long.
        """
        messages = dialogue.messages()
        ids = self._ids(messages)
        if len(ids) <= self.max_context:
            return ids
        starts = [place for place, message in enumerate(messages) if place and message["role"] == "user"]
        # By halves, as each try costs the template and the tokenizer.
        first = bisect_left(starts, True, key=lambda start: self._fits(messages[start:]))
        if first < len(starts):
            return self._ids(messages[starts[first] :])
        return self._shortened(messages[starts[-1] if starts else 0 :]) if messages else self._allowed(ids)

    def _ids(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Token ids of messages, the instruction before them."""
        told = [{"role": "system", "content": self.system}] if self.system else []
        text = self.tokenizer.apply_chat_template([*told, *messages], tokenize=False, add_generation_prompt=True)
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _fits(self, messages: Sequence[dict[str, str]]) -> bool:
        return len(self._ids(messages)) <= self.max_context

    def _shortened(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """Token ids of messages, the first of which loses so many of its first tokens that all fits."""
        newest, *after = messages
        words = newest["content"]
        places = _token_starts(self.tokenizer, words)
        ids = self._ids(messages)
        cut = len(ids) - self.max_context
        # More than once, as a word that is cut apart, or loses the space before it, can take more tokens than it did.
        while cut < len(places):
            ids = self._ids([{**newest, "content": words[places[cut] :]}, *after])
            if len(ids) <= self.max_context:
                return ids
            cut += len(ids) - self.max_context
        return self._allowed(self._ids([{**newest, "content": ""}, *after]))

    def _allowed(self, ids: list[int]) -> list[int]:
        if len(ids) > self.max_context:
            raise InputError(
                f"Building a prompt: without any word of the user it has {len(ids)} tokens, {self.max_context} are "
                "allowed; take a shorter 'system' or a larger 'max_context'"
            )
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """Words of a completion; its end and special tokens, and so any forged turn, are left out."""
        said = ids[:-1] if ids and ids[-1] in self.ends else ids
        return str(self.tokenizer.decode(list(said), skip_special_tokens=True)).strip()

    def completion(self, text: str) -> list[int]:
        """Token ids of a reply, its end included; for supervised learning."""
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return [*ids, self.tokenizer.eos_token_id]

    def generate(
        self, prompts: Sequence[Sequence[int]], max_new_tokens: int = 64, temperature: float = 1.0
    ) -> list[list[int]]:
        """Sample one completion a prompt, ``at_once`` side by side. The global seed of torch fixes the chance.

        Nothing cuts the distribution (no top-p, no top-k), or the log-probabilities of the update
        would not be those of the sample.

        Args:
            prompts: token ids; padded on the left here.
            max_new_tokens: tokens a completion at most.
            temperature: 0 takes the likeliest token.

        Returns:
            Token ids of each completion, with its end token if it came to one.
        """
        training, found, size = self.model.training, [], self.at_once or len(prompts)
        self.model.eval()
        for some in (prompts[start : start + size] for start in range(0, len(prompts), size)):
            ids, mask = (part.to(self.device) for part in pad(some, self.tokenizer.pad_token_id, left=True))
            found += sample(self.model, ids, mask, max_new_tokens, temperature, self.ends)
        self.model.train(training)
        return found

    def logprobs(
        self, ids: Tensor, mask: Tensor, temperature: float = 1.0, model: Any = None, at: Tensor | None = None
    ) -> Tensor:
        """Log-probability of each token given those before it.

        Args:
            ids: ``(row, time)`` padded on the right.
            mask: ``(row, time)`` True where a token stands.
            temperature: of the sampling whose probability is asked for.
            model: another model, such as a reference or a wrapped one; the policy's own if None.
            at: ``(row, time)`` True where it is asked for; None asks everywhere.

        Returns:
            ``(row, time)``; the first token of a row has 0, and so has what is not asked for.
        """
        asked = _asked(ids, at)
        return _spread(_chosen(self._likely(ids, mask, temperature, model, asked), ids[asked]), asked)

    def logprobs_and_entropy(
        self, ids: Tensor, mask: Tensor, temperature: float = 1.0, model: Any = None, at: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """``logprobs``, and the entropy in nats of what could have stood there instead; both ``(row, time)``."""
        asked = _asked(ids, at)
        likely = self._likely(ids, mask, temperature, model, asked)
        return _spread(_chosen(likely, ids[asked]), asked), _spread(-(likely.exp() * likely).sum(-1), asked)

    def _likely(self, ids: Tensor, mask: Tensor, temperature: float, model: Any, asked: Tensor) -> Tensor:
        """Log-probabilities of all tokens at the places that are asked for ``(place, vocabulary)``."""
        model = model or self.model
        with _head_only_before(asked, model):
            logits: Tensor = model(input_ids=ids, attention_mask=mask.long(), use_cache=False).logits
        return (logits.float() / temperature).log_softmax(-1)

    @property
    def trunk(self) -> Any:
        """The network below the layer that tells tokens, with its adapter if there is one."""
        return (self.model.get_base_model() if self.adapted else self.model).base_model

    @property
    def adapted(self) -> bool:
        """Whether only a LoRA adapter learns."""
        return hasattr(self.model, "peft_config")

    def with_lora(self, rank: int, seed: int = 0) -> "Policy":
        """Put a LoRA adapter on all linear layers (Hu et al., arXiv 2106.09685); then only that learns.

        Args:
            rank: of the adapter; its scale is 2.
            seed: fixes its start.
        """
        from peft import LoraConfig, get_peft_model

        settings = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = get_peft_model(self.model, settings)
        return Policy(model, self.tokenizer, self.system, self.max_context, self.at_once)

    def save(self, folder: Path) -> Path:
        """Write model (safetensors, an adapter merged in) and tokenizer as transformers reads them."""
        model = copy.deepcopy(self.model).merge_and_unload() if self.adapted else self.model
        model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        return folder


def _token_starts(tokenizer: Any, text: str) -> Sequence[int]:
    """Places of a text at which its tokens begin; all places if the tokenizer does not tell."""
    if not tokenizer.is_fast:
        return range(len(text))
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return [start for start, _ in found["offset_mapping"]]


def _asked(ids: Tensor, at: Tensor | None) -> Tensor:
    """Where log-probabilities are asked for ``(row, time)``; never of a first token, which nothing stands before."""
    asked = torch.ones_like(ids, dtype=torch.bool) if at is None else at.clone()
    asked[:, 0] = False
    return asked


@contextmanager
def _head_only_before(places: Tensor, model: Any) -> Iterator[None]:
    """Logits ``(place, vocabulary)`` of the tokens at these places alone, in calls of the model.

    Elsewhere the layer over the vocabulary would cost more than all of the small policy below it. transformers can
    leave out times, but the same ones of all rows only.
    """

    def chosen(_: Any, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (given[0][:, :-1][places[:, 1:]],)

    hook = model.get_output_embeddings().register_forward_pre_hook(chosen)
    try:
        yield
    finally:
        hook.remove()


def _chosen(likely: Tensor, ids: Tensor) -> Tensor:
    return likely.gather(-1, ids[:, None]).squeeze(-1)


def _spread(values: Tensor, places: Tensor) -> Tensor:
    """Values at their places ``(row, time)``, 0 elsewhere."""
    return values.new_zeros(places.shape).masked_scatter(places, values)


def pad(rows: Sequence[Sequence[int]], value: int, left: bool = False) -> tuple[Tensor, Tensor]:
    """Rows of token ids as one tensor ``(row, time)``, and where tokens stand."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), value)
    mask = torch.zeros((len(rows), width), dtype=torch.bool)
    for number, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        ids[number, place] = torch.tensor(row, dtype=torch.long)
        mask[number, place] = True
    return ids, mask


def small_policy(
    texts: Iterable[str], vocabulary: int = 2048, width: int = 128, layers: int = 1, heads: int = 4, seed: int = 0
) -> Policy:
    """A small untrained policy of the Llama kind, with a tokenizer trained on ``texts``.

    With the defaults it has well under a million weights and learns on a CPU in seconds. It needs no download.

    Args:
        texts: what the tokenizer learns its words from.
        vocabulary: number of tokens at most.
        width, layers, heads: of the transformer.
        seed: fixes the weights.

    Raises:
        InputError: the heads do not share the width evenly.
    """
    if width % (2 * heads):
        raise InputError(
            f"Making a small policy: got width {width} and {heads} heads, which must share it in even parts; "
            f"take a multiple of {2 * heads}"
        )
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = train_tokenizer(texts, vocabulary)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
    return Policy(model, tokenizer)


def train_tokenizer(texts: Iterable[str], vocabulary: int = 2048) -> Any:
    """A tokenizer of whole words, with the special tokens and the template of a dialogue.

    Whole words, because a small model that samples pieces of words makes up words that do not exist.
    Words that were not among the texts become one unknown token.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    build: Any = PreTrainedTokenizerFast  # carries no types
    words = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    # A space belongs to the word after it, so that decoding gives back the very text.
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    special = [PAD, END, UNKNOWN, USER, ASSISTANT, SYSTEM]
    words.train_from_iterator(
        texts, trainers.WordLevelTrainer(vocab_size=vocabulary, special_tokens=special, show_progress=False)
    )
    tokenizer = build(
        tokenizer_object=words,
        pad_token=PAD,
        eos_token=END,
        unk_token=UNKNOWN,
        additional_special_tokens=[USER, ASSISTANT, SYSTEM],
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
