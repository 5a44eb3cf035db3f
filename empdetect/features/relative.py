"""Relative features: how far a person is from their own usual level. No labels are needed, so anyone's can be had."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features, Origin
from empdetect.recording import Participant, Stream

Array = NDArray[np.float64]
LIMIT = 5.0
"""Spreads beyond which a scaled value is cut: an artefact says no more than that."""
NORMAL_IQR = 1.349
"""Interquartile range of a normal distribution of spread 1."""


class RelativeFeatures(Extractor):
    """Another extractor's features as differences from the person's own usual level.

    Bodies differ more between people than within one: a resting heart rate of 60 or 90, electrodes that sit
    well or badly. What is usual is told from the recording alone, from the future too: this is for recordings
    that are complete.

    Args:
        features: gives the features; its frames come in the order of their times.
        around: seconds of the stretch around a frame whose mean is its usual level, so that slow drifts do
            not count; None takes the median of the whole recording.
        scaled: divide by the differences' own spread (interquartile range / 1.349) over the recording, and cut
            at 5 spreads.
        shifts: seconds; the columns are repeated for each, as they are so much later (before, if negative) and
            unknown where the recording does not reach.
    """

    whole = True

    def __init__(
        self,
        features: Extractor,
        around: float | None = None,
        scaled: bool = False,
        shifts: Sequence[float] = (0.0,),
    ) -> None:
        if (around is not None and around <= 0) or not shifts:
            raise InputError(
                f"Relative features: 'around' is in seconds above 0 or left out and 'shifts' holds at least one "
                f"number, got {around} and {list(shifts)}"
            )
        self.features = features
        self.around = around
        self.scaled = scaled
        self.shifts = tuple(shifts)
        self.modality = features.modality
        self.by_role = features.by_role
        self.references = features.references
        # It grows with either of the two, so that no cache keeps what an older version of the inner one gave.
        self.version = type(self).version * features.version
        self.width = features.width * len(self.shifts)

    def streams(self, person: Participant) -> Sequence[Stream]:
        """Those of the extractor."""
        return self.features.streams(person)

    def resources(self) -> Sequence[Path]:
        """Those of the extractor."""
        return self.features.resources()

    def learned_from(self) -> Sequence[Origin]:
        """What the extractor's own weights learned from."""
        return self.features.learned_from()

    def extract(self, person: Participant) -> Features:
        """Values ``(frame, shift * feature)``: all columns of the first shift, then those of the next.

        Raises:
            InputError: the extractor cannot read a stream, or gives frames without times.
        """
        found = self.features.extract(person)
        if not found.observed:
            return Features.missing(self.width, found.reason)
        if not np.isfinite(found.times).all():
            raise InputError(f"Relative features of {person.name}: frames without times have no usual level before")
        known = np.where(found.mask[:, None], found.values, np.nan).astype(np.float64)
        values = known - self._usual(known, found.times)
        values = scaled(values) if self.scaled else values
        shifted = np.concatenate([moved(values, found.times, shift) for shift in self.shifts], axis=1)
        mask = np.asarray(np.isfinite(shifted).any(axis=1), np.bool_)
        quality = np.where(mask, found.quality, 0).astype(np.float32)
        return Features(shifted.astype(np.float32), found.times, mask, quality, found.reason)

    def _usual(self, values: Array, times: Array) -> Array:
        if self.around is None:
            return median(values)
        return moving_mean(values, times, self.around / 2)


def median(values: Array) -> Array:
    """Median of each column ``(1, feature)`` over its known values; NaN if there are none."""
    return quantiles(values, [0.5])


def scaled(values: Array) -> Array:
    """Columns divided by their spread and cut; one that does not vary is left as it is."""
    low, high = quantiles(values, [0.25, 0.75])
    spread = (high - low) / NORMAL_IQR
    divisor = np.where(spread > 1e-9, spread, 1.0)
    return np.clip(values / divisor, -LIMIT, LIMIT)


def quantiles(values: Array, levels: Sequence[float]) -> Array:
    """Quantiles ``(level, feature)`` of the known values of each column ``(time, feature)``, or NaN."""
    columns = [column[np.isfinite(column)] for column in values.T]
    return np.array([np.quantile(c, levels) if len(c) else np.full(len(levels), np.nan) for c in columns]).T


def moving_mean(values: Array, times: Array, reach: float) -> Array:
    """Mean of the known values within ``reach`` seconds of each frame; NaN where there are none.

    Args:
        values: ``(time, feature)``
        times: ``(time,)`` growing.
        reach: in seconds.
    """
    known = np.isfinite(values)
    first, last = np.searchsorted(times, times - reach), np.searchsorted(times, times + reach, side="right")
    total = _running(np.where(known, values, 0.0))
    count = _running(known.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Array = (total[last] - total[first]) / (count[last] - count[first])
    return mean


def moved(values: Array, times: Array, shift: float) -> Array:
    """Values as they are ``shift`` seconds later, from the nearest frame; NaN where that is over half a frame off."""
    if shift == 0:
        return values
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    wanted = times + shift
    after = np.clip(np.searchsorted(times, wanted), 0, len(times) - 1)
    before = np.clip(after - 1, 0, len(times) - 1)
    nearest = np.where(np.abs(times[before] - wanted) <= np.abs(times[after] - wanted), before, after)
    found = values[nearest].copy()
    found[np.abs(times[nearest] - wanted) > 0.51 * step] = np.nan
    return found


def _running(values: Array) -> Array:
    """Sums ``(time + 1, feature)`` of all before each frame."""
    return np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
