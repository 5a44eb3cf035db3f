from pathlib import Path

import numpy as np
import pytest
import torch

from empdetect.errors import InputError
from empdetect.speech.voice_activity import voice_activity
from empdetect.streams.audio import AudioStream
from tests.media import write_media


def test_silence_noise_and_a_hum_are_no_speech(tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(32_000)
    hum = 0.3 * np.sin(2 * np.pi * 120 * np.arange(32_000) / 16_000)
    path = write_media(tmp_path / "a.wav", samples=np.concatenate([np.zeros(32_000), noise, hum]))
    assert voice_activity(AudioStream(path)).turns == ()


def test_torch_keeps_its_threads(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.wav", samples=np.zeros(16_000))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        voice_activity(AudioStream(path))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_broken_sound(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFFbroken")
    with pytest.raises(InputError, match="FFmpeg cannot decode"):
        voice_activity(AudioStream(tmp_path / "a.wav"))


@pytest.mark.data
def test_real_speech_between_pauses(data_root: Path, tmp_path: Path) -> None:
    """Two GRID sentences of about two seconds, with three seconds of digital silence around each."""
    spoken = [AudioStream(data_root / "grid_av_speech" / f"{name}.mpg").read(16_000) for name in ("bbaf2n", "swiz3n")]
    pause = np.zeros(3 * 16_000)
    samples = np.concatenate([pause, spoken[0].samples, pause, spoken[1].samples, pause])
    turns = voice_activity(AudioStream(write_media(tmp_path / "a.wav", samples=samples), offset=10.0)).turns
    first, second = 13.0, 13.0 + len(spoken[0].samples) / 16_000 + 3.0
    for begin in (first, second):
        inside = [turn for turn in turns if begin <= turn.start and turn.end <= begin + 3.2]
        assert 0.8 < sum(turn.end - turn.start for turn in inside) < 3.1
        assert all(turn.sureness > 0.6 for turn in inside)
    assert not [turn for turn in turns if turn.end < first or (first + 3.2 < turn.start and turn.end < second)]
