"""Contagion EMG, each observer's features against all trials."""

from empdetect.bench.benchmarks.contagion_emg import BENCHMARK as RAW

BENCHMARK = RAW.standardised("observer", "trials of their observer")
