import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.video import VideoStream
from tests.media import write_media


def steps(count: int, height: int = 48, width: int = 64) -> list[NDArray[np.uint8]]:
    """Frames that grow brighter by 2."""
    return [np.full((height, width), 20 + 2 * (index % 100), np.uint8) for index in range(count)]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "avi"])
def test_every_frame_with_its_time(tmp_path: Path, ending: str) -> None:
    stream = VideoStream(write_media(tmp_path / f"a.{ending}", steps(50)), offset=1.5)
    times, frames = zip(*stream.frames())
    np.testing.assert_allclose(times, 1.5 + np.arange(50) / 25, atol=1e-3)
    brightness = np.array([frame.mean() for frame in frames])
    np.testing.assert_allclose(brightness, 20 + 2 * np.arange(50), atol=4)
    assert stream.end() == pytest.approx(3.5, abs=0.05)
    assert stream.rate() == pytest.approx(25)


@pytest.mark.parametrize(("fps", "rate"), [(25, 12.5), (25, 5), (30, 12.5), (24, 8), (30, 7), (60, 25)])
def test_rate_holds_on_average(tmp_path: Path, fps: int, rate: float) -> None:
    stream = VideoStream(write_media(tmp_path / "a.mp4", steps(4 * fps, 16, 16), fps=fps))
    times = np.array([time for time, _ in stream.frames(rate=rate)])
    assert len(times) == pytest.approx(4 * rate, abs=1)
    assert np.diff(times).max() <= 1 / rate + 1 / fps + 1e-6
    grid = times * fps
    np.testing.assert_allclose(grid, np.round(grid), atol=1e-2)  # real frames, not made-up moments


def test_higher_rate_than_the_file_gives_each_frame_once(tmp_path: Path) -> None:
    stream = VideoStream(write_media(tmp_path / "a.mp4", steps(10), fps=5))
    assert len(list(stream.frames(rate=100))) == 10


def test_shapes(tmp_path: Path) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[..., 0] = 200
    stream = VideoStream(write_media(tmp_path / "a.mp4", [picture] * 3))
    assert next(stream.frames())[1].shape == (48, 64)
    _, colour = next(stream.frames(pixels="rgb24"))
    assert colour.shape == (48, 64, 3)
    red, green, blue = colour.mean(axis=(0, 1))
    assert red > 150
    assert max(green, blue) < 70


def test_a_region_is_cut_out_of_the_picture(tmp_path: Path) -> None:
    picture = np.zeros((48, 64), np.uint8)
    picture[:24, 48:] = 220
    path = write_media(tmp_path / "a.mp4", [picture] * 2)
    whole, corner = VideoStream(path), VideoStream(path, region=(0.75, 0.0, 1.0, 0.5))
    _, found = next(corner.frames())
    assert found.shape == (24, 16)
    assert found.mean() > 200
    assert whole.fingerprint() != corner.fingerprint()
    assert next(VideoStream(path, region=(0.999, 0.999, 1.0, 1.0)).frames())[1].shape == (1, 1)
    with pytest.raises(InputError, match="a region is left, top, right, bottom within 0 and 1"):
        VideoStream(path, region=(0.5, 0.0, 0.5, 1.0))


def test_lying_picture_is_set_upright(tmp_path: Path) -> None:
    """Telephones film upright with a rotation noted in the file: here written into the track header."""
    picture = np.zeros((48, 64), np.uint8)
    picture[:, 48:] = 220  # bright on the right
    path = write_media(tmp_path / "a.mp4", [picture] * 3)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    quarter = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    data[matrix : matrix + 36] = struct.pack(">9i", *quarter)
    path.write_bytes(data)
    _, frame = next(VideoStream(path).frames())
    assert frame.shape == (64, 48)
    # Shown turned a quarter clockwise, what lay on the right stands below.
    assert frame[-12:].mean() > 150
    assert frame[:40].mean() < 50


def test_broken_packets_are_left_out(tmp_path: Path) -> None:
    path = write_media(
        tmp_path / "a.avi", [np.random.default_rng(i).integers(0, 255, (48, 64), np.uint8) for i in range(50)]
    )
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)
    times = [time for time, _ in VideoStream(path).frames()]
    assert 25 < len(times) <= 50
    assert np.all(np.diff(times) > 0)


def test_cut_file_gives_what_is_left(tmp_path: Path) -> None:
    path = write_media(tmp_path / "a.mkv", steps(50))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 5 < len(list(VideoStream(path).frames())) < 50


def test_no_picture_broken_folder_and_link_loop(tmp_path: Path) -> None:
    sound = write_media(tmp_path / "a.wav", samples=np.zeros(1600))
    with pytest.raises(InputError, match=r"it has no video track \(only audio\)"):
        list(VideoStream(sound).frames())
    cut = write_media(tmp_path / "cut.mp4", steps(10))
    cut.write_bytes(cut.read_bytes()[:200])
    with pytest.raises(InputError, match=r"cut\.mp4: FFmpeg cannot decode it"):
        VideoStream(cut).duration()
    with pytest.raises(InputError, match="a folder; check the path"):
        VideoStream(tmp_path).duration()
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    with pytest.raises(InputError, match=r"loop\.mp4"):
        VideoStream(loop).duration()


@pytest.mark.parametrize(("codec", "form"), [("mpeg4", "yuv420p"), ("mjpeg", "yuvj420p"), ("ffv1", "yuv444p10le")])
def test_gray_is_what_ffmpeg_makes_of_it(tmp_path: Path, codec: str, form: str) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (50, 70, 3)).astype(np.uint8)
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        track: Any = container.add_stream(codec, rate=25)
        track.width, track.height, track.pix_fmt = 70, 50, form
        container.mux(track.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(track.encode(None))
    with av.open(str(tmp_path / "a.mkv")) as container:
        made = next(container.decode(video=0)).to_ndarray(format="gray")
    [(_, gray)] = VideoStream(tmp_path / "a.mkv").frames()
    assert np.abs(gray.astype(int) - made).max() <= 1


def test_two_rates_share_one_decoder(tmp_path: Path) -> None:
    stream = VideoStream(write_media(tmp_path / "a.mp4", steps(50)))
    both = list(stream.frames_at((5, 12.5)))
    for place, rate in enumerate((5, 12.5)):
        assert [time for time, wanted, _ in both if wanted[place]] == [time for time, _ in stream.frames(rate)]
    assert all(any(wanted) for _, wanted, _ in both)
