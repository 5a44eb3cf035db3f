"""Faulty recordings, each made for real: what cameras, recorders and sensors leave behind."""

import gzip
import json
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.simulation.faces import FacePainter
from empdetect.datamodules.simulation.looks import Look
from tests.media import write_media

Picture = NDArray[np.uint8]
SECONDS = 4
FPS = 10
STILL = dict.fromkeys(("sorrow", "raised", "smile", "mouth", "blink", "gaze", "roll", "shift", "nod"), 0.0) | {
    "zoom": 1
}


@lru_cache(maxsize=4)
def face(seed: int = 3) -> Picture:
    """A drawn face ``(240, 240, 3)`` that the cascade finds."""
    painter = FacePainter(Look.draw(np.random.default_rng(seed), woman=False), 2.0, np.random.default_rng(0))
    return painter.paint(STILL, 0)


def film_frames(seconds: float = SECONDS) -> list[Picture]:
    """Frames of a still face."""
    return [face()] * round(FPS * seconds)


def hum(seconds: float = SECONDS, rate: int = 16_000) -> NDArray[np.float64]:
    """A sound with overtones and hiss, neither silent nor clipped."""
    times = np.arange(round(rate * seconds)) / rate
    hiss = np.random.default_rng(0).standard_normal(len(times))
    return 0.2 * np.sin(2 * np.pi * 180 * times) * (1 + np.sin(2 * np.pi * 3 * times)) + 0.01 * hiss


def film(path: Path, sound_seconds: float = SECONDS, **how: Any) -> Path:
    """A film of a face with sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_media(path, film_frames(), hum(sound_seconds), fps=FPS, **how)


def words(path: Path, first: float = 0.0) -> Path:
    """A transcript of three lines by Ann, from ``first`` seconds."""
    turns = [{"text": f"line {i}", "speaker": "Ann", "start": first + i, "end": first + i + 0.9} for i in range(3)]
    path.write_text(json.dumps(turns), encoding="utf-8")
    return path


def body(folder: Path, name: str, values: NDArray[np.float64], rate: float = 16, **about: Any) -> Path:
    """Skin conductance in BIDS."""
    sidecar = {"SamplingFrequency": rate, "StartTime": 0, "Columns": ["EDA"], **about}
    (folder / f"{name}_physio.json").write_text(json.dumps(sidecar))
    rows = "".join("n/a\n" if np.isnan(value) else f"{value:.4f}\n" for value in values)
    path = folder / f"{name}_physio.tsv.gz"
    path.write_bytes(gzip.compress(rows.encode()))
    return path


def truncated(path: Path) -> None:
    """An mp4 of which the recorder lost the end, and with it the index."""
    data = film(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


def truncated_with_index(path: Path) -> None:
    """An mp4 whose index comes first, cut off in the middle."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        _encode(container, range(FPS * SECONDS))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])


def variable_rate(path: Path) -> None:
    """Frames that come in fits and starts, as telephones and screen recorders write them."""
    with av.open(str(path), "w") as container:
        _encode(container, [*range(10), *range(10, 40, 5), *range(40, 60)], base=Fraction(1, 20))


def _encode(container: Any, ticks: Any, base: Fraction = Fraction(1, FPS)) -> None:
    track = container.add_stream("mpeg4", rate=FPS)
    track.width = track.height = 240
    track.pix_fmt, track.time_base, track.bit_rate = "yuv420p", base, 4_000_000
    track.codec_context.time_base = base
    for tick in ticks:
        frame = av.VideoFrame.from_ndarray(face(), format="rgb24")
        frame.pts, frame.time_base = tick, base
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def rotated(path: Path) -> None:
    """A film that lies on its side and notes its rotation, as telephones write it."""
    lying = np.ascontiguousarray(np.rot90(face()))
    write_media(path, [lying] * (FPS * SECONDS), hum(), fps=FPS)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def times_jump_back(path: Path) -> None:
    """A transport stream whose clock starts anew in the middle, as after a lost connection."""
    half = path.with_name("half.ts")
    with av.open(str(half), "w") as container:
        _encode_transport(container)
    path.write_bytes(half.read_bytes() * 2)
    half.unlink()


def _encode_transport(container: Any) -> None:
    video: Any = container.add_stream("mpeg2video", rate=25)
    audio: Any = container.add_stream("mp2", rate=16_000, layout="mono")
    video.width = video.height = 240
    video.pix_fmt, video.bit_rate = "yuv420p", 4_000_000
    for index in range(25 * SECONDS // 2):
        frame = av.VideoFrame.from_ndarray(face(), format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        container.mux(video.encode(frame))
    container.mux(video.encode(None))
    samples = np.round(hum(SECONDS / 2) * 32767).astype(np.int16)
    for first in range(0, len(samples), 1152):
        frame = av.AudioFrame.from_ndarray(samples[None, first : first + 1152], format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = 16_000, first, Fraction(1, 16_000)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def surround(path: Path) -> None:
    """Sound of six channels."""
    with av.open(str(path), "w") as container:
        track: Any = container.add_stream("flac", rate=48_000, layout="5.1")
        samples = np.round(np.tile(hum(rate=48_000), (6, 1)).T.reshape(1, -1) * 32767).astype(np.int16)
        step = 4608 * 6
        for first in range(0, samples.shape[1], step):
            frame = av.AudioFrame.from_ndarray(samples[:, first : first + step], format="s16", layout="5.1")
            frame.rate, frame.pts, frame.time_base = 48_000, first // 6, Fraction(1, 48_000)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))


def random_bytes(path: Path, megabytes: int = 50) -> None:
    """Nothing at all."""
    generator = np.random.default_rng(0)
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(generator.bytes(2**20))


BODY: dict[str, Callable[[Path], object]] = {
    "gaps": lambda folder: body(folder, "gaps", _with_gap(_skin(16, 60))),
    "nothing": lambda folder: body(folder, "nothing", np.full(16 * SECONDS, np.nan)),
    "flat": lambda folder: body(folder, "flat", np.full(16 * SECONDS, 5.0)),
    "one-hertz": lambda folder: body(folder, "one-hertz", _skin(1, 30), 1),
    "four-kilohertz": lambda folder: body(folder, "four-kilohertz", _skin(4000), 4000),
}
"""Faulty body signals, by the name of their recording."""


def _skin(rate: int, seconds: int = SECONDS * 3) -> NDArray[np.float64]:
    steps = np.random.default_rng(1).standard_normal(rate * seconds) / np.sqrt(rate)
    return 5 + 0.05 * np.cumsum(steps)


def _with_gap(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values = values.copy()
    values[len(values) // 3 : len(values) // 2] = np.nan
    return values
