"""Every container and codec that the scorer names, written for real and read back."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from empdetect.inputs import find_recordings
from empdetect.streams.audio import AudioStream
from empdetect.streams.video import VideoStream

CODECS = {
    "mp4": ("h264", "aac"),
    "mov": ("mpeg4", "aac"),
    "m4v": ("mpeg4", "aac"),
    "mkv": ("h264", "libopus"),
    "avi": ("mpeg4", "pcm_s16le"),
    "mpg": ("mpeg2video", "mp2"),
    "mpeg": ("mpeg1video", "mp2"),
    "webm": ("libvpx-vp9", "libopus"),
    "wav": (None, "pcm_s16le"),
    "flac": (None, "flac"),
    "mp3": (None, "libmp3lame"),
    "m4a": (None, "aac"),
    "opus": (None, "libopus"),
    "ogg": (None, "libopus"),
}
RATE, FPS, SECONDS = 48_000, 25, 2


def write(path: Path, video: str | None, audio: str) -> Path:
    with av.open(str(path), "w") as container:
        film: Any = container.add_stream(video, rate=FPS) if video else None
        sound: Any = container.add_stream(audio, rate=RATE, layout="stereo")
        if film is not None:
            film.width, film.height, film.pix_fmt = 64, 48, "yuv420p"
            for index in range(FPS * SECONDS):
                picture = np.full((48, 64, 3), 40 + 2 * index, np.uint8)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, FPS)
                container.mux(film.encode(frame))
            container.mux(film.encode(None))
        _encode_tone(container, sound)
    return path


def _encode_tone(container: Any, sound: Any) -> None:
    tone = np.round(8000 * np.sin(2 * np.pi * 440 * np.arange(RATE * SECONDS) / RATE)).astype(np.int16)
    resampler = av.AudioResampler(format=sound.format, layout="stereo", rate=RATE, frame_size=sound.frame_size or 1024)
    for first in range(0, len(tone), 1024):
        both = np.repeat(tone[first : first + 1024], 2)[None]
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
        for part in resampler.resample(frame):
            container.mux(sound.encode(part))
    for part in resampler.resample(None):
        container.mux(sound.encode(part))
    container.mux(sound.encode(None))


@pytest.mark.parametrize("ending", CODECS)
def test_pictures_and_sound_of_every_container(ending: str, tmp_path: Path) -> None:
    video, audio = CODECS[ending]
    path = write(tmp_path / f"talk.{ending}", video, audio)
    [entry] = find_recordings([tmp_path])
    assert set(entry.files) == {"video" if video else "audio"}
    heard = AudioStream(path).read(16_000)
    assert len(heard.samples) / heard.rate == pytest.approx(SECONDS, abs=0.15)
    middle = heard.samples[8_000:24_000]
    assert np.abs(np.fft.rfft(middle)).argmax() == pytest.approx(440, abs=1), "a tone of 440 Hz in bins of 1 Hz"
    if video:
        times = [time for time, _ in VideoStream(path).frames()]
        assert len(times) == FPS * SECONDS
        assert times[-1] == pytest.approx(SECONDS - 1 / FPS, abs=0.08)
