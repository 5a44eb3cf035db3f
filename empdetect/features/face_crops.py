"""Faces cut out of pictures: level, of one size, with what each crop tells of motion and quality."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from empdetect.streams.face_path import FaceBox

Array = NDArray[np.float32]

MOTION = ("motion_energy", "shift_x", "shift_y", "growth")
"""Motion columns: mean squared change of the normalised crop, shift of the face in its own sides, and
log of its growth, each per second and since the frame before; NaN in the first frame of a face."""

MARGIN = 0.9
"""Side of the crop in sides of the cascade's square, which takes in some hair and background."""
AROUND = 1.4
"""Sides of the region around a face that is looked at: a crop that is tilted by 45 degrees fits in."""
GOOD_SIDE = 64.0
"""Pixels across from which a face is large enough."""
GOOD_SHARPNESS = 0.15
"""Variance of the Laplacian of the normalised crop from which it is sharp; blurred faces have 0.03."""


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

    @cached_property
    def values(self) -> Array:
        """The crop of mean 0 and variance 1."""
        return normalised(self.crop)

    def motion(self, before: "Cut | None") -> Array:
        """Columns of ``MOTION`` ``(4,)``; NaN without a frame before."""
        if before is None:
            return np.full(len(MOTION), np.nan, np.float32)
        old, new = before.face, self.face
        energy = float(np.square(self.values - before.values).mean())
        change = (energy, (new.x - old.x) / new.side, (new.y - old.y) / new.side, np.log(new.side / old.side))
        return np.array(change, np.float32) / np.float32(self.time - before.time)

    def quality(self) -> float:
        """Geometric mean of confidence, size and sharpness, each in [0.05, 1]."""
        import cv2

        gray = self.crop if self.crop.ndim == 2 else cv2.cvtColor(self.crop, cv2.COLOR_RGB2GRAY).astype(np.uint8)
        if gray.shape == (48, 48) and self.crop.ndim == 2:
            detail = float(cv2.Laplacian(self.values, cv2.CV_32F).var())
        else:
            # Always at one size: the share of fine detail depends on it.
            gray = cv2.resize(gray, (48, 48), interpolation=cv2.INTER_AREA).astype(np.uint8)
            detail = float(cv2.Laplacian(normalised(gray), cv2.CV_32F).var())
        parts = np.array([self.face.confidence, self.face.side / GOOD_SIDE, detail / GOOD_SHARPNESS])
        return float(np.prod(np.clip(parts, 0.05, 1)) ** (1 / 3))


def cut_face(picture: NDArray[np.uint8], face: FaceBox, size: int) -> NDArray[np.uint8]:
    """The face, its eyes level, scaled to ``(size, size)``; the picture's edge goes on beyond it."""
    import cv2

    top, bottom = _around(face.y, face.side, picture.shape[0])
    left, right = _around(face.x, face.side, picture.shape[1])
    near = picture[top:bottom, left:right]
    step = face.side * MARGIN / size
    height, width = near.shape[:2]
    if step > 1:
        # Turning takes single pixels: average first, or fine detail turns into noise.
        smaller = max(1, round(width / step)), max(1, round(height / step))
        near = cv2.resize(near, smaller, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    across, down = near.shape[1] / width, near.shape[0] / height
    x, y = (face.x - left) * across, (face.y - top) * down
    matrix = cv2.getRotationMatrix2D((x, y), face.tilt, 1 / (step * across))
    matrix[0, 2] += size / 2 - x
    matrix[1, 2] += size / 2 - y
    crop: NDArray[np.uint8] = cv2.warpAffine(
        near, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)
    return crop


def _around(centre: float, side: float, end: int) -> tuple[int, int]:
    """First and last pixel of the region around a face, one at least."""
    first = min(max(0, int(centre - side * AROUND / 2)), end - 1)
    return first, max(first + 1, min(end, int(centre + side * AROUND / 2) + 1))


def normalised(crop: NDArray[np.uint8]) -> Array:
    """Gray values of mean 0 and variance 1: light and camera cancel out."""
    values = crop.astype(np.float32)
    return (values - values.mean()) / max(float(values.std()), 1.0)
