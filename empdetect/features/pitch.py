"""Pitch and harmonics-to-noise ratio by autocorrelation (Boersma, 1993, IFA Proceedings 17): fast, and in numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOWEST, HIGHEST = 60.0, 600.0
"""Range of the pitch, in Hz."""
WINDOW_SECONDS = 0.06
"""Over three periods of the lowest pitch."""
CANDIDATES = 6
VOICING = 0.45
SILENCE = 0.03
"""Amplitude of silence as a share of the largest one."""
OCTAVE_COST, JUMP_COST, VOICING_COST = 0.01, 0.35, 0.14
"""Praat's costs: for lower candidates, for an octave between frames, for voicing that starts or ends; 10 ms frames."""


@dataclass(frozen=True)
class Pitch:
    """Pitch of each frame.

    Args:
        hertz: ``(time,)``; NaN where there is no voice.
        harmonicity: ``(time,)`` harmonics-to-noise ratio in dB.
        voiced: ``(time,)``
    """

    hertz: Array
    harmonicity: Array
    voiced: NDArray[np.bool_]


def track_pitch(samples: Array, rate: int, step: int) -> Pitch:
    """The cheapest path through the candidates of all frames.

    Args:
        samples: ``(sample,)``
        rate: in Hz.
        step: samples from the centre of one frame to the next.
    """
    count = -(-len(samples) // step)
    frames = framed(samples, round(WINDOW_SECONDS * rate), step, count)
    frames = frames - frames.mean(axis=1, keepdims=True)
    hertz, strength, score = _candidates(_autocorrelation(frames), rate)
    loudness = np.abs(frames).max(axis=1) / max(float(np.abs(samples).max()), 1e-9)
    unvoiced = VOICING + np.maximum(0.0, 2.0 - loudness / SILENCE / (1.0 + VOICING))
    path = _best_path(np.log2(hertz), np.column_stack([score, unvoiced]))
    voiced = path < CANDIDATES
    place = (np.arange(count), np.minimum(path, CANDIDATES - 1))
    periodic = np.where(voiced, strength[place], strength.max(axis=1)).clip(1e-3, 0.9999)
    return Pitch(np.where(voiced, hertz[place], np.nan), 10 * np.log10(periodic / (1 - periodic)), voiced)


def framed(samples: Array, length: int, step: int, count: int) -> Array:
    """``count`` frames ``(time, length)`` centred on cells of ``step`` samples, zeros beyond the ends."""
    padded = np.pad(samples, (length // 2 - step // 2, length + step))
    frames: Array = np.lib.stride_tricks.sliding_window_view(padded, length)[::step][:count]
    return frames


def _autocorrelation(frames: Array) -> Array:
    """Autocorrelation ``(time, lag)``, 1 at lag 0, freed of the window's own (eq. 9)."""
    length = frames.shape[1]
    window, size = np.hanning(length), 1 << int(np.ceil(np.log2(2 * length)))
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[:length]
    found = np.fft.irfft(np.abs(np.fft.rfft(frames * window, size)) ** 2)[:, :length]
    freed: Array = found / np.maximum(found[:, :1], 1e-9) / np.maximum(own / own[0], 1e-3)
    return freed


def _candidates(correlation: Array, rate: int) -> tuple[Array, Array, Array]:
    """Pitch in Hz, strength and score of the highest peaks, ``(time, candidate)`` each; score -1 where none is."""
    first, last = int(rate / HIGHEST), int(rate / LOWEST)
    near = correlation[:, first - 1 : last + 2]
    middle = near[:, 1:-1]
    peak = (middle > near[:, :-2]) & (middle >= near[:, 2:])
    lags = np.arange(first, last + 1)
    bend, lean = near[:, :-2] - 2 * middle + near[:, 2:], near[:, :-2] - near[:, 2:]
    shift = np.divide(0.5 * lean, bend, out=np.zeros_like(bend), where=peak & (np.abs(bend) > 1e-9)).clip(-1, 1)
    height = np.minimum(middle - 0.25 * lean * shift, 1.0)
    period = (lags + shift) / rate
    scores = np.where(peak & (height > 0), height - OCTAVE_COST * np.log2(LOWEST * period), -1.0)
    top = np.argpartition(-scores, CANDIDATES, axis=1)[:, :CANDIDATES]
    score, height, period = (np.take_along_axis(each, top, axis=1) for each in (scores, height, period))
    return 1 / period, np.where(score > 0, height, 0.0), score


def _best_path(octaves: Array, scores: Array) -> NDArray[np.int_]:
    """Candidate of each frame (Viterbi); the last column of ``scores`` is "no voice"."""
    count = scores.shape[1]
    voiced = np.arange(count) < count - 1
    changes = np.where(voiced[:, None] != voiced[None], VOICING_COST, 0.0)
    back = np.zeros(scores.shape, int)
    best = scores[0]
    for time in range(1, len(scores)):
        cost = changes.copy()
        cost[:-1, :-1] = JUMP_COST * np.abs(octaves[time - 1][:, None] - octaves[time][None])
        total = best[:, None] - cost
        back[time] = total.argmax(axis=0)
        best = total.max(axis=0) + scores[time]
    path = np.zeros(len(scores), int)
    path[-1] = best.argmax()
    for time in range(len(scores) - 1, 0, -1):
        path[time - 1] = back[time][path[time]]
    return path
