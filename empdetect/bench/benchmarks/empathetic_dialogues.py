"""EmpatheticDialogues: which of 32 emotions somebody felt in a situation."""

from empdetect.bench.baselines import FrozenText, Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Line
from empdetect.bench.metrics import accuracy, macro_f1
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.empathetic_dialogues import EmpatheticDialoguesDataModule

BENCHMARK = Benchmark(
    name="empathetic_dialogues",
    title="EmpatheticDialogues emotions",
    protocol="published dialogues for validation and test, told from the description of the situation; texts that "
    "occur in a later part are left out of training and validation (26), the test part is whole (2,523); of 2,268 of "
    "its dialogues a second one by the same two people, in changed roles, is in training (1,901) or validation (367)",
    data=EmpatheticDialoguesDataModule,
    ours=TrainedDetector(["empathetic_dialogues"]),
    lines=(Line("macro-F1", macro_f1), Line("accuracy", accuracy)),
    baselines=(Majority(), Tfidf(strengths=(1.0,)), FrozenText()),
    control=Tfidf(strengths=(1.0,)),
    data_args={"deduplicate": True},
)
