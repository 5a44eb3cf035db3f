"""EmpatheticPersonas: how empathetic the lines of a self-help chatbot are (Alazraki et al., AACL 2021)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.label_table import read_cells, read_labels, required
from empdetect.datamodules.text import Text, TextDataModule
from empdetect.task import Target, Task

LEVELS = ("none", "some", "strong")


class EmpatheticPersonasDataModule(TextDataModule):
    """Lines that people wrote for a chatbot, empathy rated 0 to 2: the median of three raters.

    Lines that were written or rated more than once stay in one fold, and keep the label of each rating:
    16 of them were rated differently.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``empathetic_personas``; None reads ``EMPDETECT_DATA``.
        folds, fold, batch_size, seed, workers: as for ``TextDataModule``.
    """

    about: ClassVar[str] = "EmpatheticPersonas: 1,100 rewritten lines of a self-help chatbot, empathy rated 0 to 2."
    licence: ClassVar[str] = "MIT"
    source: ClassVar[str] = "Alazraki et al., AACL 2021; https://github.com/LisaAlaz/SATbot"
    folder: ClassVar[str] = "empathetic_personas"
    speaker: ClassVar[str] = "supporter"
    task = Task((Target("empathy_score", "ordinal", LEVELS),), unit="utterance")

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text a line.

        Raises:
            InputError: the file is missing or broken.
        """
        path = folder / "EP_EN_full.csv"
        for row, cells in enumerate(read_cells(path, ("response", "empathy_score")), 1):
            where = f"{path}, row {row}"
            (response,) = required(cells, ("response",), where)
            yield Text(f"line_{row}", response, read_labels(cells, self.task.targets, where))
