"""Faces of a video: found by a Haar cascade (Viola & Jones, 2001) now and then, tracked, interpolated in between."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.streams.face_path import FaceBox, FacePath

__all__ = ["FaceBox", "FacePath", "Track", "Tracker", "find_again", "find_faces", "path_of", "tracked"]

Gray = NDArray[np.uint8]
Picture = NDArray[Any]
"""What OpenCV gives back of a gray picture."""

LONGEST_SIDE = 320
"""Pixels to which a picture is scaled down for finding faces: five times faster than 720, and as sure."""
SMALLEST_FACE = 24
"""Pixels of the smallest face in the scaled picture; the cascade was trained on 20."""
EYE_WIDTH = 128
"""Pixels to which a face is scaled for finding its eyes."""
NEARBY = 1.8
"""Side of the region in which a face is searched again, in sides of the face."""
NEARBY_SIDE = 112
"""Pixels to which a known face is scaled for finding it again. At 48 its size wavers, and crops with it."""
FULL_SEARCH = 2.0
"""Seconds between two searches of the whole picture; in between it is searched if a face is not where it was."""
TILT = 1.0
"""Seconds between two measurements of a face's tilt."""
SLACK = 1e-3
"""Seconds by which pictures may come early: their times are rounded."""
LOOK_EVERY = 2.0
"""Seconds between two looks at a face that tell who it is."""
Look = NDArray[np.float32]
"""What a face looks like ``(feature,)``, of length 1."""
SURE = 30
"""Neighbouring hits of the cascade at which a detection counts as sure."""


def find_faces(picture: Gray) -> list[FaceBox]:
    """Faces looking at the camera, in a picture ``(height, width)``."""
    import cv2

    scale = min(1.0, LONGEST_SIDE / max(picture.shape))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    if min(small.shape) < SMALLEST_FACE:
        return []
    found = [_grown(face, 1 / scale, 0, 0) for face in _detect(small, (SMALLEST_FACE, 10_000))]
    return [with_tilt(picture, face) for face in found]


def with_tilt(picture: Gray, face: FaceBox) -> FaceBox:
    """The face with the angle of its eyes in this picture; NaN unless two are found."""
    return replace(face, tilt=_tilt(picture, face.x, face.y, face.side))


def find_again(picture: Gray, face: FaceBox) -> FaceBox | None:
    """The same face a moment later: searched only around where it was, many times faster than everywhere.

    Its tilt is not measured: ``smooth`` takes it from the pictures before and after in which it is.
    """
    import cv2

    left, top = (max(0, round(centre - face.side * NEARBY / 2)) for centre in (face.x, face.y))
    right, bottom = (round(centre + face.side * NEARBY / 2) for centre in (face.x, face.y))
    region = picture[top:bottom, left:right]
    scale = NEARBY_SIDE / face.side
    if min(region.shape) * scale < SMALLEST_FACE:
        return None
    small = cv2.resize(region, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = _detect(small, (round(NEARBY_SIDE * 0.8), round(NEARBY_SIDE * 1.25)))
    return _grown(max(found, key=lambda one: one.confidence), 1 / scale, left, top) if found else None


def _detect(picture: Picture, sides: tuple[int, int]) -> list[FaceBox]:
    """Faces whose square's side lies within ``sides`` pixels; their tilts unknown."""
    import cv2

    boxes, hits = _cascade("haarcascade_frontalface_alt2.xml").detectMultiScale2(
        cv2.equalizeHist(picture),
        scaleFactor=1.1,
        minNeighbors=3,
        minSize=(sides[0], sides[0]),
        maxSize=(sides[1], sides[1]),
    )
    return [
        FaceBox(left + width / 2, top + height / 2, float(width), float("nan"), min(1.0, float(hit) / SURE))
        for (left, top, width, height), hit in zip(boxes, hits)
    ]


def _grown(face: FaceBox, factor: float, left: float, top: float) -> FaceBox:
    """The face in the picture that its own was scaled down and cut out of."""
    return replace(face, x=face.x * factor + left, y=face.y * factor + top, side=face.side * factor)


@dataclass
class Track:
    """One face over time.

    Args:
        times: seconds of its detections, growing.
        faces: the detections.
        looks: seconds, and what the face looked like then.
        returns: seconds at which it was seen again after it had been lost.
    """

    times: list[float] = field(default_factory=list)
    faces: list[FaceBox] = field(default_factory=list)
    looks: list[tuple[float, Look]] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)

    def add(self, time: float, face: FaceBox) -> None:
        """Add the next detection."""
        self.times.append(time)
        self.faces.append(face)

    @property
    def presence(self) -> float:
        """Sum of the squares' areas: large for a face that is long there and near the camera."""
        return sum(face.side**2 for face in self.faces)

    def runs(self, gap: float) -> list["Track"]:
        """The track cut where the face was lost for longer than ``gap`` seconds."""
        cuts = np.flatnonzero(np.diff(self.times) > gap) + 1
        bounds = [0, *cuts.tolist(), len(self.times)]
        return [self.part(first, last) for first, last in pairwise(bounds)]

    def steady_runs(self, gap: float, count: int) -> list["Track"]:
        """The runs that are no false alarm: of three detections at least, or in all of fewer pictures."""
        return [run for run in self.runs(gap) if len(run.times) >= min(3, count)]

    def look_at(self, time: float, picture: Gray, look: Callable[[Gray, FaceBox], Look], gap: float) -> None:
        """Keep what the face looks like if it is in this picture: every few seconds, and when it comes back."""
        if self.times[-1] != time:
            return
        back = len(self.times) > 1 and time - self.times[-2] > gap
        if back or not self.looks or time - self.looks[-1][0] >= LOOK_EVERY:
            self.looks.append((time, look(picture, self.faces[-1])))

    def part(self, first: int, last: int) -> "Track":
        """The track from one detection to before another, by their numbers."""
        times = self.times[first:last]
        looks = [one for one in self.looks if times[0] <= one[0] <= times[-1]] if times else []
        return Track(times, self.faces[first:last], looks)


class Tracker:
    """Joins detections to tracks, picture by picture.

    A detection continues the track whose last square it overlaps most, by 0.3 at least. A face that
    was lost for longer than ``gap`` is found again where it was: within two sides, and of like size.

    Args:
        gap: seconds after which a face counts as lost.
    """

    OVERLAP = 0.3

    def __init__(self, gap: float) -> None:
        self.gap = gap
        self.tracks: list[Track] = []

    def add(self, time: float, faces: Sequence[FaceBox]) -> None:
        """Add the faces of the next picture, at ``time`` seconds."""
        pairs = [(self._likeness(track, time, face), track, face) for track in list(self.tracks) for face in faces]
        taken: list[Any] = []
        for likeness, track, face in sorted(pairs, key=lambda pair: -pair[0]):
            if likeness > 0 and not any(one is track or one is face for one in taken):
                if time - track.times[-1] > self.gap:
                    track.returns.append(time)
                track.add(time, face)
                taken += [track, face]
        for face in faces:
            if not any(one is face for one in taken):
                self.tracks.append(Track([time], [face]))

    def _likeness(self, track: Track, time: float, face: FaceBox) -> float:
        """How well a detection continues a track; 0 if it cannot."""
        last = track.faces[-1]
        overlap = face.overlap(last)
        if time - track.times[-1] <= self.gap:
            return overlap if overlap >= self.OVERLAP else 0.0
        # Below any overlap of a track that is not lost.
        return (1 + overlap) * self.OVERLAP / 4 if face.near(last) else 0.0


class Follower:
    """Finds and tracks all faces, picture by picture.

    Args:
        gap: a face unseen for so many seconds is lost.
    """

    def __init__(self, gap: float) -> None:
        self.tracker = Tracker(gap)
        self.count = 0
        self.last_time = 0.0
        self._searched = self._tilted = -np.inf
        self._last: list[FaceBox] = []

    def look(self, time: float, picture: Gray) -> None:
        """Search the next picture ``(height, width)``, at ``time`` seconds."""
        due = time - self._searched >= FULL_SEARCH - SLACK
        again = [] if due else [find_again(picture, face) for face in self._last]
        kept = [face for face in again if face is not None]
        if kept and len(kept) == len(self._last):
            self._last = self._with_tilts(time, picture, kept)
        else:  # a face that is not where it was may be anywhere
            self._last = [_seen_near(picture, face) for face in find_faces(picture)]
            self._searched = self._tilted = time
        self.tracker.add(time, self._last)
        self.count, self.last_time = self.count + 1, time

    def _with_tilts(self, time: float, picture: Gray, faces: list[FaceBox]) -> list[FaceBox]:
        """The faces, their tilts measured now and then."""
        if time - self._tilted < TILT - SLACK:
            return faces
        self._tilted = time
        return [with_tilt(picture, face) for face in faces]


def _seen_near(picture: Gray, face: FaceBox) -> FaceBox:
    """The face as ``find_again`` sees it: a search of the whole picture draws its square a little otherwise."""
    again = find_again(picture, face)
    return face if again is None else replace(again, tilt=face.tilt)


def tracked(
    pictures: Iterable[tuple[float, Gray]], gap: float, look: Callable[[Gray, FaceBox], Look]
) -> tuple[Tracker, int, float]:
    """Find and track all faces.

    Args:
        pictures: seconds and picture ``(height, width)``.
        gap: a face unseen for so many seconds is lost.
        look: what a face looks like; kept of each track now and then.

    Returns:
        The tracks, the number of pictures looked at, and the seconds of the last one.
    """
    follower = Follower(gap)
    for time, picture in pictures:
        follower.look(time, picture)
        for track in follower.tracker.tracks:
            track.look_at(time, picture, look, gap)
    return follower.tracker, follower.count, follower.last_time


def greatest(tracks: Sequence[Track], gap: float, count: int) -> Track | None:
    """The participant's face: the one with the greatest presence, long there and near. None if there is none.

    A face seen fewer than three times in a row is taken for a false one.

    Args:
        tracks: the faces.
        gap: a face unseen for so many seconds is lost.
        count: pictures that were searched.
    """
    found = [(sum(run.presence for run in track.steady_runs(gap, count)), track) for track in tracks]
    presence, track = max(found, key=lambda pair: pair[0], default=(0.0, None))
    return track if presence > 0 else None


def path_of(runs: Sequence[Track], last: float, every: float) -> FacePath | None:
    """Where a face is at any moment, from its runs; None without any.

    Args:
        runs: in the order of their times.
        last: seconds of the last picture looked at.
        every: seconds between pictures.
    """
    if not runs:
        return None
    if runs[-1].times[-1] == last:
        # Still there in the last picture looked at, so also in the few frames after it.
        runs[-1].add(last + every, runs[-1].faces[-1])
    confidences = tuple(np.array([face.confidence for face in run.faces]) for run in runs)
    return FacePath(tuple(smooth(run) for run in runs), confidences)


def smooth(run: Track) -> NDArray[np.float64]:
    """Detections ``(time, 5)`` of a run without the cascade's jitter; unknown tilts from their neighbours."""
    from scipy.ndimage import gaussian_filter1d

    boxes = np.array([(face.x, face.y, face.side, face.tilt) for face in run.faces])
    known = np.isfinite(boxes[:, 3])
    times = np.array(run.times)
    boxes[:, 3] = np.interp(times, times[known], boxes[known, 3]) if known.any() else 0.0
    return np.column_stack([times, gaussian_filter1d(boxes, sigma=1.0, axis=0, mode="nearest")])


def _tilt(picture: Gray, x: float, y: float, side: float) -> float:
    """Angle of the eyes in degrees; NaN unless two eyes are found where eyes can be."""
    import cv2

    top, left = max(0, round(y - side / 2)), max(0, round(x - side / 2))
    upper = picture[top : top + round(side * 0.6), left : left + round(side)]
    scale = EYE_WIDTH / max(1, upper.shape[1])
    if min(upper.shape) < SMALLEST_FACE / 2:
        return float("nan")
    scaled = cv2.resize(
        upper, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    smallest = EYE_WIDTH // 8
    eyes = _cascade("haarcascade_eye.xml").detectMultiScale(
        cv2.equalizeHist(scaled), scaleFactor=1.1, minNeighbors=4, minSize=(smallest, smallest)
    )
    centres = [(left + width / 2, top + height / 2) for left, top, width, height in eyes]
    left_eyes = [eye for eye in centres if eye[0] < EYE_WIDTH / 2]
    right_eyes = [eye for eye in centres if eye[0] >= EYE_WIDTH / 2]
    if len(left_eyes) != 1 or len(right_eyes) != 1:
        return float("nan")
    across, down = right_eyes[0][0] - left_eyes[0][0], right_eyes[0][1] - left_eyes[0][1]
    angle = float(np.degrees(np.arctan2(down, across)))
    return angle if 0.25 <= across / EYE_WIDTH <= 0.7 and abs(angle) <= 25 else float("nan")


@lru_cache(maxsize=4)
def _cascade(name: str) -> Any:
    """One of the cascades that come with OpenCV."""
    import cv2

    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))
    if cascade.empty():
        raise RuntimeError(f"OpenCV has no {name}; install opencv-python>=4.10,<5")
    return cascade
