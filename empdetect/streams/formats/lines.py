"""Plain text: an utterance a line."""

from pathlib import Path

from empdetect.streams.utterance import Utterance


def read_lines(path: Path) -> list[Utterance]:
    """Lines of a ``.txt`` file; ``Name: words`` names the speaker."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    pairs = [line.split(": ", 1) if ": " in line else [None, line] for line in map(str.strip, lines)]
    return [Utterance(text or "", speaker) for speaker, text in pairs]
