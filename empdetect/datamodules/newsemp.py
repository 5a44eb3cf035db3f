"""NewsEmp: essays on bad news with their writers' empathy and distress, as of the WASSA shared tasks.

Files are expected below ``newsemp`` in a folder a release, under the organisers' own names::

    2022/messages_train_ready_for_WS.tsv
    2022/messages_dev_features_ready_for_WS_2022.tsv     2022/goldstandard_dev_2022.tsv
    2023/WASSA23_essay_level_with_labels_train.tsv
    2023/WASSA23_essay_level_dev.tsv                     2023/goldstandard_dev.tsv
    2024/trac3_EMP_train.csv    2024/trac3_EMP_dev.csv   2024/goldstandard_EMP.csv

A gold standard without a header holds empathy and distress in its first two columns, line by line with its
essays. Writers are told by ``response_id`` (2022), ``speaker_id`` (2023) or ``person_id`` (2024). This is taken
from public code for these data and could not be checked against them: no figure is claimed for this module.

The releases overlap: 44 of the 100 test essays of 2023 are in the validation set of 2024, whose training set holds
those of 2023; and the release of 2022 grew from the essays of Buechel et al. (EMNLP 2018), which
``empathic_reactions`` are. Train and test within one release.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from empdetect.datamodules.base import data_folder
from empdetect.datamodules.label_table import Cells, known, read_cells, read_labels, required
from empdetect.datamodules.protocol import Protocol, check_protocol
from empdetect.datamodules.text import Text, TextDataModule
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.streams.files import require_file
from empdetect.task import Target, Task

TARGETS = tuple(Target(name, "regression", range=(1.0, 7.0)) for name in ("empathy", "distress"))
RENAMED = {
    "person_essay": "essay",
    "person_empathy": "empathy",
    "person_distress": "distress",
    "response_id": "writer",
    "speaker_id": "writer",
    "person_id": "writer",
}

Part = tuple[str, str, str | None]
"""Split, file of the essays, and the gold standard if the labels stand apart."""

RELEASES: dict[int, tuple[Part, ...]] = {
    2022: (
        ("train", "messages_train_ready_for_WS.tsv", None),
        ("test", "messages_dev_features_ready_for_WS_2022.tsv", "goldstandard_dev_2022.tsv"),
    ),
    2023: (
        ("train", "WASSA23_essay_level_with_labels_train.tsv", None),
        ("test", "WASSA23_essay_level_dev.tsv", "goldstandard_dev.tsv"),
    ),
    2024: (
        ("train", "trac3_EMP_train.csv", None),
        ("val", "trac3_EMP_dev.csv", None),
        ("test", "goldstandard_EMP.csv", None),
    ),
}


class NewsEmpDataModule(TextDataModule):
    """Essays with the empathy and distress that their writers reported, 1 to 7. Folds hold writers apart.

    The organisers kept the test labels of 2022 and 2023: under the published protocol their
    development set is the test set, and part of their training set is for validation. Equal essays
    stay on one side of a split under either protocol.

    Args:
        features: one extractor for each modality the model is to see, by modality.
        data_root: folder that holds ``newsemp``; None reads ``EMPDETECT_DATA``.
        release: year of the shared task.
        protocol: ``person`` for folds that hold writers apart, ``published`` for the organisers' split,
            in which writers may be on both sides.
        folds, fold, batch_size, seed, workers: as for ``TextDataModule``.
    """

    about: ClassVar[str] = "NewsEmp (WASSA 2022 to 2024): essays on news, empathy and distress rated by their writers."
    licence: ClassVar[str] = "Terms of each year's competition, for research; accept them there."
    source: ClassVar[str] = "Giorgi et al., WASSA 2024; https://codalab.lisn.upsaclay.fr/competitions/18810"
    how_to_get: ClassVar[str] = (
        "register for the year's competition (834, 11167 or 18810 on that site), accept its terms, and copy its files "
        "into newsemp/YEAR below the data root"
    )
    folder: ClassVar[str] = "newsemp"
    speaker: ClassVar[str] = "writer"

    def __init__(
        self,
        features: dict[str, Extractor],
        data_root: str | None = None,
        release: Literal[2022, 2023, 2024] = 2024,
        protocol: Protocol = "person",
        folds: int | None = None,
        fold: int = 0,
        batch_size: int = 16,
        seed: int = 0,
        workers: int = 0,
    ) -> None:
        super().__init__(features, data_root, folds, fold, batch_size, seed, workers)
        check_protocol(protocol)
        if release not in RELEASES:
            raise InputError(f"Reading NewsEmp: got release {release}, allowed are {', '.join(map(str, RELEASES))}")
        self.release = release
        self.protocol = protocol
        self.task = Task(TARGETS, unit="recording")

    def texts(self, folder: Path) -> Iterator[Text]:
        """One text an essay, tied to its writer; if published, to no other.

        Raises:
            InputError: a file is missing or broken, or a gold standard does not fit its essays.
        """
        place = data_folder(str(folder), str(self.release), how_to_get=self.how_to_get)
        for split, file, gold in RELEASES[self.release]:
            path = place / file
            for row, line in enumerate(_lines(path, None if gold is None else place / gold), 1):
                where, name = f"{path}, row {row}", f"{path.stem}_{row}"
                essay, writer = required(line, ("essay", "writer"), where)
                labels = read_labels(line, TARGETS, where)
                if self.protocol == "person":
                    yield Text(name, essay, labels, ties=(writer,))
                else:
                    yield Text(name, essay, labels, ties=(name,), split=split)


def _lines(path: Path, gold: Path | None) -> list[Cells]:
    """The essays of a file, with the labels that stand apart from them."""
    columns = ["essay", "writer", *(() if gold else ("empathy", "distress"))]
    lines = read_cells(path, columns, RENAMED, escape="\\" if path.suffix == ".csv" else None)
    if gold is None:
        return lines
    return [{**line, **labels} for line, labels in zip(lines, _gold(gold, len(lines)), strict=True)]


def _gold(path: Path, essays: int) -> list[Cells]:
    """Empathy and distress of a file without a header."""
    rows = [
        line.split("\t")
        for line in require_file(path).read_text(encoding="utf-8", errors="replace").splitlines()
        if line.strip()
    ]
    if len(rows) != essays or any(len(row) < 2 for row in rows):
        raise InputError(
            f"Reading NewsEmp: {path} must hold empathy and distress of each of {essays} essays, and has {len(rows)} "
            "lines; copy both files of one release"
        )
    return [{"empathy": known(row[0]), "distress": known(row[1])} for row in rows]
