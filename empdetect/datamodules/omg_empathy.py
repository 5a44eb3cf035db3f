"""OMG-Empathy: how listeners feel, moment by moment, while an actor tells them a story (Barros et al., ACII 2019).

Files are expected as the organisers of the challenge describe and name them, below ``omg_empathy``::

    Training/Videos/Subject_1_Story_2.mp4        Training/Annotations/Subject_1_Story_2.csv
    Validation/Videos/Subject_1_Story_1.mp4      Validation/Annotations/Subject_1_Story_1.csv
    Testing/Videos/...                           Testing/Annotations/...

An annotation has the one column ``valence``, one row a frame of the film, -1 to 1. The films show the actor in
the left half and the listener in the right one, and have one sound track. The range, the name of the folder
``Testing`` and the halves are taken from public code for these data and could not be checked against them: no
figure is claimed for this module.
"""

import re
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.datamodules.protocol import Protocol, check_protocol, group_and_split
from empdetect.datamodules.ratings import Ratings, read_ratings
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import SPLITS, Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.video import VideoStream
from empdetect.task import Target, Task

FOLDERS = {"train": "Training", "val": "Validation", "test": "Testing"}
NAME = re.compile(r"Subject_(\d+)_Story_(\d+)")
LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)
VALENCE = Target("valence", "continuous", range=(-1.0, 1.0))

SLACK = 0.05
"""Share by which ratings and film may differ in length; more means a wrong film or a wrong frame rate."""


class OmgEmpathyDataModule(EmpathyDataModule):
    """Windows of conversations, each with the mean valence that the listener reported afterwards.

    The owners split by story: all ten listeners are in training, validation and test. The default
    protocol holds listeners apart instead; the eight stories are then on both sides. The sound, in
    which both speak, is given to the actor, who leads the conversation.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``omg_empathy``; None reads ``EMPDETECT_DATA``.
        protocol: ``person`` for folds of listeners, ``published`` for the owners' split by story, in
            which every listener is on both sides.
        context: whether the model sees the actor besides the listener.
        window: seconds of a window.
        hop: seconds from the start of one window to the next.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "OMG-Empathy: 80 films of 10 listeners to 8 stories, the listener's valence frame by frame."
    licence: ClassVar[str] = "CC BY-NC-SA 3.0 DE; research only, not to be passed on, citation required."
    source: ClassVar[str] = "Barros et al., ACII 2019; https://github.com/knowledgetechnologyuhh/OMGEmpathyChallenge"
    how_to_get: ClassVar[str] = (
        "register with the organisers by e-mail as the project's page says, agree to its terms, and unpack "
        "Training, Validation and Testing into omg_empathy below the data root"
    )

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        protocol: Protocol = "person",
        context: bool = True,
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
        self.data_root = data_root
        self.protocol = protocol
        self.context = context
        self.window = window
        self.hop = hop
        self.task = Task(
            (VALENCE,),
            unit="continuous",
            construct="contagion",
            interaction="dyadic",
            persons=2 if context else 1,
            roles=("listener",),
            window=window,
            hop=hop,
        )

    def segments(self) -> list[Segment]:
        """One segment a window, grouped by listener, or by story under the published protocol.

        Raises:
            InputError: the files are missing or not what they should be.
        """
        folder = data_folder(self.data_root, "omg_empathy", how_to_get=self.how_to_get)
        folders = {split: folder / FOLDERS[split] / "Annotations" for split in SPLITS}
        parts = [(split, path) for split in SPLITS for path in sorted(folders[split].glob("*.csv"))]
        if not parts:
            raise InputError(f"Reading OMG-Empathy: no annotation at {folders['train'] / '*.csv'}; {self.how_to_get}")
        return [segment for split, path in parts for segment in self._windows(path, split)]

    def _windows(self, path: Path, split: str) -> list[Segment]:
        name = NAME.fullmatch(path.stem)
        if name is None:
            raise InputError(f"Reading OMG-Empathy: '{path.name}' is not Subject_NUMBER_Story_NUMBER.csv")
        film = path.parents[1] / "Videos" / f"{path.stem}.mp4"
        ratings = _ratings(path, film)
        listener = Participant("listener", "listener", video=VideoStream(film, region=RIGHT))
        actor = Participant("actor", "speaker", video=VideoStream(film, region=LEFT), audio=AudioStream(film))
        recording = Recording(path.stem, (listener, actor))
        group, part = group_and_split(self.protocol, f"listener_{name[1]}", f"story_{name[2]}", split)
        return [
            Segment(recording, "listener", start, end, {VALENCE.name: mean}, group, part)
            for start, end, mean in ratings.windows(self.task)
        ]


def _ratings(path: Path, film: Path) -> Ratings:
    """Ratings of a film, on its clock."""
    stream = VideoStream(film)
    ratings, length = read_ratings(path, "valence", VALENCE, rate=stream.rate()), stream.duration()
    if abs(ratings.end() - length) > SLACK * length:
        raise InputError(
            f"Reading OMG-Empathy: {path} has {len(ratings.values)} ratings, one a frame, which last "
            f"{ratings.end():.1f} s; the film {film.name} lasts {length:.1f} s; copy both again"
        )
    return ratings
