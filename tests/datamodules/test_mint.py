"""MINT: a tiny file of the same layout, and the real one where it is there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.mint import TACTICS, MintDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, levels, said, write_table

HEADER = ("split", "idx", "sentence", *TACTICS)


def row(split: str, number: int, sentence: str, tactic: int = 0) -> tuple[object, ...]:
    return (split, number, sentence, *(int(place == tactic) for place in range(len(TACTICS))))


ROWS = [row("val", n, f"Have you tried number {n}?", n % 10) for n in range(12)]
ROWS += [
    row("val", 12, "have you tried number 0"),
    row("test", 0, "I hear you."),
    row("test", 1, "Have you tried number 3?"),
]


def module(root: Path, **arguments: object) -> MintDataModule:
    return MintDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, rows: list[tuple[object, ...]] = ROWS) -> Path:
    write_table(root / "mint" / "derived_tactic_sentences_val_test.tsv", [HEADER, *rows], tabs=True)
    return root


def test_the_owners_validation_set_is_for_training(tmp_path: Path) -> None:
    data = module(write(tmp_path))
    data.summary()
    assert len(data.parts["train"]) + len(data.parts["val"]) == 13
    assert [said(segment)[0] for segment in data.parts["test"]] == ["I hear you.", "Have you tried number 3?"]
    assert data.copies["train"] + data.copies["val"] == 1
    assert data.segments()[4].labels == {tactic: float(tactic == TACTICS[4]) for tactic in TACTICS}


def test_copies_can_be_left_out(tmp_path: Path) -> None:
    assert apart(module(write(tmp_path), deduplicate=True))["test"] == 2


def test_it_keeps_what_a_data_module_promises(tmp_path: Path) -> None:
    check_datamodule(module(write(tmp_path), folds=3, batch_size=2))


def test_an_unknown_part_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 1: got the label 'train', allowed are val, test"):
        module(write(tmp_path, [row("train", 0, "Hm.")])).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root)
    sizes = apart(data, shortest=2)
    assert (sizes["train"] + sizes["val"], sizes["test"]) == (286, 360)
    assert 30 <= sizes["val"] <= 40
    assert data.copies["train"] + data.copies["val"] == 1
    for part in ("train", "test"):
        assert all(levels(data.parts[part], tactic) == {0.0, 1.0} for tactic in TACTICS)  # type: ignore[index]
