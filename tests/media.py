"""Real media files, made with PyAV."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


def write_media(
    path: Path,
    frames: Sequence[NDArray[np.uint8]] = (),
    samples: NDArray[Any] | None = None,
    *,
    fps: int = 25,
    rate: int = 16_000,
    start: float = 0.0,
) -> Path:
    """Write a file with a picture track, a sound track, or both, and return its path.

    Args:
        path: the ending decides the container; sound is PCM in wav and avi, FLAC in flac, else AAC.
        frames: ``(height, width, 3)`` or ``(height, width)`` each.
        samples: ``(time,)`` in [-1, 1], or ``(channel, time)`` with one or two channels.
        fps: frames per second.
        rate: samples per second.
        start: first time stamp of both tracks, in seconds.
    """
    codec = {".wav": "pcm_s16le", ".avi": "pcm_s16le", ".flac": "flac"}.get(path.suffix, "aac")
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("mpeg4", rate=fps) if len(frames) else None
        audio: Any = container.add_stream(codec, rate=rate) if samples is not None else None
        if video is not None:
            video.height, video.width = frames[0].shape[:2]
            video.pix_fmt, video.bit_rate, video.gop_size = "yuv420p", 8_000_000, 5
        if audio is not None and samples is not None:
            samples = np.atleast_2d(samples)
            audio.layout = "stereo" if len(samples) == 2 else "mono"
        if video is not None:
            _encode_frames(container, video, frames, fps, start)
        if audio is not None and samples is not None:
            _encode_samples(container, audio, samples, rate, start)
    return path


def _encode_frames(container: Any, track: Any, frames: Sequence[NDArray[np.uint8]], fps: int, start: float) -> None:
    for index, picture in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "rgb24")
        frame.pts, frame.time_base = index + round(start * fps), Fraction(1, fps)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def _encode_samples(container: Any, track: Any, samples: NDArray[Any], rate: int, start: float) -> None:
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    resampler = av.AudioResampler(format=track.format, layout=track.layout, rate=rate)
    for first in range(0, whole.shape[1], 1024):
        block = np.ascontiguousarray(whole[:, first : first + 1024].T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout=track.layout.name)
        frame.rate, frame.pts, frame.time_base = rate, first + round(start * rate), Fraction(1, rate)
        for part in resampler.resample(frame):
            container.mux(track.encode(part))
    container.mux(track.encode(None))
