"""What a simulated corpus is made from: its size, its known truth, and how noisy each modality is."""

from dataclasses import asdict, dataclass, field
from typing import Any

from empdetect.errors import InputError


@dataclass(frozen=True)
class Noise:
    """How far each modality is from telling the truth.

    A window's empathy level is shown by each modality as a cue: the level plus normal noise of the
    standard deviation given here, cut to 0..1. The noises are drawn apart from each other, so
    modalities err on different windows and a detector gains from fusing them.

    Args:
        text: probability that the listener's sentence comes from the other class.
        voice: standard deviation of the voice's cue (loudness, pitch, pitch range, pace).
        face: standard deviation of the face's cue (mirroring, brows, gaze, smile).
        physiology: standard deviation of the body's cue (coupling strength, breathing).
        ecg: standard deviation of the noise on the ECG, as a part of its own standard deviation.
        eda: standard deviation of the noise on the EDA, in microsiemens.
        video: standard deviation of the camera's noise, in grey levels of 255.
        audio: standard deviation of the microphone's noise, as a part of full scale.
    """

    text: float = 0.2
    voice: float = 0.35
    face: float = 0.3
    physiology: float = 0.25
    ecg: float = 0.05
    eda: float = 0.01
    video: float = 2.0
    audio: float = 0.001


@dataclass(frozen=True)
class Settings:
    """What a simulated corpus is made from.

    Args:
        dyads: number of pairs of people; each person occurs once.
        seconds: length of each recording.
        transcripts: number of further pairs of whom only the words were kept, as in most real corpora.
        seed: the same seed gives the same corpus.
        coupling: share of the speaker's heart rate and skin response that the listener follows at
            full empathy, 0 to 1.
        lag: seconds by which the listener's body and face follow the speaker's.
        window: seconds over which empathy stays the same; one label a window.
        noise: how noisy each modality is.
        video_rate: pictures a second, in Hz.
        audio_rate: sound samples a second, in Hz.
        physiology_rate: body signal samples a second, in Hz.
    """

    dyads: int = 24
    seconds: float = 40.0
    seed: int = 0
    coupling: float = 0.9
    lag: float = 2.0
    window: float = 10.0
    noise: Noise = field(default_factory=Noise)
    transcripts: int = 0
    video_rate: float = 12.5
    audio_rate: int = 16_000
    physiology_rate: int = 100

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise InputError(f"Simulating a corpus: {problem}")

    def _problem(self) -> str | None:
        if self.dyads < 1 or self.transcripts < 0:
            return f"got {self.dyads} dyads and {self.transcripts} transcripts, at least 1 and 0 are needed"
        if self.window < 8:
            return f"got windows of {self.window:g} s, a line and its reply need at least 8 s"
        if self.seconds < self.window:
            return f"got {self.seconds:g} seconds, at least one window of {self.window:g} s is needed"
        if not 0 <= self.coupling <= 1:
            return f"got a coupling of {self.coupling:g}, allowed is 0 to 1"
        if not 0 <= self.lag <= 5:
            return f"got a lag of {self.lag:g} s, allowed is 0 to 5 s"
        return None

    @property
    def windows(self) -> int:
        """Whole windows in a recording."""
        return int(self.seconds / self.window + 1e-9)

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary for JSON."""
        return asdict(self)
