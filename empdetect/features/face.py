"""Face features: aligned crops of the participant's face and its motion, at the times of the video's own frames.

Unless the stream says which face is the participant's, it is the one with the greatest presence (see
``greatest``; ``face_identity`` tells several people apart). Each video is decoded once: the face is followed and cut
out while the film goes by, so that memory holds its last few pictures alone.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.face_crops import MOTION, Array, Cut, cut_face
from empdetect.features.face_cutting import Cuts, FaceCutter
from empdetect.recording import Participant, Stream
from empdetect.streams.face_path import FacePath
from empdetect.streams.video import VideoStream

GAP = 0.6
"""A face unseen for so many seconds is lost; blinks of the detector are shorter."""


class _Faces(Extractor):
    """What all features of a followed face share."""

    modality = "video"
    version = 5
    beside = True
    references = ("Viola & Jones, CVPR 2001 (faces)",)
    pixels: ClassVar[Literal["gray", "rgb24"]]
    rate: float
    size: int
    detect_every: float

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The video."""
        return () if person.video is None else (person.video,)

    def prepare(self) -> None:
        """Import PyAV, OpenCV and what SciPy smooths with: two threads that import at once can trip each other up."""
        import av  # noqa: F401
        import cv2  # noqa: F401
        import scipy.ndimage  # noqa: F401

    def extract(self, person: Participant) -> Features:
        """Values ``(time, feature)`` of the participant's face, NaN where it is not seen."""
        if person.video is None:
            raise InputError(f"Face features: {person.name} has no video")
        if person.video.face is not None:
            return self._along(person.video, person.video.face)
        return self._found(person.video)

    @abstractmethod
    def _values(self, now: Cut, before: Cut | None) -> Array:
        """Features of one crop; ``before`` is the one before it, None in the first frame of a face."""

    def _found(self, video: VideoStream) -> Features:
        """Of the face that is followed while the film goes by."""
        cutter = FaceCutter(self._values, self.size, self.detect_every, GAP)
        times = []
        for time, (searched, kept), picture in video.frames_at((1 / self.detect_every, self.rate), self.pixels):
            if kept:
                times.append(time)
                cutter.keep(time, picture)
            if searched:
                cutter.search(time, _gray(picture))
        cuts = cutter.finish()
        if cuts is None:
            return Features.missing(self.width, f"no face found in {cutter.searches} frames")
        return self._features(times, cuts)

    def _along(self, video: VideoStream, path: FacePath) -> Features:
        """Of the face that the stream says is the participant's."""
        times, cuts = [], Cuts()
        for time, picture in video.frames(rate=self.rate, pixels=self.pixels):
            times.append(time)
            seen = path.at(time)
            if seen is not None:
                face, run = seen
                cuts.add(Cut(time, face, run, cut_face(picture, face, self.size)), self._values)
        return self._features(times, cuts)

    def _features(self, times: list[float], cuts: Cuts) -> Features:
        """The cuts on the times of all frames."""
        values = np.full((len(times), self.width), np.nan, np.float32)
        quality = np.zeros(len(times), np.float32)
        places = np.searchsorted(times, cuts.times)
        for place, row, trust in zip(places, cuts.rows, cuts.quality, strict=True):
            values[place], quality[place] = row, trust
        return Features(values, np.array(times), quality > 0, quality)


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

    def _values(self, now: Cut, before: Cut | None) -> Array:
        return np.concatenate([now.values.reshape(-1), now.motion(before)])


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

    def _values(self, now: Cut, before: Cut | None) -> Array:
        return (now.crop.transpose(2, 0, 1).reshape(-1) / np.float32(255)).astype(np.float32)


def _gray(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture without its colours."""
    import cv2

    return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def _check(rate: float, size: int, detect_every: float) -> None:
    # A face seen only once within GAP is taken for a false alarm, so rarer searches would find nobody.
    if rate <= 0 or size < 8 or not 0 < detect_every <= GAP:
        raise InputError(
            f"Face features: 'rate' must be above 0, 'detect_every' above 0 and {GAP:g} seconds at most, and 'size' 8 "
            f"or more, got {rate:g}, {detect_every:g} and {size}"
        )
