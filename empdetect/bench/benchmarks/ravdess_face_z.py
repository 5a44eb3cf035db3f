"""RAVDESS, the face alone, each actor's features standardised by the actor's own statistics."""

from dataclasses import replace

from empdetect.bench.benchmark import Figure, Line
from empdetect.bench.benchmarks.ravdess_face import BENCHMARK as RAW
from empdetect.bench.metrics import accuracy, uar

BENCHMARK = replace(
    RAW,
    name="ravdess_face-z",
    title="RAVDESS, face features, per-actor z",
    protocol=f"{RAW.protocol}; features standardised by all clips of their actor, without labels",
    lines=(
        Line("accuracy", accuracy, floor=Figure(0.730, "action units + SVM, same 20 actors, own earlier measurement")),
        Line("UAR", uar),
    ),
    zscore_by="group",
)
