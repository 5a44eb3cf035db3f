"""Stress-Predict: wrist signals during stress tasks and rest (Iqbal et al., Sensors 2022)."""

import gzip
import tarfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.formats.empatica import read_sensor
from empdetect.streams.physiology import Physiology, Signal
from empdetect.task import Target, Task

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

ARCHIVE = "raw_dev_S01_S27.tar.gz"
LABELS = "labels_hr_rsp_binary.csv.gz"
CHANNELS = ("EDA", "TEMP", "BVP", "HR")
AGREEMENT = 0.9
"""Share of a window's seconds that must carry one label; the others are between tasks and left out."""


class StressPredictDataModule(EmpathyDataModule):
    """Windows of wrist signals of people under stress tasks and at rest. Folds hold people apart.

    Stress tasks were a colour word test, an interview and hyperventilation. A recording's second 0
    is the first labelled second; the files' Unix clocks lay the signals on it. Blood volume pulse is
    there for four people, the wristband's own heart rate, skin conductance and temperature for all who have labels.

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
        recording = Recording(name, (Participant("wearer", physiology=Physiology(moved)),))
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
                    found.setdefault(person, {})[channel] = _signal(channel, content.read(), member.name)
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        raise InputError(f"Reading Stress-Predict: {folder / ARCHIVE} cannot be read ({error})") from None
    for path in sorted(folder.glob("BVP_*.csv.gz")):
        person = path.name.removeprefix("BVP_").removesuffix(".csv.gz")
        try:
            found.setdefault(person, {})["BVP"] = _signal("BVP", gzip.decompress(path.read_bytes()), path.name)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"Reading Stress-Predict: {path} cannot be read ({error})") from None
    return found


def _signal(channel: str, content: bytes, name: str) -> Signal:
    try:
        sensor = read_sensor(channel, content.decode())
    except ValueError as error:
        raise InputError(f"Reading Stress-Predict: {name}: {error}") from None
    return Signal(sensor.values, sensor.rate, sensor.start)
