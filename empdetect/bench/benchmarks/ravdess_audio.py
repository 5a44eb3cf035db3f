"""RAVDESS, the sound alone: eight acted emotions in speech."""

from empdetect.bench.baselines import Functionals, Majority, Opensmile
from empdetect.bench.benchmark import Benchmark, Figure, Line
from empdetect.bench.metrics import accuracy, uar
from empdetect.bench.trained import TrainedDetector
from empdetect.datamodules.ravdess import RavdessDataModule
from empdetect.features.audio import LogMel

PUBLISHED = "24 actors, 5 folds by actor (Luna-Jimenez et al., Appl. Sci. 2022)"
MELS = Functionals({"audio": LogMel(mels=64, hop=0.02)}, name="log-mel functionals + SVM")

BENCHMARK = Benchmark(
    name="ravdess_audio",
    title="RAVDESS, sound",
    protocol="20 actors in 5 folds by actor; all answers as one set",
    data=RavdessDataModule,
    ours=TrainedDetector(["ravdess_audio"]),
    lines=(
        Line(
            "accuracy",
            accuracy,
            must=0.60,
            aim=0.80,
            floor=Figure(0.517, "ComParE functionals + SVM, same 20 actors, own earlier measurement"),
            published=Figure(0.819, f"wav2vec 2.0 XLSR fine-tuned, {PUBLISHED}"),
        ),
        Line("UAR", uar),
    ),
    baselines=(Majority(), MELS, Opensmile()),
    control=Functionals({"audio": LogMel(mels=64, hop=0.02)}, strengths=(1e-3,), name="log-mel functionals + SVM"),
)
