"""Stress-Predict, each wearer's signals held against the wearer's own whole recording."""

from empdetect.bench.benchmarks.stress_predict import BENCHMARK as RAW
from empdetect.bench.trained import TrainedDetector

BENCHMARK = RAW.standardised(
    "wearer",
    "windows of their wearer, and ours held against the whole recording",
    ours=TrainedDetector(["stress_predict"]),
)
