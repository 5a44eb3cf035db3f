"""Filmed faces that show anger, happiness or nothing: the stimuli of an emotional contagion experiment."""

from pathlib import Path
from typing import ClassVar

from empdetect import windows
from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.video import VideoStream
from empdetect.task import Target, Task

EXPRESSIONS = ("angry", "happy", "neutral")
WAVES = ("videos_wave1", "videos_wave2")


class ContagionVideosDataModule(EmpathyDataModule):
    """Clips of actors' faces, cut into windows. Folds hold actors apart.

    Both waves of the experiment number their actors in one series: the clips of number 2 in the
    second wave show the same actor as in the first, and stay in one split with them. A clip begins
    with a neutral face and the expression comes after about 2 seconds: a window much shorter than 4
    may show nothing of what its label says.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``contagion``; None reads ``EMPDETECT_DATA``.
        window: seconds of a window.
        hop: seconds from the start of one window to the next.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "21 clips of 6 actors who look angry, happy or neutral into the camera, 4 to 6 s each."
    licence: ClassVar[str] = "MIT. The actors can be recognised: do not show their faces in publications."
    source: ClassVar[str] = (
        "Nilsonne et al., Royal Society Open Science 2017; "
        "https://github.com/GNilsonne/Stimulus-presentation-code-Oxazepam-and-emotion"
    )

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        window: float = 4.0,
        hop: float = 0.5,
        folds: int = 6,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.window = window
        self.hop = hop
        self.task = Task(
            (Target("expression", "nominal", EXPRESSIONS),),
            unit="segment",
            construct="emotion",
            window=window,
            hop=hop,
        )

    def segments(self) -> list[Segment]:
        """One segment a window, grouped by actor.

        Raises:
            InputError: the files are missing, or a clip's name is not ``actor_expression.avi``.
        """
        folder = data_folder(self.data_root, "contagion")
        clips = [path for wave in WAVES for path in sorted((folder / wave).glob("*.avi"))]
        if not clips:
            raise InputError(f"Reading the contagion videos: no clip at {folder / WAVES[0] / '*.avi'}")
        return [segment for path in clips for segment in self._windows(path)]

    def _windows(self, path: Path) -> list[Segment]:
        actor, _, expression = path.stem.partition("_")
        if expression not in EXPRESSIONS:
            raise InputError(
                f"Reading the contagion videos: '{path.name}' is not actor_expression.avi "
                f"with one of {', '.join(EXPRESSIONS)}"
            )
        recording = Recording(f"{path.parent.name}_{path.stem}", (Participant("actor", video=VideoStream(path)),))
        labels = {"expression": float(EXPRESSIONS.index(expression))}
        return [
            Segment(recording, "actor", found.start, found.end, labels, group=f"actor_{actor}")
            for found in windows.segments(recording, self.task)
        ]
