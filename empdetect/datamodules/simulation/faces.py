"""Faces: pictures of a person with an expression, drawn with OpenCV."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.simulation.looks import CENTRE, EYES, SIZE, Look, still_picture
from empdetect.datamodules.simulation.plan import Array

SHIFT = 4
"""OpenCV draws at a sixteenth of a pixel, so that small movements are seen."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Expression:
    """A face over time; every field is ``(time,)``.

    Args:
        sorrow: inner brows up and drawn together, mouth corners down, 0 to 1 (action units 1, 4 and 15).
        raised: whole brows up, 0 to 1 (action units 1 and 2).
        smile: mouth corners up and wide, 0 to 1 (action unit 12).
        mouth: how far the mouth is open, 0 to 1.
        blink: how far the eyes are closed, 0 to 1.
        gaze: how far the eyes look aside, -1 to 1.
        roll: tilt of the head, in degrees.
        shift: movement of the head to the right, in pixels.
        nod: movement of the head down, in pixels.
        zoom: factor on the size of the head.
    """

    sorrow: Array
    raised: Array
    smile: Array
    mouth: Array
    blink: Array
    gaze: Array
    roll: Array
    shift: Array
    nod: Array
    zoom: Array

    def __len__(self) -> int:
        return len(self.sorrow)

    def at(self, frame: int) -> dict[str, float]:
        """The expression of one frame, by field."""
        return {name: float(getattr(self, name)[frame]) for name in self.__dataclass_fields__}


class FacePainter:
    """Draws one person.

    Args:
        look: the person.
        noise: standard deviation of the camera's noise, in grey levels.
        rng: random numbers of that noise.
    """

    def __init__(self, look: Look, noise: float, rng: np.random.Generator) -> None:
        self.look = look
        self.still = still_picture(look)
        # Darker than the skin, whatever the hair.
        self.brows = _darker(_tinted(look.hair, 0.85), _tinted(look.skin, 0.5))
        # A few tiles of noise, used in turn: fresh noise for each frame would take longer than the face.
        self.grain = [_grain(noise, rng) for _ in range(8)]

    def paint(self, face: dict[str, float], frame: int) -> Picture:
        """The picture of one frame, ``(height, width, 3)`` red, green, blue."""
        import cv2

        picture = self.still.copy()
        for side in (-1, 1):
            self._eye(picture, face, side)
            self._brow(picture, face, side)
        self._mouth(picture, face)
        turn = cv2.getRotationMatrix2D(CENTRE, face["roll"], face["zoom"])
        turn[:, 2] += np.array([face["shift"], face["nod"]])
        moved = cv2.warpAffine(picture, turn, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        grain = self.grain[frame % 8]
        return np.asarray(cv2.add(moved, grain, dtype=cv2.CV_8U))

    def _eye(self, picture: Picture, face: dict[str, float], side: int) -> None:
        look, x = self.look, CENTRE[0] + side * self.look.eye_gap
        open_ = (1 - face["blink"]) * (1 + 0.25 * face["raised"] - 0.15 * face["smile"] - 0.1 * face["sorrow"])
        half = 0.48 * look.eye * open_
        if half > 1.0:
            _disc(picture, (x, EYES), (look.eye, half), (206, 203, 198))
            iris = x + 0.4 * look.eye * face["gaze"]
            radius = 0.46 * look.eye
            _disc(picture, (iris, EYES), (radius, min(radius, half)), look.iris)
            _disc(picture, (iris, EYES), (0.5 * radius, min(0.5 * radius, half)), (18, 16, 16))
            _disc(picture, (iris - 1.5, EYES - 0.4 * half), (1.2, min(1.2, 0.5 * half)), (250, 250, 250))
        lid = _tinted(look.skin, 0.33)
        _curve(picture, _arc(x, EYES, look.eye + 1, -half), lid, 2)
        _curve(picture, _arc(x, EYES, look.eye, half), _tinted(look.skin, 0.62), 1)

    def _brow(self, picture: Picture, face: dict[str, float], side: int) -> None:
        look = self.look
        along = np.linspace(0, 1, 7)  # from the nose outwards
        x = CENTRE[0] + side * (look.eye_gap - 13 + 28 * along + 3.0 * face["sorrow"] * (along - 1))
        rest = EYES - 16 - 4 * np.sin(np.pi * (0.15 + 0.7 * along))
        y = rest - 6.0 * face["raised"] - face["sorrow"] * (7.0 * (1 - along) - 2.5 * along)
        _curve(picture, np.column_stack([x, y]), self.brows, round(look.brow))
        if face["sorrow"] > 0.3:
            crease = CENTRE[0] + side * 4
            line = np.array([[crease, EYES - 20], [crease - side * 0.5, EYES - 10]])
            _curve(picture, line, _tinted(look.skin, 0.98 - 0.3 * face["sorrow"]), 1)

    def _mouth(self, picture: Picture, face: dict[str, float]) -> None:
        look = self.look
        along = np.linspace(-1, 1, 13)
        width = look.mouth * (1 + 0.22 * face["smile"] - 0.1 * face["mouth"])
        corner = -7.0 * face["smile"] + 4.5 * face["sorrow"]
        bend = corner * along**2
        height = EYES + look.nose + 22 - 0.4 * corner
        x = CENTRE[0] + width * along
        arch, gap = 1 - along**2, 9.0 * face["mouth"]
        bow = 3.4 * arch + 1.2 * np.cos(3 * np.pi * along) * arch
        upper, lower = height + bend - bow - 0.25 * gap * arch, height + bend + (4.6 + gap) * arch
        lip = _tinted(look.skin, 0.72, red=1.12)
        _shape(picture, np.column_stack([np.r_[x, x[::-1]], np.r_[upper, lower[::-1]]]), lip)
        if gap > 1.0:
            top, bottom = height + bend - 0.25 * gap * arch, height + bend + 0.85 * gap * arch
            _shape(picture, np.column_stack([np.r_[x, x[::-1]], np.r_[top, bottom[::-1]]]), (58, 20, 22))
            teeth = np.minimum(top + 2.5 * arch, bottom)
            _shape(picture, np.column_stack([np.r_[x, x[::-1]], np.r_[top, teeth[::-1]]])[2:-2], (228, 224, 216))
        else:
            _curve(picture, np.column_stack([x, height + bend]), _tinted(look.skin, 0.42), 1)


def _tinted(colour: tuple[int, int, int], factor: float, red: float = 1.0) -> tuple[int, int, int]:
    """A colour made darker or lighter, and redder."""
    scaled = np.clip(np.array(colour) * factor * np.array([red, 1.0, 1.0]), 0, 255)
    return int(scaled[0]), int(scaled[1]), int(scaled[2])


def _grain(noise: float, rng: np.random.Generator) -> NDArray[np.int16]:
    """Grey noise, ``(height, width, 3)``."""
    return np.repeat(rng.normal(0, noise, (SIZE, SIZE, 1)).round().astype(np.int16), 3, axis=2)


def _darker(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    """The darker of two colours."""
    return min(one, other, key=sum)


def _arc(x: float, y: float, half: float, height: float) -> Array:
    """Half an ellipse as points, from left to right."""
    along = np.linspace(-1, 1, 11)
    return np.column_stack([x + half * along, y + height * np.sqrt(1 - along**2)])


def _fixed(points: Any) -> NDArray[np.int32]:
    return np.asarray(np.round(np.asarray(points) * 2**SHIFT), np.int32)


def _disc(picture: Picture, centre: tuple[float, float], axes: tuple[float, float], colour: tuple[int, ...]) -> None:
    import cv2

    middle, half = (tuple(int(value) for value in _fixed(pair)) for pair in (centre, axes))
    cv2.ellipse(picture, middle, half, 0, 0, 360, colour, -1, cv2.LINE_AA, SHIFT)


def _curve(picture: Picture, points: Array, colour: tuple[int, ...], thickness: int) -> None:
    import cv2

    cv2.polylines(picture, [_fixed(points)], False, colour, thickness, cv2.LINE_AA, SHIFT)


def _shape(picture: Picture, points: Array, colour: tuple[int, ...]) -> None:
    import cv2

    cv2.fillPoly(picture, [_fixed(points)], colour, cv2.LINE_AA, SHIFT)
