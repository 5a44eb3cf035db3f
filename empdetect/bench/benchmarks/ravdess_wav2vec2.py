"""RAVDESS, sound and action units, and the answers of a published wav2vec 2.0 system as one more stream."""

from empdetect.bench.baselines import Functionals, Majority, SingleModality
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.benchmarks.ravdess_audio import PUBLISHED
from empdetect.bench.benchmarks.ravdess_face import UNITS
from empdetect.bench.metrics import accuracy, uar
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.ravdess import WAV2VEC2_ORDER, RavdessDataModule
from empdetect.features.table import TableFeatures

LOGITS = TableFeatures(WAV2VEC2_ORDER, modality="wav2vec2", table="wav2vec2")
BOTH = {"wav2vec2": LOGITS, "action_units": UNITS}

BENCHMARK = Benchmark(
    name="ravdess_wav2vec2",
    title="RAVDESS, sound + action units + published wav2vec 2.0 logits",
    protocol="20 actors in 5 folds by actor; all answers as one set; the logits of a clip are those of the published "
    "network that had not learned from its actor, but that of a training clip may have learned from an actor we test",
    data=RavdessDataModule,
    ours=TrainedDetector(["ravdess_wav2vec2"]),
    lines=(
        Line(
            "accuracy",
            accuracy,
            must=0.875,
            aim=0.90,
            published=Figure(0.867, f"wav2vec 2.0 + action units, {PUBLISHED}"),
        ),
        Line("UAR", uar),
    ),
    baselines=(
        Majority(),
        Functionals(BOTH, single=tuple(BOTH), name="logits + action units, SVM"),
        *(SingleModality("ravdess_wav2vec2", name) for name in ("wav2vec2", "audio", "action_units")),
    ),
    control=Functionals(BOTH, single=tuple(BOTH), strengths=(1e-2,), name="logits + action units, SVM"),
)
