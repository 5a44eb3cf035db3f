"""Relative features: how far a person is from their own usual level. No labels are needed, so anyone's can be had."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features, Origin
from empdetect.features.usual_level import (
    SEEN,
    baseline,
    first_known,
    in_spreads,
    median,
    moved,
    moving_mean,
    past,
    quartile_spread,
)
from empdetect.recording import Participant, Stream

Array = NDArray[np.float64]
LAST_DIGIT = float(np.finfo(np.float32).eps)
"""Spread, as a share of the usual level, up to which nothing changed: features are numbers of 32 bits."""


class RelativeFeatures(Extractor):
    """Another extractor's features as differences from the person's own usual level.

    Bodies differ more between people than within one: a resting heart rate of 60 or 90, electrodes that sit
    well or badly. What is usual is told from the recording alone, ``against`` one of these parts of it:

    - ``recording``: the median of all of it, the future too, so the recording must be complete.
    - ``around``: the mean of the ``seconds`` around each frame; slow drifts do not count.
    - ``past``: the mean of the ``seconds`` up to each frame, which can be had while the recording goes on, as soon
      as the frame's own value can: body signals are filtered and counted, some up to 30 s ahead (of skin
      conductance; others some 15), and the depth of a breath is told by all of its unbroken piece.
    - ``baseline``: the median of the ``seconds`` before second 0, for recordings of one trial each. This is
      baseline correction as in psychophysiology (scaled: ``zscore`` of MNE-Python, but with quartiles).

    Past and baseline tell nothing until a tenth of their seconds has been seen.

    Args:
        features: gives the features; its frames come in the order of their times.
        against: see above.
        seconds: how much of the recording; not with ``recording``.
        scaled: divide by the spread of the same part, and cut at 5 spreads. The spread is the standard deviation
            of the past, the interquartile range / 1.349 of a baseline, or, of ``recording`` and ``around``, that
            of all differences. Where nothing changed, no spread can be told, and the value is unknown.
        shifts: seconds; the columns are repeated for each, as they are so much later (before, if negative) and
            unknown where the recording does not reach.
    """

    whole = True
    version = 3

    def __init__(
        self,
        features: Extractor,
        against: Literal["recording", "around", "past", "baseline"] = "recording",
        seconds: float | None = None,
        scaled: bool = False,
        shifts: Sequence[float] = (0.0,),
    ) -> None:
        _check(against, seconds, shifts)
        self.features = features
        self.against = against
        self.seconds = seconds
        self.scaled = scaled
        self.shifts = tuple(shifts)
        self.modality = features.modality
        self.by_role = features.by_role
        self.references = features.references
        # It grows with either of the two, so that no cache keeps what an older version of the inner one gave.
        self.version = type(self).version * features.version
        self.width = features.width * len(self.shifts)
        told_before = against in ("past", "baseline") and max(self.shifts) <= 0
        self.past_only = told_before and (features.past_only or not features.whole)

    def streams(self, person: Participant) -> Sequence[Stream]:
        """Those of the extractor."""
        return self.features.streams(person)

    def resources(self) -> Sequence[Path]:
        """Those of the extractor."""
        return self.features.resources()

    def learned_from(self) -> Sequence[Origin]:
        """What the extractor's own weights learned from."""
        return self.features.learned_from()

    def absent(self, person: Participant) -> str:
        """As the extractor tells it."""
        return self.features.absent(person)

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
        values = self._relative(known, found.times)
        told = np.isfinite(values).any(axis=1)
        if not told.any():
            return Features.missing(self.width, self._too_little())
        shifted = np.concatenate([moved(values, found.times, shift) for shift in self.shifts], axis=1)
        mask = np.asarray(np.isfinite(shifted).any(axis=1), np.bool_)
        if not mask.any():
            return Features.missing(self.width, self._out_of_reach())
        quality = np.where(mask, found.quality, 0).astype(np.float32)
        causes = [self._too_little()] if (found.mask & ~told & ~mask).any() else []
        causes += [self._out_of_reach()] if (told & ~mask).any() else []
        return Features(shifted.astype(np.float32), found.times, mask, quality, _of_windows(found.reason, causes))

    def _too_little(self) -> str:
        """Why there may be no usual level."""
        steady = ", or nothing changed in them" if self.scaled else ""
        if self.seconds is None or self.against == "around":
            return "nothing changed in the recording"
        whole = f"the {self.seconds:g} s before {'the trial' if self.against == 'baseline' else 'it'}"
        return f"less than {SEEN * self.seconds:g} s of {whole} are known{steady}"

    def _out_of_reach(self) -> str:
        """Why there may be nothing although the usual level is known: nothing is where the shifts point."""
        places = " or ".join(f"{abs(shift):g} s {'after' if shift > 0 else 'before'}" for shift in self.shifts)
        return f"nothing is known {places} it"

    def _relative(self, known: Array, times: Array) -> Array:
        usual, spread = self._usual(known, times)
        values = known - usual
        if not self.scaled:
            return values
        spread = quartile_spread(values) if spread is None else spread
        return in_spreads(values, np.where(spread > LAST_DIGIT * np.abs(usual), spread, 0.0))

    def _usual(self, known: Array, times: Array) -> tuple[Array, Array | None]:
        """The usual level and its spread, or None where that is the differences' own."""
        if self.seconds is None:
            return median(known), None
        if self.against == "around":
            level = first_known(known)
            return moving_mean(known - level, times, self.seconds / 2, self.seconds / 2) + level, None
        if self.against == "past":
            return past(known, times, self.seconds)
        return baseline(known, times, self.seconds)


def _of_windows(reason: str, causes: Sequence[str]) -> str:
    """What ``Features.window`` tells where it finds nothing though the whole holds something; empty without causes."""
    return ", or ".join([reason or "nothing observed in this window", *causes]) if causes else reason


def _check(against: str, seconds: float | None, shifts: Sequence[float]) -> None:
    if against not in ("recording", "around", "past", "baseline"):
        raise InputError(f"Relative features: 'against' is recording, around, past or baseline, got {against}")
    if (seconds is None) != (against == "recording") or (seconds is not None and not 0 < seconds < math.inf):
        raise InputError(
            f"Relative features: 'seconds' is above 0, and left out with 'against: recording'; got {seconds} "
            f"against {against}"
        )
    if not shifts or not all(map(math.isfinite, shifts)):
        raise InputError(f"Relative features: 'shifts' holds at least one number of seconds, got {list(shifts)}")
