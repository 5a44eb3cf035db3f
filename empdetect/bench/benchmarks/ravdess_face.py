"""RAVDESS, the face alone: published features of the videos of the same takes."""

from empdetect.bench.baselines import Functionals, Majority, SingleModality
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import accuracy, uar
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.ravdess import ACTION_UNITS, RavdessDataModule
from empdetect.features.table import TableFeatures

UNITS = TableFeatures(ACTION_UNITS, modality="action_units", table="action_units")

BENCHMARK = Benchmark(
    name="ravdess_face",
    title="RAVDESS, face features",
    protocol="20 actors in 5 folds by actor; all answers as one set; action units and frame-by-frame emotions",
    data=RavdessDataModule,
    ours=TrainedDetector(["ravdess_audiovisual"], modalities=("action_units", "face_emotions")),
    lines=(
        Line("accuracy", accuracy, floor=Figure(0.560, "action units, classical, 24 actors, own earlier measurement")),
        Line("UAR", uar),
    ),
    baselines=(
        Majority(),
        Functionals({"action_units": UNITS}, single=("action_units",), name="action units + SVM"),
        SingleModality("ravdess_audiovisual", "action_units"),
    ),
    control=Functionals(
        {"action_units": UNITS}, single=("action_units",), strengths=(1e-2,), name="action units + SVM"
    ),
)
