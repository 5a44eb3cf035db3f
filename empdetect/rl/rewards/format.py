"""Think, then say: whether the replies keep that form."""

from collections.abc import Sequence

from empdetect.rl.dialogue import Dialogue, Turn, follows_think_format
from empdetect.rl.rewards.base import Reward


class ThinkFormatReward(Reward):
    """1 if every reply keeps the form, 0 if one does not (RLVER, section 2.3: a violation gives zero reward).

    Use it as a gate, which multiplies the rewards: as a head of its own it is easily learned and would
    outweigh what is hard.

    Args:
        think: the form is ``<think>thought</think>reply``; without, it is a reply and no tag at all.
    """

    def __init__(self, think: bool = True) -> None:
        self.think = think

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue; None for a dialogue without a reply or whose user failed."""
        return [
            None if dialogue.failed or not dialogue.replies else float(keeps_format(dialogue, self.think))
            for dialogue in dialogues
        ]


def keeps_format(dialogue: Dialogue, think: bool) -> bool:
    """Whether every reply of a dialogue keeps the form."""
    return all(_kept(turn, think) for turn in dialogue.replies)


def format_share(dialogues: Sequence[Dialogue], think: bool) -> float:
    """Share of replies that keep the form, 0 to 1; 0 without any reply."""
    kept = [_kept(turn, think) for dialogue in dialogues for turn in dialogue.replies]
    return sum(kept) / max(len(kept), 1)


def _kept(turn: Turn, think: bool) -> bool:
    return follows_think_format(turn.text) if think else turn.thought is None and bool(turn.visible)
