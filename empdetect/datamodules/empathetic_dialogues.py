"""EmpatheticDialogues: the emotion of a situation that people talk about (Rashkin et al., ACL 2019)."""

from collections.abc import Iterator
from dataclasses import dataclass
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
ACTORS = ("speaker", "listener")

Source = Literal["situation", "speaker"]


@dataclass(frozen=True)
class LabelledUtterance:
    """One utterance of a dialogue.

    Args:
        actor: who talks, ``speaker`` or ``listener``.
        words: what they say.
        label: what a machine made of it, an emotion, an intent or ``neutral`` (Welivita and Pu, COLING 2020).
    """

    actor: str
    words: str
    label: str


@dataclass(frozen=True)
class LabelledDialogue:
    """One dialogue.

    Args:
        name: of the dialogue, with that of the task that its two people did.
        emotion: that the speaker was given and wrote about.
        situation: in the speaker's words, written down before.
        turns: in their order; the speaker begins.
        split: train, val or test, as published.
    """

    name: str
    emotion: str
    situation: str
    turns: tuple[LabelledUtterance, ...]
    split: str


def read_dialogues(folder: Path) -> Iterator[LabelledDialogue]:
    """All dialogues, emotion by emotion.

    Raises:
        InputError: a file is missing or broken.
    """
    ids = read_cells(folder / SPLITS_FILE, ("Dialog_ID", "ed_split"))
    splits = {str(cells["Dialog_ID"]): SPLIT_NAMES.get(str(cells["ed_split"]), "train") for cells in ids}
    for emotion in EMOTIONS:
        path = folder / f"{emotion}.csv"
        lines = read_cells(path, ("Dialog_ID", "Type", "Actor", "Text", "Label"))
        for name, dialogue in groupby(lines, lambda cells: str(cells["Dialog_ID"])):
            yield _dialogue(name, emotion, list(dialogue), splits.get(name, "train"), path)


def _dialogue(name: str, emotion: str, lines: list[Cells], split: str, path: Path) -> LabelledDialogue:
    said = [cells for cells in lines if cells["Text"] is not None]
    situation = [str(cells["Text"]) for cells in said if cells["Type"] == "situation"]
    turns = tuple(
        LabelledUtterance(str(cells["Actor"]), str(cells["Text"]), str(cells["Label"]))
        for cells in said
        if cells["Type"] != "situation"
    )
    if unknown := sorted({turn.actor for turn in turns} - set(ACTORS)):
        raise InputError(
            f"Reading {path}, {name}: said by {', '.join(unknown)}, known are {', '.join(ACTORS)}; "
            "download the file again"
        )
    if not situation or all(turn.actor != "speaker" for turn in turns):
        lacking = "speaker" if situation else "situation"
        raise InputError(f"Reading {path}, {name}: no words of the {lacking}; download the file again")
    return LabelledDialogue(name, emotion, " ".join(situation), turns, split)


class EmpatheticDialoguesDataModule(PublishedTextDataModule):
    """Dialogues on a situation somebody was in, labelled with one of 32 emotions by that person.

    The published development and test dialogues are for validation and test, all others for training. The
    emotion is the one that the speaker was given and wrote about; the labels of single utterances, which
    also stand in the files, were made by a machine and are not used here.

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
        for dialogue in read_dialogues(folder):
            labels = {"emotion": float(EMOTIONS.index(dialogue.emotion))}
            ties = (dialogue.name, dialogue.name.partition("_")[0])
            yield Text(dialogue.name, self._words(dialogue), labels, ties, split=dialogue.split)

    def _words(self, dialogue: LabelledDialogue) -> tuple[str, ...]:
        if self.words == "situation":
            return (dialogue.situation,)
        return tuple(turn.words for turn in dialogue.turns if turn.actor == "speaker")
