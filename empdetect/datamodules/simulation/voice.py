"""Voices: source-filter synthesis, a train of glottal pulses and hiss through moving formants.

After the cascade synthesiser of Klatt (1980, "Software for a cascade/parallel formant synthesizer",
JASA 67): Rosenberg's glottal pulse, second-order resonators, noise for the consonants.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.simulation.dialogue import LISTENER, Cue, Turn, Word
from empdetect.datamodules.simulation.phones import Phone, pause_after, phones
from empdetect.datamodules.simulation.plan import Array, Plan, slow_noise

TRACK_RATE = 100
"""Samples a second at which gains, formants and the mouth are described, in Hz."""

BANDWIDTHS = (70.0, 100.0, 140.0, 220.0)
"""Of the four formants, in Hz."""


@dataclass(frozen=True)
class Voice:
    """What makes a person's voice.

    Args:
        pitch: middle fundamental frequency, in Hz.
        liveliness: standard deviation of the pitch, in semitones.
        tract: factor on the formants; above 1 for a shorter vocal tract.
        breath: hiss in the voice, 0 to 1.
        level: loudness, root mean square of full scale.
        pace: factor on the speed of speech.
    """

    pitch: float
    liveliness: float
    tract: float
    breath: float
    level: float
    pace: float

    @classmethod
    def draw(cls, rng: np.random.Generator, high: bool) -> "Voice":
        """A voice at random; ``high`` gives a woman's range."""
        return cls(
            pitch=float(rng.uniform(175, 215) if high else rng.uniform(100, 135)),
            liveliness=float(rng.uniform(1.6, 2.6)),
            tract=float(rng.uniform(1.12, 1.2) if high else rng.uniform(0.97, 1.04)),
            breath=float(rng.uniform(0.02, 0.06)),
            level=float(0.08 * 10 ** (rng.normal(0, 1.5) / 20)),
            pace=float(rng.uniform(0.95, 1.1)),
        )


@dataclass(frozen=True)
class Delivery:
    """How one turn is said: factors on the voice's loudness, pitch, liveliness and pace."""

    loudness: float = 1.0
    pitch: float = 1.0
    liveliness: float = 1.0
    pace: float = 1.0


@dataclass(frozen=True)
class Speech:
    """One person's sound over the whole recording.

    Args:
        samples: ``(time,)`` float32 in [-1, 1].
        mouth: ``(time,)`` how far the mouth is open, 0 to 1, at ``TRACK_RATE``.
    """

    samples: NDArray[np.float32]
    mouth: Array


def deliver(plan: Plan, turns: Sequence[Turn]) -> list[Delivery]:
    """How each turn is said: a listener who is touched speaks softer, lower, flatter and slower."""
    rng = plan.rng(2)
    deliveries = []
    for turn in turns:
        warmth = plan.windows[turn.window].voice - 0.5 if turn.participant == LISTENER else 0.0
        loudness = 10 ** ((-9 * warmth + rng.normal(0, 1.0)) / 20)
        pitch = 2 ** ((-4 * warmth + rng.normal(0, 0.5)) / 12)
        deliveries.append(Delivery(float(loudness), float(pitch), 1 - 0.8 * warmth, 1 - 0.25 * warmth))
    return deliveries


def time_turns(plan: Plan, turns: Sequence[Turn], voices: dict[str, Voice], said: Sequence[Delivery]) -> list[Cue]:
    """Lay the turns into their windows one after the other; a full window is spoken faster."""
    rng = plan.rng(3)
    cues: list[Cue] = []
    for number, window in enumerate(plan.windows):
        here = [(turn, how) for turn, how in zip(turns, said, strict=True) if turn.window == number]
        laid = [_lay(turn.text, voices[turn.participant].pace * how.pace) for turn, how in here]
        gaps = rng.uniform(0.15, 0.4, len(laid))
        room = window.end - window.start - gaps.sum() - 0.2
        squeeze = min(1.0, room / sum(words[-1].end for words in laid))
        clock = window.start
        for (turn, _), words, gap in zip(here, laid, gaps, strict=True):
            clock += float(gap)
            moved = tuple(Word(clock + w.start * squeeze, clock + w.end * squeeze, w.text) for w in words)
            cues.append(Cue(clock, moved[-1].end, turn, moved))
            clock = moved[-1].end
    return cues


def speak(plan: Plan, person: str, voice: Voice, cues: Sequence[Cue], said: Sequence[Delivery]) -> Speech:
    """Sound all turns of one person, with silence and a little microphone noise between them."""
    rate = plan.settings.audio_rate
    rng = plan.rng(4 if person == LISTENER else 5)
    samples = rng.normal(0, plan.settings.noise.audio, len(plan.times(rate)))
    mouth = np.zeros(len(plan.times(TRACK_RATE)))
    for cue, how in zip(cues, said, strict=True):
        if cue.turn.participant != person:
            continue
        tracks = _tracks(cue)
        sound = _synthesise(tracks, voice, how, cue.turn.text.endswith("?"), rate, rng)
        begin, frame = round(cue.start * rate), round(cue.start * TRACK_RATE)
        samples[begin : begin + len(sound)] += sound[: len(samples) - begin]
        opened = tracks[:, 0][: len(mouth) - frame]
        mouth[frame : frame + len(opened)] = opened
    return Speech(np.clip(samples, -1, 1).astype(np.float32), mouth)


def _lay(text: str, pace: float) -> list[Word]:
    """Times of a text's words at a pace, from 0."""
    written = text.split()
    # Said alone, a word is drawn out: "Mm" would last a twentieth of a second by its letters.
    shortest = 0.35 / len(written) if len(written) < 3 else 0.0
    words, clock = [], 0.0
    for word in written:
        seconds = max(shortest, sum(phone.seconds for phone in phones(word))) / pace
        words.append(Word(clock, clock + seconds, word))
        clock += seconds + pause_after(word) / pace
    return words


def _tracks(cue: Cue) -> Array:
    """``(time, 7)`` at ``TRACK_RATE``: mouth, voice, hiss, hiss centre, three formants; smoothed."""
    from scipy.ndimage import gaussian_filter1d

    length = int(np.ceil((cue.end - cue.start) * TRACK_RATE)) + 4
    rest = Phone(0.0)
    tracks = np.tile(_track(rest), (length, 1))
    for word in cue.words:
        sounds = phones(word.text)
        stretch = (word.end - word.start) / sum(phone.seconds for phone in sounds)
        edges = word.start - cue.start + stretch * np.cumsum([0.0, *(phone.seconds for phone in sounds)])
        frames = np.round(edges * TRACK_RATE).astype(int)
        for phone, begin, end in zip(sounds, frames[:-1], frames[1:], strict=True):
            tracks[begin:end] = _track(phone)
    return np.asarray(gaussian_filter1d(tracks, 1.2, axis=0, mode="nearest"))


def _track(phone: Phone) -> list[float]:
    return [phone.mouth if phone.seconds else 0.0, phone.voiced, phone.noise, phone.hiss, *phone.formants]


def _synthesise(
    tracks: Array, voice: Voice, how: Delivery, question: bool, rate: int, rng: np.random.Generator
) -> Array:
    """Sound of one turn, ``(time,)``, at the voice's loudness."""
    step = rate // TRACK_RATE
    samples = len(tracks) * step
    clock = np.arange(samples) / step
    voiced, hiss = (np.interp(clock, np.arange(len(tracks)), tracks[:, column]) for column in (1, 2))
    pulses = _pulses(_pitch(len(tracks), voice, how, question, rng), step, rate)
    source = voiced * (pulses + voice.breath * rng.standard_normal(samples))
    formants = np.column_stack([tracks[:, 4:] * voice.tract, np.full(len(tracks), 3500.0 * voice.tract)])
    sound = _resonate(source, formants, BANDWIDTHS, step, rate)
    noise = rng.standard_normal(samples) * hiss
    noise = _resonate(noise, tracks[:, 3:4], (900.0,), step, rate)
    sound = sound / _loud(sound) + 0.5 * noise / max(_loud(noise), 1e-9) * hiss.max()
    return np.asarray(sound * (voice.level * how.loudness / _loud(sound)))


def _pitch(frames: int, voice: Voice, how: Delivery, question: bool, rng: np.random.Generator) -> Array:
    """Fundamental frequency at ``TRACK_RATE``, in Hz: it falls over the turn, with accents, and rises if asked."""
    place = np.linspace(0, 1, frames)
    contour = 1.0 - 2.0 * place + slow_noise(frames, TRACK_RATE, 0.12, rng)
    if question:
        contour += 3.0 * np.clip(place - 0.75, 0, None) / 0.25
    semitones = contour * voice.liveliness * how.liveliness
    return np.asarray(voice.pitch * how.pitch * 2 ** (semitones / 12))


def _pulses(pitch: Array, step: int, rate: int) -> Array:
    """Derivative of Rosenberg's glottal pulse at a moving pitch, deviation 1."""
    moving = np.interp(np.arange(len(pitch) * step) / step, np.arange(len(pitch)), pitch)
    phase = np.cumsum(moving / rate) % 1.0
    rising, falling = phase / 0.5, (phase - 0.5) / 0.2
    flow = np.where(phase < 0.5, 3 * rising**2 - 2 * rising**3, np.where(phase < 0.7, 1 - falling**2, 0.0))
    derivative = np.diff(flow, prepend=flow[0])
    return np.asarray(derivative / derivative.std())


def _resonate(source: Array, centres: Array, bandwidths: Sequence[float], step: int, rate: int) -> Array:
    """Filter by a cascade of resonators whose centres ``(frame, resonator)``, in Hz, move every ``step`` samples."""
    from scipy.signal import sosfilt

    radius = np.exp(-np.pi * np.asarray(bandwidths) / rate)
    sections = np.zeros((len(centres), len(radius), 6))
    sections[:, :, 3] = 1.0
    sections[:, :, 4] = -2 * radius * np.cos(2 * np.pi * np.minimum(centres, 0.47 * rate) / rate)
    sections[:, :, 5] = radius**2
    sections[:, :, 0] = 1 + sections[:, :, 4] + sections[:, :, 5]
    state = np.zeros((len(radius), 2))
    filtered = np.empty_like(source)
    for frame, section in enumerate(sections):
        block = slice(frame * step, (frame + 1) * step)
        filtered[block], state = sosfilt(section, source[block], zi=state)
    return filtered


def _loud(sound: Array) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(sound**2)) + 1e-12)
