"""ESConv: strategies of people who give emotional support (Liu et al., ACL 2021)."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.text import PublishedTextDataModule, Text, level, normalised, read_fields
from empdetect.task import Target, Task

STRATEGIES = (
    "Reflection of feelings",
    "Self-disclosure",
    "Question",
    "Affirmation and Reassurance",
    "Providing Suggestions",
    "Restatement or Paraphrasing",
    "Information",
    "Others",
)
FILES = {"train": "strategy_train.csv", "val": "strategy_valid.csv", "test": "strategy_test.csv"}
END = "<|endoftext|>"
"""What ends every utterance in the files; it is cut off."""


class EsconvDataModule(PublishedTextDataModule):
    """Utterances of supporters with their strategy, one of eight; the published training, validation and test files.

    An utterance of several sentences may have several strategies (15% do): here its label is the first,
    that of its beginning, which is how the floor of .455 was measured. TF-IDF reaches .45 with the last one
    as well, and .47 if these utterances are left out.

    Texts are copied between the files: 350 for training occur in the validation or test file, and 96 for
    validation in the test file, nearly all of them greetings and thanks.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``esconv``; None reads ``EMPDETECT_DATA``.
        deduplicate, folds, fold, batch_size, seed, workers: as for ``PublishedTextDataModule``.
    """

    about: ClassVar[str] = "ESConv: 14,642 utterances of people who give emotional support, eight strategies."
    licence: ClassVar[str] = "CC BY-NC 4.0; the owners ask for academic research use only."
    source: ClassVar[str] = "Liu et al., ACL 2021; https://github.com/thu-coai/Emotional-Support-Conversation"
    folder: ClassVar[str] = "esconv"
    speaker: ClassVar[str] = "supporter"
    task = Task((Target("strategy", "nominal", STRATEGIES),), unit="utterance", construct="support")

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text an utterance.

        Raises:
            InputError: a file is missing or broken.
        """
        for split, file in FILES.items():
            for row, (where, (strategies, utterance)) in enumerate(read_fields(folder / file, 2), 1):
                words = utterance.removesuffix(END).strip()
                name = f"{split}_{row}"
                labels = {"strategy": level(STRATEGIES, strategies.partition(",")[0], where)}
                yield Text(name, words, labels, ties=(normalised(words) or name,), split=split)
