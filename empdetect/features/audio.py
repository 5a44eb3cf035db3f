"""Audio features: log-mel spectrum and prosody on the same frames, or the waveform itself for raw-waveform encoders."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.yin import yin
from empdetect.recording import Participant, Stream
from empdetect.streams.audio import Audio

Array = NDArray[np.float32]

PROSODY = ("f0_semitones", "energy_db", "centroid_khz", "rolloff_khz", "log_flatness", "zero_crossings")
"""Prosody columns: F0 in semitones above 27.5 Hz as in eGeMAPS (Eyben et al., 2016), level in dB of
full scale, spectral centroid and 85% rolloff in kHz, natural log of the spectral flatness, and the
share of neighbouring samples that change sign."""

F0_LOWEST, F0_HIGHEST = 60.0, 600.0
VOICING = 0.45
"""Least correlation of a voiced frame with itself one period later; the value Praat uses."""
LOUDNESS_RANGE = 30.0
"""Frames more than so many dB below the loudest one are unvoiced; Praat's silence threshold of 0.03."""
SILENCE = 1e-5
"""Largest amplitude of digital silence: below one step of 16-bit sound, room for a resampler's traces."""
CLIPPING = 0.999
GOOD_SNR = 20.0
BLOCK_SECONDS = 30.0


class LogMel(Extractor):
    """Log-mel spectrum, and prosody on the same frames.

    A frame's time is the centre of its hop. Digital silence is not observed: its values are NaN.
    F0 is NaN where there is no voice. Values are natural logs of mel power, floored at 1e-8.

    Quality is ``snr / 20 dB``, kept in [0.05, 1], times the share of unclipped samples around the
    frame. The signal-to-noise ratio is one number a stream: the 99th percentile of the frame levels
    (the voice at its loudest) above the 10th (the pauses).

    Args:
        rate: the sound is resampled to so many Hz.
        mels: number of mel bands.
        hop: seconds from one frame to the next.
        prosody: whether to add the columns of ``PROSODY`` after the mel bands.
    """

    modality = "audio"
    references = ("Eyben et al., 2016 (eGeMAPS)",)
    version = 2

    def __init__(self, rate: int = 16_000, mels: int = 64, hop: float = 0.01, prosody: bool = True) -> None:
        if rate < 4000 or mels < 1 or not 1 / rate <= hop <= 1:
            raise InputError(
                "Log-mel features: 'rate' must be 4000 Hz or more, 'mels' 1 or more and 'hop' up to 1 second, "
                f"got {rate}, {mels} and {hop:g}"
            )
        self.rate = rate
        self.mels = mels
        self.hop = hop
        self.prosody = prosody
        self.width = mels + (len(PROSODY) if prosody else 0)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of each feature."""
        return tuple(f"mel_{band}" for band in range(self.mels)) + (PROSODY if self.prosody else ())

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The sound."""
        return () if person.audio is None else (person.audio,)

    def extract(self, person: Participant) -> Features:
        """Mel bands and prosody ``(time, feature)``."""
        if person.audio is None:
            raise InputError(f"Log-mel features: {person.name} has no audio")
        audio = person.audio.read(self.rate)
        step = round(self.hop * self.rate)
        blocks = [self._block(samples, step) for samples in _blocks(audio, step, self._frame_length())]
        mel, prosody, periodicity = (np.concatenate(parts) for parts in zip(*blocks))
        prosody[~_voiced(periodicity, prosody[:, 1]), 0] = np.nan
        values = np.concatenate([mel, prosody], axis=1) if self.prosody else mel
        return _features(audio, values, step)

    def _frame_length(self) -> int:
        """Samples a frame looks at: over three periods of the lowest F0, as YIN needs two."""
        return 1 << int(np.ceil(np.log2(3 * self.rate / F0_LOWEST)))

    def _block(self, samples: Array, step: int) -> tuple[Array, Array, Array]:
        """Mel bands ``(time, mel)``, prosody ``(time, 6)`` and periodicity ``(time,)`` of some frames."""
        import torch

        length = self._frame_length()
        spectrum, to_mel = _transforms(self.rate, self.mels, step, length)
        with torch.inference_mode():
            power = spectrum(torch.from_numpy(samples))
            mel = to_mel(power).clamp(min=1e-8).log().T.numpy()
        prosody, periodicity = _prosody(samples, power.sqrt().numpy(), self.rate, step, length)
        return mel, prosody, periodicity


class Waveform(Extractor):
    """The samples themselves, for encoders of raw waveforms (wav2vec 2.0, WavLM, ...).

    One frame holds 20 ms, so that ``values.reshape(-1)`` is the sound again. Digital silence is not
    observed: its values are NaN, and 0 is what an encoder should put there. Quality as in ``LogMel``.

    Args:
        rate: samples per second, in Hz.
    """

    modality = "audio"
    FRAME_SECONDS = 0.02

    def __init__(self, rate: int = 16_000) -> None:
        if rate < 4000:
            raise InputError(f"Waveform: 'rate' must be 4000 Hz or more, got {rate}")
        self.rate = rate
        self.width = round(rate * self.FRAME_SECONDS)

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The sound."""
        return () if person.audio is None else (person.audio,)

    def extract(self, person: Participant) -> Features:
        """Samples ``(time, samples in 20 ms)``; the end of the last frame is filled with zeros."""
        if person.audio is None:
            raise InputError(f"Waveform: {person.name} has no audio")
        audio = person.audio.read(self.rate)
        return _features(audio, _cells(audio.samples, self.width).copy(), self.width)


def _features(audio: Audio, values: Array, step: int) -> Features:
    """Features of frames of ``step`` samples each, with mask and quality."""
    cells = _cells(audio.samples, step)
    observed = np.abs(cells).max(axis=1) > SILENCE
    values[~observed] = np.nan
    times = audio.start + (np.arange(len(cells)) + 0.5) * step / audio.rate
    reason = "" if observed.any() else "the sound is digital silence"
    return Features(values.astype(np.float32, copy=False), times, observed, _quality(cells, observed), reason)


def _quality(cells: Array, observed: NDArray[np.bool_]) -> Array:
    """Quality ``(time,)`` of cells ``(time, sample)``: signal-to-noise ratio and clipping."""
    from scipy.ndimage import uniform_filter1d

    if not observed.any():
        return np.zeros(len(cells), np.float32)
    level = _decibel(np.sqrt(np.square(cells[observed]).mean(axis=1)))
    loud, soft = np.percentile(level, (99, 10))
    clipped = (np.abs(cells) >= CLIPPING).mean(axis=1)
    intact = 1 - uniform_filter1d(clipped.astype(np.float64), size=9, mode="nearest")
    quality = np.clip((loud - soft) / GOOD_SNR, 0.05, 1) * np.clip(intact, 0.05, 1)
    return np.where(observed, quality, 0).astype(np.float32)


def sound_quality(samples: Array, step: int) -> float:
    """Mean quality of some sound, 0 to 1, from cells of ``step`` samples; that of silent cells is 0."""
    cells = _cells(samples, step)
    return float(_quality(cells, np.abs(cells).max(axis=1) > SILENCE).mean())


def _cells(samples: Array, step: int) -> Array:
    """Samples ``(time, step)`` in frames that do not overlap, the last one filled with zeros."""
    count = -(-len(samples) // step)
    return np.pad(samples, (0, count * step - len(samples))).reshape(count, step)


def _blocks(audio: Audio, step: int, length: int) -> Iterator[Array]:
    """Pieces of the sound of which all whole frames are wanted: memory does not grow with the length.

    Frames of ``length`` samples are centred on cells of ``step`` samples, zeros beyond the ends.
    """
    count = -(-len(audio.samples) // step)
    before = (length - step) // 2
    padded = np.pad(audio.samples, (before, count * step - len(audio.samples) + length))
    size = max(1, round(BLOCK_SECONDS * audio.rate / step))
    for first in range(0, count, size):
        last = min(first + size, count)
        yield padded[first * step : (last - 1) * step + length]


@lru_cache(maxsize=4)
def _transforms(rate: int, mels: int, step: int, length: int) -> tuple[Any, Any]:
    """Power spectrum of 25 ms Hann windows, and its mel bands."""
    from torchaudio.transforms import MelScale, Spectrogram

    spectrum = Spectrogram(n_fft=length, win_length=round(0.025 * rate), hop_length=step, center=False)
    return spectrum, MelScale(mels, rate, f_min=20.0, n_stft=length // 2 + 1, mel_scale="slaney", norm="slaney")


def _prosody(samples: Array, spectrum: Array, rate: int, step: int, length: int) -> tuple[Array, Array]:
    """Columns of ``PROSODY`` ``(time, 6)``, F0 for every frame, and periodicity ``(time,)``.

    Args:
        samples: ``(sample,)`` whose whole frames are wanted.
        spectrum: ``(frequency, time)`` magnitudes of the same frames.
        rate: in Hz.
        step: samples from frame to frame.
        length: samples a frame.
    """
    import librosa

    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::step]
    f0 = yin(frames, rate, F0_LOWEST, F0_HIGHEST)
    middle = frames[:, length // 2 - step : length // 2 + step]
    columns = (
        12 * np.log2(f0 / 27.5),
        _decibel(np.sqrt(np.square(middle).mean(axis=1))),
        librosa.feature.spectral_centroid(S=spectrum, sr=rate)[0] / 1000,
        librosa.feature.spectral_rolloff(S=spectrum, sr=rate)[0] / 1000,
        np.log(librosa.feature.spectral_flatness(S=spectrum)[0]),
        (np.signbit(frames[:, 1:]) != np.signbit(frames[:, :-1])).sum(axis=1) / length,
    )
    return np.stack(columns, axis=1).astype(np.float32), _periodicity(frames, np.rint(rate / f0).astype(int))


def _periodicity(frames: Array, periods: NDArray[np.int_]) -> Array:
    """Correlation of each frame ``(time, sample)`` with itself one period, in samples, later."""
    half = frames.shape[1] // 2
    now = frames[:, :half]
    later = np.take_along_axis(frames, periods[:, None] + np.arange(half), axis=1)
    now, later = now - now.mean(axis=1, keepdims=True), later - later.mean(axis=1, keepdims=True)
    power = np.sqrt(np.square(now).sum(axis=1) * np.square(later).sum(axis=1))
    correlation: Array = (now * later).sum(axis=1) / np.maximum(power, 1e-12)
    return correlation


def _voiced(periodicity: Array, level: Array) -> NDArray[np.bool_]:
    """Which frames carry voice: periodic, and not far softer than the loudest."""
    voiced: NDArray[np.bool_] = (periodicity >= VOICING) & (level >= level.max() - LOUDNESS_RANGE)
    return voiced


def _decibel(amplitude: Any) -> Any:
    """Level in dB of full scale, floored at -100."""
    return 20 * np.log10(np.maximum(amplitude, 1e-5))
