"""Stress-Predict, each wearer's features standardised by the wearer's own statistics."""

from empdetect.bench.benchmarks.stress_predict import BENCHMARK as RAW

BENCHMARK = RAW.standardised("wearer", "windows of their wearer")
