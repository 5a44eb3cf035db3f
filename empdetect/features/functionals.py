"""Functionals: what a curve over time is like, in numbers, as in openSMILE (Eyben et al., 2010) but computed anew.

Curves are ``(time, column)``, NaN where a value is unknown; each functional is ``(column,)``.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

QUANTILES = (2, 10, 25, 50, 75, 90, 98)
PARTS = 8
"""Equal parts of the time whose means draw the curve."""
MODULATIONS = ((0.5, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 9.0), (9.0, 14.0), (14.0, 25.0))
"""Bands of the speed at which a curve moves, in Hz."""

PER_COLUMN = (
    *("mean", "spread", "skewness", "kurtosis", *(f"q{share:02d}" for share in QUANTILES), "q25_q75", "q02_q98"),
    *("slope", "curvature", "residual", "place_of_highest", "place_of_lowest"),
    *("change_spread", "change_size", "rise", "fall", "change_q05", "change_q95"),
    *("voiced_mean", "voiced_spread", "unvoiced_mean", "weighted_mean"),
    *(f"part_{number + 1}" for number in range(PARTS)),
)
"""Names of the functionals of each column."""


@dataclass(frozen=True)
class Speech:
    """Frames of a stretch of speech, from its first sound to its last.

    Args:
        curves: ``(time, column)``
        voiced: ``(time,)`` frames with voice.
        sounding: ``(time,)`` frames that are no pause.
        level: ``(time,)`` in dB.
    """

    curves: Array
    voiced: Mask
    sounding: Mask
    level: Array


def functionals(speech: Speech) -> Array:
    """All functionals of all columns ``(len(PER_COLUMN), column)``; NaN where nothing is known."""
    curves = np.where(speech.sounding[:, None], smoothed(speech.curves), np.nan)
    with warnings.catch_warnings():
        # Of a column that is never known numpy warns; NaN is what it should give.
        warnings.simplefilter("ignore", RuntimeWarning)
        rows = [*_distribution(curves), *_course(curves), *_changes(curves), *_voicing(curves, speech), *_parts(curves)]
    return np.stack(rows)


def agreement(speech: Speech, columns: Sequence[int]) -> Array:
    """How columns go together: correlation of each pair, over time and of their changes, as Fisher's z.

    Where a value is unknown it counts as the column's mean; a column that never varies goes with none.

    Returns:
        ``(columns * (columns - 1),)``: all pairs over time, then all pairs of changes.
    """
    curves = smoothed(speech.curves[:, list(columns)])
    known = np.isfinite(curves)
    mean = np.where(known, curves, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, curves, mean)[speech.sounding]
    return np.concatenate([_fisher_z(filled), _fisher_z(np.diff(filled, axis=0))])


def _fisher_z(curves: Array) -> Array:
    """Inverse hyperbolic tangent of the correlation of each pair of columns, the upper triangle row by row."""
    away = curves - curves.mean(axis=0)
    size = np.sqrt((away**2).sum(axis=0))
    unit = away / np.where(size > 1e-6, size, np.inf)
    pairs = np.triu_indices(curves.shape[1], 1)
    found: Array = np.arctanh((unit.T @ unit)[pairs].clip(-0.999, 0.999))
    return found


def smoothed(curves: Array) -> Array:
    """Mean of each frame and its two neighbours, of what is known."""
    padded = np.pad(curves, ((1, 1), (0, 0)), mode="edge")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean: Array = np.nanmean(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    return mean


def modulation(curve: Array, rate: float) -> list[float]:
    """Log power of a curve's movement in each of ``MODULATIONS``.

    Args:
        curve: ``(time,)``, all known.
        rate: frames a second, in Hz.
    """
    size = max(1024, 1 << int(np.ceil(np.log2(len(curve)))))
    spectrum = np.abs(np.fft.rfft((curve - curve.mean()) * np.hanning(len(curve)), size))
    speed = np.arange(len(spectrum)) * rate / size
    means = [spectrum[(speed >= low) & (speed < high)].mean() for low, high in MODULATIONS]
    return [float(np.log(mean / np.sqrt(len(curve)) + 1e-3)) for mean in means]


def runs(mask: Mask, rate: float) -> list[float]:
    """Number a second, and mean, spread and longest length in seconds, of the stretches where a mask is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    lengths = (edges[1::2] - edges[::2]) / rate
    if not len(lengths):
        return [0.0, 0.0, 0.0, 0.0]
    return [len(lengths) / len(mask) * rate, float(lengths.mean()), float(lengths.std()), float(lengths.max())]


def _distribution(curves: Array) -> list[Array]:
    mean, spread = np.nanmean(curves, axis=0), np.nanstd(curves, axis=0)
    unit = (curves - mean) / (spread + 1e-6)
    quantiles = np.nanpercentile(curves, QUANTILES, axis=0)
    moments = [mean, spread, np.nanmean(unit**3, axis=0), np.sqrt(np.nanmean(unit**4, axis=0))]
    return [*moments, *quantiles, quantiles[4] - quantiles[2], quantiles[6] - quantiles[0]]


def _course(curves: Array) -> list[Array]:
    """Slope, curvature and what these leave, over time from -1 to 1; where the highest and lowest values are."""
    known = np.isfinite(curves)
    time = np.where(known, np.linspace(-1, 1, len(curves))[:, None], np.nan)
    time = time - np.nanmean(time, axis=0)
    rest = curves - np.nanmean(curves, axis=0)
    slope = np.nanmean(time * rest, axis=0) / (np.nanmean(time**2, axis=0) + 1e-9)
    rest = rest - slope * time
    bow = time**2 - np.nanmean(time**2, axis=0)
    curvature = np.nanmean(bow * rest, axis=0) / (np.nanmean(bow**2, axis=0) + 1e-9)
    residual = np.sqrt(np.nanmean((rest - curvature * bow) ** 2, axis=0))
    highest = np.where(known, curves, -np.inf).argmax(axis=0) / len(curves)
    lowest = np.where(known, curves, np.inf).argmin(axis=0) / len(curves)
    return [slope, curvature, residual, highest, lowest]


def _changes(curves: Array) -> list[Array]:
    """Of the change over two frames: spread, size, mean rise and fall, 5th and 95th percentile."""
    if len(curves) < 3:
        return [np.full(curves.shape[1], np.nan)] * 6
    change = curves[2:] - curves[:-2]
    rise = np.nanmean(np.where(change > 0, change, np.nan), axis=0)
    fall = np.nanmean(np.where(change < 0, change, np.nan), axis=0)
    size = [np.nanstd(change, axis=0), np.nanmean(np.abs(change), axis=0)]
    return [*size, rise, fall, *np.nanpercentile(change, (5, 95), axis=0)]


def _voicing(curves: Array, speech: Speech) -> list[Array]:
    """Mean and spread with voice, mean without, and the mean that loud frames weigh most in."""
    with_voice = np.where(speech.voiced[:, None], curves, np.nan)
    without = np.where(speech.voiced[:, None], np.nan, curves)
    loudness = 10 ** ((speech.level - speech.level.max()) / 20)
    weight = np.where(np.isfinite(curves), loudness[:, None], 0.0)
    weighted = np.nansum(weight * np.nan_to_num(curves), axis=0) / weight.sum(axis=0)
    return [np.nanmean(with_voice, axis=0), np.nanstd(with_voice, axis=0), np.nanmean(without, axis=0), weighted]


def _parts(curves: Array) -> list[Array]:
    edges = np.linspace(0, len(curves), PARTS + 1).astype(int)
    return [np.nanmean(curves[first:last], axis=0) for first, last in pairwise(edges)]
