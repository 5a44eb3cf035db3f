"""Physiology streams: body signals with the sampling rate their file states. There is no default rate."""

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.channels import CHANNELS, channel_kind
from empdetect.streams.files import file_fingerprint, fingerprint, require_file, separator
from empdetect.streams.formats.empatica import PROOF, SENSORS, SensorError, is_session, read_session
from empdetect.streams.formats.signal_table import channel_columns, column_numbers
from empdetect.streams.times import time_problem

if TYPE_CHECKING:
    import pandas as pd

TABLE = "give every line as many cells, numbers or n/a, in UTF-8 and separated by commas, semicolons or tabs"
"""What to do about a table that cannot be parsed."""


@dataclass(frozen=True)
class Signal:
    """One channel.

    Args:
        values: ``(time,)`` float; NaN where nothing was recorded.
        rate: samples per second, in Hz.
        start: moment of the first sample on the recording's clock, in seconds.
    """

    values: NDArray[np.float64]
    rate: float
    start: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.rate < math.inf:
            raise InputError(f"A signal needs a sampling rate above 0 Hz, got {self.rate:g}")

    @property
    def end(self) -> float:
        """Moment just after the last sample, in seconds."""
        return self.start + len(self.values) / self.rate


@dataclass(frozen=True)
class Physiology:
    """Channels by name: one of ``CHANNELS``, or such a name and a site, as in ``EMG_corrugator``."""

    signals: Mapping[str, Signal]

    def __post_init__(self) -> None:
        unknown = [name for name in self.signals if channel_kind(name) is None]
        if unknown:
            raise InputError(
                f"Physiology: unknown channel {', '.join(unknown)}; allowed are {', '.join(CHANNELS)}, "
                "each with a site if need be, as in EMG_corrugator"
            )

    def read(self) -> "Physiology":
        """Itself; lets signals in memory stand where a file can stand."""
        return self

    def fingerprint(self) -> str:
        """Fingerprint of values, rates and starts."""
        parts: list[str | bytes] = []
        for name, signal in sorted(self.signals.items()):
            parts += [name, repr((signal.rate, signal.start)), np.ascontiguousarray(signal.values).tobytes()]
        return fingerprint(*parts)

    def end(self) -> float:
        """Moment at which the last signal ends, in seconds."""
        return max((signal.end for signal in self.signals.values()), default=0.0)


@dataclass(frozen=True)
class PhysiologyFile:
    """A file of body signals that is read when asked.

    Args:
        path: BIDS ``*_physio.tsv.gz`` with its ``.json`` beside it; ``.csv`` or ``.tsv`` with a header; a folder or
            zip of an Empatica E4.
        rate: sampling rate in Hz of CSV and TSV; without it a ``.json`` beside them must state ``SamplingFrequency``.
        offset: moment on the recording's clock at which the file starts, in seconds.
    """

    path: Path
    rate: float | None = None
    offset: float = 0.0

    def fingerprint(self) -> str:
        """Fingerprint of the content and of how it is read.

        Raises:
            InputError: the file is missing, or the folder holds no session.
        """
        files = self._session_files() if self.path.is_dir() else [self.path, self._sidecar()]
        # A sensor's file may be empty: the heart rate's of a session too short for one is.
        there = [path for path in files if path.is_file() and path.stat().st_size] or files[:1]
        beside = "" if len(there) == 1 else "".join(file_fingerprint(path) for path in there[1:])
        return fingerprint(file_fingerprint(there[0]), beside, repr((self.rate, self.offset)))

    def read(self) -> Physiology:
        """Read the file.

        Raises:
            InputError: the file is missing or broken, no rate is known, its times cannot be true, or no channel has
                a known name.
        """
        try:
            found = self._read()
        except InputError:
            raise
        except Exception as error:  # pandas, json and zipfile each have exceptions of their own
            raise InputError(f"Reading the physiology {self.path}: {self._fault(error)}") from None
        problem = time_problem(time for signal in found.signals.values() for time in (signal.start, signal.end))
        if problem:
            raise InputError(f"Reading the physiology {self.path}: {problem}")
        return found

    def end(self) -> float:
        """Moment at which the last signal ends, in seconds."""
        return self.read().end()

    def start(self) -> float:
        """Moment at which the file starts, as its JSON states it: the signals are not read.

        Raises:
            InputError: the JSON cannot be read.
        """
        if self.rate is not None or not self._sidecar().is_file():
            return self.offset
        try:
            return self._stated(self._about(()), "StartTime", 0.0) + self.offset
        except OSError as error:
            raise InputError(f"Reading the physiology {self.path}: {self._sidecar().name}: {error}") from None

    def _fault(self, error: Exception) -> str:
        """What an error of a library says about the file, and what to do."""
        reason = " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, SensorError):
            return reason
        if self._is_session():
            return f"not a whole Empatica E4 session ({reason}); export or copy it again"
        # Only what is cut or cannot be opened gets better by another copy.
        remedy = "export or copy it again" if isinstance(error, (OSError, EOFError, zlib.error)) else TABLE
        return f"not a valid table ({reason}); {remedy}"

    def _read(self) -> Physiology:
        if self._is_session():
            return self._read_session()
        require_file(self.path)
        return self._read_bids() if self.path.name.endswith(".tsv.gz") else self._read_table()

    def _is_session(self) -> bool:
        return self.path.is_dir() or self.path.suffix.lower() == ".zip"

    def _read_session(self) -> Physiology:
        if not self.path.is_dir():
            require_file(self.path)
        self._require_session()
        sensors = read_session(self.path)
        return Physiology({s.channel: Signal(_finite(s.values), s.rate, s.start + self.offset) for s in sensors})

    def _session_files(self) -> list[Path]:
        """The sensors' files that are in the folder, one at least."""
        self._require_session()
        return [self.path / name for name in SENSORS if (self.path / name).is_file()]

    def _require_session(self) -> None:
        if not is_session(self.path):
            raise InputError(
                f"Reading the physiology {self.path}: no Empatica E4 session, which holds {', '.join(PROOF[:-1])} or "
                f"{PROOF[-1]}, not HR.csv alone; name the folder or zip of a session, or a CSV with its sampling rate"
            )

    def _sidecar(self) -> Path:
        return self.path.with_name(self.path.name.removesuffix(".gz").rpartition(".")[0] + ".json")

    def _about(self, needed: tuple[str, ...]) -> dict[str, Any]:
        """What the JSON beside the file states."""
        sidecar = self._sidecar()
        try:
            about = json.loads(sidecar.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"Reading the physiology {self.path}: {sidecar.name} is not valid JSON ({error}); correct it"
            ) from None
        if not isinstance(about, dict):
            raise InputError(f"Reading the physiology {self.path}: {sidecar.name} holds no object in braces; write one")
        missing = [key for key in needed if key not in about]
        if missing:
            raise InputError(f"Reading the physiology {self.path}: {sidecar.name} lacks {', '.join(missing)}; add it")
        return about

    def _stated(self, about: dict[str, Any], key: str, default: float | None = None) -> float:
        """A number that the JSON beside the file states."""
        value = about.get(key, default)
        try:
            return float(value)  # type: ignore[arg-type]
        except (ValueError, TypeError, OverflowError):
            raise InputError(
                f"Reading the physiology {self.path}: {self._sidecar().name} states {key} as {str(value)[:40]!r}, "
                "which is no number; correct it"
            ) from None

    def _read_bids(self) -> Physiology:
        """BIDS: no header line; rate, start and columns stand in the JSON sidecar."""
        import pandas as pd

        sidecar = self._sidecar()
        if not sidecar.is_file():
            raise InputError(
                f"Reading the physiology {self.path}: no {sidecar.name} beside it; "
                "write one with SamplingFrequency, StartTime and Columns"
            )
        about = self._about(("SamplingFrequency", "StartTime", "Columns"))
        columns = [str(name) for name in about["Columns"]]
        table = pd.read_csv(self.path, sep="\t", header=None, na_values=["n/a"])
        if table.shape[1] != len(columns):
            raise InputError(
                f"Reading the physiology {self.path}: {table.shape[1]} columns, {sidecar.name} names {len(columns)}"
            )
        table.columns = columns
        rate, start = self._stated(about, "SamplingFrequency"), self._stated(about, "StartTime")
        return self._signals(table, rate, start + self.offset)

    def _read_table(self) -> Physiology:
        import pandas as pd

        rate, start = self.rate, 0.0
        if rate is None:
            if not self._sidecar().is_file():
                raise InputError(
                    f"Reading the physiology {self.path}: no sampling rate; give it in Hz (manifest column "
                    f"'physiology_rate', or SamplingFrequency in {self._sidecar().name}), there is no default"
                )
            about = self._about(("SamplingFrequency",))
            rate, start = self._stated(about, "SamplingFrequency"), self._stated(about, "StartTime", 0.0)
        table = pd.read_csv(self.path, sep=separator(self.path), skipinitialspace=True, na_values=["n/a"])
        return self._signals(table, rate, start + self.offset)

    def _signals(self, table: "pd.DataFrame", rate: float, start: float) -> Physiology:
        columns = channel_columns(table, self.path)
        signals = {
            channel: Signal(_finite(column_numbers(table, column, self.path)), rate, start)
            for channel, column in columns.items()
        }
        return Physiology(signals)


def _finite(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values, NaN where they are infinite: amplifiers write it where they are overdriven."""
    return np.where(np.isfinite(values), values, np.nan)
