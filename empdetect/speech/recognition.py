"""Speech recognition by a Whisper model of transformers (Radford et al., ICML 2023), if the user names one."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.audio import AudioStream
from empdetect.streams.transcript import Transcript
from empdetect.streams.turns import Turn, Turns
from empdetect.streams.utterance import Utterance, one_line

RATE = 16_000
LONGEST = 30.0
"""Seconds that Whisper hears at once; a longer turn is cut in equal parts."""


def recognise(audio: AudioStream, turns: Turns, model: str, device: str = "cpu") -> Transcript:
    """What is said in the turns, one utterance a turn, by greedy decoding.

    Args:
        audio: the sound.
        turns: when someone speaks.
        model: folder or hub name of a Whisper model.
        device: where it runs, such as ``cpu`` or ``cuda:0``.

    Raises:
        InputError: the sound cannot be read, or there is no such model.
    """
    return _recognised(audio, turns, model, device, audio.fingerprint())


def check_recogniser(model: str) -> None:
    """Make sure, before hours of work, that a name leads to a Whisper model.

    Raises:
        InputError: it does not.
    """
    from transformers import AutoConfig

    config = _pretrained(AutoConfig.from_pretrained, model)
    if config.model_type != "whisper":
        raise InputError(
            f"Loading the recogniser '{model}': it is a model of type {config.model_type}; give one of Whisper, such "
            "as openai/whisper-small, or its folder"
        )


@lru_cache(maxsize=8)
def _recognised(audio: AudioStream, turns: Turns, model: str, device: str, content: str) -> Transcript:
    """The transcript; ``content`` is the sound's fingerprint, so that a file that changes is heard anew."""
    pieces = Turns(tuple(piece for turn in turns.turns for piece in _pieces(turn)))
    heard = ((turn, _words(samples, model, device)) for turn, samples in _cut(audio, pieces))
    return Transcript(tuple(Utterance(text, t.speaker, t.start, t.end) for t, text in heard if text))


def _pieces(turn: Turn) -> Iterator[Turn]:
    """The turn in equal parts that Whisper can hear at once."""
    count = max(1, int(np.ceil((turn.end - turn.start) / LONGEST)))
    edges = np.linspace(turn.start, turn.end, count + 1)
    for first, last in pairwise(edges):
        yield Turn(float(first), float(last), turn.speaker, turn.sureness)


def _cut(audio: AudioStream, turns: Turns) -> Iterator[tuple[Turn, NDArray[np.float32]]]:
    """The samples of each turn, in the order of their ends; no more sound is kept than the open turns need."""
    waiting = sorted(turns.turns, key=lambda turn: turn.end)
    kept, begin = np.zeros(0, np.float32), 0.0
    for block in audio.blocks(RATE):
        begin = begin if len(kept) else block.start
        kept = np.concatenate([kept, block.samples])
        while waiting and waiting[0].end <= begin + len(kept) / RATE:
            yield waiting[0], _between(kept, begin, waiting.pop(0))
        needed = min((turn.start for turn in waiting), default=np.inf)
        drop = int(np.clip((needed - begin) * RATE, 0, len(kept)))
        kept, begin = kept[drop:], begin + drop / RATE
    yield from ((turn, _between(kept, begin, turn)) for turn in waiting)


def _between(samples: NDArray[np.float32], begin: float, turn: Turn) -> NDArray[np.float32]:
    first, last = (max(0, round((time - begin) * RATE)) for time in (turn.start, turn.end))
    return samples[first:last]


def _words(samples: NDArray[np.float32], model: str, device: str) -> str:
    import torch

    if not len(samples):
        return ""
    processor, network = _load(model, device)
    inputs = processor(samples, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True).to(device)
    with torch.inference_mode():
        tokens = network.generate(**inputs, do_sample=False, num_beams=1)
    return one_line(processor.batch_decode(tokens, skip_special_tokens=True)[0])


@lru_cache(maxsize=1)
def _load(model: str, device: str) -> tuple[Any, Any]:
    """Processor and network, kept for the process."""
    from transformers import WhisperForConditionalGeneration, WhisperProcessor

    check_recogniser(model)
    processor = _pretrained(WhisperProcessor.from_pretrained, model)
    network = _pretrained(WhisperForConditionalGeneration.from_pretrained, model)
    return processor, network.eval().to(device)


def _pretrained(load: Any, model: str) -> Any:
    try:
        return load(model)
    except (OSError, ValueError, KeyError) as error:
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"Loading the recogniser '{model}': {first_line}; give the folder of a Whisper model of transformers, or a "
            "hub name that is in the local cache or can be downloaded"
        ) from None
