"""SEND: people tell of their lives, rated for valence over time (Ong et al., IEEE Trans. Affective Computing 2021).

Files are expected below ``send``, named as the owners' release (``SENDv1``) and public code for it name them,
for person 113 and their first clip in the training set::

    ratings/Train/observer_EWE/results_113_1.csv             time (s), evaluatorWeightedEstimate (0 to 100)
    ratings/Train/target/target_113_1_normal.csv             time (s), rating (0 to 1): their own
    videos/Train/ID113_vid1*.mp4                             films that were released
    features/Train/acoustic-egemaps/ID113_vid1_acousticFeatures.csv      frameTime (s), eGeMAPS
    features/Train/emotient/ID113_vid1_crop_downsized.txt                Frametime (s), action units
    features/Train/linguistic/ID113_vid1_aligned.tsv                     time (s), GloVe
    features/Train/linguistic-word-level/ID113_vid1_aligned.tsv          time-offset (s), word

The other sets are ``Valid`` and ``Test``. The ratings of one kind must be there; all else may be missing. This
could not be checked against the data: no figure is claimed for this module.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.datamodules.protocol import Protocol, check_protocol, group_and_split
from empdetect.datamodules.ratings import read_ratings
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import SPLITS, Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.table import TableFile
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.streams.video import VideoStream
from empdetect.task import Target, Task

FOLDERS = {"train": "Train", "val": "Valid", "test": "Test"}
RATERS = {
    "observers": ("observer_EWE", re.compile(r"results_(\d+)_(\d+)"), "evaluatorWeightedEstimate", 100.0),
    "self": ("target", re.compile(r"target_(\d+)_(\d+)_normal"), "rating", 1.0),
}
"""By who rated: folder, names of its files, column, and the top of its scale."""

TABLES = {
    "acoustic": ("acoustic-egemaps", ("acousticFeatures.csv",)),
    "emotient": ("emotient", ("crop_downsized.txt", "downsized.txt")),
    "linguistic": ("linguistic", ("aligned.tsv",)),
}
"""By table: folder, and the ends of the names that its files may have."""

VALENCE = Target("valence", "continuous", range=(0.0, 1.0))
PHRASE = 5.0
"""Seconds of words that make one utterance: the owners averaged words over as many."""


class SendDataModule(EmpathyDataModule):
    """Windows of told life events, each with the mean valence that observers, or the tellers themselves, gave.

    Films of people who did not consent to their release are never given out, only features and
    ratings of them: their participants have no video, audio and words. Tables come where their files
    are there: ``acoustic``, ``emotient`` and ``linguistic``.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``send``; None reads ``EMPDETECT_DATA``.
        rater: ``observers`` for the weighted mean of many, ``self`` for the teller's own rating.
        protocol: ``person`` for folds that hold tellers apart, ``published`` for the owners' split by
            clip, in which tellers may be on both sides.
        window: seconds of a window.
        hop: seconds from the start of one window to the next.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "SEND v1: 193 life events told on film by 49 people, valence rated twice a second."
    licence: ClassVar[str] = (
        "By agreement: academic research only, not to be passed on, no synthetic likeness of the people; "
        "81 of the films are not released."
    )
    source: ClassVar[str] = (
        "Ong et al., IEEE Trans. Affective Computing 2021; https://github.com/StanfordSocialNeuroscienceLab/SEND"
    )
    how_to_get: ClassVar[str] = (
        "sign the licence agreement of the project's page, request access as it says, and unpack ratings, features "
        "and videos into send below the data root"
    )

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        rater: Literal["observers", "self"] = "observers",
        protocol: Protocol = "person",
        window: float = 5.0,
        hop: float = 5.0,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        check_protocol(protocol)
        if rater not in RATERS:
            raise InputError(f"Reading SEND: got rater '{rater}', allowed are {', '.join(RATERS)}")
        self.data_root = data_root
        self.rater = rater
        self.protocol = protocol
        self.window = window
        self.hop = hop
        self.task = Task((VALENCE,), unit="continuous", construct="emotion", window=window, hop=hop)

    def segments(self) -> list[Segment]:
        """One segment a window, grouped by teller, or by clip under the published protocol.

        Raises:
            InputError: the ratings are missing, or a file is not what it should be.
        """
        folder = data_folder(self.data_root, "send", how_to_get=self.how_to_get)
        place = RATERS[self.rater][0]
        parts = [(s, path) for s in SPLITS for path in sorted((folder / "ratings" / FOLDERS[s] / place).glob("*.csv"))]
        if not parts:
            raise InputError(
                f"Reading SEND: no ratings at {folder / 'ratings' / 'Train' / place / '*.csv'}; {self.how_to_get}"
            )
        return [segment for split, path in parts for segment in self._windows(folder, path, split)]

    def _windows(self, folder: Path, path: Path, split: str) -> Iterator[Segment]:
        _, pattern, column, top = RATERS[self.rater]
        name = pattern.fullmatch(path.stem)
        if name is None:
            raise InputError(f"Reading SEND: '{path.name}' is not called like {pattern.pattern}.csv")
        ratings = read_ratings(path, column, VALENCE, time="time", unit=top)
        clip = f"ID{name[1]}_vid{name[2]}"
        recording = Recording(clip, (_teller(folder, FOLDERS[split], clip),))
        group, part = group_and_split(self.protocol, f"person_{name[1]}", clip, split)
        for start, end, mean in ratings.windows(self.task):
            yield Segment(recording, "teller", start, end, {VALENCE.name: mean}, group, part)


def _teller(folder: Path, split: str, clip: str) -> Participant:
    """The person of a clip, with what there is of them."""
    films = sorted((folder / "videos" / split).glob(f"{clip}[._]*"))
    words = folder / "features" / split / "linguistic-word-level" / f"{clip}_aligned.tsv"
    tables = {}
    for table, (place, ends) in TABLES.items():
        paths = (folder / "features" / split / place / f"{clip}_{end}" for end in ends)
        path = next((path for path in paths if path.is_file()), None)
        if path is not None:
            tables[table] = TableFile(path)
    return Participant(
        "teller",
        "target",
        video=VideoStream(films[0]) if films else None,
        audio=AudioStream(films[0]) if films else None,
        transcript=_phrases(words) if words.is_file() else None,
        tables=tables,
    )


def _phrases(path: Path) -> Transcript:
    """Words with their times, put together into utterances of ``PHRASE`` seconds."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        # Words are not quoted: a quotation mark is one.
        lines = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = {"time-offset", "word"} - set(lines.fieldnames or ())
        if missing:
            raise InputError(f"Reading SEND: {path} lacks the columns {', '.join(sorted(missing))}")
        phrases: dict[int, list[str]] = {}
        for row, line in enumerate(lines, 1):
            try:
                second = float(line["time-offset"])
            except (TypeError, ValueError):
                raise InputError(f"Reading SEND: {path}: row {row}: '{line['time-offset']}' is no time") from None
            phrases.setdefault(int(second // PHRASE), []).append((line["word"] or "").strip())
    return Transcript(
        tuple(
            Utterance(" ".join(words), None, at * PHRASE, (at + 1) * PHRASE) for at, words in sorted(phrases.items())
        ),
        source=path,
    )
