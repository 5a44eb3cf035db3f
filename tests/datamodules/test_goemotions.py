"""GoEmotions: tiny files of the same layout, and the real ones where they are there."""

from pathlib import Path

import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.goemotions import EMOTIONS, FILES, GoEmotionsDataModule
from empdetect.errors import InputError
from tests.datamodules.text_sets import FEATURES, apart, said

ROWS = {
    "train": ['He said "no\t27\ta1', "What a game!\t0,13\ta2", "Sad.\t25\ta3"],
    "val": ["I love it\t18\tb1"],
    "test": ["Why?\t7\tc1", "sad\t25\tc2"],
}


def module(root: Path, **arguments: object) -> GoEmotionsDataModule:
    return GoEmotionsDataModule(FEATURES, str(root), **arguments)  # type: ignore[arg-type]


def write(root: Path, rows: dict[str, list[str]]) -> Path:
    (root / "goemotions").mkdir()
    for split, lines in rows.items():
        (root / "goemotions" / FILES[split]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def test_each_emotion_is_a_target(tmp_path: Path) -> None:
    segments = module(write(tmp_path, ROWS)).segments()
    assert said(segments[0]) == ['He said "no']
    assert {name for name, value in segments[1].labels.items() if value} == {"admiration", "excitement"}
    assert all(set(segment.labels) == set(EMOTIONS) for segment in segments)


def test_copies_can_be_left_out(tmp_path: Path) -> None:
    assert apart(module(write(tmp_path, ROWS), deduplicate=True)) == {"train": 2, "val": 1, "test": 2}


def test_it_keeps_what_a_data_module_promises(tmp_path: Path) -> None:
    check_datamodule(module(write(tmp_path, ROWS), batch_size=2))


@pytest.mark.parametrize("labels", ["28", "-1", "joy", ""])
def test_an_unknown_number_is_named(tmp_path: Path, labels: str) -> None:
    with pytest.raises(InputError, match=r"train.tsv, row 1: got the labels"):
        module(write(tmp_path, {**ROWS, "train": [f"Hm\t{labels}\ta1"]})).segments()


@pytest.mark.data
def test_the_real_data(data_root: Path) -> None:
    data = module(data_root, deduplicate=True)
    assert apart(data) == {"train": 43410 - 440, "val": 5426 - 34, "test": 5427}
    assert sum(sum(segment.labels.values()) > 1 for segment in data.parts["test"]) == 837
