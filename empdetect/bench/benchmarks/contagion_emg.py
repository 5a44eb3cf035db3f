"""Contagion EMG: whether an observer saw a happy or an angry face, from two muscles of the observer's own."""

from empdetect.bench.baselines import Functionals, Majority
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import accuracy, auroc
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.contagion_emg import ContagionEmgDataModule
from empdetect.features.physiology import PhysiologyFeatures

MUSCLES = {"physiology": PhysiologyFeatures(["EMG_zygomatic", "EMG_corrugator"], rate=4.0)}
ALONE = tuple(
    Functionals({"physiology": PhysiologyFeatures([f"EMG_{name}"], rate=4.0)}, model="logistic", name=f"{name} only")
    for name in ("zygomatic", "corrugator")
)

BENCHMARK = Benchmark(
    name="contagion_emg",
    title="Contagion EMG",
    protocol="25 observers in 5 folds by observer; muscles as ratios to 2 s before each clip, ours to 10 s; "
    "mean of the folds",
    data=ContagionEmgDataModule,
    ours=TrainedDetector(["contagion_emg"]),
    lines=(
        Line(
            "AUROC, happy or angry trial",
            auroc,
            must=0.72,
            aim=0.78,
            floor=Figure(0.711, "classical, trial by trial, own earlier measurement"),
        ),
        Line("accuracy", accuracy),
    ),
    baselines=(Majority(), Functionals(MUSCLES, model="logistic", name="functionals + logistic"), *ALONE),
    control=Functionals(MUSCLES, model="logistic", strengths=(1e-3,), name="functionals + logistic"),
    pooling="mean",
)
