"""Video streams: frames of any container PyAV can open, with their times on the recording's clock."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.face_path import FacePath
from empdetect.streams.files import file_fingerprint, fingerprint
from empdetect.streams.media import decoded, end_seconds, open_media, start_seconds
from empdetect.streams.reading_ahead import reading_ahead

AHEAD = 8
"""Pictures that are decoded before they are asked for."""


@dataclass(frozen=True)
class VideoStream:
    """The picture track of a video file.

    Args:
        path: any file PyAV can open (mp4, mov, mkv, avi, mpg, webm, ...).
        offset: moment on the recording's clock at which the file starts, in seconds.
        region: the part of the picture that shows this person, as shares of its width and height (left, top,
            right, bottom), such as (0.5, 0, 1, 1) for the right half; None is the whole picture.
        face: where this person's face is; None leaves finding it to those who look for faces.

    Raises:
        InputError: the region is not a part of the picture.
    """

    path: Path
    offset: float = 0.0
    region: tuple[float, float, float, float] | None = None
    face: FacePath | None = None

    def __post_init__(self) -> None:
        if self.region is not None:
            left, top, right, bottom = self.region
            if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
                raise InputError(
                    f"Reading the picture of {self.path}: a region is left, top, right, bottom within 0 and 1, "
                    f"got {self.region}"
                )

    def fingerprint(self) -> str:
        """Fingerprint of the content and of how it is read."""
        how = self.offset if self.region is None else (self.offset, self.region)
        face = () if self.face is None else (self.face.fingerprint(),)
        return fingerprint(file_fingerprint(self.path), repr(how), *face)

    def end(self) -> float:
        """Moment at which the file ends on the recording's clock, in seconds."""
        return self.offset + self.duration()

    def duration(self) -> float:
        """Seconds from the start of the file to the end of its picture track.

        Raises:
            InputError: the file cannot be read or has no picture.
        """
        with open_media(self.path, "video") as (container, track):
            stated = end_seconds(container, track)
        if stated is not None:
            return stated
        last = max((time for time, _ in self.frames()), default=self.offset)
        return last - self.offset + 1 / self.rate()

    def rate(self) -> float:
        """Frames per second, as the file states them on average."""
        with open_media(self.path, "video") as (_, track):
            return _rate(track)

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
        for time, _, picture in self.frames_at((rate,), pixels):
            yield time, picture

    def frames_at(
        self, rates: tuple[float | None, ...], pixels: Literal["gray", "rgb24"] = "gray"
    ) -> Iterator[tuple[float, tuple[bool, ...], NDArray[np.uint8]]]:
        """Decode once for several who want frames at rates of their own.

        Args:
            rates: for each, at most so many frames per second, in Hz; None wants every frame.
            pixels: as for ``frames``.

        Yields:
            Seconds on the recording's clock, who wants the frame, and the frame; what nobody wants is left out.

        Raises:
            InputError: the file cannot be read or has no picture.
        """
        yield from reading_ahead(self._decoded_at(rates, pixels), AHEAD)

    def _decoded_at(
        self, rates: tuple[float | None, ...], pixels: Literal["gray", "rgb24"]
    ) -> Generator[tuple[float, tuple[bool, ...], NDArray[np.uint8]], None, None]:
        with open_media(self.path, "video") as (container, track):
            zero = start_seconds(container)
            step = 1.0 / _rate(track)
            grids, last = [_Grid(rate, step) for rate in rates], -step
            for frame in decoded(container, track):
                last = time = frame.time - zero if frame.time is not None else last + step
                wanted = tuple(grid.takes(time) for grid in grids)
                if any(wanted):
                    picture = _upright(_pixels(frame, pixels), frame.rotation)
                    yield time + self.offset, wanted, picture if self.region is None else _cut(picture, self.region)


class _Grid:
    """Which frames someone wants.

    Args:
        rate: at most so many a second; None wants all.
        step: seconds between frames, on average.
    """

    def __init__(self, rate: float | None, step: float) -> None:
        self.every = 1 / rate if rate else 0.0
        self.step = step
        self.due = -np.inf

    def takes(self, time: float) -> bool:
        """Whether the next frame, at ``time`` seconds, is wanted."""
        # Half a frame of slack: time stamps are rounded and must not make every second frame late.
        if self.every and time + self.step / 2 < self.due:
            return False
        # The next one is due on a fixed grid, so that the rate holds on average; a gap moves the grid.
        self.due = (self.due if time - self.due < (self.every or 1) else time) + (self.every or 1)
        return True


LUMA = ("yuv420p", "yuv422p", "yuv444p", "nv12", "yuvj420p", "yuvj422p", "yuvj444p")
"""Formats whose first plane is the gray picture."""
FULL_RANGE = 2
"""How FFmpeg names videos whose black is 0 and white 255 (AVCOL_RANGE_JPEG)."""
STRETCHED = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
"""Gray values of a video, whose black is 16 and white 235, over the whole range."""


def _pixels(frame: Any, pixels: Literal["gray", "rgb24"]) -> NDArray[np.uint8]:
    """The picture ``(height, width)`` or ``(height, width, 3)`` of a decoded frame."""
    if pixels == "gray" and frame.format.name in LUMA:
        # FFmpeg would make the same values, converting colours that nobody asked for.
        plane = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
        luma = plane[: frame.height, : frame.width]
        full = frame.format.name.startswith("yuvj") or frame.color_range == FULL_RANGE
        return luma.copy() if full else _stretched(luma)
    picture: NDArray[np.uint8] = frame.to_ndarray(format=pixels)
    return picture


def _stretched(luma: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    return np.asarray(cv2.LUT(luma, STRETCHED), np.uint8)


def _rate(track: Any) -> float:
    """Frames per second, as the file states them on average."""
    return float(track.average_rate or track.guessed_rate or 25)


def _upright(picture: NDArray[np.uint8], rotation: int) -> NDArray[np.uint8]:
    """The picture as a player shows it: telephones store it lying and note the rotation."""
    return np.ascontiguousarray(np.rot90(picture, round(rotation / 90))) if rotation else picture


def _cut(picture: NDArray[np.uint8], region: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """The region of a picture, a pixel across at least."""
    height, width = picture.shape[:2]
    left, top = min(round(region[0] * width), width - 1), min(round(region[1] * height), height - 1)
    right, bottom = max(round(region[2] * width), left + 1), max(round(region[3] * height), top + 1)
    return np.ascontiguousarray(picture[top:bottom, left:right])
