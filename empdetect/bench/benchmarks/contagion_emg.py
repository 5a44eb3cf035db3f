"""Contagion EMG: whether an observer saw a happy or an angry face, from two muscles of the observer's own."""

from empdetect.bench.baselines import Functionals, Majority
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.clock import Clock
from empdetect.bench.metrics import accuracy, auroc
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.contagion_emg import ContagionEmgDataModule, clip_number
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.relative import RelativeFeatures

MUSCLES = {"physiology": PhysiologyFeatures(["EMG_zygomatic", "EMG_corrugator"], rate=4.0)}
AGAINST = {"physiology": RelativeFeatures(MUSCLES["physiology"], against="baseline", seconds=10.0, scaled=True)}
ALONE = tuple(
    Functionals({"physiology": PhysiologyFeatures([f"EMG_{name}"], rate=4.0)}, model="logistic", name=f"{name} only")
    for name in ("zygomatic", "corrugator")
)

BENCHMARK = Benchmark(
    name="contagion_emg",
    title="Contagion EMG",
    protocol="25 observers in 5 folds by observer; muscles as ratios to 2 s before each clip, which ours and one "
    "baseline hold against the 10 s before it; mean of the folds",
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
    baselines=(
        Majority(),
        # Everyone saw the clips in one of two orders: this is what they give away.
        Clock(spacing=1.0, name="clip number alone", moment=clip_number),
        Functionals(MUSCLES, model="logistic", name="functionals + logistic"),
        Functionals(AGAINST, model="logistic", name="functionals against ten seconds + logistic"),
        *ALONE,
    ),
    control=Functionals(MUSCLES, model="logistic", strengths=(1e-3,), name="functionals + logistic"),
    pooling="mean",
)
