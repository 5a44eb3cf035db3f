"""How a reply changes a user's emotion, with every reason named."""

from collections.abc import Iterator
from dataclasses import dataclass

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Intention
from empdetect.rl.users import cues
from empdetect.rl.users.base import Difficulty
from empdetect.rl.users.phases import has_been_heard, phase_of

Reason = tuple[str, float]

AFTER_LISTENING: frozenset[Intention] = frozenset({"reflection", "analysis", "motives", "advice"})
"""Intentions whose move helps only where a reply, this one too, has named what the user feels."""


@dataclass(frozen=True)
class Appraisal:
    """What a reply did for a user.

    Args:
        change: points of emotion, within the limits of ``appraise``.
        parts: each reason with its points.
    """

    change: float
    parts: tuple[Reason, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons in words, as in ``speaks of the feeling +3``."""
        return tuple(f"{name} {points:+g}" for name, points in self.parts)


def appraise(dialogue: Dialogue, limit: float | None = 10.0, difficulty: Difficulty = "vanilla") -> Appraisal:
    """Appraise the last reply for the user of this dialogue.

    Args:
        dialogue: its last turn is the policy's, without thoughts.
        limit: the change stays within plus and minus this (SAGE clamps to 10 points); None for no limit.
        difficulty: for a challenging user, nothing but what they hoped for raises emotion.
    """
    reply = dialogue.turns[-1].visible
    words = cues.words_of(reply)
    if not words:
        return Appraisal(-(limit or 10.0), (("says nothing", -(limit or 10.0)),))
    parts = [
        *_warmth(dialogue, reply, words),
        *_move(dialogue, reply),
        *_resented(dialogue, reply),
        *_emptiness(dialogue, reply),
        *_form(dialogue, reply, words),
        *_variety(dialogue, reply, words),
    ]
    parts = parts or [("nothing in it for me", -5.0)]
    change = sum(points for _, points in parts)
    if difficulty == "challenging" and change > 0 and dialogue.profile.intention not in cues.moves_in(reply):
        parts.append(("not what I hoped for", -change))
        change = 0.0
    return Appraisal(change if limit is None else min(max(change, -limit), limit), tuple(parts))


def _warmth(dialogue: Dialogue, reply: str, words: list[str]) -> Iterator[Reason]:
    """Whether the reply speaks of the feeling and the scene, and asks."""
    own = set(cues.words_of(" ".join(dialogue.profile.feelings))) - {"out", "up"}
    if cues.acknowledges(reply):
        yield ("speaks of my feeling", 4.0) if own & set(words) else ("speaks of a feeling", 2.0)
    yield from _specificity(dialogue, words)
    questions = len(cues.QUESTION.findall(reply))
    if questions == 1:
        yield ("asks, which I need", 2.0) if dialogue.profile.character == "passive" else ("asks", 1.0)
    elif questions > 1:
        yield "interrogates me", -3.0 if dialogue.profile.character == "avoidant" else -2.0


def _specificity(dialogue: Dialogue, words: list[str]) -> Iterator[Reason]:
    """Whether the reply is about this scene, best by words of it that the reply before did not name."""
    mentioned = set(cues.named(dialogue.profile.keywords, words))
    if len(mentioned) > 3:
        yield "lists words of mine", -3.0
        return
    before = dialogue.replies[:-1]
    known = set(cues.named(dialogue.profile.keywords, cues.words_of(before[-1].visible))) if before else set()
    if mentioned - known:
        yield "is about my matter", 2.0
    elif mentioned:
        yield "stays with one word of mine", 1.0


def _move(dialogue: Dialogue, reply: str) -> Iterator[Reason]:
    """Whether the reply does what the user hopes for, and at the right time."""
    intention, moves = dialogue.profile.intention, cues.moves_in(reply)
    if intention in moves:
        often = sum(intention in cues.moves_in(turn.visible) for turn in dialogue.replies[:-1])
        if intention in AFTER_LISTENING and not has_been_heard(dialogue):
            yield "does what I hoped for before I felt heard", 2.0
        elif often >= 3:
            yield "does what I hoped for once more", 3.0
        else:
            yield "does what I hoped for", 5.0
    elif moves:
        yield "means well", 1.0
    if len(moves) > 2:
        yield "tries everything at once", -5.0


def _resented(dialogue: Dialogue, reply: str) -> Iterator[Reason]:
    """Advice and praise that nobody asked for."""
    intention, moves = dialogue.profile.intention, cues.moves_in(reply)
    early = phase_of(dialogue) == "telling"
    orders = len(cues.UNSOLICITED.findall(reply))
    if orders:
        first = -2.0 if intention == "advice" else -6.0 if early else -5.0
        yield "tells me what to do", first - 2.0 * (orders - 1)
    elif "advice" in moves and intention in ("listening", "empathy", "agreement", "praise"):
        yield "offers a plan I did not ask for", -3.0
    if "praise" in moves and intention != "praise":
        yield "praises me for no reason", -2.0
    if len(cues.FLATTERY.findall(reply)) > 1:
        yield "flatters", -5.0


def _emptiness(dialogue: Dialogue, reply: str) -> Iterator[Reason]:
    """Phrases that could be said to anybody, phrases that make the matter small, talk about a case."""
    phrases = len(cues.TEMPLATES.findall(reply))
    if phrases:
        each = -4.0 if dialogue.profile.character == "negative" else -3.0
        yield "uses stock phrases", each * min(phrases, 3)
    if cues.DISMISSALS.search(reply):
        yield "makes it small", -6.0
    if cues.CASE_TALK.search(reply):
        yield "speaks of me as a case", -6.0


def _form(dialogue: Dialogue, reply: str, words: list[str]) -> Iterator[Reason]:
    """Whole sentences, length and echo."""
    if not cues.readable(reply):
        yield "is hard to follow", -4.0
    if len(words) < 4:
        yield "hardly says anything", -4.0
    elif len(words) > 45:
        yield "talks too long", -4.0 if len(words) <= 80 else -8.0
    if cues.overlap(words, cues.words_of(dialogue.turns[-2].text)) > 0.7:
        yield "only repeats my words", -5.0
    if len(words) >= 8 and len(set(words)) < 0.5 * len(words):
        yield "goes round in circles", -5.0


def _variety(dialogue: Dialogue, reply: str, words: list[str]) -> Iterator[Reason]:
    """Whether the reply was said before, or is made like the last two."""
    if _same_as_before(dialogue, words):
        yield "says the same again", -5.0
    made = cues.tactics_of(reply)
    last = [cues.tactics_of(turn.visible) for turn in dialogue.replies[-3:-1]]
    if made and last == [made, made]:
        yield "is made like the last two", -2.0


def _same_as_before(dialogue: Dialogue, words: list[str]) -> bool:
    """Whether more than half of the reply's word triples were in the policy's earlier replies."""
    earlier: set[tuple[str, ...]] = set()
    for turn in dialogue.replies[:-1]:
        earlier |= _triples(cues.words_of(turn.visible))
    now = _triples(words)
    return bool(now) and len(now & earlier) > 0.5 * len(now)


def _triples(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(words, words[1:], words[2:]))
