"""ESConv: eight strategies of people who give emotional support."""

from empdetect.bench.baselines import FrozenText, Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import accuracy, macro_f1
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.esconv import EsconvDataModule

BENCHMARK = Benchmark(
    name="esconv",
    title="ESConv strategies",
    protocol="published files, the utterance alone, first of several strategies; texts that occur in a later file "
    "are left out of training and validation (446), the test file is whole (2,959); the files name neither dialogues "
    "nor supporters, who may be in several",
    data=EsconvDataModule,
    ours=TrainedDetector(["esconv"]),
    lines=(
        Line(
            "macro-F1",
            macro_f1,
            must=0.50,
            aim=0.55,
            floor=Figure(0.455, "TF-IDF and logistic regression, copies left in, own earlier measurement"),
        ),
        Line("accuracy", accuracy),
    ),
    baselines=(Majority(), Tfidf(strengths=(0.3, 1.0)), FrozenText()),
    control=Tfidf(strengths=(1.0,)),
    data_args={"deduplicate": True},
)
