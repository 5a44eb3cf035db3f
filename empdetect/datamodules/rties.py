"""Couples who rated their own emotion while they watched their conversation again (rties; Butler et al.)."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from empdetect.datamodules.repaired import Pair, RepairedDataModule
from empdetect.errors import InputError

RATE = 0.5
"""Ratings a second, in Hz: one every 2 s."""
FILE = "couples_dial.csv.gz"
COLUMNS = ("couple", "female", "time", "dial")


class RtiesDataModule(RepairedDataModule):
    """Real couples against re-paired strangers, from both partners' own ratings.

    The task is ``real``: whether the two sat with each other. Strangers are a man and a woman of two couples of one
    block; folds hold blocks apart. Conversations last 7 to 23 min: each man's recording is as long with strangers as
    with his wife, or length alone would tell couples with an AUROC of .67. What the couples said of themselves in
    questionnaires is not read: it is the same for both partners, and would give real couples away.

    Args:
        features, data_root, blocks, strangers, folds, fold, batch_size, seed, workers: as for
            ``RepairedDataModule``.
    """

    about: ClassVar[str] = "60 couples: both partners' own emotion every 2 s of a conversation, and who sat with whom."
    licence: ClassVar[str] = "GPL-3"
    source: ClassVar[str] = (
        "Butler and Barnard, rties: Modeling Interpersonal Dynamics; https://github.com/ebmtnprof/rties"
    )

    folder: ClassVar[str] = "rties"
    people: ClassVar[tuple[str, str]] = ("man", "woman")
    column: ClassVar[str] = "emotion"
    usual_blocks: ClassVar[int] = 10
    usual_strangers: ClassVar[int] = 5

    def pairs(self, folder: Path) -> list[Pair]:
        """One pair a couple."""
        return read_couples(folder)


def read_couples(folder: Path) -> list[Pair]:
    """The couples: the man's and the woman's ratings, 0 (negative) to 5 (positive), on one clock.

    Args:
        folder: that holds the file.

    Raises:
        InputError: the file is missing, or not what it should be.
    """
    import pandas as pd

    path = folder / FILE
    try:
        table = pd.read_csv(path, usecols=list(COLUMNS))
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"Reading the couples of rties: {path} cannot be read ({error})") from None
    found = []
    for couple, rows in table.groupby("couple"):
        first = int(rows["time"].min())
        sides = []
        for female in (0, 1):
            mine = rows[rows["female"] == female]
            place = mine["time"].to_numpy() - first
            if not len(mine) or len(np.unique(place)) < len(place):
                raise InputError(f"Reading {path}: couple {couple} needs one rating of each partner a moment")
            values = np.full(int(rows["time"].max()) - first + 1, np.nan)
            values[place.astype(np.int64)] = mine["dial"]
            sides.append(values)
        found.append(Pair(f"couple_{couple}", sides[0], sides[1], RATE))
    return found
