"""Where a face is in a picture, and where it goes: which of several people in a video a participant is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from empdetect.streams.files import fingerprint


@dataclass(frozen=True)
class FaceBox:
    """A face in one picture.

    Args:
        x, y: its centre, in pixels.
        side: length of its square, in pixels.
        tilt: angle of the line through the eyes, in degrees, 0 if level; NaN if the eyes were not found.
        confidence: 0 to 1; grows with the number of neighbouring hits.
    """

    x: float
    y: float
    side: float
    tilt: float
    confidence: float

    def overlap(self, other: "FaceBox") -> float:
        """Intersection over union of the two squares."""
        width, height = (
            min(a + self.side / 2, b + other.side / 2) - max(a - self.side / 2, b - other.side / 2)
            for a, b in ((self.x, other.x), (self.y, other.y))
        )
        shared = max(width, 0.0) * max(height, 0.0)
        return shared / (self.side**2 + other.side**2 - shared)

    def near(self, other: "FaceBox") -> bool:
        """Whether it may be the same face after it was lost: within two sides, and of like size."""
        distance = np.hypot(self.x - other.x, self.y - other.y)
        return bool(distance <= 2 * other.side and 0.5 <= self.side / other.side <= 2)


@dataclass(frozen=True, eq=False)
class FacePath:
    """Where one face is at any moment.

    Args:
        runs: ``(time, 5)`` each, one for every stretch in which the face is seen: seconds, x, y and
            side in pixels, tilt in degrees.
        confidences: ``(time,)`` each, of the same detections.
    """

    runs: tuple[NDArray[np.float64], ...]
    confidences: tuple[NDArray[np.float64], ...]

    def fingerprint(self) -> str:
        """Fingerprint of where the face is."""
        return fingerprint(*(array.tobytes() for array in (*self.runs, *self.confidences)))

    def at(self, time: float) -> tuple[FaceBox, int] | None:
        """The face at a moment and the number of its run; None if it is not seen."""
        for number, (run, confidence) in enumerate(zip(self.runs, self.confidences)):
            if run[0, 0] <= time <= run[-1, 0]:
                x, y, side, tilt = (float(np.interp(time, run[:, 0], run[:, column])) for column in range(1, 5))
                return FaceBox(x, y, side, tilt, float(np.interp(time, run[:, 0], confidence))), number
        return None
