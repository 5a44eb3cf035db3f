"""EDOS: emotions and intents of lines from films (Welivita, Xie and Pu, EMNLP 2021)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.empathetic_dialogues import EMOTIONS as FEELINGS
from empdetect.datamodules.label_table import Cells, read_cells, required
from empdetect.datamodules.text import PairDataModule, Text, level
from empdetect.features.base import Extractor
from empdetect.task import Target

INTENTS = (
    "agreeing", "acknowledging", "encouraging", "consoling", "sympathizing", "suggesting", "questioning", "wishing",
)  # fmt: skip
EMOTIONS = (*FEELINGS, *INTENTS, "neutral")

START = "Training_data_for_the_dialogue_emotion_classifier__"
HUMAN = START + "1._MTurk_groundtruth_labels_9K.csv"
MACHINE = {
    START + "2._Similar_dialogs_3K.csv": "amt_dialog_id",
    START + "3._Self-labeled_dialogs_4K.csv": "os_dialog_id",
    START + "4._Similar_self-labeled_dialogs_2K.csv": "high_dialog_id",
}
"""Files of dialogues that a machine labelled, and the column that names the dialogue each label comes from."""

RENAMED = {
    "DialogID": "os_dialog_id",
    "Dialog": "os_dialog",
    "Agreed emotion (2/3 vote)": "emotion",
}


class EdosDataModule(PairDataModule):
    """Lines from film subtitles, with one of 32 emotions, eight intents or neutral; what was said before is context.

    The label is about the last line of a dialogue. Lines on which fewer than two of three people agreed
    are left out. The same line, or one that was found by its likeness to another, stays in that one's fold.
    For training besides other data: there is no published test set.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``edos``; None reads ``EMPDETECT_DATA``.
        context: whether the model reads what was said before, too.
        machine_labels: train on the dialogues that a machine labelled, too; none is for validation or test.
        folds, fold, batch_size, seed, workers: as for ``PairDataModule``.
    """

    about: ClassVar[str] = "EDOS: 8,910 dialogues from film subtitles labelled by people, 41 emotions and intents."
    licence: ClassVar[str] = "CC BY 4.0"
    source: ClassVar[str] = "Welivita, Xie and Pu, EMNLP 2021; https://github.com/anuradha1992/EDOS"
    folder: ClassVar[str] = "edos"
    targets: ClassVar[tuple[Target, ...]] = (Target("emotion", "nominal", EMOTIONS),)
    construct: ClassVar[str] = "emotion"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        context: bool = True,
        machine_labels: bool = False,
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, data_root, context, folds, fold, batch_size, seed, workers)
        self.machine_labels = machine_labels

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text a dialogue.

        Raises:
            InputError: a file is missing or broken.
        """
        sources = {HUMAN: "os_dialog_id", **(MACHINE if self.machine_labels else {})}
        for file, source in sources.items():
            columns = ("os_dialog_id", "os_dialog", "emotion", source)
            for row, cells in enumerate(read_cells(folder / file, columns, RENAMED), 1):
                where = f"{folder / file}, row {row}"
                emotion = _emotion(cells, where)
                if emotion is not None:
                    prefix = "human" if file == HUMAN else f"machine_{file.removeprefix(START)[0]}"
                    yield _text(f"{prefix}_{row}", cells, source, emotion, where)

    def _split(self) -> None:
        if self.parts:
            return
        super()._split()
        for split in ("val", "test"):
            self.parts[split] = [s for s in self.parts[split] if s.recording.id.startswith("human")]


def _text(name: str, cells: Cells, source: str, emotion: float, where: str) -> Text:
    dialogue, found_by, lines = required(cells, ("os_dialog_id", source, "os_dialog"), where)
    *before, last = [line.lstrip("- ").strip() for line in lines.splitlines() if line.strip("- ")] or [lines]
    return Text(name, last, {"emotion": emotion}, ties=(dialogue, found_by), context=before)


def _emotion(cells: Cells, where: str) -> float | None:
    """Number of the emotion; None where people did not agree on one of the list."""
    name = str(cells["emotion"]).lower()
    if name == "-" or name.endswith("(other)"):
        return None
    return level(EMOTIONS, name, where)
