"""ESConv: tiny files of the same layout, and the real ones where they are there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.edos import EdosDataModule
from empdetect.datamodules.esconv import FILES, STRATEGIES, EsconvDataModule
from empdetect.datamodules.goemotions import GoEmotionsDataModule
from empdetect.datamodules.text import normalised
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, everything, levels, said, write_table

ROOT = Path(__file__).resolve().parents[2]
ROWS = {
    "train": [("Question", "How are you?"), ("Self-disclosure,Question", "I was, too. You?"), ("Others", "Thanks.")],
    "val": [("Information", "It opens at nine."), ("Others", "Bye!")],
    "test": [("Others", "thanks"), ("Question", "What happened?")],
}


def module(root: Path, **arguments: object) -> EsconvDataModule:
    return EsconvDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, rows: dict[str, list[tuple[str, str]]]) -> Path:
    for split, lines in rows.items():
        write_table(root / "esconv" / FILES[split], [(label, f"{text}<|endoftext|>") for label, text in lines])
    return root


def test_the_first_strategy_is_the_label_and_the_tail_is_cut(tmp_path: Path) -> None:
    segments = module(write(tmp_path, ROWS)).segments()
    assert [STRATEGIES[int(s.labels["strategy"])] for s in segments[:3]] == ["Question", "Self-disclosure", "Others"]
    assert said(segments[1]) == ["I was, too. You?"]
    assert [segment.split for segment in segments] == ["train"] * 3 + ["val"] * 2 + ["test"] * 2


def test_copies_are_counted_and_can_be_left_out(tmp_path: Path) -> None:
    data = module(write(tmp_path, ROWS), deduplicate=True)
    assert apart(data) == {"train": 2, "val": 2, "test": 2}
    assert data.copies == {"train": 1, "val": 0}


def test_it_keeps_what_a_data_module_promises(tmp_path: Path) -> None:
    check_datamodule(module(write(tmp_path, ROWS), batch_size=2))


def test_an_unknown_strategy_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"strategy_valid.csv, row 1: got the label 'Small talk'"):
        module(write(tmp_path, {**ROWS, "val": [("Small talk", "Rain again.")]})).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root)
    data.summary()
    assert [len(part) for part in data.parts.values()] == [8778, 2905, 2959]
    assert levels(everything(data.parts), "strategy") == set(map(float, range(8)))
    assert not any("endoftext" in said(segment)[0] for segment in everything(data.parts))
    assert apart(module(data_root, deduplicate=True)) == {"train": 8778 - 350, "val": 2905 - 96, "test": 2959}
    assert data.copies == {"train": 350, "val": 96}


@pytest.mark.data
def test_the_configuration_of_the_adapter_says_what_it_had_read_of_the_test_file(data_root: Path) -> None:
    """Its features are read by ``esconv.yaml``."""
    learned = [s for s in GoEmotionsDataModule(FEATURES, str(data_root)).segments() if s.split != "test"]
    learned += EdosDataModule(FEATURES, str(data_root)).segments()
    words = {normalised(said(segment)[0]) for segment in learned}
    asked = [normalised(said(s)[0]) for s in module(data_root).segments() if s.split == "test"]
    known = [text for text in asked if text in words]
    told = f"{len(asked):,} test utterances {len(known)} occur"
    assert told in (ROOT / "configs" / "text_emotions.yaml").read_text(encoding="utf-8").replace("\n# ", " ")
    assert max(len(text.split()) for text in known) <= 5
