"""GoEmotions: 28 emotions in comments from Reddit (Demszky et al., ACL 2020)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.text import PublishedTextDataModule, Text, normalised, read_fields
from empdetect.errors import InputError
from empdetect.task import Target, Task

EMOTIONS = (
    "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
    "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
    "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise", "neutral",
)  # fmt: skip
"""In the order of the numbers in the files."""

FILES = {"train": "train.tsv", "val": "dev.tsv", "test": "test.tsv"}


class GoEmotionsDataModule(PublishedTextDataModule):
    """Comments with one or more of 27 emotions, or neutral; the published training, validation and test files.

    Each emotion is a binary target of its own.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``goemotions``; None reads ``EMPDETECT_DATA``.
        deduplicate, folds, fold, batch_size, seed, workers: as for ``PublishedTextDataModule``.
    """

    about: ClassVar[str] = "GoEmotions: 54,263 comments from Reddit, each marked for 27 emotions and neutral."
    licence: ClassVar[str] = "Apache-2.0"
    source: ClassVar[str] = (
        "Demszky et al., ACL 2020; https://github.com/google-research/google-research/tree/master/goemotions"
    )
    folder: ClassVar[str] = "goemotions"
    speaker: ClassVar[str] = "writer"
    task = Task(tuple(Target(name, "binary") for name in EMOTIONS), unit="utterance", construct="emotion")

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text a comment.

        Raises:
            InputError: a file is missing or broken.
        """
        for split, file in FILES.items():
            for where, (comment, numbers, name) in read_fields(folder / file, 3, tabs=True):
                marked = _marked(numbers, where)
                labels = {emotion: float(emotion in marked) for emotion in EMOTIONS}
                yield Text(name, comment, labels, ties=(normalised(comment) or name,), split=split)


def _marked(numbers: str, where: str) -> set[str]:
    """Emotions of a list such as ``8,20``."""
    try:
        places = [int(number) for number in numbers.split(",")]
    except ValueError:
        places = [-1]
    if not all(0 <= place < len(EMOTIONS) for place in places):
        raise InputError(
            f"Reading {where}: got the labels '{numbers[:40]}', allowed are numbers 0 to {len(EMOTIONS) - 1}"
        )
    return {EMOTIONS[place] for place in places}
