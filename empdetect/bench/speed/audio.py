"""Audio features: ours against openSMILE's eGeMAPS and against librosa, on the same samples.

``python -m empdetect.bench.speed.audio -o docs/results/speed_audio.json``

Ours are ``LogMel`` with prosody, a frame every 10 ms. openSMILE gives the low-level descriptors of eGeMAPSv02, as
often. librosa gives the same quantities as we do: its mel spectrogram, ``yin``, RMS, centroid, roll-off, flatness and
zero crossings; and beside them, ``pyin`` on the first seconds alone. All start from samples in memory.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.bench.speed.material import recording
from empdetect.bench.speed.measuring import Spent, median, parser, record, timed
from empdetect.features.audio import F0_HIGHEST, F0_LOWEST, PROSODY, LogMel
from empdetect.recording import Participant
from empdetect.streams.audio import Audio, AudioStream

Array = NDArray[np.float64]
Curves = dict[str, Array]
"""By name, values at one moment each 10 ms; NaN where unknown."""

RATE, HOP = 16_000, 160
PYIN_SECONDS = 10.0


class Heard(AudioStream):
    """Sound that is in memory already: decoding is not what is measured."""

    def read(self, rate: int) -> Audio:
        """The samples of the file, decoded once."""
        if not hasattr(self, "_heard"):
            object.__setattr__(self, "_heard", super().read(rate))
        found: Audio = self._heard  # type: ignore[attr-defined]
        return found


def measure(path: Path, repeats: int) -> dict[str, Any]:
    """How many times real time each is, and how far they agree with ours.

    Args:
        path: of the sound.
        repeats: so often each is measured.
    """
    sound = Heard(path)
    samples = sound.read(RATE).samples
    ways: dict[str, Callable[[], Curves]] = {"ours": lambda: ours(sound), "librosa": lambda: by_librosa(samples)}
    if find_spec("opensmile") is not None:
        ways["openSMILE eGeMAPS"] = lambda: by_opensmile(samples)
    spent: dict[str, list[Spent]] = {name: [] for name in ways}
    found: dict[str, Curves] = {}
    for way in ways.values():
        way()  # imports, filters and compilers
    for _ in range(repeats):
        for name, way in ways.items():
            cost, found[name] = timed(way)
            spent[name].append(cost)
    seconds = len(samples) / RATE
    pyin, _ = timed(lambda: by_pyin(samples[: int(PYIN_SECONDS * RATE)]))
    speed = {
        name: {what: seconds / median([getattr(s, what) for s in each]) for what in ("wall", "processor")}
        for name, each in spent.items()
    }
    return {
        "recorded_seconds": seconds,
        "times_real_time": speed,
        "librosa_pyin_times_real_time": min(PYIN_SECONDS, seconds) / pyin.wall,
        "times_faster_than": {
            name: speed["ours"]["wall"] / each["wall"] for name, each in speed.items() if name != "ours"
        },
        "agreement": {name: agreement(found["ours"], each) for name, each in found.items() if name != "ours"},
    }


def ours(sound: AudioStream) -> Curves:
    """F0 in semitones, level and spectral shape of ``LogMel``."""
    extractor = LogMel(hop=HOP / RATE)
    values = extractor(Participant("someone", audio=sound)).values.astype(float)
    return {name: values[:, extractor.mels + place] for place, name in enumerate(PROSODY)}


def by_librosa(samples: NDArray[np.float32]) -> Curves:
    """The same quantities by librosa's own functions, on the same windows."""
    import librosa

    spectrum = np.abs(librosa.stft(samples, n_fft=1024, hop_length=HOP, win_length=400))
    librosa.feature.melspectrogram(S=spectrum**2, sr=RATE, n_mels=64)
    f0 = librosa.yin(samples, fmin=F0_LOWEST, fmax=F0_HIGHEST, sr=RATE, frame_length=1024, hop_length=HOP)
    level = librosa.feature.rms(y=samples, frame_length=2 * HOP, hop_length=HOP)[0]
    librosa.feature.spectral_rolloff(S=spectrum, sr=RATE)
    librosa.feature.spectral_flatness(S=spectrum)
    librosa.feature.zero_crossing_rate(samples, frame_length=1024, hop_length=HOP)
    return {
        "f0_semitones": 12 * np.log2(f0 / 27.5),
        "energy_db": 20 * np.log10(np.maximum(level, 1e-5)),
        "centroid_khz": librosa.feature.spectral_centroid(S=spectrum, sr=RATE)[0] / 1000,
    }


def by_opensmile(samples: NDArray[np.float32]) -> Curves:
    """F0 in semitones above 27.5 Hz, NaN where there is no voice, and loudness as a level."""
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    table = smile.process_signal(samples, RATE)
    f0 = table["F0semitoneFrom27.5Hz_sma3nz"].to_numpy(float)
    loudness = table["Loudness_sma3"].to_numpy(float)
    # Loudness in eGeMAPS grows as intensity to the power of 0.3.
    return {
        "f0_semitones": np.where(f0 > 0, f0, np.nan),
        "energy_db": 10 / 0.3 * np.log10(np.maximum(loudness, 1e-3)),
    }


def by_pyin(samples: NDArray[np.float32]) -> None:
    """Librosa's probabilistic YIN."""
    import librosa

    librosa.pyin(samples, fmin=F0_LOWEST, fmax=F0_HIGHEST, sr=RATE, frame_length=1024, hop_length=HOP)


def agreement(one: Curves, other: Curves) -> dict[str, float]:
    """Correlation of each quantity that both give, where both know it; of F0, also the share within a semitone."""
    found = {}
    for name in one.keys() & other.keys():
        length = min(len(one[name]), len(other[name]))
        a, b = one[name][:length], other[name][:length]
        known = np.isfinite(a) & np.isfinite(b)
        found[f"{name}_correlation"] = float(np.corrcoef(a[known], b[known])[0, 1])
        if name == "f0_semitones":
            found["f0_within_a_semitone"] = float((np.abs(a - b)[known] < 1).mean())
    return dict(sorted(found.items()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = parser("audio", __doc__)
    options.add_argument("--seconds", type=float, default=30.0, help="length of the sound (default: %(default)s)")
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args(arguments)
    found = measure(recording(given.data_root, given.seconds, given.folder, given.seed).source, given.repeats)
    speed = ", ".join(f"{name} {each['wall']:.0f}" for name, each in found["times_real_time"].items())
    record(options, given, found, f"times real time: {speed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
