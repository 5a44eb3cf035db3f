"""Empathic Reactions: a tiny file of the same layout, and the real one where it is there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.empathic_reactions import EmpathicReactionsDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, said, write_table

HEADER = ("message_id", "response_id", "article_id", "empathy", "distress", "empathy_bin", "distress_bin", "essay")
ROWS = [(f"w{w}_{a}", f"w{w}", a, 1 + w, 7 - a, 0, 1, f"Writer {w}, on article {a}.") for w in range(6) for a in (1, 2)]


def module(root: Path, **arguments: object) -> EmpathicReactionsDataModule:
    return EmpathicReactionsDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, rows: list[tuple[object, ...]]) -> Path:
    write_table(root / "empathic_reactions" / "messages.csv", [HEADER, *rows])
    return root


def test_essays_of_a_writer_stay_together(tmp_path: Path) -> None:
    segments = module(write(tmp_path, ROWS)).segments()
    assert segments[3].labels == {"empathy": 2.0, "distress": 5.0}
    assert said(segments[3]) == ["Writer 1, on article 2."]
    assert len({segment.group for segment in segments}) == 6


def test_it_keeps_what_a_data_module_promises(tmp_path: Path) -> None:
    check_datamodule(module(write(tmp_path, ROWS), folds=3, batch_size=2))


@pytest.mark.parametrize(("place", "cell", "said"), [(3, "8", "allowed is 1 to 7"), (7, "", "essay must not be empty")])
def test_a_broken_row_is_named(tmp_path: Path, place: int, cell: str, said: str) -> None:
    broken = (*ROWS[2][:place], cell, *ROWS[2][place + 1 :])
    with pytest.raises(InputError, match=f"messages.csv, row 3: .*{said}"):
        module(write(tmp_path, [*ROWS[:2], broken])).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, fold=9)
    assert data.folds == 10
    assert sum(apart(data).values()) == 1860
    assert len({segment.group for part in data.parts.values() for segment in part}) == 372
