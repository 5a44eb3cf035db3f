"""Contagion EMG, each observer's features against the observer's whole recording and all trials."""

from dataclasses import replace

from empdetect.bench.benchmarks.contagion_emg import BENCHMARK as RAW
from empdetect.bench.trained import TrainedDetector

BENCHMARK = replace(
    RAW,
    name="contagion_emg-z",
    title="Contagion EMG, per-observer z",
    protocol=f"{RAW.protocol}; ours against the observer's whole recording; features standardised by all "
    "trials of their observer, without labels",
    ours=TrainedDetector(["contagion_emg"]),
    zscore_by="group",
)
