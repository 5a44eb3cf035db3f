"""Several series onto one grid of time: other rates resampled, gaps kept, and what was done told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.contagion.series import Series
from empdetect.errors import InputError

Array = NDArray[np.float64]

ON_GRID = 1e-6
"""Of a sample: moments so close to one are taken for it, so that rounding makes no value from a neighbour."""
KNOWN = 0.5
"""A mean needs at least this share of its weight on known samples."""


@dataclass(frozen=True)
class Part:
    """What became of one series.

    Args:
        name, person: of the series.
        rate: it had, in Hz.
        start, end: it had, in seconds.
        before, after: how much of it lies outside the grid, in seconds; negative where the grid reaches further.
        known: share of the grid's samples that are known of it, 0 to 1.
    """

    name: str
    person: str
    rate: float
    start: float
    end: float
    before: float
    after: float
    known: float


@dataclass(frozen=True)
class Aligned:
    """Series on one grid.

    Args:
        values: ``(series, time)`` float64; NaN where a series is not known.
        rate: samples per second, in Hz.
        start: moment of the first sample, in seconds.
        parts: what became of each series, in the order of ``values``.
    """

    values: Array
    rate: float
    start: float
    parts: tuple[Part, ...]

    @property
    def end(self) -> float:
        """Moment just after the last sample, in seconds."""
        return self.start + self.values.shape[1] / self.rate

    @property
    def quality(self) -> float:
        """Share of the moments at which all series are known, 0 to 1."""
        return float(np.isfinite(self.values).all(axis=0).mean())

    def report(self) -> list[str]:
        """One sentence a series, and one on all together."""
        lines = [_sentence(part, self) for part in self.parts]
        both = f"All are known at {self.quality:.1%} of the {self.values.shape[1]} moments"
        return [*lines, f"{both} from {self.start:g} to {self.end:g} s at {self.rate:g} Hz."]


def align(series: Sequence[Series], rate: float | None = None, span: Literal["shared", "all"] = "shared") -> Aligned:
    """Bring series onto one grid of time. Linear in the samples, but for a fast Fourier transform.

    A series of a higher rate is averaged first (Hann window of two of the new samples' width: half the amplitude is
    left at the new Nyquist frequency, nothing at the new rate); one of a lower rate is read in a straight line
    between neighbouring samples. A gap stays a gap: a value needs both of its neighbours, a mean half of its weight.

    Args:
        series: at least one, of any persons, rates and lengths, on one clock (see ``clock``).
        rate: of the grid, in Hz; None takes the lowest of the series, so that none is made up.
        span: ``shared`` is the time that all of them cover, ``all`` the time that any of them covers.

    Raises:
        InputError: there is no series, the rate is no rate, or they share less than two samples.
    """
    if not series:
        raise InputError("Aligning series: at least one is needed, got none")
    rate = min(one.rate for one in series) if rate is None else rate
    if not (np.isfinite(rate) and rate > 0):
        raise InputError(f"Aligning series: the rate must be above 0 Hz, got {rate:g}")
    first, last = (max, min) if span == "shared" else (min, max)
    start, end = first(one.start for one in series), last(one.times[-1] for one in series)
    count = int(np.floor((end - start) * rate + ON_GRID)) + 1
    if count < 2:
        spans = "; ".join(f"{one.name} of {one.person} {one.start:g} to {one.end:g} s" for one in series)
        raise InputError(
            f"Aligning series: they share less than two samples at {rate:g} Hz ({spans}); check the clocks"
        )
    moments = start + np.arange(count) / rate
    values = np.stack([resampled(one, moments, rate) for one in series])
    grid = Aligned(values, rate, start, ())
    return Aligned(values, rate, start, tuple(_part(one, row, grid) for one, row in zip(series, values)))


def resampled(series: Series, moments: Array, rate: float) -> Array:
    """Values ``(moment,)`` of a series; NaN in gaps and outside.

    Args:
        series: what to read.
        moments: ``(moment,)`` in seconds.
        rate: of the moments, in Hz; a series of a higher one is averaged first.
    """
    values = series.values if series.rate <= rate * (1 + 1e-3) else averaged(series.values, series.rate / rate)
    place = (moments - series.start) * series.rate
    whole = np.rint(place)
    place = np.where(np.abs(place - whole) < ON_GRID * max(1, len(values)), whole, place)
    inside = (place >= 0) & (place <= len(values) - 1)
    before = np.clip(np.floor(place), 0, len(values) - 1).astype(np.int64)
    after = np.minimum(before + 1, len(values) - 1)
    share = place - before
    with np.errstate(invalid="ignore"):
        between = (1 - share) * values[before] + share * values[after]
    read = np.where(share == 0, values[before], between)
    return np.asarray(np.where(inside, read, np.nan), np.float64)


def averaged(values: Array, ratio: float) -> Array:
    """Moving averages ``(time,)`` of the known samples under a Hann window; NaN where half of it is unknown.

    Beside a gap and at the ends the known samples all lie on one side: a line through them, weighted by the window,
    is read in the middle, so that a trend is not cut short there (local linear regression; Fan, JASA 1992).

    Args:
        values: ``(time,)``
        ratio: half the width of the window, in samples, 1 or more.
    """
    from scipy.signal import oaconvolve

    reach = int(np.ceil(ratio)) - 1
    steps = np.arange(-reach, reach + 1)
    window = np.cos(np.pi / 2 * steps / ratio) ** 2
    known = np.isfinite(values)
    level = values[known].mean() if known.any() else 0.0
    filled, there = np.where(known, values - level, 0.0), known.astype(np.float64)
    # Convolution turns the window around, so what lies ahead has negative steps.
    total, tilt = (oaconvolve(filled, window * power, mode="same") for power in (np.ones(len(steps)), -steps))
    weight, first, second = (
        oaconvolve(there, window * power, mode="same") for power in (np.ones(len(steps)), -steps, steps**2)
    )
    enough = weight >= KNOWN * window.sum() - 1e-9
    spread = weight * second - first**2
    lines = enough & (spread > 1e-9 * weight**2)
    flat = np.divide(total, weight, out=np.full(len(values), np.nan), where=enough)
    return np.asarray(level + np.divide(second * total - first * tilt, spread, out=flat, where=lines), np.float64)


def _part(series: Series, row: Array, grid: Aligned) -> Part:
    before, after = grid.start - series.start, series.end - grid.end
    known = float(np.isfinite(row).mean())
    return Part(series.name, series.person, series.rate, series.start, series.end, before, after, known)


def _sentence(part: Part, grid: Aligned) -> str:
    what = f"{part.name} of {part.person}: {part.rate:g} Hz from {part.start:g} to {part.end:g} s"
    if part.rate > grid.rate * (1 + 1e-3):
        what += f", averaged to {grid.rate:g} Hz"
    elif part.rate < grid.rate * (1 - 1e-3):
        what += f", read in straight lines at {grid.rate:g} Hz"
    cut = max(part.before, 0) + max(part.after, 0)
    what += f", {cut:.3g} s outside the shared time" if cut > 1.5 / part.rate else ""
    return f"{what}, known at {part.known:.1%} of the moments."
