"""Surrogates: signals that look like a person's own and cannot follow the other person.

A statistic of the pair means something only beside the same statistic of pairs in which nobody could follow anybody.
Each kind keeps something of the signal and breaks its timing; what it keeps is what it allows for. Rates in Hz,
lengths in seconds, NaN for missing in and out.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from empdetect.contagion.gaps import Array, interpolated
from empdetect.errors import InputError

Rng = np.random.Generator

SLOW = 0.5
"""Autocorrelation at a lag of one sample above which a gap is better filled by a line than by the mean."""
FEWEST_SEGMENTS = 6
"""Fewer cannot be put in enough different orders: 6 give 720."""


def time_shifts(x: Array, count: int, rng: Rng, least: int) -> Array:
    """The signal moved round in a circle: keeps everything but the moment, and the seam where end meets start.

    Args:
        x: ``(time,)``
        count: how many surrogates.
        rng: of the draws.
        least: shift in either direction, in samples, that is far enough; beyond the lags that are searched.

    Returns:
        ``(surrogate, time)``; shifts are all different as long as there are enough.

    Raises:
        InputError: the signal is too short for any such shift.
    """
    free = len(x) - 2 * least + 1
    if free < 2:
        raise InputError(
            f"Shifting a signal of {len(x)} samples: shifts of {least} or more in both directions do not fit; "
            "record longer, or take another kind of surrogate"
        )
    shifts = least + rng.choice(free, count, replace=free < count)
    return np.asarray(x[(np.arange(len(x)) - shifts[:, None]) % len(x)])


def segment_shuffles(x: Array, count: int, rng: Rng, length: int) -> Array:
    """Segments of the signal in another order (SUSY: Tschacher and Haken, The Process of Psychotherapy, 2019).

    Keeps what happens within a segment, and breaks whatever is longer: fair only for segments much longer than the
    signal's memory. What is left at the end stays where it is.

    Args:
        x: ``(time,)``
        count: how many surrogates.
        rng: of the draws.
        length: of a segment, in samples.

    Returns:
        ``(surrogate, time)``

    Raises:
        InputError: fewer than ``FEWEST_SEGMENTS`` segments fit.
    """
    segments = len(x) // max(length, 1)
    if segments < FEWEST_SEGMENTS or length < 1:
        raise InputError(
            f"Shuffling segments of {length} samples: {FEWEST_SEGMENTS} or more must fit into {len(x)} samples, "
            f"{segments} do; make them shorter"
        )
    whole = segments * length
    order = rng.permuted(np.tile(np.arange(segments), (count, 1)), axis=1)
    shuffled = x[:whole].reshape(segments, length)[order].reshape(count, whole)
    return np.concatenate([shuffled, np.broadcast_to(x[whole:], (count, len(x) - whole))], axis=1)


def phase_randomised(x: Array, count: int, rng: Rng) -> Array:
    """The signal's spectrum with random phases (Theiler et al., Physica D 58, 1992): keeps its memory, not its shape.

    Gaussian whatever the signal was. Gaps are filled for the spectrum and cut out again after.

    Args:
        x: ``(time,)``, detrended.
        count: how many surrogates.
        rng: of the draws.

    Returns:
        ``(surrogate, time)``
    """
    return _with_gaps(_with_phases(_amplitudes(_filled(x)), len(x), count, rng), x)


def iaaft(x: Array, count: int, rng: Rng, rounds: int = 100, tolerance: float = 0.005) -> Array:
    """The signal's spectrum and its distribution (IAAFT: Schreiber and Schmitz, Phys. Rev. Lett. 77, 1996).

    As phase randomisation, and for signals far from Gaussian, such as motion energy with its bursts. Values are
    exactly the signal's; the spectrum is as near as the rounds bring it, and the memory of short bursty signals comes
    out a little short.

    Args:
        x: ``(time,)``, detrended.
        count: how many surrogates.
        rng: of the draws.
        rounds: of fitting the spectrum and the distribution in turn, at most.
        tolerance: it ends when a round takes less than this share off the spectrum's error.

    Returns:
        ``(surrogate, time)``
    """
    filled = _filled(x)
    amplitudes, values = _amplitudes(filled), np.sort(filled)
    surrogate = _ranked(_with_phases(amplitudes, len(x), count, rng), values)
    before = np.inf
    for _ in range(rounds):
        spectrum = rfft(surrogate, axis=-1)
        strength = np.abs(spectrum)
        error = float(np.linalg.norm(strength - amplitudes))
        if error > (1 - tolerance) * before or error == 0:
            break
        before = error
        phases = np.divide(spectrum, strength, out=np.ones_like(spectrum), where=strength > 0)
        surrogate = _ranked(irfft(amplitudes * phases, len(x), axis=-1), values)
    return _with_gaps(surrogate, x)


def strangers_of(people: Array, first: int) -> Array:
    """Re-paired strangers: everybody's second person but the first one's own.

    Args:
        people: ``(pair, time)`` the second persons of several pairs that were recorded alike.
        first: the pair whose first person is to meet strangers.

    Returns:
        ``(pair - 1, time)``

    Raises:
        InputError: there is no such pair, or no other.
    """
    if not 0 <= first < len(people) or len(people) < 2:
        raise InputError(
            f"Re-pairing strangers: pair {first} of {len(people)}; two pairs at least are needed, counted from 0"
        )
    return np.delete(people, first, axis=0)


def _filled(x: Array) -> Array:
    """The signal without gaps: straight lines through those of a slow one, the mean in those of a fast one.

    A line between samples that know nothing of each other is slower than the signal, and slower surrogates reach less
    high when many lags are searched.
    """
    missing = np.isnan(x)
    if not missing.any():
        return x
    neighbours = x[1:] * x[:-1]
    level = np.nanmean(x)
    together = np.nanmean(neighbours) - level**2 if np.isfinite(neighbours).any() else 0.0
    return interpolated(x) if together > SLOW * np.nanvar(x) else np.where(missing, level, x)


def _amplitudes(x: Array) -> Array:
    return np.asarray(np.abs(rfft(x)))


def _with_phases(amplitudes: Array, samples: int, count: int, rng: Rng) -> Array:
    angles = 2 * np.pi * rng.random((count, len(amplitudes)))
    phases: NDArray[np.complex128] = np.empty(angles.shape, np.complex128)
    phases.real, phases.imag = np.cos(angles), np.sin(angles)  # half the time of a complex exponential
    # The mean and, of an even number of samples, the fastest frequency are real: only their sign could change.
    phases[:, 0] = 1.0
    if samples % 2 == 0:
        phases[:, -1] = rng.choice([-1.0, 1.0], count)
    return np.asarray(irfft(amplitudes * phases, samples, axis=-1))


def _ranked(x: Array, values: Array) -> Array:
    """The sorted ``values`` in the order of each row of ``x``."""
    ranked = np.empty_like(x)
    np.put_along_axis(ranked, np.argsort(x, axis=-1), np.broadcast_to(values, x.shape), axis=-1)
    return ranked


def _with_gaps(surrogates: Array, x: Array) -> Array:
    missing = np.isnan(x)
    if missing.any():
        surrogates[:, missing] = np.nan
    return surrogates
