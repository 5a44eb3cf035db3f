"""Emo-DB: acted emotions in German speech (Burkhardt et al., Interspeech 2005)."""

from pathlib import Path
from typing import ClassVar, Literal

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.task import Target, Task

EMOTIONS = ("angry", "happy", "neutral", "sad")
LETTERS = {"W": "angry", "F": "happy", "N": "neutral", "T": "sad"}
"""By the sixth letter of a clip's name, which stands for the German word."""

LEFT_OUT = ("A", "E", "L")
"""Fear, disgust and boredom, of which some speakers have hardly a clip."""

ENDINGS = (".flac", ".wav")


class EmodbDataModule(EmpathyDataModule):
    """Spoken sentences of actors, four emotions. Each fold leaves one speaker out.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``emodb``; None reads ``EMPDETECT_DATA``.
        zscore_by: ``group`` standardises the features of each speaker by the speaker's own statistics.
        folds: as many as there are speakers.
        fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "Emo-DB: 266 spoken clips by 8 German actors, four acted emotions."
    licence: ClassVar[str] = "CC0"
    source: ClassVar[str] = "Burkhardt et al., Interspeech 2005; http://emodb.bilderbar.info"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        zscore_by: Literal["group"] | None = None,
        folds: int = 8,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.zscore_by = zscore_by
        self.task = Task((Target("emotion", "nominal", EMOTIONS),), unit="recording", construct="emotion")

    def segments(self) -> list[Segment]:
        """One segment a clip, grouped by speaker.

        Raises:
            InputError: the files are missing, a clip's name is not one of Emo-DB, or ``folds`` is not the
                number of speakers.
        """
        folder = data_folder(self.data_root, "emodb")
        clips = sorted(path for path in folder.iterdir() if path.suffix in ENDINGS)
        if not clips:
            raise InputError(f"Reading Emo-DB: no clip at {folder / '*.flac'}")
        found = [_segment(path) for path in clips if _letter(path) in LETTERS]
        speakers = {segment.group for segment in found}
        if len(speakers) != self.folds:
            raise InputError(
                f"Reading Emo-DB: each fold leaves one of {len(speakers)} speakers out, got {self.folds} folds; "
                f"give folds={len(speakers)}"
            )
        return found


def _segment(path: Path) -> Segment:
    labels = {"emotion": float(EMOTIONS.index(LETTERS[_letter(path)]))}
    speaker = Participant("speaker", audio=AudioStream(path))
    return Segment(Recording(path.stem, (speaker,)), "speaker", labels=labels, group=f"speaker_{path.stem[:2]}")


def _letter(path: Path) -> str:
    """The letter of a clip's emotion."""
    name = path.stem
    if len(name) != 7 or not name[:2].isdigit() or name[5] not in (*LETTERS, *LEFT_OUT):
        raise InputError(f"Reading Emo-DB: '{path.name}' is not speaker, sentence, emotion and version, as in 03a01Fa")
    return name[5]
