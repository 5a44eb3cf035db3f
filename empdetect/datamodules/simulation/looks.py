"""What makes a drawn face a person: colours and proportions, and the still parts of the picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from empdetect.datamodules.simulation.plan import Array

SIZE = 240
"""Width and height of the pictures, in pixels."""

SKINS = ((232, 198, 172), (224, 184, 154), (214, 167, 132), (186, 136, 102), (158, 112, 84))
HAIRS = ((40, 28, 22), (70, 45, 28), (110, 75, 45), (160, 120, 70), (96, 92, 90))
CLOTHES = ((58, 82, 118), (112, 58, 62), (64, 96, 76), (90, 84, 110), (120, 104, 78))
IRISES = ((70, 48, 32), (86, 104, 70), (74, 104, 132))


@dataclass(frozen=True)
class Look:
    """One person's face. Colours are red, green, blue; lengths are pixels of a picture of ``SIZE``.

    Args:
        skin, hair, clothes, iris, wall: colours.
        width, height: half axes of the face.
        eye_gap: from the middle of the face to the middle of an eye.
        eye: half the width of an eye.
        brow: thickness of the brows.
        mouth: half the width of the mouth.
        nose: length of the nose.
        long_hair: whether the hair falls beside the face.
        beard: darkness of a beard, 0 for none.
    """

    skin: tuple[int, int, int]
    hair: tuple[int, int, int]
    clothes: tuple[int, int, int]
    iris: tuple[int, int, int]
    wall: tuple[int, int, int]
    width: float
    height: float
    eye_gap: float
    eye: float
    brow: float
    mouth: float
    nose: float
    long_hair: bool
    beard: float

    @classmethod
    def draw(cls, rng: np.random.Generator, woman: bool) -> "Look":
        """A face at random."""

        def pick(colours: tuple[tuple[int, int, int], ...]) -> tuple[int, int, int]:
            base = np.array(colours[int(rng.integers(len(colours)))]) + rng.normal(0, 4, 3)
            red, green, blue = (int(value) for value in np.clip(base, 0, 255))
            return red, green, blue

        grey = float(rng.uniform(120, 190))
        return cls(
            skin=pick(SKINS),
            hair=pick(HAIRS),
            clothes=pick(CLOTHES),
            iris=pick(IRISES),
            wall=pick(((int(grey), int(grey), int(grey + 8)),)),
            width=float(rng.uniform(52, 57)),
            height=float(rng.uniform(72, 77)),
            eye_gap=float(rng.uniform(22.5, 25.5)),
            eye=float(rng.uniform(10.5, 12.5)),
            brow=float(rng.uniform(2.5, 4.0) if woman else rng.uniform(3.5, 5.5)),
            mouth=float(rng.uniform(18, 22)),
            nose=float(rng.uniform(27, 32)),
            long_hair=bool(rng.random() < (0.8 if woman else 0.1)),
            beard=0.0 if woman or rng.random() < 0.6 else float(rng.uniform(0.04, 0.09)),
        )


CENTRE = (120.0, 124.0)
"""Middle of the face, x and y in pixels."""

EYES = 108.0
"""Height of the eyes, y in pixels."""


def still_picture(look: Look) -> NDArray[np.uint8]:
    """Everything of a person that does not move by itself, ``(height, width, 3)``."""
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    light = 1.08 - 0.16 * y / SIZE - 0.10 * x / SIZE
    picture = np.array(look.wall, float) * light[..., None]
    _body(picture, look, x, y)
    face = _ellipse(x, y, CENTRE, (look.width, look.height))
    _lay(picture, _skin(look, x, y), face)
    _hair(picture, look, x, y)
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def _body(picture: Array, look: Look, x: Array, y: Array) -> None:
    """Shoulders, hair behind the head, neck and ears."""
    middle = CENTRE[0]
    clothes = np.array(look.clothes, float) * (1.05 - 0.002 * np.abs(x - 90))[..., None]
    _lay(picture, clothes, _ellipse(x, y, (middle, 262.0), (96, 62)))
    if look.long_hair:
        behind = _ellipse(x, y, (middle, 135.0), (look.width + 15, look.height + 20))
        _lay(picture, np.array(look.hair, float) * 0.85, behind)
    skin = np.array(look.skin, float)
    _lay(picture, skin * 0.78, _ellipse(x, y, (middle, 200.0), (25, 34)))
    if not look.long_hair:
        for side in (-1, 1):
            _lay(picture, skin * 0.86, _ellipse(x, y, (middle + side * look.width, 122.0), (7, 13)))


def _skin(look: Look, x: Array, y: Array) -> Array:
    """The face's skin with its light and shadow, which is what a face detector looks for."""
    middle, centre = CENTRE
    radius = ((x - middle) / look.width) ** 2 + ((y - centre) / look.height) ** 2
    shade = 1.02 - 0.22 * radius**2 - 0.0012 * (x - middle)
    for side in (-1, 1):
        eye = middle + side * look.eye_gap
        shade -= 0.30 * _glow(x, y, (eye, EYES - 1), (17, 9))
        shade += 0.09 * _glow(x, y, (eye + side * 2, EYES + 25), (14, 11))
    tip = EYES + look.nose
    shade += 0.10 * _glow(x, y, (middle - 1, EYES + 8), (5, 20))
    shade -= 0.16 * _glow(x, y, (middle + 7, tip - 8), (3, 12)) + 0.22 * _glow(x, y, (middle, tip + 3), (11, 3.5))
    for side in (-1, 1):
        shade -= 0.30 * _glow(x, y, (middle + side * 5.5, tip + 0.5), (2.8, 1.8))
    shade += 0.08 * _glow(x, y, (middle, EYES - 32), (30, 14)) + 0.05 * _glow(x, y, (middle, 184), (12, 7))
    if look.beard:
        jaw = np.clip((y - (tip + 4)) / 22, 0, 1) * np.clip(radius * 1.4, 0, 1)
        shade -= look.beard * jaw
    flush = sum(_glow(x, y, (middle + side * 30, EYES + 30), (12, 10)) for side in (-1, 1))
    tint = np.stack([1 + 0.03 * flush, 1 - 0.02 * flush, 1 - 0.02 * flush], axis=-1)
    return np.asarray(np.array(look.skin, float) * shade[..., None] * tint)


def _hair(picture: Array, look: Look, x: Array, y: Array) -> None:
    """Hair on top: a cap around the head minus the open face, streaked a little."""
    middle, centre = CENTRE
    cap = _ellipse(x, y, (middle, centre - 12), (look.width + 8, look.height + 4))
    opening = _ellipse(x, y, (middle + 3, centre + 26), (look.width - 3, look.height + 8))
    if look.long_hair:
        cap = np.maximum(cap, _ellipse(x, y, (middle, centre + 8), (look.width + 12, look.height + 14)))
        opening = np.maximum(opening, np.clip((y - 190) / 4, 0, 1) * (np.abs(x - middle) < look.width - 8))
        fade = np.clip((205 - y) / 20, 0, 1)
    else:
        fade = np.clip((centre - 10 - y) / 14, 0, 1)
    streaks = 1 + 0.07 * np.sin(x * 0.9 + 3 * np.sin(y * 0.05)) + 0.25 * _glow(x, y, (middle - 18, 58), (24, 10))
    _lay(picture, np.array(look.hair, float) * streaks[..., None], cap * (1 - opening) * fade)


def _lay(picture: Array, colour: Array, mask: Array) -> None:
    """Lay a colour over a picture where the mask is, in place."""
    picture += (colour - picture) * mask[..., None]


def _ellipse(x: Array, y: Array, centre: tuple[float, float], axes: tuple[float, float]) -> Array:
    """Mask of an ellipse, 1 inside, with an edge about a pixel and a half soft."""
    distance = np.hypot((x - centre[0]) / axes[0], (y - centre[1]) / axes[1])
    return np.asarray(np.clip((1 - distance) * min(axes) / 1.5 + 0.5, 0, 1))


def _glow(x: Array, y: Array, centre: tuple[float, float], widths: tuple[float, float]) -> Array:
    """A soft round spot of height 1."""
    return np.asarray(np.exp(-(((x - centre[0]) / widths[0]) ** 2) - ((y - centre[1]) / widths[1]) ** 2))
