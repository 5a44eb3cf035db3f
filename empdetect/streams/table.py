"""Feature tables: per-frame values that another tool already computed (OpenFace, py-feat, openSMILE)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.files import file_fingerprint, fingerprint, require_file, separator


@dataclass(frozen=True)
class Table:
    """Values over time.

    Args:
        values: ``(time, feature)``; NaN where nothing was measured.
        times: ``(time,)`` seconds on the recording's clock.
        columns: name of each feature.
    """

    values: NDArray[np.float32]
    times: NDArray[np.float64]
    columns: tuple[str, ...]

    def read(self) -> "Table":
        """Itself; lets a table in memory stand where a file can stand."""
        return self

    def fingerprint(self) -> str:
        """Fingerprint of values, times and names."""
        return fingerprint(self.values.tobytes(), self.times.tobytes(), *self.columns)

    def end(self) -> float:
        """Moment of the last row, in seconds."""
        return float(self.times.max()) if len(self.times) else 0.0


@dataclass(frozen=True)
class TableFile:
    """A CSV or TSV of features that is read when asked.

    Args:
        path: the file; it needs a column of seconds named ``timestamp``, ``time``, ``start`` or
            ``frameTime`` (openSMILE's, Emotient's), in small or capital letters.
        offset: moment on the recording's clock at which the file's time 0 lies, in seconds.
    """

    path: Path
    offset: float = 0.0

    TIME_COLUMNS = ("timestamp", "time", "start", "frametime")

    def fingerprint(self) -> str:
        """Fingerprint of the content and of how it is read."""
        return fingerprint(file_fingerprint(self.path), repr(self.offset))

    def read(self) -> Table:
        """Read the file.

        Raises:
            InputError: the file is missing, not a table, or has no column of seconds.
        """
        import pandas as pd

        require_file(self.path)
        try:
            table = pd.read_csv(self.path, sep=separator(self.path), skipinitialspace=True, na_values=["n/a"])
        except Exception as error:  # pandas raises many kinds
            raise InputError(f"Reading the feature table {self.path}: {error}") from None
        table.columns = [str(name).strip() for name in table.columns]
        named = {name.lower(): name for name in reversed(table.columns)}
        clock = next((named[name] for name in self.TIME_COLUMNS if name in named), None)
        if clock is None:
            raise InputError(
                f"Reading the feature table {self.path}: no column of seconds; name one {', '.join(self.TIME_COLUMNS)}"
            )
        numbers = table.drop(columns=clock).select_dtypes("number")
        times = table[clock].to_numpy(float) + self.offset
        return Table(numbers.to_numpy(np.float32), times, tuple(numbers.columns))

    def end(self) -> float:
        """Moment of the last row, in seconds."""
        return self.read().end()
