"""Video streams: frames of any container PyAV can open, with their times on the recording's clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.streams.files import file_fingerprint, fingerprint
from empdetect.streams.media import open_media, start_seconds


@dataclass(frozen=True)
class VideoStream:
    """The picture track of a video file.

    Args:
        path: any file PyAV can open (mp4, mov, mkv, avi, mpg, webm, ...).
        offset: moment on the recording's clock at which the file starts, in seconds.
    """

    path: Path
    offset: float = 0.0

    def fingerprint(self) -> str:
        """Fingerprint of the content and of how it is read."""
        return fingerprint(file_fingerprint(self.path), repr(self.offset))

    def end(self) -> float:
        """Moment at which the file ends on the recording's clock, in seconds."""
        return self.offset + self.duration()

    def duration(self) -> float:
        """Length of the file in seconds.

        Raises:
            InputError: the file cannot be read or has no picture.
        """
        with open_media(self.path, "video") as (container, stream):
            if stream.duration is not None and stream.time_base is not None:
                return float(stream.duration * stream.time_base)
            if container.duration is not None:
                return float(container.duration) / 1_000_000
        return sum(1 for _ in self.frames()) / self.rate()

    def rate(self) -> float:
        """Frames per second, as the file states them on average."""
        with open_media(self.path, "video") as (_, stream):
            return float(stream.average_rate or stream.guessed_rate or 25)

    def frames(
        self, rate: float | None = None, pixels: Literal["gray", "rgb24"] = "gray"
    ) -> Iterator[tuple[float, NDArray[np.uint8]]]:
        """Decode frame by frame; memory does not grow with the length.

        Args:
            rate: at most so many frames per second, in Hz; None gives every frame.
            pixels: ``gray`` gives ``(height, width)``, ``rgb24`` ``(height, width, 3)``.

        Yields:
            Seconds on the recording's clock, and the frame.

        Raises:
            InputError: the file cannot be read or has no picture.
        """
        with open_media(self.path, "video") as (container, stream):
            zero = start_seconds(container)
            step = 1.0 / float(stream.average_rate or stream.guessed_rate or 25)
            due, last = -np.inf, -step
            for frame in container.decode(stream):
                time = frame.time - zero if frame.time is not None else last + step
                last = time
                # Half a frame of slack: time stamps are rounded and must not make every second frame late.
                if time + step / 2 < due:
                    continue
                due = time + 1.0 / rate if rate else -np.inf
                yield time + self.offset, frame.to_ndarray(format=pixels)
