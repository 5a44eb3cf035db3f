"""The parts that simulated people are made of: noise with a memory, stretches of time, echoes, clocks."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rng = np.random.Generator

SETTLED = 1e-9
"""People who follow each other in a circle have come to rest when nobody moves by more than this."""


def autoregressive(rng: Rng, autocorrelation: Array, persons: int, samples: int) -> Array:
    """Stationary Gaussian AR(1) noise of mean 0 and variance 1.

    Args:
        rng: of the draws.
        autocorrelation: ``(dyad,)`` from one sample to the next, above -1 and below 1.
        persons: people of a dyad; all are independent.
        samples: of each.

    Returns:
        ``(dyad, person, time)``; the correlation of samples k apart is ``autocorrelation ** k``.
    """
    noise = rng.standard_normal((len(autocorrelation), persons, samples))
    noise[..., 1:] *= np.sqrt(1 - autocorrelation**2)[:, None, None]  # the first is drawn as if it had a past
    for value in np.unique(autocorrelation[autocorrelation != 0]):
        same = autocorrelation == value
        noise[same] = lfilter([1.0], [1.0, -value], noise[same], axis=-1)
    return noise


def stretches(rng: Rng, share: Array, mean_length: float, shape: tuple[int, ...]) -> Flags:
    """Stretches of time of random length in which something holds, such as a gap or a bout of coupling.

    A two-state Markov chain: lengths are geometric, and the share is exact in expectation at every sample.

    Args:
        rng: of the draws.
        share: broadcastable to ``shape[:-1]``, how much of the time it holds, 0 to 1.
        mean_length: of a stretch, in samples, 1 or more.
        shape: of the answer, time last.
    """
    share = np.broadcast_to(share, shape[:-1])
    if not np.any((share > 0) & (share < 1)):
        return np.repeat(share[..., None] > 0, shape[-1], axis=-1)
    # Where hardly a moment is left between two stretches, they get longer instead of the share smaller.
    length = np.maximum(mean_length, share / np.maximum(1 - share, 1e-12))
    begin = np.where(share < 1, share / np.maximum(1 - share, 1e-12) / length, 1.0)
    end = np.where(share < 1, 1 / length, 0.0)
    holds = np.empty((shape[-1], *shape[:-1]), np.bool_)
    now = rng.random(shape[:-1]) < share
    for moment in range(shape[-1]):
        holds[moment] = now
        now = np.where(now, rng.random(shape[:-1]) >= end, rng.random(shape[:-1]) < begin)
    return np.ascontiguousarray(np.moveaxis(holds, 0, -1))


def delayed(x: Array, samples: NDArray[np.int64]) -> Array:
    """Signals that come later.

    Args:
        x: ``(dyad, time)``.
        samples: ``(dyad,)`` whole samples, negative for earlier; what comes from outside is 0.
    """
    place = np.arange(x.shape[1]) - samples[:, None]
    inside = (place >= 0) & (place < x.shape[1])
    taken = np.take_along_axis(x, np.clip(place, 0, x.shape[1] - 1), axis=1)
    return np.asarray(np.where(inside, taken, 0.0))


def followed(own: Array, strength: Array, lag: NDArray[np.int64], coupled: Flags) -> Array:
    """People who follow each other: ``x_j(t) = sum_i w_ij x_i(t - lag_ij) + sqrt(1 - sum_i w_ij^2) own_j(t)``.

    In stretches without coupling everybody is their own. Solved by passing on until nobody moves: exact after as
    many rounds as the longest chain of people, and geometric where they go round in a circle.

    Args:
        own: ``(dyad, person, time)`` independent signals of variance 1.
        strength: ``(dyad, leader, follower)``, squares summing to less than 1 for each follower.
        lag: ``(dyad, leader, follower)`` in samples.
        coupled: ``(dyad, time)``
    """
    rest = np.sqrt(1 - np.square(strength).sum(axis=1))[..., None]
    base = np.where(coupled[:, None], rest * own, own)
    edges = np.argwhere((strength != 0).any(axis=0))
    x = base
    while len(edges):
        after = base.copy()
        for leader, follower in edges:
            echo = delayed(x[:, leader], lag[:, leader, follower])
            after[:, follower] += coupled * strength[:, leader, follower, None] * echo
        change = float(np.abs(after - x).max())
        x = after
        if change < SETTLED:
            break
    return x


def sampled(x: Array, rate: float, start: float, times: Array) -> Array:
    """Signals read at other moments, in a straight line between samples (white noise gets smaller in between).

    Args:
        x: ``(dyad, time)``.
        rate: of ``x``, in Hz.
        start: moment of its first sample, in seconds.
        times: ``(dyad, time)`` when to read, in seconds; nothing lies outside ``x``.
    """
    place = np.clip((times - start) * rate, 0, x.shape[1] - 1)
    # Rounding of times must not mix a sample with its neighbour.
    whole = np.rint(place)
    place = np.where(np.abs(place - whole) < 1e-6, whole, place)
    before = np.minimum(place.astype(np.int64), x.shape[1] - 2)
    part = place - before
    low, high = np.take_along_axis(x, before, axis=1), np.take_along_axis(x, before + 1, axis=1)
    return np.asarray((1 - part) * low + part * high)
