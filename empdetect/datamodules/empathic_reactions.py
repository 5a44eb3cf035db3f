"""Empathic Reactions: essays on news, with the empathy and distress of their writers (Buechel et al., EMNLP 2018)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.label_table import read_cells, read_labels, required
from empdetect.datamodules.text import Text, TextDataModule
from empdetect.task import Target, Task


class EmpathicReactionsDataModule(TextDataModule):
    """Essays with the empathy and distress that their writers reported, 1 to 7. Folds hold writers apart.

    Each writer reacted to up to five articles. The published folds are by essay: writers are in training
    and test alike. Correlations of about .92 that were published for these data come from an evaluation
    bug and mean nothing.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``empathic_reactions``; None reads ``EMPDETECT_DATA``.
        folds, fold, batch_size, seed, workers: as for ``TextDataModule``.
    """

    about: ClassVar[str] = (
        "Empathic Reactions: 1,860 essays on news by 372 writers, who rated their empathy and distress."
    )
    licence: ClassVar[str] = "CC BY 4.0"
    source: ClassVar[str] = "Buechel et al., EMNLP 2018; https://github.com/wwbp/empathic_reactions"
    folder: ClassVar[str] = "empathic_reactions"
    protocol_folds: ClassVar[int] = 10
    speaker: ClassVar[str] = "writer"
    task = Task(tuple(Target(name, "regression", range=(1, 7)) for name in ("empathy", "distress")), unit="recording")

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text an essay, tied to its writer.

        Raises:
            InputError: the file is missing or broken.
        """
        path = folder / "messages.csv"
        for row, cells in enumerate(read_cells(path, ("message_id", "response_id", "essay", "empathy", "distress")), 1):
            where = f"{path}, row {row}"
            name, writer, essay = required(cells, ("message_id", "response_id", "essay"), where)
            yield Text(name, essay, read_labels(cells, self.task.targets, where), ties=(writer,))
