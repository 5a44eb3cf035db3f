"""From written words to phones: how long each sound lasts and how it is made.

Spelling is followed letter by letter; the result sounds like babble with the rhythm of the words,
which is all that the corpus needs.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phone:
    """One speech sound.

    Args:
        seconds: how long it lasts at an ordinary pace.
        voiced: strength of the voice, 0 to 1.
        noise: strength of the hiss, 0 to 1.
        formants: the first three resonances in Hz, of a grown man's mouth.
        hiss: centre of the hiss, in Hz.
        mouth: how far the mouth is open, 0 to 1.
    """

    seconds: float
    voiced: float = 0.0
    noise: float = 0.0
    formants: tuple[float, float, float] = (500.0, 1500.0, 2500.0)
    hiss: float = 3000.0
    mouth: float = 0.1


def _vowel(first: float, second: float, third: float, mouth: float) -> Phone:
    return Phone(0.11, voiced=1.0, formants=(first, second, third), mouth=mouth)


def _hiss(centre: float, strength: float, voiced: float = 0.0) -> Phone:
    return Phone(0.075, voiced=voiced, noise=strength, hiss=centre, mouth=0.15)


def _stop(centre: float, voiced: float = 0.0) -> Phone:
    return Phone(0.05, voiced=voiced, noise=0.25, hiss=centre, mouth=0.0)


def _sonorant(first: float, second: float, third: float, mouth: float) -> Phone:
    return Phone(0.065, voiced=0.45, formants=(first, second, third), mouth=mouth)


# Vowel formants after Peterson & Barney (1952), rounded.
_I, _U, _O = _vowel(290, 2290, 3010, 0.3), _vowel(310, 870, 2250, 0.3), _vowel(500, 900, 2450, 0.65)
_A, _E = _vowel(730, 1200, 2450, 1.0), _vowel(530, 1840, 2480, 0.6)

SOUNDS_OF: dict[str, tuple[Phone, ...]] = {
    "ee": (_I,), "ea": (_I,), "oo": (_U,), "ou": (_A, _U), "ow": (_O, _U), "ai": (_E,), "ay": (_E, _I), "igh": (_A, _I),
    "th": (_hiss(5500, 0.15),), "sh": (_hiss(3200, 0.6),), "ch": (_stop(3500), _hiss(3200, 0.5)),
    "ng": (_sonorant(280, 1300, 2300, 0.1),), "ck": (_stop(2000),), "wh": (_sonorant(320, 700, 2200, 0.2),),
    "a": (_A,), "e": (_E,), "i": (_I,), "o": (_O,), "u": (_U,), "y": (_I,),
    "m": (_sonorant(270, 1000, 2200, 0.0),), "n": (_sonorant(280, 1500, 2500, 0.1),),
    "l": (_sonorant(380, 1000, 2600, 0.3),), "r": (_sonorant(400, 1200, 1700, 0.3),),
    "w": (_sonorant(320, 700, 2200, 0.2),), "j": (_sonorant(280, 2200, 2900, 0.2),),
    "s": (_hiss(5500, 0.6),), "z": (_hiss(5500, 0.3, 0.3),), "f": (_hiss(6000, 0.2),), "v": (_hiss(5000, 0.1, 0.4),),
    "h": (_hiss(1500, 0.15),), "x": (_stop(2000), _hiss(5500, 0.5)), "c": (_stop(2000),),
    "p": (_stop(900),), "t": (_stop(4000),), "k": (_stop(2000),), "q": (_stop(2000), _U),
    "b": (_stop(900, 0.15),), "d": (_stop(4000, 0.15),), "g": (_stop(2000, 0.15),),
}  # fmt: skip
"""Sounds of each spelling; longer spellings are tried first."""

PAUSES = {",": 0.12, ".": 0.05, "?": 0.05}


def phones(word: str) -> list[Phone]:
    """The sounds of one written word; an ending silence where a comma or stop follows."""
    letters = "".join(letter for letter in word.lower() if letter.isalpha())
    if len(letters) > 3 and letters.endswith("e"):
        letters = letters[:-1]
    sounds: list[Phone] = []
    position = 0
    while position < len(letters):
        size = next(size for size in (3, 2, 1) if letters[position : position + size] in SOUNDS_OF)
        sounds += SOUNDS_OF[letters[position : position + size]]
        position += size
    return sounds


def pause_after(word: str) -> float:
    """Seconds of silence after a word at an ordinary pace."""
    return 0.02 + PAUSES.get(word[-1:], 0.0)
