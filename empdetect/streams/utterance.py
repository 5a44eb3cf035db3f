"""Utterance: one thing said, the atom of every transcript."""

from dataclasses import dataclass, replace
from math import isnan
from typing import Any


@dataclass(frozen=True)
class Utterance:
    """One thing said.

    Args:
        text: the words; empty where a file marks who speaks but not what.
        speaker: who said it; None if not known.
        start, end: seconds on the recording's clock; None if the transcript carries no times.
    """

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None

    def shifted(self, seconds: float) -> "Utterance":
        """The same, said so many seconds later."""
        start, end = (None if time is None else time + seconds for time in (self.start, self.end))
        return replace(self, start=start, end=end)


def from_mapping(turn: Any) -> Utterance:
    """An utterance from cells or keys ``text`` (or ``content``), ``speaker`` (or ``role``), ``start`` and ``end``.

    Raises:
        ValueError: there is no text, or a time is no number.
    """
    words = turn.get("text", turn.get("content")) if isinstance(turn, dict) else None
    if words is None:
        raise ValueError(f'each turn needs a "text", got {str(turn)[:60]}')
    speaker = turn.get("speaker") or turn.get("role")
    start, end = (_number(turn.get(key)) for key in ("start", "end"))
    return Utterance(one_line(words), one_line(speaker) if speaker else None, start, end)


def one_line(text: Any) -> str:
    """The words of a text with one space between them; half a surrogate pair, as JSON can hold it, becomes a ``?``."""
    return " ".join(str(text).encode("utf-8", "replace").decode().split())


def _number(cell: Any) -> float | None:
    number = float("nan") if cell in (None, "", "n/a") else float(cell)
    return None if isnan(number) else number
