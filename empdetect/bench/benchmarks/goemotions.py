"""GoEmotions: 28 emotions in comments from Reddit."""

import numpy as np

from empdetect.bench.baselines import FrozenText, Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import auroc, positive_f1
from empdetect.bench.system import Answers, Labels
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.goemotions import GoEmotionsDataModule
from empdetect.task import Task

THRESHOLD = 0.3
"""Above which the published code takes an emotion to be there."""


def positive_f1_at_threshold(labels: Labels, answers: Answers, task: Task) -> float:
    """F1 of the emotions whose probability is above the published threshold, mean of all."""
    shift = np.array([THRESHOLD - 0.5, 0.5 - THRESHOLD])
    moved = {name: found + shift for name, found in answers.items()}
    return positive_f1(labels, moved, task)


BENCHMARK = Benchmark(
    name="goemotions",
    title="GoEmotions",
    protocol="published files; texts that occur in a later file are left out of training and validation (474), the "
    "test file is whole (5,427); the files name no writers, who may be in several",
    data=GoEmotionsDataModule,
    ours=TrainedDetector(["goemotions"]),
    lines=(
        Line("macro-F1 of 28 emotions", positive_f1),
        Line(
            "the same, probability above 0.3",
            positive_f1_at_threshold,
            published=Figure(0.503, "BERT base, copies left in (github.com/monologg/GoEmotions-pytorch)"),
        ),
        Line("AUROC, mean of 28", auroc),
    ),
    baselines=(Majority(), Tfidf(strengths=(1.0,)), FrozenText()),
    control=Tfidf(strengths=(1.0,)),
    data_args={"deduplicate": True},
)
