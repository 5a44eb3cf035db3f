"""Splits: no group on both sides, whatever the data look like."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.datamodules.splits import check_groups, group_of, split_segments
from empdetect.errors import InputError
from empdetect.recording import SPLITS, Participant, Recording, Segment
from empdetect.task import Target

BINARY = Target("empathy", "binary")
NUMBER = Target("distress", "regression", range=(1, 7))


def segment(group: str, label: float = 0.0, split: str | None = None) -> Segment:
    recording = Recording(f"recording of {group}", (Participant("a"),))
    return Segment(recording, "a", labels={"empathy": label, "distress": 1 + label}, group=group, split=split)


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=5, max_size=15),
    fold=st.integers(0, 3),
    seed=st.integers(0, 99),
    target=st.sampled_from([BINARY, NUMBER]),
)
def test_folds_keep_groups_whole_and_lose_nothing(sizes: list[int], fold: int, seed: int, target: Target) -> None:
    segments = [segment(f"g{g}", float(i % 2)) for g, size in enumerate(sizes) for i in range(size)]
    parts = split_segments(segments, target, 4, fold, seed)
    assert sorted(map(id, segments)) == sorted(id(s) for part in parts.values() for s in part)
    groups = [{group_of(s) for s in parts[name]} for name in SPLITS]
    assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])


def test_every_segment_is_tested_once_over_all_folds() -> None:
    segments = [segment(f"g{g}", float(g % 2)) for g in range(12) for _ in range(2)]
    tested = [id(s) for fold in range(4) for s in split_segments(segments, BINARY, 4, fold, 0)["test"]]
    assert sorted(tested) == sorted(map(id, segments))


def test_a_published_split_is_kept() -> None:
    segments = [segment(f"g{i}", split=name) for i, name in enumerate(SPLITS)]
    parts = split_segments(segments, BINARY, 5, 0, 0)
    assert [parts[name] for name in SPLITS] == [[s] for s in segments]


def test_a_dataset_without_validation_gets_it_from_its_training_groups() -> None:
    train = [segment(f"g{g}", float(g % 2), "train") for g in range(10) for _ in range(2)]
    test = [segment("t", split="test")]
    parts = split_segments([*train, *test], BINARY, 5, 0, 0)
    assert 2 <= len(parts["val"]) <= 6
    assert len(parts["train"]) + len(parts["val"]) == 20
    assert {group_of(s) for s in parts["train"]}.isdisjoint(group_of(s) for s in parts["val"])
    assert parts["test"] == test


def test_a_group_in_two_published_splits_is_refused() -> None:
    with pytest.raises(InputError, match="'g' is in both train and test"):
        split_segments([segment("g", split="train"), segment("g", split="test")], BINARY, 5, 0, 0)


def test_a_segment_without_group_belongs_to_its_recording() -> None:
    one = Segment(Recording("r", (Participant("a"), Participant("b"))), "a", split="train")
    other = Segment(one.recording, "b", split="test")
    with pytest.raises(InputError, match="'r' is in both"):
        check_groups({"train": [one], "val": [], "test": [other]})


@pytest.mark.parametrize(
    ("folds", "fold", "groups", "message"),
    [(2, 0, 9, "3 or more"), (5, 5, 9, "0 to folds - 1"), (5, 0, 4, "4 groups cannot fill 5 folds")],
)
def test_folds_that_cannot_be_are_refused(folds: int, fold: int, groups: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        split_segments([segment(f"g{g}") for g in range(groups)], BINARY, folds, fold, 0)


def test_an_unknown_split_is_named() -> None:
    with pytest.raises(InputError, match="dev"):
        split_segments([segment("g", split="dev")], BINARY, 5, 0, 0)


def test_a_split_without_segments_is_named() -> None:
    with pytest.raises(InputError, match="no segment is in val or test"):
        split_segments([segment("g", split="train")], BINARY, 5, 0, 0)
