"""EPITOME: three mechanisms of empathy in replies to people who ask for support (Sharma et al., EMNLP 2020)."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from empdetect.datamodules.text import PairDataModule, Text, level
from empdetect.errors import InputError
from empdetect.task import Target

if TYPE_CHECKING:
    import pandas as pd

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")
LEVELS = ("none", "weak", "strong")
COLUMNS = ("sp_id", "rp_id", "seeker_post", "response_post", "level")
PAIR = ["sp_id", "rp_id"]


class EpitomeDataModule(PairDataModule):
    """Pairs of a seeker's post and a supporter's reply, with the level of each mechanism in the reply.

    Repeated pairs are dropped. Where the copies of a pair disagree about a mechanism (10 pairs do),
    its level is unknown and the other mechanisms are kept. A seeker's post never crosses a split,
    nor does a reply that was given word for word to two posts.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``epitome``; None reads ``EMPDETECT_DATA``.
        context: whether the model reads the seeker's post besides the reply.
        folds, fold, batch_size, seed, workers: as for ``PairDataModule``.
    """

    about: ClassVar[str] = "EPITOME: 2,973 posts and replies from Reddit, three mechanisms of empathy rated 0 to 2."
    licence: ClassVar[str] = "Academic and non-commercial use, by agreement with its authors."
    source: ClassVar[str] = "Sharma et al., EMNLP 2020; https://github.com/behavioral-data/Empathy-Mental-Health"
    folder: ClassVar[str] = "epitome"
    speaker: ClassVar[str] = "supporter"
    listener: ClassVar[str] = "seeker"
    targets: ClassVar[tuple[Target, ...]] = tuple(Target(name, "ordinal", LEVELS) for name in MECHANISMS)

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text for each pair: the reply, the seeker's post being its context.

        Raises:
            InputError: the files are missing or broken.
        """
        for row in read_pairs(folder).to_dict("records"):
            yield Text(
                f"{row['sp_id']}_{row['rp_id']}",
                str(row["response_post"]),
                {name: float(row[name]) for name in MECHANISMS},
                ties=(str(row["sp_id"]),),
                context=str(row["seeker_post"]),
            )


def read_pairs(folder: Path) -> "pd.DataFrame":
    """One row for each pair of posts: ids, texts, and a level for each mechanism, NaN where copies disagree.

    Raises:
        InputError: a file is missing, or lacks a column.
    """
    tables = [_read_mechanism(folder, name) for name in MECHANISMS]
    texts = tables[0].drop_duplicates(PAIR)[[*PAIR, "seeker_post", "response_post"]]
    for name, table in zip(MECHANISMS, tables, strict=True):
        found = table.groupby(PAIR)["level"].agg(["first", "nunique"])
        agreed = found["first"].where(found["nunique"] == 1).rename(name)
        texts = texts.merge(agreed, left_on=PAIR, right_index=True, how="left", validate="one_to_one")
    return texts


def _read_mechanism(folder: Path, name: str) -> "pd.DataFrame":
    import pandas as pd

    path = folder / f"{name.replace('_', '-')}-reddit.csv"
    try:
        # A post may consist of the word "None", and is no missing one.
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"Reading EPITOME: {path} cannot be read ({error}); download it again") from None
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise InputError(f"Reading EPITOME: {path} lacks the columns {', '.join(missing)}; download it again")
    numbers = [str(number) for number in range(len(LEVELS))]
    table["level"] = [level(numbers, cell, f"{path}, row {row}") for row, cell in enumerate(table["level"], 1)]
    return table
