"""Think, then say: whether the replies keep that form."""

from collections.abc import Sequence

from empdetect.rl.dialogue import Dialogue, follows_think_format
from empdetect.rl.rewards.base import Reward


class ThinkFormatReward(Reward):
    """Share of replies of the form ``<think>thought</think>reply``, 0 to 1 (RLVER, section 2.3).

    Give it a small weight: it is easily learned and must not outweigh what is hard.
    """

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue; None for a dialogue without a reply or whose user failed."""
        return [_share(dialogue) for dialogue in dialogues]


def _share(dialogue: Dialogue) -> float | None:
    kept = [follows_think_format(turn.text) for turn in dialogue.replies]
    return sum(kept) / len(kept) if kept and not dialogue.failed else None
