from pathlib import Path

import numpy as np
import pytest

from empdetect.errors import InputError
from empdetect.speech.recognition import check_recogniser, recognise
from empdetect.streams.audio import AudioStream
from empdetect.streams.turns import Turn, Turns
from tests.media import write_media
from tests.speech.whisper import save_whisper


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> AudioStream:
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000 * 70)
    return AudioStream(write_media(tmp_path_factory.mktemp("sound") / "a.wav", samples=noise), offset=1.0)


def test_each_turn_is_an_utterance_of_its_speaker(whisper: Path, sound: AudioStream) -> None:
    turns = Turns((Turn(1.5, 3.0, "ann"), Turn(2.0, 2.5, "ben")))
    said = recognise(sound, turns, str(whisper)).utterances
    assert [(u.speaker, u.start, u.end) for u in said] == [("ben", 2.0, 2.5), ("ann", 1.5, 3.0)]
    assert all(u.text for u in said)
    assert recognise(sound, turns, str(whisper)).utterances == said


def test_long_turns_are_cut_and_turns_without_sound_are_left_out(whisper: Path, sound: AudioStream) -> None:
    turns = Turns((Turn(1.0, 66.0, "ann"), Turn(100.0, 101.0, "ann")))
    said = recognise(sound, turns, str(whisper)).utterances
    assert [round(u.end or 0, 2) for u in said] == [22.67, 44.33, 66.0]


def test_what_is_no_whisper_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Loading the recogniser '.*none': .*give the folder of a Whisper model"):
        check_recogniser(str(tmp_path / "none"))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="it is a model of type bert; give one of Whisper"):
        check_recogniser(str(tmp_path))
