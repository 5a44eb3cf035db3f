"""MELD: emotions of utterances from a television series (Poria et al., ACL 2019)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.label_table import read_cells, read_labels, required
from empdetect.datamodules.text import PublishedTextDataModule, Text
from empdetect.task import Target, Task

EMOTIONS = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
COLUMNS = ("Utterance", "Dialogue_ID", "Utterance_ID", "Season", "Episode")
FILES = {"train": "train_sent_emo.csv", "val": "dev_sent_emo.csv", "test": "test_sent_emo.csv"}


class MeldDataModule(PublishedTextDataModule):
    """Utterances of "Friends" with one of seven emotions: the words alone. The published files, grouped by dialogue.

    Many utterances are short, and occur in training and test: ``deduplicate`` leaves out what is copied.
    Scenes of one episode are on both sides of the published split: how many utterances that concerns is counted.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``meld``; None reads ``EMPDETECT_DATA``.
        deduplicate, folds, fold, batch_size, seed, workers: as for ``PublishedTextDataModule``.
    """

    about: ClassVar[str] = "MELD: 13,708 utterances of a television series, seven emotions."
    licence: ClassVar[str] = "GPL-3.0 for the annotations; the words are those of the series."
    source: ClassVar[str] = "Poria et al., ACL 2019; https://github.com/declare-lab/MELD"
    folder: ClassVar[str] = "meld"
    further_tie: ClassVar[str] = "episodes"
    task = Task((Target("emotion", "nominal", EMOTIONS),), unit="utterance", construct="emotion")

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text an utterance, tied to its dialogue, which each file numbers anew, and to its episode.

        Raises:
            InputError: a file is missing or broken.
        """
        for split, file in FILES.items():
            path = folder / file
            lines = read_cells(path, (*COLUMNS, "emotion"), {"Emotion": "emotion"})
            for row, cells in enumerate(lines, 1):
                where = f"{path}, row {row}"
                words, dialogue, number, season, episode = required(cells, COLUMNS, where)
                labels = read_labels(cells, self.task.targets, where)
                ties = (f"{split} {dialogue}", f"season {season}, episode {episode}")
                yield Text(f"{split}_{dialogue}_{number}", words, labels, ties, split=split)
