"""EmpathicStories++: empathy towards others' stories, by people at home with a robot (Shen et al., ACL 2024).

The release holds features of picture, sound and words and needs a signed agreement; how its files lie, and the
scale of the self-reported empathy, are not described publicly. Files are expected below ``empathic_stories`` as
the contract that we chose says, so that whoever has the data can write the one table::

    labels.csv                                              participant, session, story, empathy: one line for
                                                            each story that a participant read in a session
    story_share/PARTICIPANT/SESSION/STORY/                  the participant tells a story of their own
    reflection/PARTICIPANT/SESSION/STORY/                   the participant talks about the story they read

A folder holds what there is: ``video.csv``, ``audio.csv`` and ``text.csv`` (features, with a column of seconds),
``transcript.vtt`` (or another ending that empdetect reads), ``video.mp4``, ``audio.wav``. Where one shared story
stands for several that were read, the folder is there once for each. No figure is claimed for this module, and no
reproduction of the paper's.
"""

import logging
from pathlib import Path
from typing import ClassVar, Literal, get_args

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.datamodules.label_table import read_cells, read_labels, required
from empdetect.datamodules.stream_files import stream_file
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.media import tracks
from empdetect.streams.table import TableFile
from empdetect.streams.transcript import TranscriptFile
from empdetect.streams.video import VideoStream
from empdetect.task import Target, Task

Context = Literal["story_share", "reflection"]
KEY = ("participant", "session", "story")
TABLES = ("video", "audio", "text")

log = logging.getLogger(__name__)


class EmpathicStoriesDataModule(EmpathyDataModule):
    """What a participant's own story, or their reflection on another's, tells of their empathy towards the other.

    Folds hold participants apart: each took part for a month. Feature tables are named after
    their files: ``video_features``, ``audio_features``, ``text_features``. A labelled story whose
    folder is missing is left out with a message, as not every session was recorded whole.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``empathic_stories``; None reads ``EMPDETECT_DATA``.
        context: what the model sees: ``story_share``, the participant's own story, or ``reflection``, their
            talk about the story they read.
        scale: lowest and highest answer of the self-report.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "EmpathicStories++: 41 people share and read stories at home for a month, 53 h, own empathy."
    licence: ClassVar[str] = "By a signed data usage agreement with MIT; research only."
    source: ClassVar[str] = (
        "Shen et al., Findings of ACL 2024; https://mitmedialab.github.io/empathic-stories-multimodal/"
    )
    how_to_get: ClassVar[str] = (
        "fill in the access form on the project's page, sign the agreement, and lay the data into empathic_stories "
        "below the data root as the documentation of empdetect.datamodules.empathic_stories says"
    )

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        context: Context = "reflection",
        scale: tuple[float, float] = (1.0, 5.0),
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        if context not in get_args(Context):
            raise InputError(
                f"Reading EmpathicStories++: got context '{context}', allowed are {', '.join(get_args(Context))}"
            )
        self.data_root = data_root
        self.context = context
        self.scale = scale
        self.task = Task((Target("empathy", "regression", range=scale),), unit="recording")

    def segments(self) -> list[Segment]:
        """One segment for each story read, grouped by participant.

        Raises:
            InputError: the table or all folders of the context are missing, or a line is broken.
        """
        folder = data_folder(self.data_root, "empathic_stories", how_to_get=self.how_to_get)
        path = folder / "labels.csv"
        found, absent = [], []
        for row, line in enumerate(read_cells(path, (*KEY, "empathy")), 1):
            where = f"{path}, row {row}"
            key = required(line, KEY, where)
            labels = read_labels(line, self.task.targets, where)
            place = folder.joinpath(self.context, *key)
            if place.is_dir():
                person = _person(place)
                recording = Recording("_".join((self.context, *key)), (person,))
                found.append(Segment(recording, person.name, labels=labels, group=key[0]))
            else:
                absent.append(str(place))
        if not found:
            raise InputError(f"Reading EmpathicStories++: nothing at {absent[0]} and all the others; {self.how_to_get}")
        if absent:
            log.warning("EmpathicStories++: %d stories without a folder, such as %s", len(absent), absent[0])
        return found


def _person(folder: Path) -> Participant:
    """Who talks in a folder's files, with what there is of them.

    Raises:
        InputError: the folder holds no file of the contract.
    """
    video, audio, words = (stream_file(folder, kind, kind) for kind in ("video", "audio", "transcript"))
    sound = audio or (video if video is not None and "audio" in tracks(video) else None)
    person = Participant(
        "participant",
        video=None if video is None else VideoStream(video),
        audio=None if sound is None else AudioStream(sound),
        transcript=None if words is None else TranscriptFile(words),
        tables={f"{n}_features": TableFile(folder / f"{n}.csv") for n in TABLES if (folder / f"{n}.csv").is_file()},
    )
    if not any(person.streams()):
        raise InputError(
            f"Reading EmpathicStories++: {folder} holds none of {', '.join(f'{name}.csv' for name in TABLES)}, "
            "transcript.vtt, video.mp4, audio.wav"
        )
    return person
