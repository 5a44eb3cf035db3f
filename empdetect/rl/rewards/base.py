"""What every reward head promises, and the check that holds it to it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from empdetect.rl.dialogue import Dialogue


class Reward(ABC):
    """Says what finished dialogues are worth.

    ``None`` means "not scorable" and nothing else: such a dialogue is left out of its group's
    statistics. Whatever goes wrong otherwise raises. Only visible text may be scored, never a thought.

    Attributes:
        learned: whether a trained model judges, which a policy can learn to please; its weight is capped.
    """

    learned: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        """One reward a dialogue, in their order."""

    def prepare(self, dialogues: Sequence[Dialogue]) -> None:  # noqa: B027 - few rewards compare with the start
        """Take in what the frozen base policy said to the same scenarios, before any training."""

    def per_turn(self, dialogue: Dialogue, reward: float) -> list[float]:
        """The reward over the replies of its dialogue, for algorithms that credit turns; all on the last by default."""
        return [*(0.0 for _ in dialogue.replies[1:]), reward]


def check_rewards(rewards: object, dialogues: Sequence[Dialogue], name: str = "reward") -> list[float | None]:
    """The rewards as they are, if they keep the promise.

    Raises:
        ValueError: not one a dialogue, or one is NaN or infinite.
        TypeError: one is neither a number nor None.
    """
    if not isinstance(rewards, list | tuple):
        raise TypeError(f"The head '{name}' must give a list of rewards, got {type(rewards).__name__}")
    if len(rewards) != len(dialogues):
        raise ValueError(f"The head '{name}' gave {len(rewards)} rewards for {len(dialogues)} dialogues")
    return [_checked(reward, place, name) for place, reward in enumerate(rewards)]


def _checked(reward: object, place: int, name: str) -> float | None:
    if reward is None:
        return None
    if isinstance(reward, bool) or not isinstance(reward, int | float):
        raise TypeError(
            f"The head '{name}' gave {type(reward).__name__} for dialogue {place}; "
            "a number is needed, or None if the dialogue cannot be scored"
        )
    if not math.isfinite(reward):
        raise ValueError(f"The head '{name}' gave {reward} for dialogue {place}; None says 'not scorable'")
    return float(reward)
