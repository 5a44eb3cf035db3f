"""Batches of like length: every segment once, little padding, another order each epoch."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.datamodules.bucketing import LengthSampler


def sampler(lengths: list[int], batch_size: int = 4) -> LengthSampler:
    return LengthSampler(lengths, batch_size, torch.Generator().manual_seed(0))


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(0, 300), max_size=120), batch_size=st.integers(1, 9))
def test_every_segment_comes_once(lengths: list[int], batch_size: int) -> None:
    assert sorted(sampler(lengths, batch_size)) == list(range(len(lengths)))
    assert len(sampler(lengths, batch_size)) == len(lengths)


def padded(lengths: list[int], order: list[int], batch_size: int = 4) -> int:
    batches = [order[first : first + batch_size] for first in range(0, len(order), batch_size)]
    return sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)


def test_uneven_lengths_are_padded_little() -> None:
    lengths = [5] * 60 + [50] * 17
    assert padded(lengths, list(sampler(lengths))) <= sum(lengths) + 3 * 45


def test_lengths_that_hardly_differ_are_not_sorted() -> None:
    lengths = [10] * 40 + [15] * 40
    mixed = [len({lengths[i] for i in list(sampler(lengths))[first : first + 4]}) > 1 for first in range(0, 80, 4)]
    assert sum(mixed) > 10


@pytest.mark.parametrize("lengths", [[10] * 30, list(range(1, 31))])
def test_each_epoch_has_another_order(lengths: list[int]) -> None:
    one = sampler(lengths)
    assert list(one) != list(one)
