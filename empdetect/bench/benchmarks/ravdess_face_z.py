"""RAVDESS, the face alone, each actor's features standardised by the actor's own statistics."""

from empdetect.bench.benchmark import Figure, Line
from empdetect.bench.benchmarks.ravdess_face import BENCHMARK as RAW
from empdetect.bench.metrics import accuracy, uar

BENCHMARK = RAW.standardised(
    "actor",
    "clips of their actor",
    lines=(
        Line("accuracy", accuracy, floor=Figure(0.730, "action units + SVM, same 20 actors, own earlier measurement")),
        Line("UAR", uar),
    ),
)
