"""SAGE with the turns before: whether a reply made a simulated user feel better or worse, given the dialogue so far."""

from dataclasses import replace

from empdetect.bench.benchmarks import sage

BENCHMARK = replace(
    sage.BENCHMARK,
    name="sage_dialogue",
    title="SAGE, change of emotion, dialogue so far",
    protocol=sage.FOLDS + "a reply and all turns before it",
    data_args={"history": True},
)
