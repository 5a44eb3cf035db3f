"""Stress-Predict, each wearer's signals held against the wearer's own whole recording."""

from dataclasses import replace

from empdetect.bench.benchmarks.stress_predict import BENCHMARK as RAW
from empdetect.bench.trained import TrainedDetector

BENCHMARK = replace(
    RAW,
    name="stress_predict-z",
    title="Stress-Predict, per-wearer z",
    protocol=f"{RAW.protocol}; ours against the wearer's whole recording; features standardised by all "
    "windows of their wearer, without labels",
    ours=TrainedDetector(["stress_predict"]),
    zscore_by="group",
)
