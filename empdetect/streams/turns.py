"""Turns: who speaks when, known without words: from diarisation, by hand, or from voice activity."""

from collections.abc import Iterable
from dataclasses import dataclass

from empdetect.streams.utterance import Utterance

UNHEARD = 0.05
"""Sureness that someone speaks where no turn lies."""


@dataclass(frozen=True)
class Turn:
    """One stretch of speech.

    Args:
        start, end: seconds on the recording's clock.
        speaker: who speaks; None if not known.
        sureness: how sure it is that someone speaks, 0 to 1.
    """

    start: float
    end: float
    speaker: str | None = None
    sureness: float = 1.0


@dataclass(frozen=True)
class Turns:
    """Turns by their start.

    Args:
        turns: the turns.
    """

    turns: tuple[Turn, ...]

    @classmethod
    def of_utterances(cls, said: Iterable[Utterance]) -> "Turns":
        """When the utterances were said, those that have times."""
        found = (Turn(u.start, u.end, u.speaker) for u in said if u.start is not None and u.end is not None)
        return cls(tuple(sorted(found, key=lambda turn: (turn.start, turn.end))))

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers in the order they first speak."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns if turn.speaker is not None))

    def of(self, *speakers: str) -> "Turns":
        """The turns of some speakers."""
        return Turns(tuple(turn for turn in self.turns if turn.speaker in speakers))

    def speaker_between(self, start: float, end: float) -> str | None:
        """Who speaks longest from ``start`` to ``end`` seconds; None if nobody known does."""
        heard: dict[str, float] = {}
        for turn in self.turns:
            shared = min(end, turn.end) - max(start, turn.start)
            if turn.speaker is not None and shared > 0:
                heard[turn.speaker] = heard.get(turn.speaker, 0.0) + shared
        return max(heard, key=lambda name: heard[name]) if heard else None

    def sureness(self, start: float | None, end: float | None) -> float:
        """How sure it is that someone speaks from ``start`` to ``end`` seconds, 0 to 1: the mean over the turns there.

        Where there is no turn it is ``UNHEARD``, as a voice may be too soft for those who look for it.
        """
        first, last = float("-inf") if start is None else start, float("inf") if end is None else end
        inside = [(min(last, t.end) - max(first, t.start), t.sureness) for t in self.turns]
        inside = [(length, sure) for length, sure in inside if length > 0]
        total = sum(length for length, _ in inside)
        return sum(length * sure for length, sure in inside) / total if total else UNHEARD
