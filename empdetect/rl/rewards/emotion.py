"""RLVER's reward: how the user feels at the end."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward


class EmotionReward(Reward):
    """Final emotion / 100, floored at 0 (RLVER, arXiv 2507.03112, section 2.2); None if the user failed.

    Args:
        kind: ``terminal`` gives the final emotion at the end. ``change`` gives each reply what it moved, which
            sums to the final emotion minus that at the start; PPO credits it to the reply, the algorithms
            that compare whole dialogues see the sum.
    """

    def __init__(self, kind: Literal["terminal", "change"] = "terminal") -> None:
        self.kind = kind

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue, 0 to 1; -1 to 1 for changes."""
        return [None if dialogue.emotion is None else self._total(dialogue) for dialogue in dialogues]

    def per_turn(self, dialogue: Dialogue, reward: float) -> list[float]:
        """What each reply moved, if the kind is ``change``."""
        if self.kind == "terminal":
            return super().per_turn(dialogue, reward)
        return [after - before for before, after in pairwise(_floored(dialogue))]

    def _total(self, dialogue: Dialogue) -> float:
        felt = _floored(dialogue)
        return felt[-1] - felt[0] if self.kind == "change" else felt[-1]


def _floored(dialogue: Dialogue) -> list[float]:
    return [max(emotion / 100.0, 0.0) for emotion in dialogue.emotions]
