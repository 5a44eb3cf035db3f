"""EmpatheticDialogues: the emotion of a situation that people talk about (Rashkin et al., ACL 2019)."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import ClassVar, Literal, get_args

from empdetect.datamodules.label_table import Cells, read_cells
from empdetect.datamodules.text import PublishedTextDataModule, Text
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.task import Target, Task

EMOTIONS = (
    "afraid", "angry", "annoyed", "anticipating", "anxious", "apprehensive", "ashamed", "caring", "confident",
    "content", "devastated", "disappointed", "disgusted", "embarrassed", "excited", "faithful", "furious", "grateful",
    "guilty", "hopeful", "impressed", "jealous", "joyful", "lonely", "nostalgic", "prepared", "proud", "sad",
    "sentimental", "surprised", "terrified", "trusting",
)  # fmt: skip
SPLITS_FILE = "derived_ed_official_dev_test_ids.csv"
SPLIT_NAMES = {"dev": "val", "test": "test"}

Source = Literal["situation", "speaker"]


class EmpatheticDialoguesDataModule(PublishedTextDataModule):
    """Dialogues on a situation somebody was in, labelled with one of 32 emotions by that person.

    The published development and test dialogues are for validation and test, all others for training. The
    emotion is the one that the speaker was given and wrote about; the labels of single utterances, which
    also stand in the files, were made by a machine and are not used.

    Two people who did a task together talked twice, each as the speaker once. The owners say that all situations
    of one speaker are in one part; the two dialogues of a task often are not, and such ones are counted.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``empathetic_dialogues``; None reads ``EMPDETECT_DATA``.
        words: what the emotion is told from: the ``situation`` as described in one or two sentences before
            the dialogue (as the authors' classifier does), or what the ``speaker`` said in the dialogue.
        deduplicate, folds, fold, batch_size, seed, workers: as for ``PublishedTextDataModule``.
    """

    about: ClassVar[str] = "EmpatheticDialogues: 24,806 dialogues on situations of 32 emotions."
    licence: ClassVar[str] = "CC BY-NC 4.0"
    source: ClassVar[str] = (
        "Rashkin et al., ACL 2019; by emotion from Welivita and Pu, COLING 2020; "
        "https://github.com/anuradha1992/EmpatheticIntents"
    )
    folder: ClassVar[str] = "empathetic_dialogues"
    further_tie: ClassVar[str] = "two people, in changed roles,"
    task = Task((Target("emotion", "nominal", EMOTIONS),), unit="recording", construct="emotion")

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        words: Source = "situation",
        deduplicate: bool = False,
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, data_root, deduplicate, folds, fold, batch_size, seed, workers)
        if words not in get_args(Source):
            raise InputError(
                f"Reading EmpatheticDialogues: got words '{words}', allowed are {', '.join(get_args(Source))}"
            )
        self.words = words

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text a dialogue.

        Raises:
            InputError: a file is missing or broken.
        """
        ids = read_cells(folder / SPLITS_FILE, ("Dialog_ID", "ed_split"))
        splits = {str(cells["Dialog_ID"]): SPLIT_NAMES.get(str(cells["ed_split"]), "train") for cells in ids}
        for number, emotion in enumerate(EMOTIONS):
            path = folder / f"{emotion}.csv"
            lines = read_cells(path, ("Dialog_ID", "Type", "Actor", "Text"))
            for name, dialogue in groupby(lines, lambda cells: str(cells["Dialog_ID"])):
                words = self._words(list(dialogue), f"{path}, {name}")
                ties = (name, name.partition("_")[0])
                yield Text(name, words, {"emotion": float(number)}, ties, split=splits.get(name, "train"))

    def _words(self, lines: list[Cells], where: str) -> tuple[str, ...]:
        column = "Type" if self.words == "situation" else "Actor"
        said = tuple(str(cells["Text"]) for cells in lines if cells[column] == self.words and cells["Text"] is not None)
        if not said:
            raise InputError(f"Reading {where}: no words of the {self.words}; download the file again")
        return said
