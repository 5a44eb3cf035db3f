"""Motion energy of patients and therapists, as the R package rMEA brings it (Kleinbub and Ramseyer)."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from empdetect.datamodules.repaired import Pair, RepairedDataModule
from empdetect.errors import InputError

RATE = 25.0
"""Frames a second, in Hz."""
CONDITIONS = ("normal", "dropout")
"""Therapies that ended as planned, and ones that the patient broke off."""
COLUMNS = ("pat", "th")


class RmeaDataModule(RepairedDataModule):
    """Real therapy dyads against re-paired strangers, from the motion energy of both.

    The task is ``real``: whether the two sat with each other. Strangers are of one block; folds hold blocks apart.
    Both were filmed by one camera, whose noise both signals share in the same frame: an association at a lag of 0
    frames may be the camera's, and tells real dyads from strangers without anybody moving.

    Args:
        features, data_root, blocks, strangers, folds, fold, batch_size, seed, workers: as for
            ``RepairedDataModule``.
    """

    about: ClassVar[str] = "20 therapy dyads: motion energy of patient and therapist, 10 min, and who sat with whom."
    licence: ClassVar[str] = "GPL-3"
    source: ClassVar[str] = "Kleinbub and Ramseyer, Psychotherapy Research 2021; https://github.com/kleinbub/rMEA"

    folder: ClassVar[str] = "rmea"
    people: ClassVar[tuple[str, str]] = ("patient", "therapist")
    column: ClassVar[str] = "motion"
    usual_blocks: ClassVar[int] = 5
    usual_strangers: ClassVar[int] = 3

    def pairs(self, folder: Path) -> list[Pair]:
        """One pair a dyad."""
        return read_dyads(folder)


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
