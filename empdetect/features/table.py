"""Table features: values over time that another tool computed, such as OpenFace, py-feat or openSMILE."""

from collections.abc import Sequence

import numpy as np

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.recording import Participant, Stream


class TableFeatures(Extractor):
    """Columns of one of a participant's tables, frame by frame.

    A row without any number is not observed. Quality is the share of the columns that a row fills,
    times the row's ``confidence`` where it is named.

    Args:
        columns: the columns to read, in this order.
        modality: key under which the features reach the model.
        table: name of the table among the participant's.
        confidence: column that says how far to trust a row, 0 to 1, such as OpenFace's ``confidence``;
            a row whose confidence is 0 or unknown is not observed.
    """

    def __init__(
        self, columns: Sequence[str], modality: str = "video", table: str = "features", confidence: str | None = None
    ) -> None:
        if isinstance(columns, str) or not columns or len(set(columns)) < len(columns):
            raise InputError(f"Table features: 'columns' needs a list of names unlike each other, got {columns!r}")
        self.columns = tuple(columns)
        self.modality = modality
        self.table = table
        self.confidence = confidence
        self.width = len(self.columns)

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The table."""
        return (person.tables[self.table],) if self.table in person.tables else ()

    def absent(self, person: Participant) -> str:
        """Names the tables that are there instead."""
        others = ", ".join(sorted(person.tables))
        return f"no table '{self.table}', only {others}" if others else super().absent(person)

    def extract(self, person: Participant) -> Features:
        """Values ``(row, column)`` in the order of their times.

        Raises:
            InputError: the table cannot be read or lacks a column.
        """
        table = person.tables[self.table].read()
        wanted = self.columns if self.confidence is None else (*self.columns, self.confidence)
        absent = [name for name in wanted if name not in table.columns]
        if absent:
            raise InputError(
                f"Reading the table '{self.table}' of {person.name}: no column of numbers {', '.join(absent)}; "
                f"it has {_some(table.columns)}"
            )
        order = np.argsort(table.times, kind="stable")
        chosen = table.values[order][:, [table.columns.index(name) for name in wanted]].astype(np.float32)
        values = np.where(np.isfinite(chosen[:, : self.width]), chosen[:, : self.width], np.float32(np.nan))
        quality = np.isfinite(values).mean(axis=1) if len(values) else np.zeros(0)
        if self.confidence is not None:
            quality = quality * np.clip(np.nan_to_num(chosen[:, -1]), 0, 1)
        mask = quality > 0
        reason = "" if mask.any() else f"the table '{self.table}' holds no numbers"
        values[~mask] = np.nan
        return Features(values, table.times[order].astype(np.float64), mask, quality.astype(np.float32), reason)


def _some(names: Sequence[str]) -> str:
    """The first ten names."""
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
