import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.audio import AudioStream
from tests.media import write_media


def tone(seconds: float, rate: int, hertz: float = 440.0) -> NDArray[np.float64]:
    return np.asarray(0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate))


@pytest.mark.parametrize("ending", ["wav", "flac", "m4a", "mp4", "mov", "mkv", "avi"])
def test_any_container_at_any_rate(tmp_path: Path, ending: str) -> None:
    stream = AudioStream(write_media(tmp_path / f"a.{ending}", samples=tone(1, 44_100), rate=44_100), offset=3.0)
    audio = stream.read(16_000)
    assert audio.rate == 16_000
    assert audio.start == pytest.approx(3.0, abs=0.05)
    assert len(audio.samples) == pytest.approx(16_000, abs=1500)
    assert audio.samples.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(audio.samples[4000:12_000]))
    assert np.argmax(spectrum) * 2 == pytest.approx(440, abs=2)
    assert stream.end() == pytest.approx(4.0, abs=0.1)


def test_stereo_is_mixed_or_picked(tmp_path: Path) -> None:
    left, right = tone(1, 8000, 300), tone(1, 8000, 900)
    path = write_media(tmp_path / "a.wav", samples=np.stack([left, right]), rate=8000)
    for channel, expected in ((0, left), (1, right), (None, (left + right) / 2)):
        samples = AudioStream(path, channel=channel).read(8000).samples
        np.testing.assert_allclose(samples, expected, atol=2e-3)
    with pytest.raises(InputError, match=r"a\.wav: asked for channel 2, the file has 0 to 1"):
        AudioStream(path, channel=2).read(8000)


def test_equal_channels_are_no_louder_together(tmp_path: Path) -> None:
    both = write_media(tmp_path / "a.wav", samples=np.stack([tone(1, 8000)] * 2), rate=8000)
    one = write_media(tmp_path / "b.wav", samples=tone(1, 8000), rate=8000)
    np.testing.assert_allclose(AudioStream(both).read(8000).samples, AudioStream(one).read(8000).samples, atol=1e-4)


def test_gap_between_time_stamps_stays_on_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "call.mkv"
    with av.open(str(path), "w") as container:
        track = container.add_stream("pcm_s16le", rate=8000)
        track.layout = "mono"
        for first in (0, 16_000):  # one second of sound, one of nothing, one of sound
            block = np.round(tone(1, 8000) * 32_767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.rate, frame.pts, frame.time_base = 8000, first, Fraction(1, 8000)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    samples = AudioStream(path).read(8000).samples
    assert len(samples) == pytest.approx(24_000, abs=20)
    loud = [np.abs(samples[first : first + 7900]).max() for first in (50, 8050, 16_050)]
    assert loud[0] > 0.4
    assert loud[1] < 1e-3
    assert loud[2] > 0.4


def test_no_sound_broken_empty_and_absent(tmp_path: Path) -> None:
    silent = write_media(tmp_path / "v.mp4", [np.zeros((32, 32), np.uint8)] * 5)
    with pytest.raises(InputError, match=r"it has no audio track \(only video\); leave the audio cell empty"):
        AudioStream(silent).read(16_000)
    (tmp_path / "x.wav").write_bytes(b"nothing to hear")
    with pytest.raises(InputError, match=r"x\.wav: FFmpeg cannot decode it"):
        AudioStream(tmp_path / "x.wav").duration()
    (tmp_path / "zero.wav").touch()
    with pytest.raises(InputError, match="the file is empty"):
        AudioStream(tmp_path / "zero.wav").read(16_000)
    with pytest.raises(InputError, match="no such file; check the path"):
        AudioStream(tmp_path / "gone.wav").read(16_000)
    with wave.open(str(tmp_path / "h.wav"), "wb") as header_only:
        header_only.setparams((1, 2, 8000, 0, "NONE", ""))
    with pytest.raises(InputError, match="the track holds no samples"):
        AudioStream(tmp_path / "h.wav").read(16_000)


def test_fingerprint_follows_content_and_reading(tmp_path: Path) -> None:
    one = write_media(tmp_path / "a.wav", samples=tone(0.1, 16_000))
    two = write_media(tmp_path / "b.wav", samples=tone(0.2, 16_000))
    prints = [AudioStream(one), AudioStream(two), AudioStream(one, 1.0), AudioStream(one, channel=0)]
    assert len({stream.fingerprint() for stream in prints}) == 4
    copy = tmp_path / "copy.wav"
    copy.write_bytes(one.read_bytes())
    assert AudioStream(copy).fingerprint() == AudioStream(one).fingerprint()
