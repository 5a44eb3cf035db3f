"""Standardisation by a person's own statistics."""

from pathlib import Path

import numpy as np
import pytest
import torch

from empdetect.datamodules.personal import PersonalScales
from empdetect.datamodules.ravdess import RavdessDataModule
from empdetect.example import Example
from empdetect.features.audio import LogMel
from empdetect.features.base import Features
from empdetect.recording import Participant, Recording, Segment
from tests.datamodules.test_ravdess import made  # noqa: F401


def example(group: str, values: list[list[float]], mask: list[bool]) -> Example:
    segment = Segment(Recording(group, (Participant("p"),)), "p", group=group)
    found = Features(
        np.array(values, np.float32), np.arange(len(values), dtype=float), np.array(mask), np.array(mask, np.float32)
    )
    return Example(segment, {"audio": (found,)})


def test_each_person_is_measured_by_themselves_and_unknown_stays_unknown() -> None:
    examples = [
        example("a", [[1, 5], [3, 5]], [True, True]),
        example("a", [[5, np.nan], [99, 99]], [True, False]),
        example("b", [[100, 0], [102, 2]], [True, True]),
    ]
    scales = PersonalScales.of(examples)
    found = [scales.standardised(each).inputs["audio"][0].values for each in examples]
    known = np.concatenate([found[0][:, 0], found[1][:1, 0]])
    assert known.mean() == pytest.approx(0, abs=1e-6)
    assert known.std() == pytest.approx(1, abs=1e-6)
    assert found[0][:, 1].tolist() == [0, 0], "what never varies is not blown up"
    assert np.isnan(found[1][0, 1])
    np.testing.assert_allclose(found[2], [[-1, -1], [1, 1]])


def test_a_data_module_standardises_every_part(made: Path) -> None:  # noqa: F811
    data = RavdessDataModule({"audio": LogMel(mels=8, hop=0.05)}, str(made), zscore_by="group", folds=3)
    data.prepare_data()
    data.setup("fit")
    for loader in (data.train_dataloader(), data.test_dataloader()):
        batches = list(loader)
        frames = torch.cat([batch.inputs["audio"][batch.masks["audio"]] for batch in batches])[:, 0]
        assert abs(float(frames.mean())) < 1e-3
        assert float(frames.std()) == pytest.approx(1, abs=0.05)


def test_the_test_part_can_be_trained_on(made: Path) -> None:  # noqa: F811
    data = RavdessDataModule({"audio": LogMel(mels=8, hop=0.05)}, str(made), folds=3)
    data.setup("fit")
    before = {name: len(part) for name, part in data.parts.items()}
    data.train_on_test()
    assert len(data.parts["train"]) == before["train"] + before["test"]
    assert data.parts["test"] == data.parts["val"]
    assert len(data.train_dataloader().dataset) == len(data.parts["train"])  # type: ignore[arg-type]
