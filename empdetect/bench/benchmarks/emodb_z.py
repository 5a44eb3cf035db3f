"""Emo-DB, each speaker's features standardised by the speaker's own statistics."""

from empdetect.bench.benchmark import Figure, Line
from empdetect.bench.benchmarks.emodb import BENCHMARK as RAW
from empdetect.bench.metrics import accuracy, uar

BENCHMARK = RAW.standardised(
    "speaker",
    "clips of their speaker",
    lines=(
        Line(
            "UAR",
            uar,
            must=0.90,
            aim=0.95,
            floor=Figure(0.859, "classical, same speakers, own earlier measurement"),
        ),
        Line("accuracy", accuracy),
    ),
)
