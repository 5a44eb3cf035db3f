import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.batch import Batch
from empdetect.example import Example
from empdetect.features.base import Features
from empdetect.recording import Participant, Recording, Segment

NAMES = ("ann", "bob", "cem")


def features(mask: list[bool], width: int) -> Features:
    count = len(mask)
    values = np.random.default_rng(count).normal(size=(count, width)).astype(np.float32)
    values[~np.array(mask, np.bool_)] = np.nan
    return Features(values, np.arange(count) / 10, np.array(mask, np.bool_), np.array(mask, np.float32))


def example(people: list[dict[str, Features]], labels: dict[str, float] | None = None) -> Example:
    recording = Recording("talk", tuple(Participant(name) for name in NAMES[: len(people)]))
    inputs = {modality: tuple(person[modality] for person in people) for modality in people[0]}
    return Example(Segment(recording, NAMES[0], labels=labels or {}), inputs)


MASKS = st.lists(st.booleans(), max_size=9)


@st.composite
def examples(draw: st.DrawFn) -> list[Example]:
    def person() -> dict[str, Features]:
        return {"audio": features(draw(MASKS), 3), "text": features(draw(MASKS), 1)}

    return [example([person() for _ in range(draw(st.integers(1, 3)))]) for _ in range(draw(st.integers(1, 4)))]


@settings(deadline=None)
@given(examples(), st.integers(1, 3))
def test_padding_adds_nothing_that_looks_like_data(rows: list[Example], persons: int) -> None:
    batch = Batch.collate(rows, persons, [])
    for modality, values in batch.inputs.items():
        mask = batch.masks[modality]
        assert values.shape[:2] == (len(rows), persons)
        assert values.shape[:3] == mask.shape
        assert values.shape[2] >= 1
        for row, one in enumerate(rows):
            for slot in range(persons):
                people = one.inputs[modality]
                length = len(people[slot].times) if slot < len(people) else 0
                assert torch.isnan(values[row, slot, length:]).all()
                assert not mask[row, slot, length:].any()
                if length:
                    np.testing.assert_array_equal(values[row, slot, :length].numpy(), people[slot].values)
                    np.testing.assert_array_equal(mask[row, slot, :length].numpy(), people[slot].mask)


@settings(deadline=None)
@given(examples())
def test_an_example_is_the_same_in_any_company(rows: list[Example]) -> None:
    together, alone = Batch.collate(rows, 2, []), Batch.collate(rows[:1], 2, [])
    for modality, values in alone.inputs.items():
        length = values.shape[2]
        torch.testing.assert_close(together.inputs[modality][:1, :, :length], values, equal_nan=True)
        assert torch.equal(together.masks[modality][:1, :, :length], alone.masks[modality])


def test_labels_unknown_are_nan() -> None:
    person = {"audio": features([True], 3)}
    batch = Batch.collate([example([person], {"empathy": 2.0}), example([person])], 1, ["empathy", "distress"])
    assert batch.labels["empathy"][0] == 2
    assert torch.isnan(batch.labels["empathy"][1])
    assert torch.isnan(batch.labels["distress"]).all()
    assert len(batch) == 2


def test_modality_left_out_is_missing_and_says_so() -> None:
    whole = example([{"audio": features([True, True], 3), "text": features([True], 1)}])
    without = whole.without("audio")
    assert without.inputs["audio"][0].reason == "audio left out"
    assert without.inputs["text"] is whole.inputs["text"]
    batch = Batch.collate([without], 1, [])
    assert batch.inputs["audio"].shape == (1, 1, 1, 3)
    assert torch.isnan(batch.inputs["audio"]).all()
    assert not batch.masks["audio"].any()


def test_batch_moves_whole() -> None:
    batch = Batch.collate([example([{"audio": features([True], 3)}], {"empathy": 1.0})], 1, ["empathy"])
    moved = batch.to("meta")
    for tensors in (moved.inputs, moved.masks, moved.labels):
        assert {tensor.device.type for tensor in tensors.values()} == {"meta"}
    assert moved.segments is batch.segments
