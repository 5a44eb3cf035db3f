"""How a reply changes a user's emotion, with every reason named."""

from collections.abc import Iterator
from dataclasses import dataclass

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.users import cues

Reason = tuple[str, float]


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


def appraise(dialogue: Dialogue, limit: float = 10.0) -> Appraisal:
    """Appraise the last reply for the user of this dialogue.

    Args:
        dialogue: its last turn is the policy's, without thoughts.
        limit: the change stays within plus and minus this (SAGE clamps to 10 points).
    """
    reply = dialogue.turns[-1].visible
    words = cues.words_of(reply)
    if not words:
        return Appraisal(-limit, (("says nothing", -limit),))
    parts = (
        *_warmth(dialogue, reply, words),
        *_move(dialogue, reply),
        *_emptiness(reply),
        *_form(dialogue, reply, words),
    )
    parts = parts or (("nothing in it for me", -5.0),)
    change = sum(points for _, points in parts)
    return Appraisal(min(max(change, -limit), limit), parts)


def _warmth(dialogue: Dialogue, reply: str, words: list[str]) -> Iterator[Reason]:
    """Whether the reply speaks of the feeling and the scene, and asks."""
    own = set(cues.words_of(" ".join(dialogue.profile.feelings))) - {"out", "up"}
    if cues.ACKNOWLEDGE.search(reply) and set(words) & cues.FEELINGS:
        yield ("speaks of my feeling", 4.0) if own & set(words) else ("speaks of a feeling", 2.0)
    mentioned = cues.named(dialogue.profile.keywords, words)
    if len(mentioned) > 3:
        yield "lists words of mine", -3.0
    elif mentioned:
        yield "is about my matter", 2.0
    questions = len(cues.QUESTION.findall(reply))
    if questions == 1:
        yield "asks", 1.0
    elif questions > 1:
        yield "interrogates me", -2.0


def _move(dialogue: Dialogue, reply: str) -> Iterator[Reason]:
    """Whether the reply does what the user hopes for."""
    intention = dialogue.profile.intention
    moves = cues.moves_in(reply)
    if intention in moves:
        yield "does what I hoped for", 5.0
    elif moves:
        yield "means well", 1.0
    if len(moves) > 2:
        yield "tries everything at once", -5.0
    if cues.UNSOLICITED.search(reply):
        yield "tells me what to do", -2.0 if intention == "advice" else -5.0
    elif "advice" in moves and intention in ("listening", "empathy", "agreement", "praise"):
        yield "offers a plan I did not ask for", -3.0
    if "praise" in moves and intention != "praise":
        yield "praises me for no reason", -2.0


def _emptiness(reply: str) -> Iterator[Reason]:
    """Phrases that could be said to anybody, and phrases that make the matter small."""
    phrases = len(cues.TEMPLATES.findall(reply))
    if phrases:
        yield "uses stock phrases", -3.0 * min(phrases, 3)
    if cues.DISMISSALS.search(reply):
        yield "makes it small", -6.0


def _form(dialogue: Dialogue, reply: str, words: list[str]) -> Iterator[Reason]:
    """Whole sentences, length, echo and repetition."""
    if not cues.readable(reply):
        yield "is hard to follow", -4.0
    if len(words) < 4:
        yield "hardly says anything", -4.0
    elif len(words) > 45:
        yield "talks too long", -4.0
    heard = cues.words_of(dialogue.turns[-2].text)
    if cues.overlap(words, heard) > 0.7:
        yield "only repeats my words", -5.0
    if _same_as_before(dialogue, words):
        yield "says the same again", -5.0
    if len(words) >= 8 and len(set(words)) < 0.5 * len(words):
        yield "goes round in circles", -5.0


def _same_as_before(dialogue: Dialogue, words: list[str]) -> bool:
    """Whether more than half of the reply's word triples were in the policy's earlier replies."""
    earlier: set[tuple[str, ...]] = set()
    for turn in dialogue.replies[:-1]:
        earlier |= _triples(cues.words_of(turn.visible))
    now = _triples(words)
    return bool(now) and len(now & earlier) > 0.5 * len(now)


def _triples(words: list[str]) -> set[tuple[str, ...]]:
    return set(zip(words, words[1:], words[2:]))
