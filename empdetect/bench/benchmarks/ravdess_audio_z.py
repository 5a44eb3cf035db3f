"""RAVDESS, the sound alone, each actor's features standardised by the actor's own statistics."""

from empdetect.bench.benchmark import Figure, Line
from empdetect.bench.benchmarks.ravdess_audio import BENCHMARK as RAW
from empdetect.bench.metrics import accuracy, uar

BENCHMARK = RAW.standardised(
    "speaker",
    "clips of their actor",
    lines=(
        Line(
            "accuracy",
            accuracy,
            must=0.70,
            aim=0.80,
            floor=Figure(0.643, "ComParE functionals + SVM, same 20 actors, own earlier measurement"),
        ),
        Line("UAR", uar),
    ),
)
