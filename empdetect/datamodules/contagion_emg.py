"""What observers' faces do while they watch anger or happiness: emotional contagion in muscles and skin."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.physiology import Physiology, Signal
from empdetect.task import Target, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 100.0
"""Samples a second of the files, in Hz."""

COLUMNS = ("EDA", "raw_zygomatic", "raw_corrugator", "EMG_zygomatic", "EMG_corrugator", "angry", "happy", "neutral")
"""Skin conductance in microsiemens, muscles in millivolts (raw and as the recorder rectified and averaged
them), and a wave for each kind of clip that falls by 5 when such a clip starts."""

ONSET = -5.0
BASELINE = 2.0
MARGIN = 10.0
"""Seconds before the start of a clip: of the baseline, and kept on both sides for cleaning."""
KINDS = ("angry", "happy", "neutral")
LABELS = {"angry": 0.0, "happy": 1.0}
SIGNALS = ("EDA", "EMG_zygomatic", "EMG_corrugator")


class ContagionEmgDataModule(EmpathyDataModule):
    """Trials of observers who watched filmed faces: happy or angry, told from the observer's own body.

    What can be told of the clip from the observer's muscles and skin is emotional contagion. Folds
    hold observers apart. A trial is a recording of its own; its second 0 is the moment the clip
    starts. Muscles are given as in the study's analysis, as their ratio to the mean of the same
    trial's two seconds before it: electrodes and faces differ too much for absolute values to be
    compared. The segment is what follows the start; the signals reach ten seconds further on both
    sides, as cleaning skin conductance needs some room, and for features that relate what follows
    to all that was before it (``RelativeFeatures``).

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``contagion``; None reads ``EMPDETECT_DATA``.
        length: seconds from the start of the clip that are looked at; clips last 4 to 6 s.
        neutral: also the trials with neutral faces, whose label is unknown: nothing learns from them.
        zscore_by: ``group`` standardises an observer's features by the mean and spread of all trials of the observer.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "25 observers of angry and happy faces: 200 trials of two face muscles and skin conductance."
    licence: ClassVar[str] = "CC0 1.0"
    source: ClassVar[str] = (
        "Nilsonne et al., Royal Society Open Science 2017; "
        "https://github.com/GNilsonne/Data-and-analysis-code-Oxazepam-and-emotion-2"
    )

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        length: float = 6.0,
        neutral: bool = False,
        zscore_by: Literal["group"] | None = None,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        if not 0 < length <= MARGIN:
            raise InputError(f"Cutting trials: 'length' is in seconds above 0 and up to {MARGIN:g}, got {length:g}")
        self.data_root = data_root
        self.length = length
        self.neutral = neutral
        self.zscore_by = zscore_by
        self.task = Task((Target("happy", "binary"),), unit="segment", construct="contagion")

    def segments(self) -> list[Segment]:
        """One segment a trial, grouped by observer.

        Raises:
            InputError: the files are missing or not what they should be.
        """
        return [
            segment for group, values in observers(self.data_root).items() for segment in self._trials(group, values)
        ]

    def _trials(self, group: str, values: "NDArray[np.float64]") -> list[Segment]:
        found = []
        for number, (sample, name) in enumerate(clips(values), start=1):
            if name in LABELS or self.neutral:
                person = Participant("observer", "observer", physiology=cut(values, sample))
                recording = Recording(f"{group}_trial_{number}", (person,))
                labels = {"happy": LABELS.get(name, np.nan)}
                found.append(Segment(recording, "observer", 0.0, self.length, labels, group=group))
        return found


def observers(data_root: str | None = None) -> dict[str, "NDArray[np.float64]"]:
    """Everything recorded of each observer, ``(time, column)`` at ``RATE``, by group.

    Raises:
        InputError: the files are missing or not what they should be.
    """
    return {f"observer_{path.name.partition('_')[0]}": _read(path) for path in _files(data_root)}


def clip_number(segment: Segment) -> int:
    """Which of the clips that the observer saw a trial is, from 1, neutral ones counted."""
    return int(segment.recording.id.rpartition("_")[2])


def clips(values: "NDArray[np.float64]") -> list[tuple[int, str]]:
    """Sample at which each clip starts and what kind it is, in their order.

    Args:
        values: ``(time, column)`` of one observer.
    """
    return sorted((sample, name) for name in KINDS for sample in starts(values[:, COLUMNS.index(name)]))


def cut(values: "NDArray[np.float64]", onset: int) -> Physiology:
    """The signals around one start of a clip, muscles as ratios to their baseline.

    Args:
        values: ``(time, column)`` of one observer.
        onset: sample at which the clip starts.
    """
    first = max(0, onset - round(MARGIN * RATE))
    part = values[first : onset + round(MARGIN * RATE)]
    baseline = values[max(0, onset - round(BASELINE * RATE)) : onset]
    signals = {}
    for name in SIGNALS:
        column = COLUMNS.index(name)
        level = float(baseline[:, column].mean()) if name.startswith("EMG") else 1.0
        trace = part[:, column] / level if level > 0 else np.full(len(part), np.nan)
        signals[name] = Signal(trace, RATE, start=(first - onset) / RATE)
    return Physiology(signals)


def starts(wave: "NDArray[np.float64]") -> list[int]:
    """Samples at which a marker wave falls by 5."""
    return [int(sample) + 1 for sample in np.flatnonzero(np.diff(wave) <= ONSET + 0.5)]


def _files(data_root: str | None) -> list[Path]:
    """One for each observer."""
    folder = data_folder(data_root, "contagion") / "emg_scr_100hz"
    paths = sorted(folder.glob("*_FMOV_preprocessed.txt.gz"))
    if not paths:
        raise InputError(f"Reading the contagion experiment: no file {folder / '*_FMOV_preprocessed.txt.gz'}")
    return paths


def _read(path: Path) -> "NDArray[np.float64]":
    """Samples ``(time, column)`` of one observer."""
    import pandas as pd

    try:
        table = pd.read_csv(path, sep="\t", header=None).dropna(axis=1, how="all")
        values: NDArray[np.float64] = table.to_numpy(float)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"Reading the contagion experiment: {path} cannot be read ({error})") from None
    if values.shape[1] != len(COLUMNS):
        raise InputError(f"Reading {path}: {values.shape[1]} columns; expected are {', '.join(COLUMNS)}")
    return values
