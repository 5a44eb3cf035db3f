"""What can be seen in a reply: cues of empathic listening in English text.

Every cue is a regular expression that can be read and argued about. They follow the groups that
EPITOME (Sharma et al., EMNLP 2020) distinguishes, emotional reactions, interpretations and
explorations, and one group for each hidden intention of a profile.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from empdetect.rl.profiles import Intention


def words_of(text: str) -> list[str]:
    """The words of a text, in lower case."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


MOVES: dict[Intention, re.Pattern[str]] = {
    "agreement": _any(
        r"not your fault", r"did nothing wrong", r"(you are|you were) not to blame", r"\bunfair\b", r"you were right to"
    ),
    "reflection": _any(
        r"looking back", r"what do you think (you|it says)", r"what (did|do|would) you learn", r"matters (most )?to you"
    ),
    "analysis": _any(r"on (the )?one (hand|side)", r"both sides", r"on the other (hand|side)", r"at the same time"),
    "empathy": _any(
        r"no wonder", r"that must (be|have been|feel)", r"\bi feel (with|for) you", r"what a loss", r"how much it hurts"
    ),
    "listening": _any(r"tell me more", r"i am listening", r"\bgo on\b", r"let it( all)? out", r"what happened next"),
    "motives": _any(
        r"(maybe|perhaps) (he|she|they|your|the)\b", r"(he|she|they) (may|might) have", r"from (his|her|their) side"
    ),
    "advice": _any(r"you could", r"\bone step\b", r"\bstart (with|by)\b", r"\bhow about\b", r"\bfirst thing\b"),
    "praise": _any(r"took (courage|strength)", r"i admire", r"proud of (you|what you)", r"that was (brave|kind)"),
}
"""What a reply does that answers to each intention."""

ACKNOWLEDGE = _any(
    r"makes sense", r"i can hear", r"you (feel|sound|are|must be|must feel)\b", r"anyone would", r"(it|that) sounds"
)
"""Speaks of the other's feeling; counts only together with a feeling word."""

FEELINGS = frozenset(
    words_of("""
    abandoned afraid alone angry anxious ashamed betrayed bitter cheated confused desperate disappointed discouraged
    embarrassed empty exhausted fed foolish frightened frustrated furious guilty hard heartbroken helpless homesick
    humiliated hurt ignored insecure invisible irritated jealous lonely mocked nervous numb overlooked overwhelmed
    painful powerless puzzled rejected sad scared shut stuck terrified tired torn trapped troubled unsure upset useless
    worn worried worthless""")
)
"""Words for what a person may feel."""

UNSOLICITED = _any(
    r"you (should|must(?! (be|feel|have))|need to|have to|ought to)\b",
    r"\bjust (try|do|stop|get|forget|talk)\b",
    r"why don't you",
)
"""Advice in the form that people resent when they did not ask for it."""

TEMPLATES = _any(
    r"i('m| am) here for you",
    r"(everything|it) will be (okay|fine|alright|all right)",
    r"thank you for sharing",
    r"i understand\b",
    r"you are not alone",
    r"sorry to hear",
    r"stay (strong|positive)",
)
"""Phrases that fit everybody and so nobody."""

DISMISSALS = _any(
    r"cheer up", r"not (that|so) bad", r"(others|other people) have", r"calm down", r"get over", r"it happens"
)
"""Phrases that make the matter small."""

FLATTERY = _any(
    r"\b(amazing|awesome|incredible|wonderful|fantastic|brilliant|perfect|superb|the best)\b",
    r"so (strong|brave|smart|talented|special|inspiring)\b",
)
"""Praise that names nothing the other did."""

CASE_TALK = _any(
    r"\bthe (user|client|patient|speaker)\b",
    r"\bas an ai\b",
    r"my (instructions|reply|response) (is|are|should)",
    r"\bi (should|need to|will) (respond|reply|answer|acknowledge|validate)\b",
    r"\bemotion (score|points?|to \d)",
)
"""Talk about the other as a case, or about the reply itself: a thought that slipped out."""

QUESTION = re.compile(
    r"(?:^|[.!?,]\s+)(?:and |so )?(?:what|how|when|where|who|would|do|does|did|is|are|was|can|could|have)\b[^.!?]*\?",
    re.IGNORECASE,
)
"""A sentence that asks, from its question word to its mark."""

_BROKEN = re.compile(r"(?:^|[.!?]\s+)[a-z]|[a-z][A-Z]|[.,]{2}(?!\.)|[\w,]\s*$|(?i:\b(\w+) \1\b)")
"""A sentence that begins small or does not end, words run together, a word said twice."""

_COMMON = frozenset(
    words_of("""
    a about after all am an and are as at be been but by can did do does for from had has have he her him his how i
    if in is it its me my not now of on one or she so that the their them then there they this to was we were what
    when which who will with would you your""")
)


def readable(text: str) -> bool:
    """Whether a text is made of whole sentences, as far as can be seen from outside."""
    return _BROKEN.search(text) is None


def overlap(words: Collection[str], others: Collection[str]) -> float:
    """Share of the telling words of one text that also stand in another, 0 to 1."""
    telling = set(words) - _COMMON
    return len(telling & set(others)) / len(telling) if telling else 0.0


def named(keywords: Sequence[str], words: Sequence[str]) -> list[str]:
    """The keywords that occur among the words, also in the plural."""
    present = set(words)
    return [keyword for keyword in keywords if keyword in present or f"{keyword}s" in present]


@lru_cache(maxsize=8192)  # the replies of a dialogue are looked at again with every new one
def acknowledges(text: str) -> bool:
    """Whether a reply says that it sees a feeling, and which."""
    return ACKNOWLEDGE.search(text) is not None and bool(FEELINGS.intersection(words_of(text)))


@lru_cache(maxsize=8192)
def tactics_of(text: str) -> frozenset[str]:
    """What a reply does, as names: ``acknowledge``, ``ask``, the intentions it answers to, and what people resent."""
    patterns = {
        "tell what to do": UNSOLICITED,
        "stock phrase": TEMPLATES,
        "make small": DISMISSALS,
        "flatter": FLATTERY,
        "ask": QUESTION,
    }
    found = {name for name, pattern in patterns.items() if pattern.search(text)}
    return frozenset(found | ({"acknowledge"} if acknowledges(text) else set()) | set(moves_in(text)))


def moves_in(text: str) -> list[Intention]:
    """The intentions that a reply answers to."""
    return list(_moves(text))


@lru_cache(maxsize=8192)
def _moves(text: str) -> tuple[Intention, ...]:
    return tuple(intention for intention, pattern in MOVES.items() if pattern.search(text))
