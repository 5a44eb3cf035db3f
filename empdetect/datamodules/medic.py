"""MEDIC: empathy between counselor and client in psychological counseling (Zhu et al., ACM Multimedia 2023).

How the released files lie is not described publicly. Files are expected below ``medic`` as the contract that we
chose says, so that whoever has the data can write the one table::

    labels.csv                 clip, counselor, client, expression_of_experience, emotional_reaction,
                               cognitive_reaction: one line a clip; labels 0 to 2 or none, weak, strong
    videos/CLIP.mp4            its film, with sound
    transcripts/CLIP.tsv       its words, if there are any: start, end, speaker (counselor or client), text

Any ending of a film or transcript that empdetect reads will do. No figure is claimed for this module.
"""

from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.datamodules.label_table import read_cells, read_labels, required
from empdetect.datamodules.stream_files import stream_file
from empdetect.datamodules.text import linked
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.transcript import TranscriptFile
from empdetect.streams.video import VideoStream
from empdetect.task import Target, Task

REACTIONS = ("expression_of_experience", "emotional_reaction", "cognitive_reaction")
LEVELS = ("none", "weak", "strong")
PEOPLE = ("counselor", "client")


class MedicDataModule(EmpathyDataModule):
    """Clips of counseling, rated for what the client expresses and how the counselor reacts to it.

    No counselor and no client crosses a split: clips that share one of them, directly or through
    others, are one group. The film shows both and is given to the counselor; each has their own words.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``medic``; None reads ``EMPDETECT_DATA``.
        context: whether the model reads the client's words besides the counselor's.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "MEDIC: 771 clips of counseling, 11 h, three signs of empathy rated none, weak or strong."
    licence: ClassVar[str] = "Research purposes, by agreement with its authors."
    source: ClassVar[str] = "Zhu et al., ACM Multimedia 2023; https://ustc-ac.github.io/datasets/medic/"
    how_to_get: ClassVar[str] = (
        "request it from the authors as the project's page says, and lay it into medic below the data root as the "
        "documentation of empdetect.datamodules.medic says"
    )

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        context: bool = True,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.context = context
        self.task = Task(
            tuple(Target(name, "ordinal", LEVELS) for name in REACTIONS),
            unit="recording",
            direction="bidirectional",
            interaction="dyadic",
            persons=2 if context else 1,
            roles=("counselor",),
        )

    def segments(self) -> list[Segment]:
        """One segment a clip, grouped by the people in it.

        Raises:
            InputError: the table or a film is missing, or a line is broken.
        """
        folder = data_folder(self.data_root, "medic", how_to_get=self.how_to_get)
        path = folder / "labels.csv"
        lines = read_cells(path, ("clip", *PEOPLE, *REACTIONS))
        wheres = [f"{path}, row {row}" for row in range(1, len(lines) + 1)]
        named = [required(line, ("clip", *PEOPLE), where) for line, where in zip(lines, wheres)]
        groups = linked(people[1:] for people in named)
        return [
            Segment(
                _clip(folder, clip, where),
                "counselor",
                labels=read_labels(line, self.task.targets, where),
                group=group,
            )
            for line, where, (clip, *_), group in zip(lines, wheres, named, groups)
        ]


def _clip(folder: Path, clip: str, where: str) -> Recording:
    film = stream_file(folder / "videos", clip, "video")
    if film is None:
        raise InputError(f"Reading {where}: no film of '{clip}' in {folder / 'videos'}; add it or remove the row")
    words = stream_file(folder / "transcripts", clip, "transcript")
    said = {name: None if words is None else TranscriptFile(words, speaker=name) for name in PEOPLE}
    counselor = Participant("counselor", "counselor", VideoStream(film), AudioStream(film), said["counselor"])
    return Recording(clip, (counselor, Participant("client", "client", transcript=said["client"])))
