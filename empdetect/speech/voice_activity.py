"""Voice activity: when someone speaks, by silero-vad, whose weights come with its package."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.streams.audio import AudioStream
from empdetect.streams.turns import Turn, Turns

RATE = 16_000
CHUNK = 512
"""Samples that the network looks at in one step: 32 ms."""
PAUSE = 0.5
"""Seconds of silence that end a turn."""
SHORTEST = 0.25
"""Seconds of the shortest turn; what is shorter is a click or a breath."""


def voice_activity(audio: AudioStream) -> Turns:
    """The turns in which someone speaks, of nobody known; sureness is the mean probability of speech.

    Decodes piece by piece: memory does not grow with the length. One thread.

    Raises:
        InputError: the sound cannot be read.
    """
    return _turns(replace(audio, turns=None, shared=False), audio.fingerprint())


@lru_cache(maxsize=8)
def _turns(audio: AudioStream, content: str) -> Turns:
    """Turns of a sound; ``content`` is its fingerprint, so that a file that changes is heard anew."""
    import torch

    found: list[Turn] = []
    with _silero() as (model, iterator):
        start, zero = None, 0.0
        for number, (begin, chunk) in enumerate(_chunks(audio)):
            zero = begin if number == 0 else zero
            event = iterator(torch.from_numpy(chunk)) or {}
            if "start" in event:
                start = event["start"]
            if "end" in event and start is not None:
                found.append(_turn(zero, start, event["end"], model.heard))
                start = None
        if start is not None:
            found.append(_turn(zero, start, len(model.heard) * CHUNK, model.heard))
    return Turns(tuple(turn for turn in found if turn.end - turn.start >= SHORTEST))


def _turn(zero: float, first: int, last: int, heard: list[float]) -> Turn:
    """The turn from sample ``first`` to ``last``."""
    inside = heard[int(first) // CHUNK : max(int(last) // CHUNK, int(first) // CHUNK + 1)]
    return Turn(zero + first / RATE, zero + last / RATE, None, round(float(np.mean(inside)), 4))


def _chunks(audio: AudioStream) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Seconds and samples ``(512,)`` of the sound, one after the other; the last one is filled with zeros."""
    rest, begin = np.zeros(0, np.float32), 0.0
    for block in audio.blocks(RATE):
        begin = begin if len(rest) else block.start
        rest = np.concatenate([rest, block.samples])
        whole = len(rest) // CHUNK * CHUNK
        for first in range(0, whole, CHUNK):
            yield begin + first / RATE, rest[first : first + CHUNK]
        rest, begin = rest[whole:], begin + whole / RATE
    if len(rest):
        yield begin, np.pad(rest, (0, CHUNK - len(rest)))


class _Listener:
    """The network, and the probabilities of speech it gave."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.heard: list[float] = []

    def __call__(self, chunk: Any, rate: int) -> Any:
        probability = self.model(chunk, rate)
        self.heard.append(float(probability))
        return probability

    def reset_states(self) -> None:
        self.model.reset_states()


@contextmanager
def _silero() -> Iterator[tuple[_Listener, Any]]:
    """The network and silero's own segmenter around it, on one thread; torch's threads are as before afterwards."""
    import torch

    threads = torch.get_num_threads()
    try:
        model, segmenter = _load()
        torch.set_num_threads(1)
        listener = _Listener(model)
        yield listener, segmenter(listener, sampling_rate=RATE, min_silence_duration_ms=round(PAUSE * 1000))
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=1)
def _load() -> tuple[Any, Any]:
    from silero_vad import VADIterator, load_silero_vad

    return load_silero_vad(), VADIterator
