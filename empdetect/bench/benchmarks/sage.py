"""SAGE: whether a reply made a simulated user feel better or worse."""

from empdetect.bench.baselines import Majority, Tfidf
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import auroc, only, sign_auroc
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.sage import SageDataModule

FLOOR = "TF-IDF of characters of both and logistic regression, folds by scenario, own earlier measurement"
FOLDS = "100 scenarios of 91 personas, each played with 8 models, in 5 folds by persona; all answers as one set; "
BASELINES = (
    Majority(),
    Tfidf(people=(0, 1), words=False, strengths=(1.0,), name="TF-IDF of both", last=True),
    Tfidf(words=False, strengths=(1.0,), name="TF-IDF of the reply", last=True),
)

BENCHMARK = Benchmark(
    name="sage",
    title="SAGE, change of emotion",
    protocol=FOLDS + "a reply and the user's turn before it",
    data=SageDataModule,
    ours=TrainedDetector(["sage"]),
    lines=(
        Line("AUROC of a rise, by change", only("change", sign_auroc), must=0.85, aim=0.90, floor=Figure(0.840, FLOOR)),
        Line("AUROC of a rise, by better", only("better", auroc)),
    ),
    baselines=BASELINES,
    control=Tfidf(words=False, strengths=(1.0,), last=True),
    data_args={"history": False},
    shortest_text=2,
)
