"""Stress-Predict: stress or rest in a minute of a wristband's signals."""

from empdetect.bench.baselines import Functionals, Majority
from empdetect.bench.benchmark import Benchmark, Line
from empdetect.bench.clock import Clock
from empdetect.bench.metrics import auroc, uar
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.stress_predict import StressPredictDataModule
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.relative import RelativeFeatures

RATE = PhysiologyFeatures(["HR"], rate=1.0)
RISE = RelativeFeatures(RATE, against="past", seconds=600.0, scaled=True)

BENCHMARK = Benchmark(
    name="stress_predict",
    title="Stress-Predict",
    protocol="26 people in 5 folds by person; windows of 60 s with one label, which ours and one baseline hold "
    "against the ten minutes before; mean of the folds",
    data=StressPredictDataModule,
    ours=TrainedDetector(["stress_predict"]),
    lines=(Line("AUROC", auroc, ahead_of=("heart rate + logistic", 0.08), aim=0.90), Line("UAR", uar)),
    baselines=(
        Majority(),
        # Everyone did the tasks in one order at nearly the same minutes: this is what the schedule gives away.
        Clock(),
        Functionals({"heart": RATE}, model="logistic", name="heart rate + logistic"),
        Functionals({"heart": RISE}, model="logistic", name="heart rate against ten minutes + logistic"),
    ),
    control=Functionals({"heart": RATE}, model="logistic", strengths=(1e-3,), name="heart rate + logistic"),
    pooling="mean",
)
