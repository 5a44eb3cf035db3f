"""Empathic Reactions: empathy and distress of people who wrote about a piece of news."""

from empdetect.bench.baselines import FrozenText, Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import ccc, only, pearson
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.empathic_reactions import EmpathicReactionsDataModule

FLOOR = "TF-IDF and ridge regression, 10 folds by writer, own earlier measurement"
AUTHORS = "CNN on fastText, 10 folds that share writers (Buechel et al., EMNLP 2018)"

BENCHMARK = Benchmark(
    name="empathic_reactions",
    title="Empathic Reactions",
    protocol="10 folds by writer; mean of the folds",
    data=EmpathicReactionsDataModule,
    ours=TrainedDetector(["empathic_reactions", "empathic_reactions_layers", "empathic_reactions_words"]),
    lines=(
        Line(
            "Pearson's r, empathy",
            only("empathy", pearson),
            must=0.42,
            aim=0.50,
            floor=Figure(0.354, FLOOR),
            published=Figure(0.404, AUTHORS),
        ),
        Line(
            "Pearson's r, distress",
            only("distress", pearson),
            must=0.46,
            aim=0.52,
            floor=Figure(0.391, FLOOR),
            published=Figure(0.444, AUTHORS),
        ),
        Line("CCC, empathy", only("empathy", ccc)),
        Line("CCC, distress", only("distress", ccc)),
    ),
    baselines=(Majority(), Tfidf(), FrozenText("frozen MiniLM + ridge")),
    control=Tfidf(strengths=(1.0,)),
    pooling="mean",
)
