"""RLVER's reward: how the user feels at the end."""

from collections.abc import Sequence

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.rewards.base import Reward


class EmotionReward(Reward):
    """Final emotion / 100, floored at 0 (RLVER, arXiv 2507.03112, section 2.2); None if the user failed."""

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue, 0 to 1."""
        emotions = [dialogue.emotion for dialogue in dialogues]
        return [None if emotion is None else max(emotion / 100.0, 0.0) for emotion in emotions]
