"""The face stage: our features of a face against OpenCV's Haar cascade on every frame.

``python -m empdetect.bench.speed.faces -o docs/results/speed_faces.json``

Both read the same film, one after the other, several times; frames a second are those of the film. The cascade is the
one we use, on the whole picture at its full size, as its own manual has it. How far the boxes agree is the intersection
over union of our square in each frame with the cascade's nearest one. py-feat's weights cannot be had here: its own
published 2.6 to 5.9 frames a second on a CPU are told beside.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from empdetect.bench.speed.material import recording
from empdetect.bench.speed.measuring import Spent, median, parser, record, timed
from empdetect.features.base import Features
from empdetect.features.face import Face
from empdetect.features.face_identity import follow_faces
from empdetect.recording import Participant
from empdetect.streams.face_path import FaceBox
from empdetect.streams.video import VideoStream

PYFEAT = (2.6, 5.9)
"""Frames a second of py-feat on a CPU, as its authors state them."""

Boxes = list[tuple[float, list[FaceBox]]]


def measure(path: Path, repeats: int) -> dict[str, Any]:
    """Frames a second of both, and how far they agree.

    Args:
        path: of the film.
        repeats: so often both are measured.
    """
    ours: list[Spent] = []
    haar: list[Spent] = []
    for _ in range(repeats):
        spent, features = timed(lambda: our_features(path))
        ours.append(spent)
        spent, boxes = timed(lambda: every_frame(path))
        haar.append(spent)
    speeds = {
        name: {what: len(boxes) / median([getattr(s, what) for s in spent]) for what in ("wall", "processor")}
        for name, spent in (("ours", ours), ("haar", haar))
    }
    return {
        "frames": len(boxes),
        "frames_a_second": speeds,
        "times_faster": {what: speeds["ours"][what] / speeds["haar"][what] for what in ("wall", "processor")},
        "pyfeat_published_frames_a_second": PYFEAT,
        **agreement(path, features, boxes),
    }


def our_features(path: Path) -> Features:
    """Crops and motion of the face, as the default extractor gives them."""
    return Face()(Participant("someone", video=VideoStream(path)))


def every_frame(path: Path) -> Boxes:
    """Seconds and faces of every frame, by the cascade alone."""
    import cv2

    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"))
    found: Boxes = []
    for time, picture in VideoStream(path).frames():
        squares = cascade.detectMultiScale(picture, scaleFactor=1.1, minNeighbors=3)
        boxes = [FaceBox(x + w / 2, y + h / 2, float(w), float("nan"), 1.0) for x, y, w, h in squares]
        found.append((time, boxes))
    return found


def agreement(path: Path, features: Features, boxes: Boxes) -> dict[str, float]:
    """How far both agree on whether a face is there, and where."""
    both = [(bool(faces), bool(features.mask[np.abs(features.times - time).argmin()])) for time, faces in boxes]
    paths = follow_faces(VideoStream(path))
    overlaps = []
    for time, faces in boxes:
        ours = [found[0] for one in paths if (found := one.at(time)) is not None]
        if ours and faces:
            overlaps.append(max(one.overlap(other) for one in ours for other in faces))
    return {
        "share_of_frames_with_same_answer": float(np.mean([one == other for one, other in both])),
        "median_overlap": float(np.median(overlaps)) if overlaps else float("nan"),
        "share_of_overlaps_above_half": float(np.mean(np.array(overlaps) > 0.5)) if overlaps else float("nan"),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    options = parser("faces", __doc__)
    options.add_argument("--seconds", type=float, default=30.0, help="length of the film (default: %(default)s)")
    options.add_argument("--repeats", type=int, default=3)
    given = options.parse_args(arguments)
    film = recording(given.data_root, given.seconds, given.folder, given.seed).source
    found = measure(film, given.repeats)
    speeds = found["frames_a_second"]
    told = f"{speeds['ours']['wall']:.0f} frames a second, Haar on every frame {speeds['haar']['wall']:.0f}"
    told += f"; median overlap {found['median_overlap']:.2f}"
    record(options, given, {"recorded_seconds": given.seconds, **found}, told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
