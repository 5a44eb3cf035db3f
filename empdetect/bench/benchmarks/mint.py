"""MINT: ten empathic tactics in sentences of supporters."""

from empdetect.bench.baselines import FrozenText, Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import auroc, macro_f1
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.mint import MintDataModule

BENCHMARK = Benchmark(
    name="mint",
    title="MINT tactics",
    protocol="the owners' validation set trains (286 sentences) and their test set tests (360); one sentence, of a "
    "single word, is in both; neither dialogues nor writers are named, and may be in both",
    data=MintDataModule,
    ours=TrainedDetector(["mint"]),
    lines=(
        Line(
            "macro-F1, mean of ten",
            macro_f1,
            must=0.62,
            aim=0.70,
            floor=Figure(0.533, "TF-IDF and logistic regression, own earlier measurement; frozen MiniLM 0.571"),
        ),
        Line("AUROC, mean of ten", auroc),
    ),
    baselines=(Majority(), Tfidf(), FrozenText()),
    control=Tfidf(strengths=(1.0,)),
    shortest_text=2,
)
