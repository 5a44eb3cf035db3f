"""Contagion EMG, each observer's features standardised by all trials of the observer."""

from dataclasses import replace

from empdetect.bench.benchmarks.contagion_emg import BENCHMARK as RAW

BENCHMARK = replace(
    RAW,
    name="contagion_emg-z",
    title="Contagion EMG, per-observer z",
    protocol=f"{RAW.protocol}; features standardised by all trials of their observer, without labels",
    zscore_by="group",
)
