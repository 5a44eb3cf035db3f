"""Guards against padding and repetition: 1 where all is well, down to 0. They are gates, which multiply the rewards."""

from collections.abc import Sequence
from itertools import pairwise

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.language import in_language, units
from empdetect.rl.speech import reused, tactic_reuse

HUMAN = 0.25
"""Share of their tactics that people use again at once; language models use half (Zhan et al., arXiv 2604.11742)."""


class LengthGuard(Reward):
    """Mean over the replies: 1 up to ``soft`` words, falling in a line to 0 at ``hard``; 0 for an empty reply.

    As the soft overlong punishment of DAPO (arXiv 2503.14476, eq. 13), turned into a factor.

    Args:
        soft: words that a reply may have; characters in Chinese.
        hard: words from which a reply is worth nothing.
    """

    def __init__(self, soft: int = 60, hard: int = 120) -> None:
        if not 0 < soft < hard:
            raise InputError(f"Guarding length: 'soft' must be above 0 and below 'hard', got {soft} and {hard}")
        self.soft = soft
        self.hard = hard

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One factor a dialogue, 0 to 1."""
        return [_mean([self._factor(words) for words in _replies(dialogue)], dialogue) for dialogue in dialogues]

    def _factor(self, words: Sequence[str]) -> float:
        if not words:
            return 0.0
        return min(max((self.hard - len(words)) / (self.hard - self.soft), 0.0), 1.0)


class RepetitionGuard(Reward):
    """Mean over the replies: how much of a reply was not already said, by the user just before or by the policy.

    A reply's repeated share is that of its runs of ``size`` words which stand in it twice, in an earlier
    reply of the dialogue, or in the user's last turn. Up to ``allowed`` it costs nothing; from there the
    factor falls in a line to 0 where all is repeated.

    Args:
        size: words in a run; characters in Chinese.
        allowed: share of repeated runs that costs nothing, 0 to below 1.
    """

    def __init__(self, size: int = 3, allowed: float = 0.3) -> None:
        if size < 1 or not 0 <= allowed < 1:
            raise InputError(
                f"Guarding repetition: 'size' must be 1 or more and 'allowed' from 0 to below 1, "
                f"got {size} and {allowed}"
            )
        self.size = size
        self.allowed = allowed

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One factor a dialogue, 0 to 1."""
        return [_mean(self.factors(dialogue), dialogue) for dialogue in dialogues]

    def factors(self, dialogue: Dialogue) -> list[float]:
        """What each reply is worth by itself, 0 to 1."""
        return [self._factor(share) for share in self._shares(dialogue)]

    def _factor(self, repeated: float) -> float:
        return 1.0 - max(repeated - self.allowed, 0.0) / (1.0 - self.allowed)

    def _shares(self, dialogue: Dialogue) -> list[float]:
        """Repeated share of each reply."""
        language, said, shares = dialogue.profile.language, set[tuple[str, ...]](), []
        for place, turn in enumerate(dialogue.turns):
            if turn.role != "assistant":
                continue
            runs = self._runs(turn.visible, language)
            heard = set(self._runs(dialogue.turns[place - 1].visible, language)) if place else set()
            fresh = set(runs) - said - heard
            shares.append(1.0 - len(fresh) / len(runs) if runs else 0.0)
            said |= set(runs)
        return shares

    def _runs(self, text: str, language: str) -> list[tuple[str, ...]]:
        words = units(text, language)
        return list(zip(*(words[shift:] for shift in range(self.size))))


class VarietyGuard(Reward):
    """1 while a reply does what the one before it did no more than is allowed, falling in a line to 0 from there.

    What is counted is tactics and not words, see ``speech.tactic_reuse``: language models that are rewarded
    for empathy fall into one way of answering (Zhan et al., arXiv 2604.11742). English only; other
    languages pass.

    Args:
        allowed: share of tactics used again at once, 0 to 1, that costs nothing; None allows what the base policy
            does, or ``HUMAN`` where it was not heard.
        span: how far above that a dialogue is worth nothing.
    """

    def __init__(self, allowed: float | None = None, span: float = 0.3) -> None:
        if not 0 <= (allowed or 0.0) <= 1 or span <= 0:
            raise InputError(
                f"Guarding variety: 'allowed' must be from 0 to 1 and 'span' above 0, got {allowed} and {span}"
            )
        self.allowed = allowed
        self.span = span
        self._usual = HUMAN

    def prepare(self, dialogues: Sequence[Dialogue]) -> None:
        """Take the base policy's share as the usual one."""
        found = tactic_reuse(dialogues)
        self._usual = HUMAN if found is None else found

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One factor a dialogue, 0 to 1."""
        return [_mean([self._factor(tactic_reuse([dialogue]) or 0.0)], dialogue) for dialogue in dialogues]

    def factors(self, dialogue: Dialogue) -> list[float]:
        """What each reply is worth beside the one before it, 0 to 1; the first, and one not in English, 1."""
        if dialogue.profile.language != "en":
            return [1.0 for _ in dialogue.replies]
        return [1.0, *(self._factor(reused(before, after)) for before, after in pairwise(dialogue.replies))]

    def _factor(self, reuse: float) -> float:
        allowed = self._usual if self.allowed is None else self.allowed
        return min(max(1.0 - (reuse - allowed) / self.span, 0.0), 1.0)


class LanguageGuard(Reward):
    """1 if every reply is readable words of the profile's language, 0 after gibberish, silence or a switch."""

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One factor a dialogue, 0 or 1."""
        return [_mean([float(stays_in_language(dialogue))], dialogue) for dialogue in dialogues]


def stays_in_language(dialogue: Dialogue) -> bool:
    """Whether every reply shows readable words of the profile's language."""
    return all(in_language(turn.visible, dialogue.profile.language) for turn in dialogue.replies)


def _replies(dialogue: Dialogue) -> list[list[str]]:
    return [units(turn.visible, dialogue.profile.language) for turn in dialogue.replies]


def _mean(factors: Sequence[float], dialogue: Dialogue) -> float | None:
    if dialogue.failed or not dialogue.replies:
        return None
    return sum(factors) / len(factors)
