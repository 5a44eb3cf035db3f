"""The plan of one dyad: who they are, when empathy is high, and what each modality shows of it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.simulation.settings import Settings

Array = NDArray[np.float64]

PLAN_RATE = 50.0
"""Samples a second of the slow curves that everything else is drawn from, in Hz."""

LEAD = 10.0
"""Seconds before time 0 for which the speaker's state is known, so that a lag can look back."""


@dataclass(frozen=True)
class Window:
    """One stretch of time with one empathy label.

    Args:
        start, end: seconds.
        empathy: 1 if the listener's empathy is high, 0 if low.
        level: empathy from 0 to 1; above one half exactly where ``empathy`` is 1.
        text: whether the listener's sentence is an empathic one (1) or not (0).
        voice, face, physiology: the level as the modality shows it, 0 to 1 (see ``Noise``).
    """

    start: float
    end: float
    empathy: int
    level: float
    text: int
    voice: float
    face: float
    physiology: float


@dataclass(frozen=True)
class Plan:
    """All that is decided before anything is drawn or sounded.

    Args:
        index: number of the dyad, from 0.
        settings: the corpus it belongs to.
        windows: its labels, in order.
        arousal: the speaker's arousal at ``PLAN_RATE``, from ``LEAD`` seconds before 0; mean 0, deviation 1.
    """

    index: int
    settings: Settings
    windows: tuple[Window, ...]
    arousal: Array

    @property
    def name(self) -> str:
        """Name of the dyad, its recording and its folder."""
        return f"dyad-{self.index + 1:03d}"

    def rng(self, part: int) -> np.random.Generator:
        """Random numbers of one part of the work, the same whatever the other parts draw."""
        return np.random.default_rng([self.settings.seed, self.index, part])

    def times(self, rate: float) -> Array:
        """Sample times of a stream of ``rate`` Hz over the whole recording, in seconds."""
        return np.arange(round(self.settings.seconds * rate)) / rate

    def arousal_at(self, times: Array) -> Array:
        """The speaker's arousal at some times in seconds; from ``-LEAD`` on."""
        grid = np.arange(len(self.arousal)) / PLAN_RATE - LEAD
        return np.interp(times, grid, self.arousal)

    def cue_at(self, times: Array, modality: str, ramp: float = 0.5) -> Array:
        """A modality's cue over time, gliding from window to window within ``ramp`` seconds."""
        moments, values = [], []
        for window in self.windows:
            moments += [window.start + ramp / 2, window.end - ramp / 2]
            values += [getattr(window, modality)] * 2
        return np.asarray(np.interp(times, moments, values))

    @property
    def words_only(self) -> bool:
        """Whether only the words of this dyad were kept."""
        return self.index >= self.settings.dyads

    def truth(self) -> dict[str, Any]:
        """The windows as plain values for JSON."""
        return {"recording": self.name, "windows": [asdict(window) for window in self.windows]}


def plan_dyad(settings: Settings, index: int) -> Plan:
    """Draw the plan of dyad ``index``."""
    rng = np.random.default_rng([settings.seed, index, 0])
    labels = _balanced(settings.windows, rng)
    windows = tuple(_window(settings, number, int(label), rng) for number, label in enumerate(labels))
    samples = round((settings.seconds + LEAD) * PLAN_RATE)
    return Plan(index, settings, windows, slow_noise(samples, PLAN_RATE, 1.0, rng))


def slow_noise(samples: int, rate: float, width: float, rng: np.random.Generator) -> Array:
    """Normal noise of mean 0 and deviation 1, smoothed by a Gaussian ``width`` seconds wide."""
    from scipy.ndimage import gaussian_filter1d

    # Filtered with room on both sides and scaled by theory, not by its own spread: short curves differ in spread.
    sigma = width * rate
    margin = int(4 * sigma)
    smooth = gaussian_filter1d(rng.standard_normal(samples + 2 * margin), sigma)[margin : margin + samples]
    return np.asarray(smooth * np.sqrt(2 * np.sqrt(np.pi) * sigma))


def _balanced(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Half ones and half zeros in random order; an odd one is drawn."""
    labels = np.arange(count) % 2
    if count % 2:
        labels = (labels + rng.integers(2)) % 2
    return rng.permutation(labels)


def _window(settings: Settings, number: int, empathy: int, rng: np.random.Generator) -> Window:
    noise = settings.noise
    level = round(float(rng.uniform(0.55, 1.0) if empathy else rng.uniform(0.0, 0.45)), 3)
    text = empathy if rng.random() >= noise.text else 1 - empathy

    def cue(deviation: float) -> float:
        return round(float(np.clip(level + rng.normal(0, deviation), 0, 1)), 3)

    start = number * settings.window
    voice, face, body = (cue(deviation) for deviation in (noise.voice, noise.face, noise.physiology))
    return Window(start, start + settings.window, empathy, level, text, voice, face, body)
