"""One clock: a flash and a beep at the same moment are seen and heard at the same moment."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.features.audio import LogMel
from empdetect.recording import Participant
from empdetect.streams.audio import AudioStream
from empdetect.streams.video import VideoStream
from tests.media import write_media

FPS, RATE = 25, 16_000
MOMENT = 1.6


def flash_and_beep(path: Path, start: float) -> Path:
    frames = [np.full((48, 64), 20, np.uint8) for _ in range(75)]
    for index in range(round(MOMENT * FPS), round(MOMENT * FPS) + 5):
        frames[index][:] = 230
    time = np.arange(3 * RATE) / RATE
    beep = 0.5 * np.sin(2 * np.pi * 800 * time) * ((time >= MOMENT) & (time < MOMENT + 0.2))
    noise = np.random.default_rng(0).normal(0, 1e-3, len(time))
    return write_media(path, frames, beep + noise, fps=FPS, rate=RATE, start=start)


@pytest.mark.parametrize(
    ("ending", "start"),
    [("mp4", 0.0), ("mp4", 2.0), ("mov", 2.0), ("mkv", 0.0), ("mkv", 2.0), ("ts", 2.0), ("avi", 0.0)],
)
@pytest.mark.parametrize("offset", [0.0, 7.3, -1.0])
def test_flash_and_beep_agree(tmp_path: Path, ending: str, start: float, offset: float) -> None:
    path = flash_and_beep(tmp_path / f"a.{ending}", start)
    person = Participant("ann", video=VideoStream(path, offset), audio=AudioStream(path, offset))
    assert person.video is not None
    seen = min(time for time, frame in person.video.frames() if frame.mean() > 120)
    features = LogMel()(person)
    heard = features.times[np.argmax(features.values[:, LogMel().columns.index("energy_db")] > -20)]
    assert abs(seen - heard) <= 1 / FPS
    # AAC begins up to 64 ms before the first picture, and the file's clock with it.
    assert seen == pytest.approx(MOMENT + offset, abs=0.07)


def test_streams_of_two_files_meet_by_their_offsets(tmp_path: Path) -> None:
    path = flash_and_beep(tmp_path / "a.mp4", 0.0)
    late = write_media(tmp_path / "late.wav", samples=AudioStream(path).read(RATE).samples[RATE:])
    person = Participant("ann", video=VideoStream(path), audio=AudioStream(late, offset=1.0))
    heard = LogMel()(person)
    loud = heard.times[heard.values[:, LogMel().columns.index("energy_db")] > -20]
    assert loud[0] == pytest.approx(MOMENT, abs=1 / FPS)
    assert person.end() == pytest.approx(3.0, abs=0.1)
