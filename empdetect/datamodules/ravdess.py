"""RAVDESS: acted emotions in speech and face (Livingstone and Russo, PLOS ONE 2018)."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.datamodules.splits import shrink_validation
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.table import Table
from empdetect.task import Target, Task

if TYPE_CHECKING:
    from numpy.typing import NDArray

EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""In the order of the third number of a clip's name, 01 to 08."""

FRAME_RATE = 30.0
"""Frames a second of the videos, in Hz."""

INTENSITIES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
PRESENCES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
ACTION_UNITS = tuple(f"AU{unit:02d}_r" for unit in INTENSITIES) + tuple(f"AU{unit:02d}_c" for unit in PRESENCES)
"""OpenFace's columns: mean intensity (0 to 5) and share of frames in which the unit was present."""

WAV2VEC2_ORDER = ("angry", "calm", "disgust", "fearful", "happy", "neutral", "sad", "surprised")
"""Classes of the published wav2vec 2.0 logits, in the order of their columns."""


class RavdessDataModule(EmpathyDataModule):
    """Spoken clips of actors, eight emotions. Folds hold actors apart.

    The sound is the speech-only release. Tables come with it where their files are there, computed
    from the video of the same take: ``face_emotions`` (seven probabilities a frame) and
    ``action_units`` (OpenFace's, one row for the clip). ``wav2vec2`` holds the logits that the published system of
    Luna-Jimenez et al. (Applied Sciences 2022) gave for a clip when its actor was in that system's own test fold:
    answers of another detector, not features of ours.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``ravdess``; None reads ``EMPDETECT_DATA``.
        validation_actors: how many actors of a fold's validation set to keep for it; the others train.
            None keeps all.
        zscore_by: ``group`` standardises the features of each actor by the actor's own statistics.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "RAVDESS: 1,200 spoken clips by 20 actors, eight acted emotions."
    licence: ClassVar[str] = "CC BY-NC-SA 4.0"
    source: ClassVar[str] = "Livingstone and Russo, PLOS ONE 2018; https://zenodo.org/records/1188976"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        validation_actors: int | None = None,
        zscore_by: Literal["group"] | None = None,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.validation_actors = validation_actors
        self.zscore_by = zscore_by
        self.task = Task((Target("emotion", "nominal", EMOTIONS),), unit="recording", construct="emotion")

    def segments(self) -> list[Segment]:
        """One segment a clip, grouped by actor.

        Raises:
            InputError: the files are missing, or a clip's name is not one of RAVDESS.
        """
        folder = data_folder(self.data_root, "ravdess")
        clips = sorted((folder / "audio_16k").glob("Actor_*/*.flac"))
        if not clips:
            raise InputError(f"Reading RAVDESS: no clip at {folder / 'audio_16k' / 'Actor_*' / '*.flac'}")
        tables = _tables(folder / "features")
        return [_segment(path, {name: found.get(_take(path.stem)) for name, found in tables.items()}) for path in clips]

    def _split(self) -> None:
        if self.parts:
            return
        super()._split()
        if self.validation_actors is not None:
            self.parts = shrink_validation(self.parts, self.validation_actors)


def _segment(path: Path, tables: Mapping[str, Table | None]) -> Segment:
    emotion, actor = _parsed(path)
    there = {name: table for name, table in tables.items() if table is not None}
    person = Participant("speaker", audio=AudioStream(path), tables=there)
    return Segment(
        Recording(path.stem, (person,)), "speaker", labels={"emotion": float(emotion)}, group=f"actor_{actor:02d}"
    )


def _parsed(path: Path) -> tuple[int, int]:
    """Emotion, counted from 0, and actor of a clip's name."""
    parts = path.stem.split("-")
    if len(parts) != 7 or not all(part.isdigit() for part in parts) or not 1 <= int(parts[2]) <= len(EMOTIONS):
        raise InputError(
            f"Reading RAVDESS: '{path.name}' is not modality-channel-emotion-intensity-statement-repetition-actor"
        )
    return int(parts[2]) - 1, int(parts[6])


def _take(name: str) -> str:
    """What the sound (03-...) and the video (01-...) of one take have in common."""
    return name.partition("-")[2]


def _tables(folder: Path) -> dict[str, dict[str, Table]]:
    """Tables by name and take; none where the files are not there."""
    readers = {
        "face_emotions": ("face_emotion_frames.npz", _face_emotions),
        "action_units": ("openface_au35.npz", _action_units),
    }
    found: dict[str, dict[str, Table]] = {}
    published = _published_logits(folder.parent / "published_posteriors")
    if published:
        found["wav2vec2"] = published
    for name, (file, read) in readers.items():
        path = folder / file
        if path.is_file():
            with np.load(path, allow_pickle=False) as content:
                found[name] = read(content)
    return found


def _published_logits(folder: Path) -> dict[str, Table]:
    """Table of one row by take, of all files of the folder; none where they are not there."""
    found: dict[str, Table] = {}
    for path in sorted(folder.glob("wav2vec2_fold*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                logits = np.array([[float(row[f"embs{place}"]) for place in range(len(WAV2VEC2_ORDER))]], np.float32)
                found[_take(row["clip"])] = Table(logits, np.zeros(1), WAV2VEC2_ORDER)
    return found


def _face_emotions(content: Mapping[str, Any]) -> dict[str, Table]:
    clips: NDArray[np.str_] = content["clip"]
    frames, values = content["frame"].astype(float), content["prob"].astype(np.float32)
    columns = tuple(str(name).lower() for name in content["classes"])
    order = np.lexsort((frames, clips))
    names, starts = np.unique(clips[order], return_index=True)
    pieces = np.split(order, starts[1:])
    return {
        _take(str(name)): Table(values[rows], frames[rows] / FRAME_RATE, columns)
        for name, rows in zip(names, pieces, strict=True)
    }


def _action_units(content: Mapping[str, Any]) -> dict[str, Table]:
    values = content["au"].astype(np.float32)
    return {
        _take(str(name)): Table(row[None], np.zeros(1), ACTION_UNITS)
        for name, row in zip(content["clip"], values, strict=True)
    }
