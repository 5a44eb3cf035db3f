"""Phase: where in their cycle people are, whether a pair keeps its distance in it, and whether a group moves as one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.gaps import Array, group, interpolated, mean, near_gaps, pair, standardised
from empdetect.errors import InputError

ORDER = 2
"""Of the Butterworth band-pass, run forwards and backwards."""


@dataclass(frozen=True)
class PhaseLocking:
    """Phase locking of pairs.

    Args:
        values: ``(...)`` phase-locking value, 0 to 1; of independent signals about ``1 / sqrt(cycles)``.
        lags: ``(...)`` seconds by which the second person follows, from the mean difference of phases at the middle of
            the band: within half a period of 0.
        quality: ``(...)`` share of the samples at which both phases are known.
    """

    values: Array
    lags: Array
    quality: Array


@dataclass(frozen=True)
class Order:
    """How much a group moves as one.

    Args:
        values: ``(...)`` mean over time, 0 to 1.
        course: ``(..., time)`` at each moment; NaN where somebody's phase is unknown.
        quality: ``(...)`` share of the moments at which all phases are known.
    """

    values: Array
    course: Array
    quality: Array


def phases(values: ArrayLike, rate: float, low: float, high: float) -> Array:
    """Instantaneous phase ``(..., time)`` in radians, -pi to pi, of what a band-pass leaves (Hilbert transform).

    Butterworth of order 2 forwards and backwards, so that nothing is delayed (``scipy.signal``; Gabor, 1946). Gaps
    are bridged by straight lines; all within one period of the lowest frequency of a gap or an end is NaN.

    Args:
        values: ``(..., time)``, NaN for missing.
        rate: samples per second, in Hz.
        low, high: the band, in Hz: narrow, or there is no one cycle to speak of.

    Raises:
        InputError: the band is not within what the signals hold.
    """
    from scipy.signal import butter, hilbert, sosfiltfilt

    signals = standardised(np.asarray(values, np.float64))
    length = signals.shape[-1]
    if not 0 < low < high < rate / 2 or length < 3 * rate / low:
        raise InputError(
            f"Phases: a band above 0 and below {rate / 2:g} Hz is needed, lowest first, and three periods of the "
            f"lowest; got {low:g} to {high:g} Hz and {length / rate:g} s"
        )
    band = butter(ORDER, (low, high), "bandpass", fs=rate, output="sos")
    filled = np.nan_to_num(interpolated(signals))
    reach = int(np.ceil(rate / low))
    passed = sosfiltfilt(band, filled, axis=-1, padlen=min(reach, length - 1))
    angle = np.angle(hilbert(passed, axis=-1))
    place = np.arange(length)
    lost = near_gaps(signals, reach) | (place < reach) | (place >= length - reach)
    return np.asarray(np.where(lost, np.nan, angle))


def phase_locking(x: ArrayLike, y: ArrayLike, rate: float, low: float, high: float) -> PhaseLocking:
    """Phase-locking value ``|mean exp(i (phase of x - phase of y))|``, Lachaux et al., Hum. Brain Mapp. 1999.

    Over time instead of trials. Cost: ``O(n log n)``.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate, low, high: as for ``phases``.

    Raises:
        InputError: the signals do not belong together (``gaps.pair``), or the band cannot be had.
    """
    pair(x, y, rate, "Phase locking")
    # Not broadcast against each other first: one person is filtered once, however many surrogates the other has.
    difference = phases(x, rate, low, high) - phases(y, rate, low, high)
    resultant = _resultant(difference)
    known = np.isfinite(difference)
    lags = np.angle(resultant) / (2 * np.pi * np.sqrt(low * high))
    # Without a known phase the angle of NaN is NaN, and so is its size.
    return PhaseLocking(np.abs(resultant), lags, np.asarray(known.mean(axis=-1)))


def kuramoto_order(angles: ArrayLike) -> Order:
    """Kuramoto order parameter ``r(t) = |mean over people of exp(i phase)|``.

    Kuramoto, Chemical Oscillations, Waves, and Turbulence, 1984; Strogatz, Physica D 2000. 1 where all are at the same
    place of their cycle. Of n independent people it is about ``sqrt(pi / (4 n))``, so
    groups of other sizes do not compare. Cost: linear.

    Args:
        angles: ``(..., person, time)`` in radians, NaN for unknown; see ``phases``.

    Raises:
        InputError: there are not two people.
    """
    angle = _angles(angles)
    course = np.abs(np.exp(1j * angle).mean(axis=-2))
    return Order(mean(course), course, np.asarray(np.isfinite(course).mean(axis=-1)))


def cluster_phase(angles: ArrayLike) -> Order:
    """Cluster-phase synchrony: as the order parameter, but people may keep a steady distance from the group.

    Frank and Richardson, Physica D 2010; Richardson et al., Front. Physiol. 2012: each one's phase is
    taken against that of the group and its mean over time taken out. Cost: linear.

    Args:
        angles: ``(..., person, time)`` in radians, NaN for unknown; see ``phases``.

    Raises:
        InputError: there are not two people.
    """
    angle = _angles(angles)
    relative = angle - np.angle(np.exp(1j * angle).mean(axis=-2))[..., None, :]
    usual = np.angle(_resultant(relative))
    course = np.abs(np.exp(1j * (relative - usual[..., None])).mean(axis=-2))
    return Order(mean(course), course, np.asarray(np.isfinite(course).mean(axis=-1)))


def _angles(angles: ArrayLike) -> Array:
    angle = np.asarray(angles, np.float64)
    if angle.ndim < 2 or angle.shape[-2] < 2:
        raise InputError(f"Phases of a group: two people at least are needed (..., person, time), got {angle.shape}")
    # Signals of a group are checked where they have a rate; angles may be steady.
    return angle


def _resultant(angle: Array) -> NDArray[np.complex128]:
    """Mean over time of ``exp(i angle)`` where the angle is known; NaN where it never is."""
    return np.asarray(mean(np.cos(angle)) + 1j * mean(np.sin(angle)), np.complex128)


def group_phases(values: ArrayLike, rate: float, low: float, high: float) -> Array:
    """Phases ``(..., person, time)`` of the members of a group; see ``phases``.

    Raises:
        InputError: the signals cannot be used (``gaps.group``), or the band cannot be had.
    """
    return phases(group(values, rate, "Phases of a group"), rate, low, high)
