"""Contagion EMG, each observer's features against the observer's whole recording and all trials."""

from empdetect.bench.benchmarks.contagion_emg import BENCHMARK as RAW
from empdetect.bench.trained import TrainedDetector

BENCHMARK = RAW.standardised(
    "observer",
    "trials of their observer, and ours held against the whole recording",
    ours=TrainedDetector(["contagion_emg"]),
)
