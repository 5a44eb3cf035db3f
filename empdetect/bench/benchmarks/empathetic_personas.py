"""EmpatheticPersonas: how empathetic the lines of a self-help chatbot are."""

from empdetect.bench.baselines import FrozenText, Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import accuracy, macro_f1, pearson
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.empathetic_personas import EmpatheticPersonasDataModule

BENCHMARK = Benchmark(
    name="empathetic_personas",
    title="EmpatheticPersonas",
    protocol="5 folds, equal lines in one fold; all answers as one set",
    data=EmpatheticPersonasDataModule,
    ours=TrainedDetector(["empathetic_personas"]),
    lines=(
        Line(
            "macro-F1",
            macro_f1,
            must=0.70,
            aim=0.75,
            floor=Figure(0.627, "TF-IDF and logistic regression, same grouping, own earlier measurement"),
        ),
        Line("accuracy", accuracy),
        Line("Pearson's r of the expected level", pearson),
    ),
    baselines=(Majority(), Tfidf(), FrozenText()),
    control=Tfidf(strengths=(1.0,)),
)
