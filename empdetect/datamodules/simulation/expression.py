"""What the two faces do: the speaker shows the story, the listener mirrors it as far as empathy goes."""

import numpy as np

from empdetect.datamodules.simulation.dialogue import SPEAKER
from empdetect.datamodules.simulation.faces import Expression
from empdetect.datamodules.simulation.plan import Array, Plan, slow_noise
from empdetect.datamodules.simulation.voice import TRACK_RATE


def express(plan: Plan, person: str, mouth: Array) -> Expression:
    """The face of one person at the video's rate.

    Args:
        plan: the dyad.
        person: ``speaker`` or ``listener``.
        mouth: ``(time,)`` how far the voice opens the mouth, at ``TRACK_RATE``.
    """
    rate = plan.settings.video_rate
    times = plan.times(rate)
    rng = plan.rng(6 if person == SPEAKER else 7)
    spoken = np.interp(times, np.arange(len(mouth)) / TRACK_RATE, mouth)
    blink = _blinks(times, rng)

    def drift(width: float) -> Array:
        return slow_noise(len(times), rate, width, rng)

    roll, shift, nod, zoom = 1.6 * drift(1.5), 2.5 * drift(1.2), 1.8 * drift(0.8), 1 + 0.012 * drift(2.0)
    if person == SPEAKER:
        sorrow = np.clip(_sorrow(plan, times) + 0.08 * drift(0.5), 0, 1)
        raised, smile = np.clip(0.35 * drift(0.5), 0, 1), np.clip(0.35 * drift(1.0) - 0.2, 0, 1)
        return Expression(sorrow, raised, smile, spoken, blink, 0.25 * drift(0.7), roll, shift, nod, zoom)
    warmth = plan.cue_at(times, "face")
    mirrored = 0.3 + 0.7 * _sorrow(plan, times - plan.settings.lag)
    sorrow = np.clip(0.9 * warmth * mirrored + 0.12 * drift(0.6), 0, 1)
    smile = np.clip(0.5 * (1 - warmth) * drift(1.0) - 0.1, 0, 1)
    gaze = np.clip(0.12 * drift(0.4) + 0.9 * (1 - warmth) * np.tanh(2 * drift(1.0)), -1, 1)
    nodding = np.clip(drift(0.8), 0, 1) * np.sin(2 * np.pi * 1.6 * times)
    raised = np.clip(0.25 * drift(0.5), 0, 1)
    return Expression(
        sorrow, raised, smile, spoken, blink, gaze, roll + 2.5 * warmth, shift, nod + 2.5 * warmth * nodding, zoom
    )


def _sorrow(plan: Plan, times: Array) -> Array:
    """How sad the speaker looks: it goes with arousal, from 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-1.6 * plan.arousal_at(times))))


def _blinks(times: Array, rng: np.random.Generator) -> Array:
    """Eyes closing for about a fifth of a second, every two to six seconds."""
    closed = np.zeros_like(times)
    moment = rng.uniform(0, 4)
    while moment < times[-1]:
        closed = np.maximum(closed, np.clip(1.4 - np.abs(times - moment) / 0.1, 0, 1))
        moment += rng.uniform(2, 6)
    return closed
