"""Signals with gaps: what the measures do to arrays ``(..., time)`` whose unknown samples are NaN.

All functions are linear in the number of samples.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.series import varying
from empdetect.errors import InputError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def pair(x: ArrayLike, y: ArrayLike, rate: float, doing: str) -> tuple[Array, Array]:
    """Signals of the first and the second person, of one length and shape.

    Args:
        x, y: ``(..., time)``; leading dimensions broadcast, so one person may be held against 200 surrogates.
        rate: samples per second, in Hz.
        doing: what they are wanted for, for messages.

    Returns:
        Both as float64 with equal shapes. A signal that does not vary is all NaN: nothing can be told from it.

    Raises:
        InputError: the lengths differ, there are fewer than two samples, or the rate is no rate.
    """
    one, other = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if not one.ndim or not other.ndim or one.shape[-1] != other.shape[-1] or one.shape[-1] < 2:
        raise InputError(
            f"{doing}: two signals (..., time) of one length and at least two samples are needed, got {one.shape} "
            f"and {other.shape}; bring them to one grid with empdetect.contagion.alignment.align"
        )
    check_rate(rate, doing)
    try:
        one, other = np.broadcast_arrays(usable(one), usable(other))
    except ValueError:
        raise InputError(
            f"{doing}: the dimensions before time must broadcast, got {one.shape} and {other.shape}"
        ) from None
    return one, other


def group(values: ArrayLike, rate: float, doing: str) -> Array:
    """Signals of the members of a group ``(..., person, time)``, those that do not vary all NaN.

    Raises:
        InputError: fewer than two people or samples, or the rate is no rate.
    """
    signals = np.asarray(values, np.float64)
    if signals.ndim < 2 or signals.shape[-2] < 2 or signals.shape[-1] < 2:
        raise InputError(
            f"{doing}: signals (..., person, time) of two people and two samples at least are needed, "
            f"got the shape {signals.shape}"
        )
    check_rate(rate, doing)
    return usable(signals)


def check_rate(rate: float, doing: str) -> None:
    """Raise an InputError unless the rate is above 0 Hz."""
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(f"{doing}: the rate must be above 0 Hz, got {rate:g}")


def usable(values: Array) -> Array:
    """The signals, all NaN where they do not vary or are infinite somewhere."""
    fine = varying(values) & ~np.isinf(values).any(axis=-1)
    return values if fine.all() else np.where(fine[..., None], values, np.nan)


def known_share(*signals: Array) -> Array:
    """Share ``(...)`` of the samples that are known in all signals ``(..., time)``."""
    return np.asarray(np.mean(np.logical_and.reduce([np.isfinite(x) for x in signals]), axis=-1))


def mean(values: Array, axis: int = -1) -> Array:
    """Mean of the known values along an axis, NaN where there are none; without numpy's warning."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0))


def standardised(values: Array) -> Array:
    """Signals of mean 0 and standard deviation 1 (of the whole, not of a sample); those that do not vary all NaN."""
    values = usable(values)
    centred = values - mean(values)[..., None]
    return np.asarray(centred / np.sqrt(mean(centred**2))[..., None])


def interpolated(values: Array) -> Array:
    """Signals with straight lines through their gaps, and the nearest known value before the first and after the last.

    A filter needs some value everywhere; what comes out of it in and near a gap is to be masked again
    (``near_gaps``). Signals without any known value stay all NaN.
    """
    known = np.isfinite(values)
    if known.all():
        return values
    place = np.broadcast_to(np.arange(values.shape[-1]), values.shape)
    before = np.maximum.accumulate(np.where(known, place, -1), axis=-1)
    after = np.minimum.accumulate(np.where(known, place, values.shape[-1])[..., ::-1], axis=-1)[..., ::-1]
    # Before the first and after the last known sample both neighbours are the same.
    left = np.where(before < 0, after, before).clip(0, values.shape[-1] - 1)
    right = np.where(after >= values.shape[-1], before, after).clip(0, values.shape[-1] - 1)
    low, high = np.take_along_axis(values, left, axis=-1), np.take_along_axis(values, right, axis=-1)
    share = np.divide(place - left, right - left, out=np.zeros(values.shape), where=right > left)
    return np.asarray(low + share * (high - low))


def near_gaps(values: Array, reach: int) -> Flags:
    """Samples ``(..., time)`` that are unknown or lie within ``reach`` samples of one that is."""
    lost = np.isnan(values)
    if reach < 1 or not lost.any():
        return lost
    summed = np.concatenate([np.zeros((*lost.shape[:-1], 1), np.int64), np.cumsum(lost, axis=-1)], axis=-1)
    place = np.arange(lost.shape[-1])
    last = np.minimum(place + reach + 1, lost.shape[-1])
    return np.asarray(summed[..., last] > summed[..., np.maximum(place - reach, 0)], np.bool_)
