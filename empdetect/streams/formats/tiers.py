"""Which tiers of an annotation hold what was said, and whose they are: for ELAN and Praat alike."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from empdetect.streams.utterance import Utterance, one_line

SPOKEN = r"words?|utterances?|speech|said|text|transcript(?:ion)?s?|ortho?(?:graphy|graphic)?|sentences?|says"
SOUNDS = re.compile(r"\b(?:phones?|phonemes?|phon|syllables?|syll|segments?|tones?)\b", re.IGNORECASE)
ONLY_SPOKEN = re.compile(rf"(?:{SPOKEN})", re.IGNORECASE)
SPOKEN_OF = re.compile(rf"^(?P<who>.+?)\s*[-_ @:./]\s*(?:{SPOKEN})$|^(?:{SPOKEN})\s*[-_@:./]\s*(?P<whose>.+)$", re.I)


@dataclass(frozen=True)
class Tier:
    """One tier.

    Args:
        name: its name.
        spans: ``(start, end, text)`` of its annotations, in seconds.
        speaker: who the file says it is about, apart from its name.
    """

    name: str
    spans: Sequence[tuple[float, float, str]]
    speaker: str | None = None


def utterances_of(tiers: Sequence[Tier]) -> list[Utterance]:
    """What the tiers say, by time.

    A tier belongs to the speaker that the file names, else to the one in its name: ``Ann``, ``Ann - words`` and
    ``utterance@Ann`` are Ann's, ``words`` is nobody's. Of one speaker's tiers, those named for words are taken if
    there are any, and none named for phones or syllables.
    """
    chosen: dict[str | None, list[tuple[bool, Tier]]] = {}
    for tier in tiers:
        if SOUNDS.search(tier.name.replace("_", " ")) is None:
            who, spoken = _whose(tier)
            chosen.setdefault(who, []).append((spoken, tier))
    said = []
    for who, found in chosen.items():
        named = [tier for spoken, tier in found if spoken]
        for tier in named or [tier for _, tier in found]:
            said += [Utterance(one_line(text), who, start, end) for start, end, text in tier.spans]
    return sorted(said, key=lambda u: (u.start or 0.0, u.end or 0.0))


def _whose(tier: Tier) -> tuple[str | None, bool]:
    """The speaker of a tier, and whether its name says that it holds words."""
    name = tier.name.strip()
    if ONLY_SPOKEN.fullmatch(name):
        return tier.speaker, True
    match = SPOKEN_OF.match(name)
    if match is None:
        return tier.speaker or name or None, False
    return tier.speaker or match["who"] or match["whose"], True
