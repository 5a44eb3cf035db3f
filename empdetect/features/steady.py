"""Columns of a table at a steady rate, so that the same frame of two people is the same moment."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.table import TableFeatures
from empdetect.recording import Participant, Stream

BRIDGED = 0.5
"""Quality of a frame that lies between two rows and takes its value from both."""


class SteadyTableFeatures(Extractor):
    """Columns of one of a participant's tables as frames of equal length from the recording's start.

    A frame is the mean of its rows. One without any, between rows that are close together, lies on the straight line
    between them; any other is not observed. Rows before the recording's start are left out.

    Args:
        columns: the columns to read, in this order.
        rate: frames per second, in Hz.
        bridge: longest distance of two rows between which frames are filled in, in seconds; twice the step of the
            table is enough for one that is slower than ``rate``.
        modality: key under which the features reach the model.
        table: name of the table among the participant's.

    Raises:
        InputError: there are no columns, or a number is not above 0.
    """

    cheap = True

    def __init__(
        self,
        columns: Sequence[str],
        rate: float = 10.0,
        bridge: float = 0.5,
        modality: str = "signal",
        table: str = "features",
    ) -> None:
        if not rate > 0 or not bridge > 0:
            raise InputError(
                f"Steady features: 'rate' in Hz and 'bridge' in seconds must be above 0, got {rate:g} and {bridge:g}"
            )
        self.columns = tuple(columns) if not isinstance(columns, str) else columns
        self.rate = rate
        self.bridge = bridge
        self.modality = modality
        self.table = table
        self._rows = TableFeatures(columns, modality, table)
        self.width = self._rows.width

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The table."""
        return self._rows.streams(person)

    def extract(self, person: Participant) -> Features:
        """Values ``(frame, column)``.

        Raises:
            InputError: the table cannot be read or lacks a column.
        """
        rows = self._rows.extract(person)
        inside = np.isfinite(rows.times) & (rows.times >= 0) & rows.mask
        if not inside.any():
            return Features.missing(self.width, rows.reason or f"the table '{self.table}' holds nothing after time 0")
        # A row on the edge of a frame belongs to the later one, whatever the last digit of its time.
        place = np.floor(rows.times[inside] * self.rate + 1e-6).astype(np.int64)
        values, quality = self._frames(rows.values[inside].astype(np.float64), place)
        mask = quality > 0
        values[~mask] = np.nan
        times = np.asarray((np.arange(len(values)) + 0.5) / self.rate, np.float64)
        return Features(values.astype(np.float32), times, mask, quality.astype(np.float32))

    def _frames(
        self, values: NDArray[np.float64], place: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values ``(frame, column)`` and quality ``(frame,)`` of rows that each lie in a frame."""
        length = int(place[-1]) + 1
        frames, quality = np.full((length, self.width), np.nan), np.zeros(length)
        for column in range(self.width):
            known = np.isfinite(values[:, column])
            count = np.bincount(place[known], minlength=length)
            total = np.bincount(place[known], values[known, column], minlength=length)
            filled = np.flatnonzero(count)
            if not len(filled):
                continue
            frames[filled, column] = total[filled] / count[filled]
            bridged = _bridged(filled, length, self.bridge * self.rate + 1e-6)
            frames[bridged, column] = np.interp(bridged, filled, frames[filled, column])
            quality[filled] += 1 / self.width
            quality[bridged] += BRIDGED / self.width
        return frames, np.minimum(quality, 1.0)


def _bridged(filled: NDArray[np.int64], length: int, longest: float) -> NDArray[np.int64]:
    """Empty frames between two filled ones that are at most ``longest`` frames apart."""
    empty = np.setdiff1d(np.arange(length), filled, assume_unique=True)
    after = np.searchsorted(filled, empty)
    empty, after = empty[(after > 0) & (after < len(filled))], after[(after > 0) & (after < len(filled))]
    return np.asarray(empty[filled[after] - filled[after - 1] <= longest])
