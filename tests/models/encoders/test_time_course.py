"""The time course encoder keeps when something happened."""

import pytest
import torch

from empdetect.errors import InputError
from empdetect.models.encoders.time_course import TimeCourseEncoder


def test_parts_are_means_in_their_order() -> None:
    x = torch.arange(12.0).reshape(1, 6, 2)
    found = TimeCourseEncoder(2, parts=3)(x, torch.ones(1, 6, dtype=torch.bool))
    assert found.tolist() == [[1, 2, 5, 6, 9, 10]]


def test_unknown_frames_and_padding_do_not_count() -> None:
    x = torch.tensor([[[1.0], [torch.nan], [3.0], [100.0], [torch.nan], [torch.nan]]])
    mask = torch.tensor([[True, False, True, False, False, False]])
    assert TimeCourseEncoder(1, parts=1)(x, mask).tolist() == [[2]]
    assert TimeCourseEncoder(1, parts=3)(x, mask).tolist() == [[1, 0, 3]]


def test_parts_must_be_there() -> None:
    with pytest.raises(InputError, match="'parts' must be 1 or more"):
        TimeCourseEncoder(2, parts=0)
