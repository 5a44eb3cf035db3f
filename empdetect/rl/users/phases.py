"""Where a talk stands: what helps at its start is not what helps at its end."""

from typing import Literal

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.users import cues
from empdetect.rl.users.base import emotion_state

Phase = Literal["telling", "exploring", "closing"]

TELLING_REPLIES = 2
"""Replies during which the user still tells what happened."""


def phase_of(dialogue: Dialogue) -> Phase:
    """The phase in which the last reply came: telling what happened, exploring it, or closing (from state A on)."""
    if emotion_state(dialogue.emotion or 0.0) in ("S", "A"):
        return "closing"
    return "telling" if len(dialogue.replies) <= TELLING_REPLIES else "exploring"


def has_been_heard(dialogue: Dialogue) -> bool:
    """Whether any reply so far spoke of what the user feels."""
    return any(cues.acknowledges(turn.visible) for turn in dialogue.replies)


def untold(dialogue: Dialogue) -> list[str]:
    """The details that the user has not told yet, in order."""
    told = " ".join(turn.text for turn in dialogue.turns if turn.role == "user")
    return [detail for detail in dialogue.profile.details if detail not in told]
