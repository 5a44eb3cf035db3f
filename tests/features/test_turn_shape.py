"""How a turn is written, and what it repeats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.features.turn_shape import COLUMNS, TurnShape
from empdetect.recording import Participant
from empdetect.streams.transcript import Transcript, Utterance


def shape(*turns: tuple[str, str], who: str = "ann") -> dict[str, float]:
    transcript = Transcript(tuple(Utterance(text, speaker=speaker) for speaker, text in turns))
    (row,) = TurnShape()(Participant(who, transcript=transcript)).values
    return dict(zip(COLUMNS, row.tolist(), strict=True))


def test_what_is_counted() -> None:
    found = shape(("ann", "I hear you. We could talk!\n1. now\n2. later - would you like that? 🙂"))
    assert found["list_items"] == 2
    assert found["emoji"] == 1
    assert found["question_a_sentence"] == pytest.approx(found["exclamation_a_sentence"])
    assert found["you_a_character"] == pytest.approx(2 * found["i_a_character"])
    assert found["ends_with_question"] == 0
    assert found["log_lines"] == pytest.approx(np.log1p(2))


def test_chinese_pronouns_are_told_apart() -> None:
    found = shape(("ann", "我们懂你，我也是"))
    assert found["we_a_character"] == found["i_a_character"] == found["you_a_character"] == pytest.approx(1 / 8)


def test_an_echo_is_seen() -> None:
    echo = shape(("bob", "it hurts so much"), ("ann", "it hurts so much"))
    assert echo["overlap_3_other's last turn"] == pytest.approx(1)
    assert np.isnan(echo["overlap_3_other's earlier turns"])
    assert np.isnan(echo["overlap_3_own earlier turns"])


def test_repeating_oneself_is_seen() -> None:
    turns = ("ann", "tell me more"), ("bob", "well"), ("ann", "go on"), ("bob", "hm"), ("ann", "tell me more")
    assert shape(*turns)["overlap_2_own earlier turns"] > 0.7
    assert shape(*turns)["log_turns_before"] == pytest.approx(np.log1p(4))


def test_what_is_said_afterwards_does_not_count() -> None:
    before = ("bob", "hello"), ("ann", "how are you?")
    after = (*before, ("bob", "how are you?"))
    np.testing.assert_equal(shape(*before), shape(*after))


def test_a_transcript_of_one_speaker_without_names() -> None:
    transcript = Transcript((Utterance("one"), Utterance("two")))
    (row,) = TurnShape()(Participant("ann", transcript=transcript)).values
    found = dict(zip(COLUMNS, row.tolist(), strict=True))
    assert np.isnan(found["overlap_1_other's last turn"])
    assert np.isfinite(found["overlap_1_own earlier turns"])


def test_no_words_is_missing() -> None:
    features = TurnShape()(Participant("ann", transcript=Transcript((Utterance("hi", speaker="bob"),))))
    assert not len(features.values)
    assert features.reason is not None
    assert "no words of ann" in features.reason


@given(text=st.text(min_size=1).filter(lambda text: bool(text.strip())), other=st.text())
def test_any_text_has_a_shape(text: str, other: str) -> None:
    found = shape(("bob", other), ("ann", text))
    overlaps = [value for name, value in found.items() if name.startswith("overlap")]
    assert all(np.isnan(value) or -1e-6 <= value <= 1 + 1e-6 for value in overlaps)
    assert all(np.isfinite(value) for name, value in found.items() if not name.startswith("overlap"))
