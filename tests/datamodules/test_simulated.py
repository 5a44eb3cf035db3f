from pathlib import Path

import pytest

from empdetect.components import build, describe
from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.simulated import SimulatedDataModule
from empdetect.errors import InputError


def test_reads_a_corpus_that_is_there(simulated_corpus: Path) -> None:
    module = SimulatedDataModule(str(simulated_corpus.parent), {}, dyads=3, seconds=20.0)
    module.setup("fit")
    assert {name: len(part) for name, part in module.parts.items()} == {"train": 2, "val": 2, "test": 2}
    assert [target.name for target in module.task.targets] == ["empathy", "empathy_level"]
    assert module.task.persons == 2


def test_refuses_a_corpus_that_was_made_otherwise(simulated_corpus: Path) -> None:
    module = SimulatedDataModule(str(simulated_corpus.parent), {}, dyads=3, seconds=20.0, lag=1.0, corpus_seed=8)
    with pytest.raises(InputError, match="another seed, lag; choose another folder"):
        module.segments()


def test_makes_the_corpus_if_there_is_none(tmp_path: Path) -> None:
    module = SimulatedDataModule(str(tmp_path / "new"), {}, dyads=1, seconds=8.0, window=8.0)
    (segment,) = module.segments()
    assert (segment.participant, segment.start, segment.end, segment.split) == ("listener", 0.0, 8.0, "train")
    assert (tmp_path / "new" / "truth.json").exists()


def test_can_be_written_down_and_built_again(tmp_path: Path) -> None:
    module = SimulatedDataModule(str(tmp_path), {}, dyads=5, lag=1.5)
    again = build(describe(module), EmpathyDataModule)
    assert describe(again) == describe(module)
