"""Motion energy of patients and therapists, as the R package rMEA brings it (Kleinbub and Ramseyer)."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.datamodules.repaired import Pair, repaired_segments
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Segment
from empdetect.task import Target, Task

RATE = 25.0
"""Frames a second, in Hz."""
CONDITIONS = ("normal", "dropout")
"""Therapies that ended as planned, and ones that the patient broke off."""
COLUMNS = ("pat", "th")


class RmeaDataModule(EmpathyDataModule):
    """Real therapy dyads against re-paired strangers, from the motion energy of both.

    The task is ``real``: whether the two sat with each other. Strangers are of one block; folds hold blocks apart.
    Both were filmed by one camera, whose noise both signals share in the same frame: an association at a lag of 0
    frames may be the camera's, and tells real dyads from strangers without anybody moving.

    Args:
        features: one extractor for each modality the model is to see, by modality; ``TableFeatures(["motion"])``.
        data_root: folder that holds ``rmea``; None reads ``EMPDETECT_DATA``.
        blocks: of dyads, among which strangers are paired.
        strangers: of each patient, at most.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "20 therapy dyads: motion energy of patient and therapist, 10 min, and who sat with whom."
    licence: ClassVar[str] = "GPL-3"
    source: ClassVar[str] = "Kleinbub and Ramseyer, Psychotherapy Research 2021; https://github.com/kleinbub/rMEA"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        blocks: int = 5,
        strangers: int = 3,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 8,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.blocks = blocks
        self.strangers = strangers
        self.task = Task(
            (Target("real", "binary"),),
            unit="recording",
            direction="bidirectional",
            construct="contagion",
            interaction="dyadic",
            persons=2,
        )

    def segments(self) -> list[Segment]:
        """One segment a dyad and one for each pair of strangers, grouped by block.

        Raises:
            InputError: the files are missing or not what they should be.
        """
        dyads = read_dyads(data_folder(self.data_root, "rmea"))
        return repaired_segments(dyads, ("patient", "therapist"), "motion", self.blocks, self.strangers, self.seed)


def read_dyads(folder: Path) -> list[Pair]:
    """The dyads: how many pixels of the patient's and of the therapist's region change from frame to frame.

    Args:
        folder: that holds the folders ``normal`` and ``dropout``.

    Raises:
        InputError: the files are missing, or not what they should be.
    """
    import pandas as pd

    found = []
    for condition in CONDITIONS:
        for path in sorted((folder / condition).glob("*.txt")):
            try:
                table = pd.read_csv(path, sep=r"\s+")[list(COLUMNS)].astype(np.float64)
            except (OSError, ValueError, KeyError) as error:
                raise InputError(f"Reading motion energy: {path} cannot be read as {COLUMNS} ({error})") from None
            patient, therapist = table.to_numpy().T
            found.append(Pair(path.stem, patient, therapist, RATE, condition))
    if not found:
        raise InputError(f"Reading motion energy: no file in {folder / CONDITIONS[0]} or {folder / CONDITIONS[1]}")
    return found
