"""RAVDESS, sound and action units together."""

from empdetect.bench.baselines import Functionals, Majority, Opensmile, SingleModality
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.benchmarks.ravdess_audio import PUBLISHED
from empdetect.bench.benchmarks.ravdess_face import UNITS
from empdetect.bench.metrics import accuracy, uar
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.ravdess import RavdessDataModule
from empdetect.features.audio import LogMel

BOTH = {"audio": LogMel(mels=64, hop=0.02), "action_units": UNITS}

BENCHMARK = Benchmark(
    name="ravdess_audiovisual",
    title="RAVDESS, sound + action units",
    protocol="20 actors in 5 folds by actor; all answers as one set",
    data=RavdessDataModule,
    ours=TrainedDetector(["ravdess_audiovisual"], modalities=("audio", "action_units")),
    lines=(
        Line(
            "accuracy",
            accuracy,
            floor=Figure(0.577, "action units + audio, classical, 24 actors, own earlier measurement"),
            published=Figure(0.867, f"wav2vec 2.0 + action units, {PUBLISHED}"),
        ),
        Line("UAR", uar),
    ),
    baselines=(
        Majority(),
        Functionals(BOTH, single=("action_units",), name="log-mel functionals + action units, SVM"),
        Opensmile(beside={"action_units": UNITS}, single=("action_units",)),
        SingleModality("ravdess_audiovisual", "audio"),
        SingleModality("ravdess_audiovisual", "action_units"),
    ),
    control=Functionals(BOTH, single=("action_units",), strengths=(1e-3,), name="functionals + SVM"),
)
