"""EmpatheticPersonas: a tiny file of the same layout, and the real one where it is there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.empathetic_personas import EmpatheticPersonasDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, everything, levels, write_table

HEADER = ("response", "annotator1_score", "annotator2_score", "annotator3_score", "empathy_score")
ROWS = [(f"Shall we go on with protocol {n}?", n % 3, 0, 2, n % 3) for n in range(9)]


def module(root: Path, **arguments: object) -> EmpatheticPersonasDataModule:
    return EmpatheticPersonasDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, rows: list[tuple[object, ...]]) -> Path:
    write_table(root / "empathetic_personas" / "EP_EN_full.csv", [HEADER, *rows])
    return root


def test_repeated_lines_keep_their_labels_and_stay_together(tmp_path: Path) -> None:
    segments = module(write(tmp_path, [*ROWS, ("shall we go on with protocol 4", 0, 0, 0, 0)])).segments()
    assert (segments[4].labels, segments[9].labels) == ({"empathy_score": 1.0}, {"empathy_score": 0.0})
    assert segments[4].group == segments[9].group
    assert len({segment.group for segment in segments}) == 9


def test_it_keeps_what_a_data_module_promises(tmp_path: Path) -> None:
    check_datamodule(module(write(tmp_path, list(ROWS)), folds=3, batch_size=2))


def test_a_level_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 1: 'empathy_score' is 3, allowed are the levels 0 to 2"):
        module(write(tmp_path, [("Hello.", 1, 1, 1, 3)])).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, fold=4)
    assert sum(apart(data).values()) == 1100
    assert levels(everything(data.parts), "empathy_score") == {0.0, 1.0, 2.0}
    assert len({segment.group for segment in everything(data.parts)}) == 1021
