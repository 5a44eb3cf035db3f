"""A tiny made dataset of replies, and a benchmark of it: each writer has three, and words tell the label."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from empdetect.bench.baselines import Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import macro_f1, only, pearson
from empdetect.bench.system import Answers, Fold
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task

TASK = Task((Target("kind", "binary"), Target("warmth", "regression", range=(0, 4))), unit="utterance")
WORDS = {0: "please read the manual first", 1: "that must hurt so much my dear"}


class TinyDataModule(EmpathyDataModule):
    """Thirty made replies by ten writers."""

    about = "Thirty made replies."
    licence = "CC0 1.0"
    source = "these tests"

    def __init__(
        self, features: dict[str, Extractor], data_root: str | None = None, folds: int = 3, fold: int = 0
    ) -> None:
        super().__init__(features, folds, fold)
        self.data_root = data_root
        self.task = TASK

    def segments(self) -> list[Segment]:
        return [segment(number) for number in range(30)]


def segment(number: int) -> Segment:
    """One reply; its writer has two more."""
    kind = (number // 2) % 2
    text = f"{WORDS[kind]} number{number}"
    person = Participant("writer", transcript=Transcript((Utterance(text),)))
    labels = {"kind": float(kind), "warmth": 1.0 + 2 * kind + (number % 3) / 4}
    return Segment(Recording(f"reply_{number}", (person,)), "writer", labels=labels, group=f"writer_{number // 3}")


class Scripted:
    """A system that answers by a rule instead of learning: the truth with some noise of its seed.

    Args:
        name: of the system.
        noise: how far the answers are off.
    """

    def __init__(self, name: str = "ours", noise: float = 0.0) -> None:
        self.name = name
        self.noise = noise
        self.seed = 0

    def fit(self, fold: Fold, seed: int) -> None:
        self.seed = seed

    def answers(self, segments: Sequence[Segment]) -> Answers:
        assert not any(segment.labels for segment in segments), "labels must not be given with the question"
        truth = [self._truth(int(segment.recording.id.split("_")[1])) for segment in segments]
        kind, warmth = np.array([t[0] for t in truth]), np.array([t[1] for t in truth])
        return {"kind": np.stack([1 - kind, kind], axis=1), "warmth": warmth[:, None]}

    def _truth(self, number: int) -> tuple[float, float]:
        labels = segment(number).labels
        off = self.noise * float(np.random.default_rng([self.seed, number]).normal())
        return float(np.clip(labels["kind"] + off, 0, 1)), labels["warmth"] + off


LINES = (
    Line(
        "macro-F1",
        only("kind", macro_f1),
        must=0.6,
        aim=0.9,
        floor=Figure(0.5, "a coin"),
        published=Figure(0.8, "nobody, 1999"),
    ),
    Line("r of warmth", only("warmth", pearson), ahead_of=("TF-IDF", 0.1)),
)

TINY = Benchmark(
    name="tiny",
    title="Tiny",
    protocol="3 folds by writer",
    data=TinyDataModule,
    ours=Scripted(noise=0.3),
    lines=LINES,
    baselines=(Majority(), Tfidf(strengths=(1.0,))),
    control=Tfidf(strengths=(1.0,)),
)


def changed(**fields: object) -> Benchmark:
    """The tiny benchmark with some fields changed."""
    return replace(TINY, **fields)  # type: ignore[arg-type]
