"""Words that are read ahead with others have the embeddings they have alone."""

import numpy as np

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
