"""IEMOCAP: acted dialogues of pairs, emotion by utterance (Busso et al., Language Resources and Evaluation 2008).

Files are expected as in the owners' release, unpacked to ``iemocap``, for the first dialogue of session 1::

    Session1/dialog/EmoEvaluation/Ses01F_impro01.txt         [start - end] turn emotion [valence, activation, dominance]
    Session1/dialog/transcriptions/Ses01F_impro01.txt        turn [start-end]: words
    Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M000.wav

A turn's last part begins with the letter of its speaker; that after the session is of who wears the markers. No
figure is claimed for this module.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task

EMOTIONS = ("angry", "happy", "sad", "neutral")
CODES = {"ang": 0.0, "hap": 1.0, "exc": 1.0, "sad": 2.0, "neu": 3.0}
"""The four classes that the literature compares; excitement counts as happiness. Others are unknown."""

DIMENSIONS = ("valence", "activation", "dominance")
NUMBER = r"\s*([\d.]+)\s*"
TURN = r"(Ses\d\d[FM]_\w+_[FM]\w+)"
EVALUATION = re.compile(rf"\[{NUMBER}-{NUMBER}\]\s+{TURN}\s+(\w+)\s+\[{NUMBER},{NUMBER},{NUMBER}\]\s*")
WORDS = re.compile(rf"{TURN} \[[^\]]*\]:(.*)")
LOW, HIGH = 1.0, 5.0


class IemocapDataModule(EmpathyDataModule):
    """Utterances of ten actors, with four emotions and three dimensions rated 1 to 5. Folds hold pairs apart.

    Both actors of a session hear and imitate each other, so a session never crosses a split: with five
    folds, each of the five pairs is the test set once. An emotion beyond the four is unknown, and so is a
    dimension beyond its scale; the utterance stays for its other labels.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``iemocap``; None reads ``EMPDETECT_DATA``.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "IEMOCAP: 12 h of dialogue by ten actors in pairs, emotion and its dimensions by utterance."
    licence: ClassVar[str] = "By a signed release form of the University of Southern California; research only."
    source: ClassVar[str] = "Busso et al., Language Resources and Evaluation 2008; https://sail.usc.edu/iemocap/"
    how_to_get: ClassVar[str] = (
        "fill in the release form on the project's page, and unpack Session1 to Session5 into iemocap below the "
        "data root"
    )

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        dimensions = (Target(name, "regression", range=(LOW, HIGH)) for name in DIMENSIONS)
        self.task = Task((Target("emotion", "nominal", EMOTIONS), *dimensions), unit="utterance", construct="emotion")

    def segments(self) -> list[Segment]:
        """One segment an utterance, grouped by session.

        Raises:
            InputError: the files are missing, or a line is broken.
        """
        folder = data_folder(self.data_root, "iemocap", how_to_get=self.how_to_get)
        paths = sorted(folder.glob("Session*/dialog/EmoEvaluation/Ses*.txt"))
        if not paths:
            place = folder / "Session1" / "dialog" / "EmoEvaluation" / "Ses*.txt"
            raise InputError(f"Reading IEMOCAP: no evaluation at {place}; {self.how_to_get}")
        return [segment for path in paths for segment in _dialogue(path)]


def _dialogue(path: Path) -> Iterator[Segment]:
    """The rated utterances of a dialogue."""
    session = path.parents[2]
    words = _words(session / "dialog" / "transcriptions" / path.name)
    for number, line in enumerate(_read(path).splitlines(), 1):
        # Lines of single raters, and the header, do not begin with the times of a turn.
        if not line.startswith("["):
            continue
        match = EVALUATION.fullmatch(line)
        if match is None:
            raise InputError(
                f"Reading IEMOCAP: {path}, line {number} is not '[start - end] turn emotion "
                "[valence, activation, dominance]'; copy the file again"
            )
        _, _, turn, code, *ratings = match.groups()
        sound = session / "sentences" / "wav" / path.stem / f"{turn}.wav"
        labels = {name: float(value) for name, value in zip(DIMENSIONS, ratings) if LOW <= float(value) <= HIGH}
        if code in CODES:
            labels["emotion"] = CODES[code]
        speaker = Participant(
            f"{turn[:5]}{turn.rpartition('_')[2][0]}",
            audio=AudioStream(sound) if sound.is_file() else None,
            transcript=Transcript((Utterance(words[turn]),)) if turn in words else None,
        )
        yield Segment(Recording(turn, (speaker,)), speaker.name, labels=labels, group=session.name)


def _words(path: Path) -> dict[str, str]:
    """Words by turn; lines that name no turn are left out, as the release has some."""
    if not path.is_file():
        return {}
    matches = (WORDS.fullmatch(line.strip()) for line in _read(path).splitlines())
    return {match[1]: match[2].strip() for match in matches if match is not None}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"Reading IEMOCAP: {path} cannot be read ({error})") from None
