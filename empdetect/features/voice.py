"""Voice functionals: how a stretch of speech sounds in one row of numbers, for a few hundred examples to learn from."""

import warnings
from collections.abc import Sequence
from fractions import Fraction
from itertools import chain, combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.audio import SILENCE, sound_quality
from empdetect.features.base import Extractor, Features
from empdetect.features.functionals import (
    MODULATIONS,
    PER_COLUMN,
    Speech,
    agreement,
    functionals,
    modulation,
    runs,
    smoothed,
)
from empdetect.features.voice_frames import COLUMNS, RATE, STEP, voice_frames
from empdetect.recording import Participant, Stream

Array = NDArray[np.float32]

FRAME_RATE = RATE / STEP
LOUDNESS_RANGE = 35.0
"""Frames more than so many dB below the loudest are pauses."""

RUNS = ("a_second", "mean", "spread", "longest")
TEMPO = (
    *("seconds", "share_sounding", "share_voiced"),
    *(f"{what}_{how}" for what in ("voiced", "unvoiced", "pauses") for how in RUNS),
    "loudness_peaks_a_second",
    *(f"{what}_{low:g}_hz" for what in ("loudness", "pitch", "centroid") for low, _ in MODULATIONS),
)
"""What describes the whole stretch, from its first sound to its last, instead of a column."""


RELATED = tuple(
    place
    for place, name in enumerate(COLUMNS)
    if name.startswith("band_")
    or name in ("pitch", "harmonicity", "loudness", "centroid", "flatness", "alpha_ratio", "slope_low", "slope_high")
    or name in ("formant_1", "formant_2")
)
"""Columns of which is told how they go together."""
AGREEMENT = tuple(
    f"{COLUMNS[one]}_with_{COLUMNS[other]}{what}"
    for what in ("", "_changes")
    for one, other in combinations(RELATED, 2)
)


class VoiceFunctionals(Extractor):
    """Functionals (``features.functionals``) of the descriptors of a voice (``features.voice_frames``).

    One row a stretch; its time is the stretch's centre. A sound longer than ``longest`` is cut in equal
    stretches, so that windows of a recording hold some of them; the level of a recording counts.

    Args:
        longest: of a stretch, in seconds.
        speeds: the sound is described played at each of these speeds, pitch and all, and the mean is taken: what
            depends on the size of one speaker's vocal tract counts less (as in speed perturbation; Ko et al.,
            Interspeech 2015).

    Raises:
        InputError: an argument is out of its range.
    """

    modality = "audio"
    version = 3
    references = ("Eyben et al., 2010 (openSMILE)", "Eyben et al., 2016 (eGeMAPS)", "Schuller et al., 2013 (ComParE)")

    def __init__(self, longest: float = 15.0, speeds: Sequence[float] = (1.0,)) -> None:
        if not 1.0 <= longest <= 600.0:
            raise InputError(f"Voice functionals: 'longest' must be 1 to 600 seconds, got {longest:g}")
        if not speeds or not all(0.5 <= speed <= 2.0 for speed in speeds):
            raise InputError(f"Voice functionals: 'speeds' needs numbers from 0.5 to 2, got {list(speeds)}")
        self.longest = longest
        self.speeds = tuple(speeds)
        self.width = len(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of each feature."""
        return tuple(f"{column}_{name}" for name in PER_COLUMN for column in COLUMNS) + TEMPO + AGREEMENT

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The sound."""
        return () if person.audio is None else (person.audio,)

    def extract(self, person: Participant) -> Features:
        """Functionals ``(stretch, feature)``; a stretch without two frames of sound is not observed."""
        if person.audio is None:
            raise InputError(f"Voice functionals: {person.name} has no audio")
        audio = person.audio.read(RATE)
        count = max(1, int(np.ceil(len(audio.samples) / (self.longest * RATE))))
        edges = np.linspace(0, len(audio.samples), count + 1).astype(int)
        stretches = [audio.samples[first:last] for first, last in pairwise(edges)]
        values = np.stack([describe_voice(stretch, self.speeds) for stretch in stretches])
        mask = np.asarray(np.isfinite(values).any(axis=1))
        quality = np.array([sound_quality(stretch, STEP) for stretch in stretches], np.float32)
        times = audio.start + (edges[:-1] + edges[1:]) / 2 / RATE
        reason = "" if mask.any() else "the sound is digital silence"
        return Features(values, times, mask, np.where(mask, quality, 0).astype(np.float32), reason)


def describe_voice(samples: Array, speeds: Sequence[float] = (1.0,)) -> Array:
    """Mean functionals ``(feature,)`` of samples at 16 kHz over the speeds; all NaN where there is no sound."""
    rows = np.stack([_described(at_speed(samples, speed)) for speed in speeds])
    with warnings.catch_warnings():
        # What is unknown at every speed stays unknown.
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(rows, axis=0), np.float32)


def at_speed(samples: Array, speed: float) -> Array:
    """Samples as if played faster or slower; the pitch goes with the speed."""
    from scipy.signal import resample_poly

    if speed == 1.0 or not len(samples):
        return samples
    ratio = Fraction(speed).limit_denominator(20)
    return np.asarray(resample_poly(samples, ratio.denominator, ratio.numerator), np.float32)


def _described(samples: Array) -> Array:
    """Functionals ``(feature,)`` of samples at 16 kHz."""
    speech = _speech(samples)
    if speech is None:
        return np.full(len(COLUMNS) * len(PER_COLUMN) + len(TEMPO) + len(AGREEMENT), np.nan, np.float32)
    columns = functionals(speech).reshape(-1)
    return np.concatenate([columns, _tempo(speech), agreement(speech, RELATED)]).astype(np.float32)


def _speech(samples: Array) -> Speech | None:
    """From the first frame that is no pause to the last; None if there are not three."""
    if len(samples) < 3 * STEP or np.abs(samples).max() <= SILENCE:
        return None
    curves, voiced = voice_frames(samples)
    level = curves[:, COLUMNS.index("level")].astype(float)
    sounding = level > level.max() - LOUDNESS_RANGE
    first, last = np.flatnonzero(sounding)[[0, -1]]
    if last - first < 2:
        return None
    inside = slice(first, last + 1)
    voiced = voiced & sounding
    curves[~voiced, 0] = np.nan
    return Speech(curves[inside].astype(float), voiced[inside], sounding[inside], level[inside])


def _tempo(speech: Speech) -> list[float]:
    """The numbers that ``TEMPO`` names."""
    loudness, pitch, centroid = (speech.curves[:, COLUMNS.index(name)] for name in ("loudness", "pitch", "centroid"))
    smooth = smoothed(loudness[:, None])[:, 0]
    peaks = int(((smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:])).sum())
    length = len(loudness) / FRAME_RATE
    share = [length, float(speech.sounding.mean()), float(speech.voiced.mean())]
    stretches = [runs(mask, FRAME_RATE) for mask in (speech.voiced, ~speech.voiced, ~speech.sounding)]
    moves = [modulation(curve, FRAME_RATE) for curve in (smooth, _bridged(pitch), centroid)]
    return [*share, *chain(*stretches), peaks / length, *chain(*moves)]


def _bridged(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curve with straight lines where it is unknown; 0 if it is unknown throughout."""
    known = np.flatnonzero(np.isfinite(curve))
    return np.interp(np.arange(len(curve)), known, curve[known]) if len(known) else np.zeros(len(curve))
