"""Empatica E4 sessions: a folder, or the zip that its cloud service gives, with one CSV a sensor."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from empdetect.streams.formats.cells import is_number

SENSORS = {"BVP.csv": "BVP", "EDA.csv": "EDA", "TEMP.csv": "TEMP", "HR.csv": "HR"}
"""Files of a session that hold body signals, and their channels."""

PROOF = tuple(name for name in SENSORS if name != "HR.csv")
"""Files of which one proves a session: other watches, too, call the heart rate's file so."""

LARGEST = 2**30
"""Bytes that no sensor's file of a week exceeds; a zip may promise more than any memory holds."""


class SensorError(ValueError):
    """A sensor's file is not what an E4 writes; tells the file, what is wrong with it and what to do."""


@dataclass(frozen=True)
class Sensor:
    """One sensor of a session.

    Args:
        channel: what it measures.
        values: ``(time,)``.
        rate: samples per second, in Hz.
        start: seconds, of ``read_sensor`` since 1970, of ``read_session`` after the first sensor's first sample.
    """

    channel: str
    values: NDArray[np.float64]
    rate: float
    start: float


def is_session_folder(path: Path) -> bool:
    """Whether a folder holds an E4 session; also False where the path cannot be looked at."""
    try:
        return path.is_dir() and any((path / name).is_file() for name in PROOF)
    except OSError:
        return False


def is_session(path: Path) -> bool:
    """Whether a folder or a zip holds an E4 session; a zip that cannot be opened may be one."""
    if is_session_folder(path):
        return True
    try:
        if not path.is_file():
            return False
        with zipfile.ZipFile(path) as archive:
            return any(Path(name).name in PROOF for name in archive.namelist())
    except OSError:
        return False
    except Exception:  # zipfile raises many kinds on a broken file
        return True


def read_session(path: Path) -> list[Sensor]:
    """The sensors of a session, on the clock of its first sample.

    Raises:
        SensorError: a sensor's file is broken, or another device wrote it.
        ValueError: there is no sensor's file.
    """
    # The wristband needs ten seconds for its first heart rate: the file of a shorter session holds none.
    texts = [(name, text) for name, text in _texts(path) if name != "HR.csv" or len(text.split()) > 2]
    found = [read_sensor(SENSORS[name], text) for name, text in texts]
    if not found:
        raise ValueError(f"none of {', '.join(SENSORS)} in it")
    zero = min(sensor.start for sensor in found)
    return [replace(sensor, start=sensor.start - zero) for sensor in found]


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    """Name and content of each sensor's file."""
    if path.is_dir():
        for name in SENSORS:
            if (path / name).is_file():
                yield name, _decoded(name, (path / name).read_bytes())
        return
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            name = Path(entry.filename).name
            if name in SENSORS:
                if entry.file_size > LARGEST:
                    raise SensorError(
                        f"{name} unpacks to {entry.file_size} bytes, {LARGEST} are read at most; export it again"
                    )
                yield name, _decoded(name, archive.read(entry))


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SensorError(
            f"{name} is no text in UTF-8 ({error.reason} at byte {error.start}); export or copy it again"
        ) from None


def read_sensor(channel: str, text: str) -> Sensor:
    """One sensor's CSV: its start in seconds since 1970, its sampling rate in Hz, then the samples, a line each.

    Raises:
        SensorError: it is not such a file.
    """
    lines = text.split()
    if len(lines) < 3:
        raise SensorError(
            f"{channel}.csv has {len(lines)} lines, a start, a rate and values are needed; "
            "export or copy it again, or take it out"
        )
    try:
        start, rate, *values = (float(line) for line in lines)
    except ValueError:
        raise SensorError(
            f"{channel}.csv, {_first_word(text)} is no number, an E4 writes a start, a rate and values, one a line; "
            "correct the line, or take the file out if another device wrote it"
        ) from None
    if not (np.isfinite(start) and np.isfinite(rate) and rate > 0):
        raise SensorError(
            f"{channel}.csv states a start of {start:g} and a rate of {rate:g} Hz, a moment and a rate above 0 are "
            "needed; export it again, or take it out"
        )
    return Sensor(channel, np.array(values), rate, start)


def _first_word(text: str) -> str:
    """Where the first cell that is no number stands, and what it is."""
    cells = ((number, cell) for number, line in enumerate(text.splitlines(), 1) for cell in line.split())
    number, cell = next((number, cell) for number, cell in cells if not is_number(cell))
    return f"line {number}: '{cell[:40]}'"
