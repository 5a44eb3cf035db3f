"""Plain figures about how a policy talks."""

from collections.abc import Sequence
from itertools import pairwise

from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.rewards.language import units
from empdetect.rl.users.cues import tactics_of


def distinct(texts: Sequence[str], size: int, language: str = "en") -> float:
    """Share of different runs of ``size`` words among all of them (Li et al., NAACL 2016); 0 without any."""
    words = [units(text, language) for text in texts]
    runs = [run for found in words for run in zip(*(found[shift:] for shift in range(size)))]
    return len(set(runs)) / len(runs) if runs else 0.0


def tactic_reuse(dialogues: Sequence[Dialogue]) -> float | None:
    """How much of what a reply does is done again by the next one, 0 to 1.

    Mean over neighbouring replies of the share of the first one's tactics (``cues.tactics_of``) that the
    second has too; pairs whose first shows none are left out, None without any pair left. English only.
    """
    shares = [share for dialogue in dialogues for share in reuses(dialogue)]
    return sum(shares) / len(shares) if shares else None


def words_a_reply(dialogues: Sequence[Dialogue]) -> float:
    """Mean number of visible words; characters in Chinese; 0 without any reply."""
    lengths = [len(units(turn.visible, d.profile.language)) for d in dialogues for turn in d.replies]
    return sum(lengths) / max(len(lengths), 1)


def language_of(dialogues: Sequence[Dialogue]) -> str:
    """The language that dialogues of one bank of profiles are in; English if there are none."""
    return dialogues[0].profile.language if dialogues else "en"


def replies_of(dialogues: Sequence[Dialogue]) -> list[str]:
    """All visible replies."""
    return [turn.visible for dialogue in dialogues for turn in dialogue.replies]


def reused(before: Turn, after: Turn) -> float:
    """Share of the tactics of a reply that the next one has too; 0 if the first shows none."""
    used = tactics_of(before.visible)
    return len(used & tactics_of(after.visible)) / len(used) if used else 0.0


def reuses(dialogue: Dialogue) -> list[float]:
    """The shares that ``tactic_reuse`` is the mean of, one for each pair of replies that has one."""
    if dialogue.profile.language != "en":
        return []
    pairs = pairwise(dialogue.replies)
    return [reused(before, after) for before, after in pairs if tactics_of(before.visible)]
