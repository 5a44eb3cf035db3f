"""RTTM: who speaks when, as NIST and every diarisation tool write it."""

from collections.abc import Iterator
from pathlib import Path

from empdetect.streams.utterance import Utterance

FIELDS = 9
"""Fields of a line that are needed: type, file, channel, onset, duration, words, kind, name, confidence."""


def read_rttm(path: Path) -> list[Utterance]:
    """Turns of the SPEAKER lines, by time, as utterances without words.

    Where the file speaks of several recordings, the lines of the one that is called like it are taken.

    Raises:
        ValueError: a line is broken, or none is about this recording.
    """
    turns = list(_lines(path))
    names = list(dict.fromkeys(name for name, _ in turns))
    if len(names) > 1:
        if path.stem not in names:
            raise ValueError(f"it is about {', '.join(names[:4])}, none called '{path.stem}'; give each a file")
        turns = [(name, turn) for name, turn in turns if name == path.stem]
    return sorted((turn for _, turn in turns), key=lambda turn: (turn.start or 0.0, turn.end or 0.0))


def _lines(path: Path) -> Iterator[tuple[str, Utterance]]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        cells = line.split()
        if not cells or cells[0] != "SPEAKER":
            if cells and not cells[0].replace("-", "").replace("_", "").isupper() and not cells[0].startswith(";;"):
                raise ValueError(f"line {number} starts with '{cells[0][:20]}', not with a type such as SPEAKER")
            continue
        if len(cells) < FIELDS:
            raise ValueError(f"line {number} has {len(cells)} fields, {FIELDS} or 10 are needed")
        start, length = float(cells[3]), float(cells[4])
        if not length >= 0:
            raise ValueError(f"line {number} lasts {length:g} s")
        yield cells[1], Utterance("", cells[7], start, start + length)
