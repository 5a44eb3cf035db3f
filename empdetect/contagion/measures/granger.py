"""Granger causality: whether one person's past tells of the other's present what the other's own past does not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.gaps import Array, pair, standardised
from empdetect.errors import InputError

MOST_LAGS = 50
"""Past samples of each signal at most: beyond, bring the signals to a lower rate."""
BLOCK = 2_000_000
"""Numbers of a design matrix that are held at a time."""
SINGULAR = 1e-10
"""A residual below this share of the signal is none: the other's past is a copy of it."""
RANK = 1e-12
"""Eigenvalues below this share of the greatest are 0."""


@dataclass(frozen=True)
class Granger:
    """Granger causality in both directions; the last axis is (first leads second, second leads first).

    Args:
        values: ``(..., 2)`` log of the ratio of residual variances without and with the other's past, 0 or more (twice
            the transfer entropy of Gaussian signals in nats; Barnett, Barrett and Seth, PRL 2009). NaN where a
            signal does not vary or too little is known.
        f: ``(..., 2)`` F statistic of the other's past.
        p: ``(..., 2)`` of F. It holds for signals that are linear, and coupled through nothing third: a shared stimulus
            gives small p too, which is no coupling. Compare with surrogates, or give the stimulus.
        lags: ``(...)`` past samples of each that are tested.
        samples: ``(...)`` moments that entered the regression.
        quality: ``(...)`` their share of all.
    """

    values: Array
    f: Array
    p: Array
    lags: NDArray[np.int64]
    samples: NDArray[np.int64]
    quality: Array

    @property
    def net(self) -> Array:
        """``(...)`` how much more the first person leads than the second; negative where the second leads."""
        return self.values[..., 0] - self.values[..., 1]


def granger(
    x: ArrayLike,
    y: ArrayLike,
    rate: float,
    history: float,
    stimulus: ArrayLike | None = None,
    select: bool = False,
    degree: int = 1,
    extra: int = 1,
) -> Granger:
    """Granger causality by least squares, in both directions.

    Granger, Econometrica 1969; F test of the other's lagged values (Hamilton, Time Series Analysis, 1994, 11.2). Two
    things keep the test honest where the textbook's is not: a polynomial in time takes trends out within the same
    regression, and one more past sample of each is fitted but not tested, so that signals that hardly come back to
    their mean keep their level (Toda and Yamamoto, J. Econometrics 1995). With ``degree=0, extra=0`` it is the
    textbook's and equals statsmodels' ``grangercausalitytests``; that one takes a pair at a time and no gaps,
    which is why all surrogates are solved at once here. A moment whose present or past is unknown is left out.

    Cost: ``O(n lags^2)`` a pair; memory is bounded by blocks.

    Args:
        x, y: ``(..., time)`` of the first and the second person, NaN for missing.
        rate: samples per second, in Hz.
        history: how far the past reaches that is looked at, in seconds; at most 50 samples.
        stimulus: ``(..., time)`` what both may react to; its present and past join both regressions (conditional
            causality; Geweke, JASA 1984). None if there is none.
        select: take as many past samples, up to ``history``, as Schwarz's criterion (BIC) of both equations wants. It
            saves power where influence is quick, and overlooks one that comes late and weak.
        degree: of the polynomial in time; 0 is a constant.
        extra: past samples that are fitted and not tested.

    Raises:
        InputError: the signals do not belong together (``gaps.pair``), or the past is too long or too short.
    """
    one, other = pair(x, y, rate, "Granger causality")
    most = round(history * rate)
    if not 1 <= most <= MOST_LAGS or not 0 <= degree <= 3 or extra < 0:
        raise InputError(
            f"Granger causality: 'history' must be 1 to {MOST_LAGS} samples, 'degree' 0 to 3 and 'extra' 0 or more; "
            f"got {history:g} s at {rate:g} Hz, {degree} and {extra}; for more, align at a lower rate"
        )
    signals = [standardised(one), standardised(other)]
    if stimulus is not None:
        signals.append(standardised(np.broadcast_to(np.asarray(stimulus, np.float64), one.shape)))
    shape, length = one.shape[:-1], one.shape[-1]
    stacked = np.stack(signals, axis=-2).reshape(-1, len(signals), length)
    rows = max(1, BLOCK // (length * (len(signals) * (most + extra + 1) + degree + 1)))
    blocks = [_solved(stacked[n : n + rows], most, select, degree, extra) for n in range(0, len(stacked), rows)]
    values, f, p, lags, samples = (np.concatenate(parts) for parts in zip(*blocks))
    return Granger(
        values.reshape(*shape, 2),
        f.reshape(*shape, 2),
        p.reshape(*shape, 2),
        lags.reshape(shape),
        samples.reshape(shape),
        (samples / max(length - most - extra, 1)).reshape(shape),
    )


def _solved(signals: Array, most: int, select: bool, degree: int, extra: int) -> tuple[Array, ...]:
    """Log ratio, F and p ``(pair, 2)``, lags and samples ``(pair,)`` of signals ``(pair, signal, time)``."""
    past = most + extra
    design, known = _design(signals, past, degree)
    samples = known.sum(axis=1)
    gram = np.matmul(design.transpose(0, 2, 1), design)
    fixed, own = _columns(signals.shape[1], past, degree)
    orders = range(1, most + 1) if select else [most]
    # All orders rest on the same moments, so that their criteria compare.
    fits = np.stack([_criterion(gram, fixed, own, order, extra, samples) for order in orders])
    chosen = np.where(np.isnan(fits).all(axis=0), 0, np.nan_to_num(fits, nan=np.inf).argmin(axis=0))
    tested = np.array([_tested(gram, fixed, own, order, extra, samples) for order in orders])
    values, f, p = (tested[chosen, part, np.arange(len(gram))] for part in range(3))
    return values, f, p, np.array(orders)[chosen], samples


def _design(signals: Array, past: int, degree: int) -> tuple[Array, NDArray[np.bool_]]:
    """Powers of time, then each signal's present and past, as ``(pair, time, column)``; rows of 0 where unknown."""
    count, number, length = signals.shape
    shifted = [signals[:, who, past - back : length - back] for who in range(number) for back in range(past + 1)]
    time = np.linspace(-1, 1, max(length - past, 1))
    trend = [np.broadcast_to(time**power, (count, len(time))) for power in range(degree + 1)]
    design = np.stack([*trend, *shifted], axis=-1)
    known = np.asarray(np.isfinite(design).all(axis=-1), np.bool_)
    # A row of zeros says nothing to least squares: it is as if the moment were not there.
    return np.where(known[..., None], design, 0.0), known


def _columns(number: int, past: int, degree: int) -> tuple[list[int], list[list[int]]]:
    """Numbers of the columns that are always there (trend, stimulus), and of each person's present and past."""
    own = [[degree + 1 + who * (past + 1) + back for back in range(past + 1)] for who in range(number)]
    return [*range(degree + 1), *(column for columns in own[2:] for column in columns)], own[:2]


def _criterion(gram: Array, fixed: list[int], own: list[list[int]], order: int, extra: int, samples: Array) -> Array:
    """Schwarz's criterion ``(pair,)`` of both equations with so many past samples of each."""
    depth = order + extra
    regressors = [*fixed, *own[0][1 : depth + 1], *own[1][1 : depth + 1]]
    left = _residuals(gram, regressors, [own[0][0], own[1][0]])
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.log(np.linalg.det(left / np.maximum(samples, 1)[:, None, None]))
        found = size + np.log(samples) / samples * 2 * len(regressors)
    return np.where(samples > 2 * len(regressors), found, np.nan)


def _tested(
    gram: Array, fixed: list[int], own: list[list[int]], order: int, extra: int, samples: NDArray[np.int64]
) -> Array:
    """Log ratio, F and p ``(3, pair, direction)`` of the other's past samples."""
    from scipy.stats import f as f_distribution

    depth, found = order + extra, []
    for leader, follower in ((0, 1), (1, 0)):
        without = [*fixed, *own[follower][1 : depth + 1], *own[leader][order + 1 : depth + 1]]
        full = [*without, *own[leader][1 : order + 1]]
        before, after = (_residuals(gram, part, [own[follower][0]])[:, 0, 0] for part in (without, full))
        freedom = samples - len(full)
        # A residual of nothing but rounding is no residual: one signal is a copy of what is there already.
        total = gram[:, own[follower][0], own[follower][0]]
        good = (freedom > len(full)) & (after > SINGULAR * total)
        ratio = np.divide(before, after, out=np.full(len(gram), np.nan), where=good)
        statistic = np.maximum(ratio - 1, 0) * freedom / order
        p = np.where(good, f_distribution.sf(statistic, order, np.maximum(freedom, 1)), np.nan)
        found.append([np.log(np.maximum(ratio, 1)), statistic, p])
    return np.moveaxis(np.array(found), 0, -1)


def _residuals(gram: Array, regressors: list[int], targets: list[int]) -> Array:
    """Sums of squares and products ``(pair, target, target)`` of what the regressors leave of the targets."""
    inner = gram[:, regressors][:, :, regressors]
    across = gram[:, regressors][:, :, targets]
    # By eigenvalues, for a pair whose pasts tell each other exactly has no one solution; its residuals are the same.
    solved = np.matmul(np.linalg.pinv(inner, rcond=RANK, hermitian=True), across)
    return np.asarray(gram[:, targets][:, :, targets] - np.matmul(across.transpose(0, 2, 1), solved))
