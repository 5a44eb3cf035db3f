from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.streams.absent import Absent
from empdetect.streams.audio import AudioStream
from empdetect.streams.turns import UNHEARD, Turn, Turns
from empdetect.streams.utterance import Utterance
from tests.media import write_media

TALK = Turns((Turn(0.0, 2.0, "ann", 0.9), Turn(1.5, 4.0, "ben", 0.5), Turn(6.0, 7.0, "ann")))


def test_who_speaks_longest() -> None:
    assert TALK.speakers == ("ann", "ben")
    assert TALK.speaker_between(1.0, 2.0) == "ann"
    assert TALK.speaker_between(1.0, 4.0) == "ben"
    assert TALK.speaker_between(4.5, 5.0) is None


def test_sureness_is_the_mean_over_turns_and_low_without() -> None:
    assert TALK.of("ben").sureness(0.0, 3.0) == 0.5
    assert TALK.of("ann").sureness(1.0, 7.0) == pytest.approx((0.9 + 1.0) / 2)
    assert TALK.sureness(4.0, 6.0) == UNHEARD
    assert Turns(()).sureness(None, None) == UNHEARD


def test_turns_of_utterances_are_sorted_and_have_times() -> None:
    said = [Utterance("b", "ben", 2.0, 3.0), Utterance("a", "ann"), Utterance("c", "ann", 0.0, 1.0)]
    assert [turn.speaker for turn in Turns.of_utterances(said).turns] == ["ann", "ben"]


def test_what_others_say_is_silent_in_a_shared_sound(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.wav", samples=0.5 * np.ones(16_000 * 8))
    whole = AudioStream(path, offset=1.0)
    own = AudioStream(path, offset=1.0, turns=TALK.of("ann"), shared=True)
    samples = own.read(16_000).samples
    assert len(samples) == len(whole.read(16_000).samples)
    # The file starts at 1 s: Ann's first second was over before.
    assert samples[:16_000].all()
    assert not samples[16_000 : 5 * 16_000].any()
    assert samples[5 * 16_000 : 6 * 16_000].all()
    assert own.fingerprint() != whole.fingerprint()
    np.testing.assert_array_equal(AudioStream(path, turns=TALK).read(16_000).samples, 0.5 * np.ones(8 * 16_000, "f4"))


def test_an_absent_stream_says_why() -> None:
    stream = Absent("nobody wrote it down; do")
    for ask in (stream.read, stream.end, stream.fingerprint):
        with pytest.raises(InputError, match="nobody wrote it down; do"):
            ask()
