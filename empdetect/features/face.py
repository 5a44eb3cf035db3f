"""Face features: aligned crops of the participant's face and its motion, at the times of the video's own frames.

Unless the stream says which face is the participant's, it is the one with the greatest presence (see
``follow_face``; ``face_identity`` tells several people apart). Each video is decoded twice, once to follow the face
and once to cut it out, so that memory never holds whole pictures.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.face_tracking import FaceBox, FacePath, follow_face
from empdetect.recording import Participant, Stream
from empdetect.streams.video import VideoStream

Array = NDArray[np.float32]

MOTION = ("motion_energy", "shift_x", "shift_y", "growth")
"""Motion columns: mean squared change of the normalised crop, shift of the face in its own sides, and
log of its growth, each per second and since the frame before; NaN in the first frame of a face."""

GAP = 0.6
"""A face unseen for so many seconds is lost; blinks of the detector are shorter."""
MARGIN = 0.9
"""Side of the crop in sides of the cascade's square, which takes in some hair and background."""
GOOD_SIDE = 64.0
"""Pixels across from which a face is large enough."""
GOOD_SHARPNESS = 0.15
"""Variance of the Laplacian of the normalised crop from which it is sharp; blurred faces have 0.03."""


class _Faces(Extractor):
    """What all features of a followed face share."""

    modality = "video"
    version = 2
    pixels: ClassVar[Literal["gray", "rgb24"]]
    rate: float
    size: int
    detect_every: float

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The video."""
        return () if person.video is None else (person.video,)

    def extract(self, person: Participant) -> Features:
        """Values ``(time, feature)`` of the participant's face, NaN where it is not seen."""
        if person.video is None:
            raise InputError(f"Face features: {person.name} has no video")
        if person.video.face is not None:
            return self._cut(person.video, person.video.face)
        path, count = follow_face(person.video.frames(rate=1 / self.detect_every), self.detect_every, GAP)
        if path is None:
            return Features.missing(self.width, f"no face found in {count} frames")
        return self._cut(person.video, path)

    @abstractmethod
    def _values(self, now: "Cut", before: "Cut | None") -> Array:
        """Features of one crop; ``before`` is the one before it, None in the first frame of a face."""

    def _cut(self, video: VideoStream, path: FacePath) -> Features:
        times, rows, quality = [], [], []
        before: Cut | None = None
        for time, picture in video.frames(rate=self.rate, pixels=self.pixels):
            times.append(time)
            seen = path.at(time)
            if seen is None:
                rows.append(np.full(self.width, np.nan, np.float32))
                quality.append(0.0)
                before = None
                continue
            face, run = seen
            now = Cut(time, face, run, cut_face(picture, face, self.size))
            rows.append(self._values(now, before if before and before.run == run else None))
            quality.append(now.quality())
            before = now
        scores = np.array(quality, np.float32)
        return Features(np.array(rows, np.float32), np.array(times), scores > 0, scores)


class Face(_Faces):
    """Gray crops of the face, and its motion.

    A frame holds ``size * size`` gray values of mean 0 and variance 1, row by row, then the columns
    of ``MOTION``. The eyes are level where they were found. Frames without the face are not observed.

    Quality is the geometric mean of three: how sure the detector is (its hits, interpolated), the
    face's size (1 from 64 pixels across) and the crop's sharpness (1 from a fixed share of fine detail).

    Args:
        rate: frames per second at most; a slower video gives all of its own.
        size: pixels across the crop.
        detect_every: seconds between two searches for faces.
    """

    pixels = "gray"

    def __init__(self, rate: float = 12.5, size: int = 48, detect_every: float = 0.2) -> None:
        _check(rate, size, detect_every)
        self.rate = rate
        self.size = size
        self.detect_every = detect_every
        self.width = size * size + len(MOTION)

    def _values(self, now: "Cut", before: "Cut | None") -> Array:
        return np.concatenate([normalised(now.crop).reshape(-1), now.motion(before)])


class VideoClip(_Faces):
    """Colour crops of the face, for torchvision's video networks.

    A frame holds ``3 * size * size`` values in [0, 1], channel by channel and row by row, so that
    ``values.reshape(time, 3, size, size)`` is the clip. Quality as in ``Face``.

    Args:
        rate: frames per second at most; a slower video gives all of its own.
        size: pixels across the crop.
        detect_every: seconds between two searches for faces.
    """

    pixels = "rgb24"

    def __init__(self, rate: float = 8.0, size: int = 112, detect_every: float = 0.2) -> None:
        _check(rate, size, detect_every)
        self.rate = rate
        self.size = size
        self.detect_every = detect_every
        self.width = 3 * size * size

    def _values(self, now: "Cut", before: "Cut | None") -> Array:
        return (now.crop.transpose(2, 0, 1).reshape(-1) / np.float32(255)).astype(np.float32)


@dataclass(frozen=True)
class Cut:
    """A face cut out of one picture.

    Args:
        time: in seconds.
        face: where it was.
        run: number of the stretch in which the face is seen without a gap.
        crop: ``(size, size)`` gray or ``(size, size, 3)`` colour.
    """

    time: float
    face: FaceBox
    run: int
    crop: NDArray[np.uint8]

    def motion(self, before: "Cut | None") -> Array:
        """Columns of ``MOTION`` ``(4,)``; NaN without a frame before."""
        if before is None:
            return np.full(len(MOTION), np.nan, np.float32)
        old, new = before.face, self.face
        energy = float(np.square(normalised(self.crop) - normalised(before.crop)).mean())
        change = (energy, (new.x - old.x) / new.side, (new.y - old.y) / new.side, np.log(new.side / old.side))
        return np.array(change, np.float32) / np.float32(self.time - before.time)

    def quality(self) -> float:
        """Geometric mean of confidence, size and sharpness, each in [0.05, 1]."""
        import cv2

        gray = self.crop if self.crop.ndim == 2 else cv2.cvtColor(self.crop, cv2.COLOR_RGB2GRAY).astype(np.uint8)
        # Always at one size: the share of fine detail depends on it.
        gray = cv2.resize(gray, (48, 48), interpolation=cv2.INTER_AREA).astype(np.uint8)
        detail = float(cv2.Laplacian(normalised(gray), cv2.CV_32F).var())
        parts = np.array([self.face.confidence, self.face.side / GOOD_SIDE, detail / GOOD_SHARPNESS])
        return float(np.prod(np.clip(parts, 0.05, 1)) ** (1 / 3))


def cut_face(picture: NDArray[np.uint8], face: FaceBox, size: int) -> NDArray[np.uint8]:
    """The face, its eyes level, scaled to ``(size, size)``; the picture's edge goes on beyond it."""
    import cv2

    step = face.side * MARGIN / size
    if step > 1:
        # Turning takes single pixels: average first, or fine detail turns into noise.
        picture = cv2.resize(picture, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA).astype(np.uint8)
    scale = min(step, 1.0)
    x, y = face.x * scale / step, face.y * scale / step
    matrix = cv2.getRotationMatrix2D((x, y), face.tilt, 1 / scale)
    matrix[0, 2] += size / 2 - x
    matrix[1, 2] += size / 2 - y
    crop: NDArray[np.uint8] = cv2.warpAffine(
        picture, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
    return crop


def normalised(crop: NDArray[np.uint8]) -> Array:
    """Gray values of mean 0 and variance 1: light and camera cancel out."""
    values = crop.astype(np.float32)
    return (values - values.mean()) / max(float(values.std()), 1.0)


def _check(rate: float, size: int, detect_every: float) -> None:
    # A face seen only once within GAP is taken for a false alarm, so rarer searches would find nobody.
    if rate <= 0 or size < 8 or not 0 < detect_every <= GAP:
        raise InputError(
            f"Face features: 'rate' must be above 0, 'detect_every' above 0 and {GAP:g} seconds at most, and 'size' 8 "
            f"or more, got {rate:g}, {detect_every:g} and {size}"
        )
