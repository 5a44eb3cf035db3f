"""RAVDESS with the published wav2vec 2.0 logits, each actor's features standardised by the actor's own statistics."""

from dataclasses import replace

from empdetect.bench.benchmarks.ravdess_wav2vec2 import BENCHMARK as RAW

BENCHMARK = replace(
    RAW,
    name="ravdess_wav2vec2-z",
    title="RAVDESS, sound + action units + published wav2vec 2.0 logits, per-actor z",
    protocol=f"{RAW.protocol}; features standardised by all clips of their actor, without labels",
    lines=tuple(replace(line, published=None) for line in RAW.lines),
    zscore_by="group",
)
