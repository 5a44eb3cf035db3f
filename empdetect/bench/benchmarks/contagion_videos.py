"""Contagion videos: which expression a face shows, from its pixels."""

from empdetect.bench.baselines import Functionals, Majority
from empdetect.bench.benchmark import Benchmark, Line
from empdetect.bench.metrics import accuracy, uar
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.contagion_videos import ContagionVideosDataModule
from empdetect.features.face import Face

PIXELS = {"video": Face(rate=6.25, size=16)}

BENCHMARK = Benchmark(
    name="contagion_videos",
    title="Contagion videos",
    protocol="6 actors, each the test fold once; windows of 4 s; mean of the folds",
    data=ContagionVideosDataModule,
    ours=TrainedDetector(["contagion_videos"]),
    lines=(Line("UAR, 3 expressions", uar), Line("accuracy", accuracy)),
    baselines=(Majority(), Functionals(PIXELS, name="pixel statistics + SVM")),
    control=Functionals(PIXELS, strengths=(1e-3,), name="pixel statistics + SVM"),
    pooling="mean",
)
