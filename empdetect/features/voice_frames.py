"""Descriptors of a voice, frame by frame: pitch, level, spectral shape, voice quality, formants, cepstrum, bands."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from empdetect.features.formants import FORMANTS, formants
from empdetect.features.pitch import framed, track_pitch

Array = NDArray[np.float64]

RATE, STEP = 16_000, 160
"""Samples a second, and from the centre of one frame to the next: 10 ms."""
LENGTH, FFT = 400, 512
"""Samples a frame looks at (25 ms), and of its Fourier transform."""
FREQUENCIES = np.arange(FFT // 2 + 1) * RATE / FFT
CEPSTRUM, BANDS = 14, 26

COLUMNS = (
    *("pitch", "harmonicity", "level", "loudness", "centroid", "spread", "skewness", "kurtosis", "entropy", "flux"),
    *("flatness", "alpha_ratio", "hammarberg", "slope_low", "slope_high", "zero_crossings"),
    *("rolloff_25", "rolloff_50", "rolloff_75", "rolloff_90", "share_low", "share_high"),
    *(f"{what}_{number + 1}" for what in ("formant", "width") for number in range(FORMANTS)),
    *("h1_h2", "h1_a1", "h1_a2", "h1_a3"),
    *(f"mfcc_{number + 1}" for number in range(CEPSTRUM)),
    *(f"band_{number}" for number in range(BANDS)),
)
"""Pitch in semitones above 27.5 Hz; harmonicity, level, ratios and slopes in dB (slopes a kHz); loudness and bands as
natural logs; centroid, spread, roll-offs and formants in kHz, formants' widths as logs of Hz. The spectral descriptors
are those of eGeMAPS (Eyben et al., 2016) and ComParE (Schuller et al., 2013), computed anew."""


def voice_frames(samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Descriptors ``(time, len(COLUMNS))`` and voicing ``(time,)``; what needs a voice is NaN without one.

    Args:
        samples: ``(sample,)`` at ``RATE``.
    """
    sound = samples.astype(float)
    count = -(-len(sound) // STEP)
    frames = framed(sound, LENGTH, STEP, count)
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(LENGTH), FFT)).astype(np.float32).astype(float)
    power = magnitude**2
    pitch = track_pitch(sound, RATE, STEP)
    frequency, width = formants(sound, RATE, STEP / RATE, count)
    harmonics = _harmonics(power, np.where(pitch.voiced, pitch.hertz, 100.0), frequency)
    voiced_only = np.column_stack([frequency / 1000, np.log(width), harmonics])
    voiced_only[~pitch.voiced] = np.nan
    semitones = 12 * np.log2(pitch.hertz / 27.5)
    columns = [semitones, pitch.harmonicity, _level(frames), _shape(magnitude, power), _crossings(frames)]
    columns += [_rolloffs(power), _shares(power), voiced_only, _cepstrum(power), _bands(power)]
    return np.column_stack(columns).astype(np.float32), pitch.voiced


def _level(frames: Array) -> Array:
    """Level in dB of full scale."""
    return _decibel(np.maximum((frames**2).mean(axis=1), 1e-10))


def _crossings(frames: Array) -> Array:
    """Share of neighbouring samples that change sign."""
    share: Array = (np.diff(np.signbit(frames), axis=1) != 0).mean(axis=1)
    return share


def _shape(magnitude: Array, power: Array) -> Array:
    """Columns from loudness to the upper slope, ``(time, 12)``."""
    total = power.sum(axis=1) + 1e-10
    share = power / total[:, None]
    centroid = share @ FREQUENCIES
    away = FREQUENCIES - centroid[:, None]
    spread = np.sqrt((share * away**2).sum(axis=1)) + 1e-6
    skewness = (share * away**3).sum(axis=1) / spread**3
    kurtosis = np.log((share * away**4).sum(axis=1) / spread**4 + 1e-6)
    entropy = -(share * np.log(share + 1e-12)).sum(axis=1)
    unit = magnitude / (np.linalg.norm(magnitude, axis=1, keepdims=True) + 1e-6)
    flux = np.append(0.0, np.linalg.norm(np.diff(unit, axis=0), axis=1))
    flatness = np.log(power + 1e-10).mean(axis=1) - np.log(total / power.shape[1])
    loudness = np.log((np.maximum(power @ _filters(BANDS, htk=True).T, 1e-10) ** 0.33).sum(axis=1))
    columns = [loudness, centroid / 1000, spread / 1000, skewness, kurtosis, entropy, flux, flatness]
    return np.column_stack([*columns, *_tilts(power)])


def _tilts(power: Array) -> tuple[Array, Array, Array, Array]:
    """Alpha ratio, Hammarberg index, and the slopes of 0 to 500 and of 500 to 1500 Hz."""
    decibel = _decibel(power)
    alpha = _decibel(_sum(power, 50, 1000)) - _decibel(_sum(power, 1000, 5000))
    highest = [decibel[:, _between(low, high)].max(axis=1) for low, high in ((0, 2000), (2000, 5000))]
    return alpha, highest[0] - highest[1], _slope(decibel, 0, 500), _slope(decibel, 500, 1500)


def _rolloffs(power: Array) -> Array:
    """Frequencies in kHz below which 25, 50, 75 and 90% of the power lie, ``(time, 4)``."""
    below = np.cumsum(power, axis=1) / (power.sum(axis=1, keepdims=True) + 1e-10)
    places = [(below < share).sum(axis=1).clip(0, FFT // 2) for share in (0.25, 0.5, 0.75, 0.9)]
    return np.stack([FREQUENCIES[place] for place in places], axis=1) / 1000


def _shares(power: Array) -> Array:
    """Power of 250 to 650 and of 1000 to 4000 Hz against all, in dB, ``(time, 2)``."""
    total = _decibel(power.sum(axis=1))
    return np.stack([_decibel(_sum(power, 250, 650)) - total, _decibel(_sum(power, 1000, 4000)) - total], axis=1)


def _harmonics(power: Array, hertz: Array, frequency: Array) -> Array:
    """First harmonic against the second and against the harmonics nearest the formants, in dB, ``(time, 4)``."""
    decibel, reach, bin_width = _decibel(power), hertz * 0.35, RATE / FFT

    def peak(centre: Array) -> Array:
        """Largest level within a third of the pitch of ``centre``, ``(time,)``."""
        low = np.floor((centre - reach) / bin_width) * bin_width
        high = np.ceil((centre + reach) / bin_width) * bin_width
        inside = (low[:, None] <= FREQUENCIES) & (high[:, None] >= FREQUENCIES)
        found: Array = np.where(inside, decibel, -100.0).max(axis=1)
        return found

    first = peak(hertz)
    others = [peak(2 * hertz), *(peak(np.nan_to_num(column, nan=1000.0)) for column in frequency.T)]
    return np.stack([first - other for other in others], axis=1)


def _cepstrum(power: Array) -> Array:
    """Mel-frequency cepstral coefficients without the first, ``(time, CEPSTRUM)``."""
    from scipy.fft import dct

    log_mel = np.log(np.maximum(power @ _filters(40, htk=False).T, 1e-8))
    coefficients: Array = dct(log_mel, norm="ortho", axis=1)[:, 1 : CEPSTRUM + 1]
    return coefficients


def _bands(power: Array) -> Array:
    """Natural log of the mel bands, ``(time, BANDS)``."""
    return np.log(np.maximum(power @ _filters(BANDS, htk=True).T, 1e-8))


@lru_cache(maxsize=4)
def _filters(bands: int, htk: bool) -> Array:
    """Mel filters ``(band, frequency)``."""
    import librosa

    filters: Array = librosa.filters.mel(sr=RATE, n_fft=FFT, n_mels=bands, fmin=20, fmax=8000, htk=htk).astype(float)
    return filters


def _between(low: float, high: float) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (low <= FREQUENCIES) & (high > FREQUENCIES)
    return inside


def _sum(power: Array, low: float, high: float) -> Array:
    """Power between two frequencies in Hz, ``(time,)``."""
    total: Array = power[:, _between(low, high)].sum(axis=1)
    return total


def _slope(decibel: Array, low: float, high: float) -> Array:
    """Slope of the spectrum between two frequencies, in dB a kHz, ``(time,)``."""
    inside = _between(low, high)
    away = FREQUENCIES[inside] - FREQUENCIES[inside].mean()
    slope: Array = decibel[:, inside] @ away / (away @ away) * 1000
    return slope


def _decibel(power: Array) -> Array:
    return 10 * np.log10(power + 1e-10)
