"""SAGE: whether a reply made a simulated user feel better or worse."""

from empdetect.bench.baselines import Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import auroc, macro_f1
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.sage import SageDataModule

FLOOR = "TF-IDF of characters of both and logistic regression, folds by scenario, own earlier measurement"

BENCHMARK = Benchmark(
    name="sage",
    title="SAGE, change of emotion",
    protocol="100 scenarios of 91 personas, each played with 8 models, in 5 folds by persona; a reply and the user's "
    "turn before it; replies that changed nothing (5) left out; all answers as one set",
    data=SageDataModule,
    ours=TrainedDetector(["sage"]),
    lines=(
        Line("AUROC", auroc, must=0.85, aim=0.90, floor=Figure(0.840, FLOOR)),
        Line("macro-F1", macro_f1),
    ),
    baselines=(
        Majority(),
        Tfidf(people=(0, 1), words=False, strengths=(1.0,), name="TF-IDF of both"),
        Tfidf(words=False, strengths=(1.0,), name="TF-IDF of the reply"),
    ),
    control=Tfidf(words=False, strengths=(1.0,)),
    shortest_text=2,
)
