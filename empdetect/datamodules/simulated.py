"""The simulated dyadic corpus as a data module: made on first use, read like anyone's manifest."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.simulation.corpus import MANIFEST, TRUTH, simulate_corpus
from empdetect.datamodules.simulation.settings import Noise, Settings
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.manifest.segments import read_manifest
from empdetect.recording import Segment
from empdetect.task import Target, Task


class SimulatedDataModule(EmpathyDataModule):
    """Windows of simulated listeners, with the speaker as context, split by dyad.

    It proves that a pipeline works, never that it is accurate on people.

    Args:
        folder: where the corpus is, or is to be made if there is none.
        features: one extractor for each modality the model is to see, by modality.
        dyads, seconds, coupling, lag, window: as for ``simulate_corpus``.
        corpus_seed: ``seed`` of ``simulate_corpus``.
        processes: ``workers`` of ``simulate_corpus``.
        batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "Simulated pairs: one tells a story, one listens with more or less empathy; for trying out."
    licence: ClassVar[str] = "Apache-2.0"
    source: ClassVar[str] = "empdetect.datamodules.simulation"

    def __init__(
        self,
        folder: str,
        features: dict[str, Extractor],
        dyads: int = 24,
        seconds: float = 40.0,
        coupling: float = 0.9,
        lag: float = 2.0,
        window: float = 10.0,
        corpus_seed: int = 0,
        processes: int = 2,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, batch_size=batch_size, seed=seed, workers=workers)
        self.folder = folder
        self.dyads = dyads
        self.seconds = seconds
        self.coupling = coupling
        self.lag = lag
        self.window = window
        self.corpus_seed = corpus_seed
        self.processes = processes
        self.task = simulated_task(window)

    def segments(self) -> list[Segment]:
        """The listeners' windows; makes the corpus first if the folder holds none.

        Raises:
            InputError: the folder holds a corpus that was made otherwise.
        """
        folder = Path(self.folder)
        if (folder / MANIFEST).exists():
            self._require_same(folder)
        else:
            simulate_corpus(
                folder,
                self.dyads,
                self.seconds,
                self.corpus_seed,
                self.coupling,
                self.lag,
                self.processes,
                self.window,
            )
        return read_manifest(folder / MANIFEST, self.task.targets)

    def _require_same(self, folder: Path) -> None:
        """Refuse a corpus that was made from other settings."""
        settings = Settings(
            self.dyads, self.seconds, self.corpus_seed, self.coupling, self.lag, self.window, noise=Noise()
        )
        truth = folder / TRUTH
        there = json.loads(truth.read_text(encoding="utf-8")) if truth.exists() else {}
        wanted = asdict(settings)
        other = [name for name, value in wanted.items() if there.get(name) != value]
        if other:
            raise InputError(
                f"Reading the simulated corpus {folder}: it was made with another {', '.join(other)}; "
                "choose another folder, or delete this one to have it made again"
            )


def simulated_task(window: float = 10.0) -> Task:
    """What a detector of the simulated corpus is asked: the listener's empathy in a window, seeing both people.

    Args:
        window: seconds of a window, the corpus's own.
    """
    return Task(
        (Target("empathy", "binary"), Target("empathy_level", "regression", range=(0.0, 1.0))),
        unit="segment",
        direction="unidirectional",
        construct="empathy",
        interaction="dyadic",
        persons=2,
        window=window,
    )
