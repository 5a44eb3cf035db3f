"""RAVDESS, sound and action units, each actor's features standardised by the actor's own statistics."""

from empdetect.bench.benchmark import Figure, Line
from empdetect.bench.benchmarks.ravdess_audiovisual import BENCHMARK as RAW
from empdetect.bench.metrics import accuracy, uar

BENCHMARK = RAW.standardised(
    "actor",
    "clips of their actor",
    lines=(
        Line(
            "accuracy",
            accuracy,
            must=0.86,
            aim=0.90,
            floor=Figure(0.837, "ComParE + action units, early fusion, SVM, same 20 actors, own earlier measurement"),
        ),
        Line("UAR", uar),
    ),
)
