"""Words that are read ahead with others have the embeddings they have alone."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from empdetect.features.text import TextEmbeddings
from empdetect.recording import Participant
from empdetect.streams.transcript import Transcript, Utterance


def person(*texts: str) -> Participant:
    return Participant("ann", transcript=Transcript(tuple(Utterance(text) for text in texts)))


def test_read_ahead_is_read_alone() -> None:
    ann, ben = person("I lost my dog.", "It was ten years old", "Yes."), person("Yes.", "That must hurt so much " * 40)
    alone, ahead = TextEmbeddings(), TextEmbeddings()
    ahead.ahead([ann, ben, person()])
    for each in (ann, ben):
        one, other = alone(each), ahead(each)
        np.testing.assert_allclose(one.values, other.values, atol=1e-5)
        np.testing.assert_array_equal(one.quality, other.quality)
    assert ahead(person("never read")).values.shape == (1, ahead.width)


@pytest.fixture
def two_threads() -> Iterator[None]:
    """MKL multiplies small matrices another way only if it has several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("two_threads")
def test_company_does_not_change_a_single_bit() -> None:
    texts = [" ".join(["word"] * count + [name]) for count in (3, 9, 30) for name in "abcdefghijklmnopqrstuvwxyz"]
    together, alone = TextEmbeddings(), TextEmbeddings()
    together.ahead([person(*texts)])
    for text in texts[::5]:
        alone.ahead([person(text)])
        np.testing.assert_array_equal(alone(person(text)).values, together(person(text)).values)
