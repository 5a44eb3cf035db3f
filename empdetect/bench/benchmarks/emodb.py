"""Emo-DB: four acted emotions in German speech."""

from empdetect.bench.baselines import Functionals, Majority, Opensmile
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import accuracy, uar
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.emodb import EmodbDataModule
from empdetect.features.audio import LogMel

MELS = Functionals({"audio": LogMel(mels=64, hop=0.02)}, name="log-mel functionals + SVM")

BENCHMARK = Benchmark(
    name="emodb",
    title="Emo-DB",
    protocol="8 folds, each leaves one speaker out; all answers as one set",
    data=EmodbDataModule,
    ours=TrainedDetector(["emodb"]),
    lines=(
        Line(
            "UAR",
            uar,
            must=0.84,
            aim=0.95,
            floor=Figure(0.774, "classical, same speakers, own earlier measurement"),
        ),
        Line("accuracy", accuracy),
    ),
    baselines=(Majority(), MELS, Opensmile()),
    control=Functionals({"audio": LogMel(mels=64, hop=0.02)}, strengths=(1e-3,), name="log-mel functionals + SVM"),
)
