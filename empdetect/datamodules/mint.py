"""MINT: ten empathic tactics in sentences of supporters (Zhan et al., 2026)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.label_table import read_cells, read_labels, required
from empdetect.datamodules.text import PublishedTextDataModule, Text, level, normalised
from empdetect.task import Target, Task

TACTICS = (
    "advice",
    "assistance",
    "emotional_expression",
    "empowerment",
    "information",
    "paraphrasing",
    "questioning",
    "reappraisal",
    "self_disclosure",
    "validation",
)
PARTS = {"val": "train", "test": "test"}
"""What each of the owners' parts is for here: the labels of their training set are not published."""


class MintDataModule(PublishedTextDataModule):
    """Sentences of supporters, each with or without each of ten tactics.

    The owners' validation set is for training, an eighth of its sentences for validation, their test
    set for the test. Equal sentences stay together; one, of a single word, is in both of the owners' sets.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``mint``; None reads ``EMPDETECT_DATA``.
        deduplicate, folds, fold, batch_size, seed, workers: as for ``PublishedTextDataModule``.
    """

    about: ClassVar[str] = "MINT: 646 sentences of supporters, each marked for ten empathic tactics."
    licence: ClassVar[str] = "MIT"
    source: ClassVar[str] = "Zhan et al., arXiv 2604.11742; https://github.com/honglizhan/mint-empathy"
    folder: ClassVar[str] = "mint"
    protocol_folds: ClassVar[int] = 8
    speaker: ClassVar[str] = "supporter"
    task = Task(tuple(Target(name, "binary") for name in TACTICS), unit="utterance")

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text a sentence.

        Raises:
            InputError: the file is missing or broken.
        """
        path = folder / "derived_tactic_sentences_val_test.tsv"
        for row, cells in enumerate(read_cells(path, ("split", "idx", "sentence", *TACTICS)), 1):
            where = f"{path}, row {row}"
            part, number, sentence = required(cells, ("split", "idx", "sentence"), where)
            split = list(PARTS.values())[int(level(tuple(PARTS), part, where))]
            labels = read_labels(cells, self.task.targets, where)
            yield Text(f"{part}_{number}", sentence, labels, ties=(normalised(sentence),), split=split)
