"""Stress-Predict: wrist signals during stress tasks and rest (Iqbal et al., Sensors 2022)."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar, Literal

import numpy as np

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.physiology import Physiology, Signal
from empdetect.streams.table import Table
from empdetect.task import Target, Task

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

ARCHIVE = "raw_dev_S01_S27.tar.gz"
LABELS = "labels_hr_rsp_binary.csv.gz"
CHANNELS = ("EDA", "TEMP", "BVP", "HR")
HEART = ("heart_rate", "heart_rate_change")
AGREEMENT = 0.9
"""Share of a window's seconds that must carry one label; the others are between tasks and left out."""


class StressPredictDataModule(EmpathyDataModule):
    """Windows of wrist signals of people under stress tasks and at rest. Folds hold people apart.

    Stress tasks were a colour word test, an interview and hyperventilation. A recording's second 0
    is the first labelled second; the files' Unix clocks lay the signals on it. Blood volume pulse is
    there for four people, skin conductance and temperature for all who have labels. The wristband's
    own heart rate is the table ``heart``: beats a minute, and its difference from the person's mean.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``stress_predict``; None reads ``EMPDETECT_DATA``.
        window: seconds of a window.
        hop: seconds from the start of one window to the next.
        zscore_by: ``group`` standardises a wearer's features by the mean and spread of all windows of the wearer.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "Stress-Predict: 26 people with a wristband for an hour each, stress or rest by the second."
    licence: ClassVar[str] = "MIT"
    source: ClassVar[str] = "Iqbal et al., Sensors 2022; https://github.com/italha-d/Stress-Predict-Dataset"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        window: float = 60.0,
        hop: float = 60.0,
        zscore_by: Literal["group"] | None = None,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.window = window
        self.hop = hop
        self.zscore_by = zscore_by
        self.task = Task((Target("stress", "binary"),), construct="stress", window=window, hop=hop)

    def segments(self) -> list[Segment]:
        """One segment a window of one label, grouped by person.

        Raises:
            InputError: the files are missing or not what they should be.
        """
        folder = data_folder(self.data_root, "stress_predict")
        signals = _signals(folder)
        found = []
        for number, labels in _labels(folder / LABELS).groupby("Participant"):
            name = f"S{int(str(number)):02d}"
            if name in signals:
                seconds = labels["Time(sec)"].to_numpy(float)
                found += self._windows(name, signals[name], seconds, labels["Label"].to_numpy(float))
        if not found:
            raise InputError(f"Reading Stress-Predict: nobody in {folder / LABELS} is in {folder / ARCHIVE}")
        return found

    def _windows(
        self, name: str, signals: dict[str, Signal], seconds: "NDArray[np.float64]", labels: "NDArray[np.float64]"
    ) -> list[Segment]:
        zero = seconds[0]
        moved = {key: Signal(s.values, s.rate, s.start - zero) for key, s in signals.items()}
        heart = moved.pop("HR", None)
        tables = {} if heart is None else {"heart": heart_table(heart)}
        recording = Recording(name, (Participant("wearer", physiology=Physiology(moved), tables=tables),))
        found = []
        for start in np.arange(0.0, seconds[-1] - zero + 1 - self.window + 1e-6, self.hop):
            inside = labels[(seconds >= zero + start) & (seconds < zero + start + self.window)]
            # There is a label for each second: those that are not there count against a window, too.
            most = max(len(inside), int(self.window), 1)
            stress, rest = (float((inside == label).sum()) / most for label in (1, 0))
            if max(stress, rest) >= AGREEMENT:
                label = {"stress": float(stress > rest)}
                found.append(Segment(recording, "wearer", float(start), float(start + self.window), label, group=name))
        return found


def heart_table(heart: Signal) -> Table:
    """Columns of ``HEART`` ``(time, 2)``. A person's mean needs no labels: it can be had of anyone."""
    values = np.stack([heart.values, heart.values - np.nanmean(heart.values)], axis=1)
    times = heart.start + np.arange(len(values)) / heart.rate
    return Table(values.astype(np.float32), times, HEART)


def _labels(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"Reading Stress-Predict: {path} cannot be read ({error})") from None
    table.columns = [str(name).strip() for name in table.columns]
    missing = [name for name in ("Participant", "Time(sec)", "Label") if name not in table.columns]
    if missing:
        raise InputError(f"Reading Stress-Predict: {path} lacks the columns {', '.join(missing)}")
    return table.sort_values(["Participant", "Time(sec)"])


def _signals(folder: Path) -> dict[str, dict[str, Signal]]:
    """Signals by person and channel, their starts in Unix seconds."""
    found: dict[str, dict[str, Signal]] = {}
    try:
        with tarfile.open(folder / ARCHIVE) as archive:
            for member in archive:
                person, channel = Path(member.name).parent.name, Path(member.name).stem
                content = archive.extractfile(member) if channel in CHANNELS else None
                if content is not None:
                    found.setdefault(person, {})[channel] = read_e4(io.TextIOWrapper(content), member.name)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise InputError(f"Reading Stress-Predict: {folder / ARCHIVE} cannot be read ({error})") from None
    for path in sorted(folder.glob("BVP_*.csv.gz")):
        person = path.name.removeprefix("BVP_").removesuffix(".csv.gz")
        try:
            with gzip.open(path, "rt", encoding="utf-8") as text:
                found.setdefault(person, {})["BVP"] = read_e4(text, path.name)
        except (OSError, EOFError) as error:
            raise InputError(f"Reading Stress-Predict: {path} cannot be read ({error})") from None
    return found


def read_e4(content: IO[str], name: str) -> Signal:
    """A channel of an Empatica E4: first line its start in Unix seconds, second its rate in Hz, then samples.

    Args:
        content: the text of the file.
        name: of the file, for messages.

    Raises:
        InputError: it is not such a file.
    """
    try:
        values = np.array([float(line) for line in content if line.strip()])
    except ValueError as error:
        raise InputError(f"Reading {name}: not a column of numbers ({error})") from None
    if len(values) < 3:
        raise InputError(f"Reading {name}: start, rate and samples are expected, got {len(values)} lines")
    return Signal(values[2:], rate=float(values[1]), start=float(values[0]))
