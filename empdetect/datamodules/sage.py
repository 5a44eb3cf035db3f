"""SAGE: whether a supporter's reply made a simulated user feel better (Zhang et al., 2025; the logs of DeepSeek-V3)."""

import gzip
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from empdetect.datamodules.text import PairDataModule, Text
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.streams.files import require_file
from empdetect.task import Target


class SageDataModule(PairDataModule):
    """Turns of dialogues between a simulated user and eight language models, in Chinese.

    A segment is one reply of a model and the user's turn before it. ``change`` is by how much the user's emotion
    (0 to 100, by the simulator's own account after the reply) rose, 5 or 10 points up or down; ``better`` says whether
    it rose, and is unknown for the five replies that left it where it was. ``emotion`` is what it was before the reply,
    ``last_change`` by how much the reply before had changed it (unknown for the first), and ``log_turns_before`` the
    logarithm of one more than the turns before the reply, as in ``TurnShape``. The same scenario, and the same persona
    in several scenarios, stays in one fold: there are 100 scenarios with 91 personas, each played with all models.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``rlver``; None reads ``EMPDETECT_DATA``.
        context: whether the model reads the user's turn besides the reply.
        history: whether the transcripts hold the turns before these, too.
        folds, fold, batch_size, seed, workers: as for ``PairDataModule``.
    """

    about: ClassVar[str] = (
        "SAGE: 6,184 replies of eight language models to a simulated user who then felt better or worse."
    )
    licence: ClassVar[str] = "MIT"
    source: ClassVar[str] = "Zhang et al., arXiv 2505.02847; https://github.com/Tencent/digitalhuman/tree/main/SAGE"
    folder: ClassVar[str] = "rlver"
    speaker: ClassVar[str] = "supporter"
    listener: ClassVar[str] = "user"
    targets: ClassVar[tuple[Target, ...]] = (
        Target("better", "binary"),
        Target("change", "regression", range=(-10, 10)),
        Target("emotion", "regression", range=(0, 100)),
        Target("last_change", "regression", range=(-10, 10)),
        Target("log_turns_before", "regression", range=(0, 5)),
    )
    construct: ClassVar[str] = "emotion"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        context: bool = True,
        history: bool = False,
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, data_root, context, folds, fold, batch_size, seed, workers)
        self.history = history

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text a reply that the user answered.

        Raises:
            InputError: no log is there, or one is broken.
        """
        paths = sorted((folder / "sage_logs_deepseek_v3").glob("*.jsonl.gz"))
        if not paths:
            raise InputError(f"Reading SAGE: no log at {folder / 'sage_logs_deepseek_v3' / '*.jsonl.gz'}")
        for path in paths:
            for dialogue in _dialogues(path):
                try:
                    yield from self._replies(path.name.removesuffix(".jsonl.gz"), dialogue)
                except (KeyError, TypeError, AttributeError) as error:
                    raise InputError(f"Reading SAGE: a dialogue of {path} lacks {error}; download it again") from None

    def _replies(self, model: str, dialogue: Any) -> Iterator[Text]:
        turns, scenario = dialogue["history"], str(dialogue["id"])
        ties = (scenario, str(dialogue["player"]))
        names = {"user": self.listener, "assistant": self.speaker}
        for number in range(0, len(turns) - 2, 2):
            asked, reply, answered = turns[number : number + 3]
            if (asked["role"], reply["role"], answered["role"]) != ("user", "assistant", "user"):
                raise InputError(f"Reading SAGE: {model}, {scenario}: turns {number} to {number + 2} do not take turns")
            labels = _labels([float(turn["emotion-point"]) for turn in turns[: number + 3 : 2]])
            earlier = [(names[turn["role"]], turn["content"]) for turn in turns[:number]] if self.history else []
            name = f"{model}_{scenario}_{number // 2}"
            yield Text(name, reply["content"], labels, ties, context=asked["content"], earlier=earlier)


def _labels(emotions: Sequence[float]) -> dict[str, float]:
    """Known labels of a reply, from the user's emotion in each turn until the answer to it."""
    change = emotions[-1] - emotions[-2]
    labels = {"change": change, "emotion": emotions[-2], "log_turns_before": math.log(2 * len(emotions) - 2)}
    if change:
        labels["better"] = float(change > 0)
    if len(emotions) > 2:
        labels["last_change"] = emotions[-2] - emotions[-3]
    return labels


def _dialogues(path: Path) -> Iterator[Any]:
    try:
        with gzip.open(require_file(path), "rt", encoding="utf-8") as file:
            yield from map(json.loads, file)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"Reading SAGE: {path} cannot be read ({error}); download it again") from None
