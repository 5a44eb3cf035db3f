"""SAGE with the turns before: whether a reply made a simulated user feel better or worse, given the dialogue so far."""

from dataclasses import replace

from empdetect.bench.benchmarks import sage
from empdetect.bench.trained import TrainedDetector

BENCHMARK = replace(
    sage.BENCHMARK,
    name="sage_dialogue",
    title="SAGE, change of emotion, dialogue so far",
    protocol=sage.FOLDS + "a reply and all turns before it",
    ours=TrainedDetector(["sage_dialogue"]),
    data_args={"history": True},
)
