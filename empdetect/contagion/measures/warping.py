"""Dynamic time warping: how alike two people's signals are if one may run ahead of or behind the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.gaps import Array, known_share, pair, standardised
from empdetect.errors import InputError

DIAGONAL, UP, LEFT = 0, 1, 2


@dataclass(frozen=True)
class Warping:
    """How well two signals fit, time warped.

    Args:
        values: ``(...)`` mean cost of a step, 0 for signals that can be made equal; NaN where one does not vary.
        distance: ``(...)`` cost of the whole path: ``values`` times twice the number of samples.
        quality: ``(...)`` share of the samples that are known of both.
        lags: ``(..., time)`` how much later the second person's matching sample is, in seconds; positive: the second
            follows. Empty (no samples) unless it was asked for.
    """

    values: Array
    distance: Array
    quality: Array
    lags: Array


def dynamic_time_warping(
    x: ArrayLike, y: ArrayLike, rate: float, window: float, lags: bool = False, standardise: bool = True
) -> Warping:
    """Distance of two signals under the best warping of time, and who runs behind whom.

    Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word recognition", IEEE TASSP 1978:
    symmetric steps of weight 1, 1 and 2 (diagonal), their window, and their normalisation by the sum of the lengths.
    The cost of a cell is the absolute difference. A sample that is not known costs as much against any other as two
    known samples of the pair drawn at random do: a gap is neither alike nor unlike.

    Rows follow each other, all surrogates and the whole band of a row at once: ``O(n w)`` each for n samples and a
    window of w; memory ``O(w)`` a pair, ``O(n w)`` bytes with ``lags``.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        window: by how much time may be warped at most, in seconds.
        lags: whether to follow the path back.
        standardise: to mean 0 and spread 1 first, so that level and units do not count.

    Raises:
        InputError: the signals do not belong together (``gaps.pair``), or the window is negative.
    """
    one, other = pair(x, y, rate, "Time warping")
    if not (np.isfinite(window) and window >= 0):
        raise InputError(f"Time warping: the window must be 0 or more seconds, got {window:g}")
    quality = known_share(one, other)
    if standardise:
        one, other = standardised(one), standardised(other)
    shape, length = one.shape[:-1], one.shape[-1]
    rows, columns = one.reshape(-1, length), other.reshape(-1, length)
    reach = min(round(window * rate), length - 1)
    distance, steps = _accumulate(rows, columns, reach, lags)
    path = _path_lags(steps, reach) / rate if steps is not None else np.zeros((len(rows), 0))
    path[np.isnan(distance)] = np.nan
    distance = distance.reshape(shape)
    return Warping(distance / (2 * length), distance, quality, path.reshape(*shape, -1))


def _accumulate(x: Array, y: Array, reach: int, keep: bool) -> tuple[Array, NDArray[np.int8] | None]:
    """Cost ``(pair,)`` of the best path, and the best step into each cell ``(time, band, pair)`` if asked for."""
    count, length = x.shape
    width = 2 * reach + 1
    # Pairs last: what runs along the band then takes all pairs at once.
    mine, theirs = np.ascontiguousarray(x.T), np.pad(y.T, ((reach, reach), (0, 0)))
    neutral = _mean_difference(x, y)
    lost, missing = np.isnan(mine), np.isnan(theirs)
    steps = np.zeros((length, width, count), np.int8) if keep else None
    before = np.full((width + 1, count), np.inf)
    for row in range(length):
        # Cells of the band that lie within the recording.
        low, high = max(0, reach - row), min(width, length - row + reach)
        cost = np.abs(mine[row] - theirs[row + low : row + high])
        if lost[row].any() or missing[row + low : row + high].any():
            cost = np.where(lost[row] | missing[row + low : row + high], neutral, cost)
        up = before[low + 1 : high + 1] + cost
        diagonal = before[low:high] + 2 * cost
        if row == 0:
            diagonal[0] = cost[0]
        now = np.full((width + 1, count), np.inf)
        # min over k <= b of entered[k] + cost[k + 1] + ... + cost[b]: a running minimum of differences of sums.
        summed = np.cumsum(cost, axis=0)
        now[low:high] = np.minimum.accumulate(np.minimum(diagonal, up) - summed, axis=0) + summed
        if steps is not None:
            left = np.vstack([np.full((1, count), np.inf), now[low : high - 1]]) + cost
            steps[row, low:high] = np.argmin([diagonal, up, left], axis=0)
        before = now
    return np.where(np.isfinite(neutral), before[reach], np.nan), steps


def _path_lags(steps: NDArray[np.int8], reach: int) -> Array:
    """Mean number of samples ``(pair, time)`` by which the cells of the path in each row lie off the diagonal."""
    length, _, count = steps.shape
    rows = np.full(count, length - 1)
    band = np.full(count, reach)
    total, cells = np.zeros((count, length)), np.zeros((count, length))
    pairs, running = np.arange(count), np.ones(count, np.bool_)
    for _ in range(2 * length - 1):
        total[pairs, rows] += np.where(running, band - reach, 0)
        cells[pairs, rows] += running
        # Paths of other pairs may be longer; one that is back at the start stays there.
        running &= (rows > 0) | (band != reach)
        step = np.where(running, steps[rows, band, pairs], -1)
        rows = rows - ((step == UP) | (step == DIAGONAL))
        band = band + (step == UP) - (step == LEFT)
        if not running.any():
            break
    return total / np.maximum(cells, 1)


def _mean_difference(x: Array, y: Array) -> Array:
    """Mean ``(pair,)`` of ``|x_i - y_j|`` over all known samples i and j; ``O(n log n)`` by sorting."""
    both = np.concatenate([x, y], axis=1)
    total = (_differences(both) - _differences(x) - _differences(y)) / 2
    pairs = np.isfinite(x).sum(axis=1) * np.isfinite(y).sum(axis=1)
    return np.asarray(np.divide(total, pairs, out=np.full(len(x), np.nan), where=pairs > 0))


def _differences(values: Array) -> Array:
    """Sum ``(pair,)`` of ``|z_i - z_j|`` over all i and j: in order, the k-th of n counts ``2k - n + 1`` times."""
    known = np.isfinite(values).sum(axis=1, keepdims=True)
    place = np.arange(values.shape[1])
    weights = np.where(place < known, 2 * place - known + 1, 0)
    return np.asarray(2 * (weights * np.nan_to_num(np.sort(values, axis=1))).sum(axis=1))
