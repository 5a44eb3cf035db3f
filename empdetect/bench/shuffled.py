"""Do our own detectors fall to chance when they learn from shuffled labels? The control of every run asks a linear one.

``python -m empdetect.bench.shuffled -o docs/results/shuffled.json --data-root DIR --page docs/bench.md`` trains ours on
every fold of the benchmarks in which that takes minutes, with the labels of all that it learns from dealt out anew, and
asks it about the test part as it is. What it then knows above chance came by another way than the labels.
"""

import sys
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from empdetect.bench.benchmark import Benchmark
from empdetect.bench.catalogue import check_names, load_benchmark
from empdetect.bench.checks import ProtocolError
from empdetect.bench.control import PERMUTATIONS, limit_of
from empdetect.bench.intervals import Truth, value_of
from empdetect.bench.run import fold_count, fold_data, fold_of, truth_of
from empdetect.bench.study import command_of, one_line_errors, publish, refuse_to_lose_rows, study_parser
from empdetect.bench.system import Answers, unlabelled
from empdetect.bench.trained import ShuffledDetector, TrainedDetector
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.training import quieten

NAMES = (
    "contagion_emg", "contagion_emg-z", "contagion_videos", "emodb", "emodb-z", "empathetic_personas", "mint",
    "ravdess_audio", "ravdess_audio-z", "ravdess_audiovisual", "ravdess_audiovisual-z", "ravdess_face",
    "ravdess_face-z", "ravdess_wav2vec2", "ravdess_wav2vec2-z", "stress_predict", "stress_predict-z",
)  # fmt: skip
SHUFFLES = 3
"""Of each fold."""


def measure(benchmark: Benchmark, data_root: str | None, seed: int = 0) -> dict[str, float]:
    """What our detector of a benchmark makes of its headline after learning from shuffled labels.

    Args:
        benchmark: which.
        data_root: folder of the datasets; None reads ``EMPDETECT_DATA``.
        seed: of the shuffles and the training.

    Returns:
        ``measured``, the mean over ``SHUFFLES``; ``chance``, that of the metric against permuted test labels;
        ``limit``, what ``measured`` may reach, of all shuffles and folds (``control.limit_of``); and ``folds``.

    Raises:
        InputError: the data are not there, or our system of this benchmark is none that is trained.
    """
    if not isinstance(benchmark.ours, TrainedDetector):
        raise InputError(
            f"Shuffling labels of {benchmark.name}: our system there is not trained on labels; name another"
        )
    system = ShuffledDetector.of(benchmark.ours)
    tested: list[Truth] = []
    trials: list[list[Answers]] = [[] for _ in range(SHUFFLES)]
    for number in track(range(fold_count(fold_data(benchmark, data_root, 0))), benchmark.name):
        data = fold_data(benchmark, data_root, number)
        test = data.parts["test"]
        tested.append(truth_of(test, data.task))
        for shuffle, answers in enumerate(trials):
            system.fit(fold_of(benchmark, data, number, data_root, fast=False), seed + shuffle)
            answers.append(system.answers(unlabelled(test)))

    def figure(folds: Sequence[Truth], said: Sequence[Answers]) -> float:
        return value_of(benchmark.lines[0].metric, data.task, folds, said, benchmark.pooling)

    return _judged(figure, tested, trials, np.random.default_rng(seed))


def _judged(
    figure: Callable[[Sequence[Truth], Sequence[Answers]], float],
    tested: Sequence[Truth],
    trials: Sequence[Sequence[Answers]],
    generator: np.random.Generator,
) -> dict[str, float]:
    permuted = [_permuted(tested, generator) for _ in range(PERMUTATIONS)]
    chance = np.array([np.mean([figure(truths, answers) for answers in trials]) for truths in permuted])
    single = np.array([figure([truth], [said]) for answers in trials for truth, said in zip(tested, answers)])
    return {
        "measured": float(np.mean([figure(tested, answers) for answers in trials])),
        "chance": float(np.nanmean(chance)),
        "limit": limit_of(chance, single),
        "folds": float(len(tested)),
    }


def _permuted(tested: Sequence[Truth], generator: np.random.Generator) -> list[Truth]:
    """Test labels dealt out anew within each fold."""
    found = []
    for truth in tested:
        order = generator.permutation(len(truth.groups))
        found.append(Truth({name: labels[order] for name, labels in truth.labels.items()}, truth.groups))
    return found


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown: a line a benchmark."""
    head = "| benchmark | ours, from shuffled labels | chance | may reach | folds |\n|---|---|---|---|---|\n"
    return head + "".join(
        f"| `{name}` | {row['measured']:.3f} | {row['chance']:.3f} | {row['limit']:.3f} | {row['folds']:.0f} |\n"
        for name, row in rows.items()
    )


def check_chance(rows: Mapping[str, Mapping[str, float]]) -> None:
    """Refuse detectors that know something after learning from shuffled labels.

    Raises:
        ProtocolError: one does; it names all.
    """
    knowing = [f"{name} ({row['measured']:.3f}, at most {row['limit']:.3f})" for name, row in rows.items()
               if row["measured"] > row["limit"]]  # fmt: skip
    if knowing:
        raise ProtocolError(
            f"Shuffling labels: ours know more than chance of {', '.join(knowing)}; look for test segments, or what "
            "tells their labels, among what is learned from"
        )


@one_line_errors
def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line; exit code 2 for input that cannot be used, 1 where ours beat chance."""
    parser = study_parser("shuffled", __doc__, "data_root", "page", seed=0)
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks (default: those that take minutes)")
    parsed = parser.parse_args(arguments)
    names = check_names(parsed.names) if parsed.names else NAMES
    refuse_to_lose_rows(parsed.out, names)
    quieten()
    rows = {name: measure(load_benchmark(name), parsed.data_root, parsed.seed) for name in names}
    publish(parsed, command_of(parsed, "shuffled"), rows, "shuffled", table(rows))
    check_chance(rows)


if __name__ == "__main__":
    sys.exit(main())
