"""Two recordings, two clocks: offset and drift found from what both recorded, told, and taken out.

A clock reads ``offset + (1 + drift / 1e6) * time``, where time is that of the reference recording. Cheap recorders are
off by up to 100 parts per million, a third of a second in an hour: as much as the lags that are looked for.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from empdetect.contagion.alignment import resampled
from empdetect.contagion.gaps import interpolated, standardised
from empdetect.contagion.series import Series
from empdetect.errors import InputError

Array = NDArray[np.float64]

LARGEST_DRIFT = 300.0
"""Parts per million that are looked for: three times what a cheap quartz is off."""
COARSE_RATE = 4.0
"""In Hz: so slow that a drift does not smear the peak by which the offset is found at first."""
FEWEST = 5
"""Windows that must agree: unrelated recordings agree in two or three of them by chance."""
CLEAR = 0.3
"""Least correlation of a window with its counterpart in the other recording."""
ON_GRID = 0.05
"""Of a sample, by which a parabola through the peak may miss it: it is drawn towards whole samples, windows alike."""
AGREE = 0.05
"""Windows within so many seconds of the fitted line agree with it."""


@dataclass(frozen=True)
class Clock:
    """How the clock of another recording differs from that of the reference.

    Args:
        offset: what it reads when the reference's reads 0, in seconds.
        drift: by how much it is fast, in parts per million.
        offset_error, drift_error: standard errors, in the same units; NaN where nothing can be said.
        agreement: share of the windows or marks that agree with it, 0 to 1.
        used: how many do.
    """

    offset: float
    drift: float
    offset_error: float
    drift_error: float
    agreement: float
    used: int

    def corrected(self, series: Series) -> Series:
        """A series of the other recording on the reference's clock. Its values stay; its start and rate change."""
        speed = 1 + self.drift * 1e-6
        return replace(series, start=(series.start - self.offset) / speed, rate=series.rate * speed)

    def report(self, whose: str = "The other") -> str:
        """What was found, in a sentence; ``whose`` the clock is, as in ``Ben's``."""
        drift = f" and runs {abs(self.drift):.1f} ± {self.drift_error:.1f} ppm {'fast' if self.drift >= 0 else 'slow'}"
        return (
            f"{whose} clock is {abs(self.offset):.3f} ± {self.offset_error:.3f} s "
            f"{'ahead' if self.offset >= 0 else 'behind'}{drift if np.isfinite(self.drift_error) else ''} "
            f"({self.used} windows or marks, {self.agreement:.0%} of all, agree); corrected."
        )


def clock_from_signals(reference: Series, other: Series, longest_offset: float = 60.0, window: float = 10.0) -> Clock:
    """Offset and drift from a signal that both recordings hold, such as the envelope of the same sound.

    The offset comes from the peak of the cross-correlation of both, slowed down to 4 Hz. Then the offset of each
    window is found, to a fraction of a sample by a parabola through the peak, and a line is drawn through them
    (Theil–Sen, which up to 29% wrong windows do not move; Sen, JASA 1968; least squares over those that agree).
    Cost: ``O(n log n)``.

    Args:
        reference, other: the same thing as each of the two recorded it, each on its own clock; 50 Hz or more give
            offsets to some milliseconds.
        longest_offset: that is looked for, in seconds.
        window: length of the stretches whose offsets are compared, in seconds.

    Raises:
        InputError: less than five windows or less than half of them agree on one line, as with recordings that
            do not hold the same thing, or the drift is above 300 ppm.
    """
    rate = min(reference.rate, other.rate)
    coarse = _coarse_offset(reference, other, longest_offset)
    reach = 1.0 + LARGEST_DRIFT * 1e-6 * max(reference.end - reference.start, other.end - other.start)
    middles, offsets, clear = _window_offsets(reference, other, coarse, window, reach, rate)
    found = _line(middles[clear], offsets[clear], len(clear)) if clear.sum() >= FEWEST else None
    if found is None or found.used < FEWEST or found.agreement < 0.5 or abs(found.drift) > LARGEST_DRIFT:
        raise InputError(
            f"Comparing the clocks of {reference.person} and {other.person} by '{reference.name}': "
            f"{0 if found is None else found.used} of {len(clear)} windows of {window:g} s agree on an offset, half "
            f"of them and {FEWEST} are needed; give the sound that both recorded, or marks of events"
        )
    return _with_grid(found, rate, float(np.ptp(middles)))


def _with_grid(found: Clock, rate: float, span: float) -> Clock:
    """The clock with standard errors that know of the grid: windows miss it alike, which their spread cannot tell."""
    miss = ON_GRID / rate
    slope = np.sqrt(12) * miss / span * 1e6
    errors = float(np.hypot(found.offset_error, miss)), float(np.hypot(found.drift_error, slope))
    return replace(found, offset_error=errors[0], drift_error=errors[1])


def clock_from_marks(
    reference: ArrayLike, other: ArrayLike, longest_offset: float = 60.0, tolerance: float = 0.1, drift: bool = True
) -> Clock:
    """Offset and drift from marks of events that both recordings hold, such as claps or triggers.

    Marks may be missing on either side. The offset that pairs most of them is taken first. Cost: ``O(n m)``.

    Args:
        reference, other: ``(mark,)`` moments on each clock, in seconds.
        longest_offset: that is looked for, in seconds.
        tolerance: how far marks of one event may lie from the line, in seconds.
        drift: whether to look for a drift, which takes three marks; without, it is taken for 0 and one is enough.

    Raises:
        InputError: too few marks go together.
    """
    times, readings = (np.sort(np.asarray(marks, np.float64).ravel()) for marks in (reference, other))
    difference = readings[None, :] - times[:, None] if len(times) and len(readings) else np.zeros((0, 0))
    near = np.abs(difference) <= longest_offset
    slack = tolerance + (LARGEST_DRIFT * 1e-6 * np.ptp(times) if drift and len(times) else 0.0)
    values = np.sort(difference[near])
    needed = 3 if drift else 1
    if len(values):
        inside = np.searchsorted(values, values + 2 * slack, side="right") - np.arange(len(values))
        best = int(inside.argmax())
        middle = float(np.median(values[best : best + inside[best]]))
        pairs = np.abs(difference - middle).argmin(axis=1)
        offsets = difference[np.arange(len(times)), pairs]
        close = np.abs(offsets - middle) <= slack
        if close.sum() >= needed:
            fewest = min(len(times), len(readings))
            return _line(times[close], offsets[close], fewest, drift=drift, tolerance=tolerance)
    raise InputError(
        f"Comparing clocks by marks: of {len(times)} and {len(readings)} marks too few lie within {longest_offset:g} s "
        f"of each other in the same pattern, {needed} are needed; check what the marks stand for"
    )


def _coarse_offset(reference: Series, other: Series, longest: float) -> float:
    """Offset at the peak of the normalised cross-correlation within ``longest`` seconds."""
    from scipy.signal import correlate, correlation_lags

    rate = min(COARSE_RATE, reference.rate, other.rate)
    one, two = (_slow(series, rate) for series in (reference, other))
    product = correlate(two, one, mode="full", method="fft")
    # Lags that few samples share are not to win by chance: the sum is divided by the root of their number.
    lags = correlation_lags(len(two), len(one), mode="full")
    shared = correlate(np.ones(len(two)), np.ones(len(one)), mode="full", method="fft")
    offsets = lags / rate + other.start - reference.start
    score = np.where((np.abs(offsets) <= longest) & (shared >= 8), product / np.sqrt(np.maximum(shared, 1)), -np.inf)
    if not np.isfinite(score).any():
        raise InputError(
            f"Comparing the clocks of {reference.person} and {other.person}: with offsets up to {longest:g} s the "
            f"recordings share no 8 samples at {rate:g} Hz; raise 'longest_offset'"
        )
    return float(offsets[score.argmax()])


def _slow(series: Series, rate: float) -> Array:
    count = int((series.end - series.start) * rate)
    values = standardised(resampled(series, series.start + np.arange(max(count, 2)) / rate, rate))
    return np.asarray(np.nan_to_num(values), np.float64)


def _window_offsets(
    reference: Series, other: Series, coarse: float, window: float, reach: float, rate: float
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Middle of each window on the reference's clock, its offset in seconds, and whether it is clear."""
    start = max(reference.start, other.start - coarse + reach)
    end = min(reference.times[-1], other.times[-1] - coarse - reach)
    length, margin = round(window * rate), round(reach * rate)
    count = int((end - start) * rate) // max(length, 1)
    if count < 1:
        return np.zeros(0), np.zeros(0), np.zeros(0, np.bool_)
    begins = start + np.arange(count) * length / rate
    mine = resampled(reference, (begins[:, None] + np.arange(length) / rate).ravel(), rate).reshape(count, length)
    theirs = begins[:, None] + coarse + np.arange(-margin, length + margin) / rate
    found = resampled(other, theirs.ravel(), rate).reshape(count, length + 2 * margin)
    correlation = _sliding_correlation(mine, found)
    peak = correlation.argmax(axis=1)
    step = _parabola(correlation, peak)
    rows = np.arange(count)
    known = (np.isfinite(mine).mean(axis=1) > 0.5) & (np.isfinite(found).mean(axis=1) > 0.5)
    clear = known & (correlation[rows, peak] >= CLEAR) & (peak > 0) & (peak < correlation.shape[1] - 1)
    return begins + length / rate / 2, coarse + (peak + step - margin) / rate, clear


def _sliding_correlation(part: Array, whole: Array) -> Array:
    """Pearson's r ``(window, place)`` of each part with the stretch of the whole that starts at each place."""
    length, longest = part.shape[1], whole.shape[1]
    z = np.nan_to_num(standardised(part))
    filled = np.nan_to_num(interpolated(whole))
    filled = filled - filled.mean(axis=1, keepdims=True)
    size = 1 << int(np.ceil(np.log2(longest + length)))
    product = np.fft.irfft(np.fft.rfft(filled, size) * np.conj(np.fft.rfft(z, size)), size)
    product = product[:, : longest - length + 1]
    sums = [np.pad(np.cumsum(power, axis=1), ((0, 0), (1, 0))) for power in (filled, filled**2)]
    total, squares = (s[:, length:] - s[:, :-length] for s in sums)
    spread = np.sqrt(np.maximum(squares / length - (total / length) ** 2, 0.0))
    return np.asarray(np.divide(product, length * spread, out=np.zeros(product.shape), where=spread > 1e-12))


def _parabola(values: Array, peak: NDArray[np.int64]) -> Array:
    """How far the top of a parabola through a peak and its neighbours lies from it, -0.5 to 0.5 samples."""
    rows, inner = np.arange(len(values)), np.clip(peak, 1, values.shape[1] - 2)
    before, at, after = (values[rows, inner + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros(len(values)), where=bend < 0)
    return np.asarray(np.clip(shift, -0.5, 0.5))


def _line(times: Array, offsets: Array, of: int, drift: bool = True, tolerance: float = AGREE) -> Clock:
    """The clock whose offset grows along a line through offsets ``(n,)`` found at ``times``, of so many tried."""
    from scipy.stats import theilslopes

    slope, level = (0.0, float(np.median(offsets)))
    if drift:
        slope, level = theilslopes(offsets, times)[:2]
    good = np.abs(offsets - level - slope * times) <= tolerance
    t, o = times[good], offsets[good]
    columns = [np.ones(len(t)), t] if drift else [np.ones(len(t))]
    design = np.stack(columns, axis=1)
    if len(t) <= len(columns):
        return Clock(level, slope * 1e6, np.nan, np.nan, len(t) / max(of, 1), len(t))
    solved = np.linalg.lstsq(design, o, rcond=None)[0]
    variance = np.square(o - design @ solved).sum() / (len(t) - len(columns))
    errors = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * variance)
    speed, speed_error = (solved[1], errors[1]) if drift else (0.0, np.nan)
    share = len(t) / max(of, 1)
    return Clock(float(solved[0]), float(speed * 1e6), float(errors[0]), float(speed_error * 1e6), share, len(t))
