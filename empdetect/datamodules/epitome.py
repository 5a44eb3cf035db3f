"""EPITOME: three mechanisms of empathy in replies to people who ask for support (Sharma et al., EMNLP 2020)."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from empdetect.datamodules.base import EmpathyDataModule, data_folder
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task

if TYPE_CHECKING:
    import pandas as pd

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
LEVELS = ("none", "weak", "strong")
COLUMNS = ("sp_id", "rp_id", "seeker_post", "response_post", "level")
PAIR = ["sp_id", "rp_id"]


class EpitomeDataModule(EmpathyDataModule):
    """Pairs of a seeker's post and a supporter's reply, with the level of each mechanism in the reply.

    Repeated pairs are dropped. Where the copies of a pair disagree about a mechanism (10 pairs do),
    its level is unknown and the other mechanisms are kept. A seeker's post never crosses a split,
    nor does a reply that was given word for word to two posts.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``epitome``; None reads ``EMPDETECT_DATA``.
        context: whether the model reads the seeker's post besides the reply.
        folds, fold, batch_size, seed, workers: as for ``EmpathyDataModule``.
    """

    about: ClassVar[str] = "EPITOME: 2,973 posts and replies from Reddit, three mechanisms of empathy rated 0 to 2."
    licence: ClassVar[str] = "Academic and non-commercial use, by agreement with its authors."
    source: ClassVar[str] = "Sharma et al., EMNLP 2020; https://github.com/behavioral-data/Empathy-Mental-Health"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        context: bool = True,
        folds: int = 5,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, folds, fold, batch_size, seed, workers)
        self.data_root = data_root
        self.context = context
        self.task = Task(
            tuple(Target(name, "ordinal", LEVELS) for name in MECHANISMS),
            unit="utterance",
            interaction="dyadic",
            persons=2 if context else 1,
        )

    def segments(self) -> list[Segment]:
        """One segment for each pair: the supporter is scored, the seeker is context.

        Raises:
            InputError: the files are missing or broken.
        """
        pairs = read_pairs(data_folder(self.data_root, "epitome"))
        groups = linked(zip(pairs["sp_id"], pairs["seeker_post"], pairs["response_post"], strict=True))
        rows = zip(pairs.to_dict("records"), groups, strict=True)
        return [
            Segment(
                Recording(f"{row['sp_id']}_{row['rp_id']}", (_writer("supporter", row), _writer("seeker", row))),
                "supporter",
                labels={name: float(row[name]) for name in MECHANISMS},
                group=group,
            )
            for row, group in rows
        ]


POSTS = {"supporter": "response_post", "seeker": "seeker_post"}


def _writer(role: str, row: Mapping[Any, Any]) -> Participant:
    return Participant(role, role, transcript=Transcript((Utterance(str(row[POSTS[role]])),)))


def read_pairs(folder: Path) -> "pd.DataFrame":
    """One row for each pair of posts: ids, texts, and a level for each mechanism, NaN where copies disagree.

    Raises:
        InputError: a file is missing, or lacks a column.
    """
    tables = [_read_mechanism(folder, name) for name in MECHANISMS]
    texts = tables[0].drop_duplicates(PAIR)[[*PAIR, "seeker_post", "response_post"]]
    for name, table in zip(MECHANISMS, tables, strict=True):
        found = table.groupby(PAIR)["level"].agg(["first", "nunique"])
        level = found["first"].where(found["nunique"] == 1).rename(name)
        texts = texts.merge(level, left_on=PAIR, right_index=True, how="left", validate="one_to_one")
    return texts


def _read_mechanism(folder: Path, name: str) -> "pd.DataFrame":
    import pandas as pd

    path = folder / f"{name.replace('_', '-')}-reddit.csv"
    try:
        table = pd.read_csv(path, dtype={"sp_id": str, "rp_id": str, "seeker_post": str, "response_post": str})
    except (OSError, ValueError) as error:
        raise InputError(f"Reading EPITOME: {path} cannot be read ({error}); download it again") from None
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise InputError(f"Reading EPITOME: {path} lacks the columns {', '.join(missing)}; download it again")
    table["level"] = table["level"].astype(float)
    return table


def linked(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A group for each row, the same for rows that share any value, directly or through others.

    Values are compared without case and spacing, each with the values of its own column.
    """
    parent: dict[tuple[int, str], tuple[int, str]] = {}

    def root(key: tuple[int, str]) -> tuple[int, str]:
        parent.setdefault(key, key)
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    firsts = []
    for row in rows:
        keys = [(column, " ".join(str(value).lower().split())) for column, value in enumerate(row)]
        for key in keys[1:]:
            parent[root(key)] = root(keys[0])
        firsts.append(keys[0])
    return [root(key)[1] for key in firsts]
