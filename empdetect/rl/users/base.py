"""What every simulated user promises."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.profiles import Profile

SUCCESS = 100.0
"""Emotion at which the user is content and the dialogue ends."""
FAILURE = 10.0
"""Emotion below which the user gives up and the dialogue ends."""
GOODBYES: Mapping[str, tuple[str, ...]] = {"en": ("goodbye", "bye bye"), "zh": ("再见", "拜拜")}
"""Words that end the dialogue, by language."""


class UserFailed(Exception):  # noqa: N818 - says what happened, as StopIteration does
    """The user could not answer. The dialogue ends as not scorable, not as 0 and not after endless retries."""


@dataclass(frozen=True)
class UserTurn:
    """What the user says, and how they feel now.

    Args:
        text: the words the policy sees.
        emotion: emotion now, 0 to 100.
        change: how far the last reply moved it.
        reasons: why, in words.
        done: the user ends the dialogue.
    """

    text: str
    emotion: float
    change: float = 0.0
    reasons: tuple[str, ...] = ()
    done: bool = False


class User(ABC):
    """Somebody to talk to. Holds no state: all it needs is in the profile and the dialogue.

    Both methods may be plain or ``async``; the environment awaits all users of a step together.
    They raise ``UserFailed`` if there is no answer to be had. As with all components, every argument
    of a constructor is kept as an attribute of the same name.
    """

    @abstractmethod
    def opening(self, profile: Profile, seed: int) -> UserTurn | Awaitable[UserTurn]:
        """The first words, and the emotion at the start."""

    @abstractmethod
    def reply(self, dialogue: Dialogue) -> UserTurn | Awaitable[UserTurn]:
        """The answer to a dialogue whose last turn is the policy's."""


def end_reason(turn: UserTurn, language: str = "en") -> str:
    """Why the dialogue ends after this turn by RLVER's and SAGE's rules; empty if it goes on."""
    if turn.emotion >= SUCCESS:
        return "content"
    if turn.emotion < FAILURE:
        return "gave up"
    words = turn.text.lower()
    if any(goodbye in words for goodbye in GOODBYES.get(language, ())):
        return "goodbye"
    return "ended by the user" if turn.done else ""


def bounded(emotion: float) -> float:
    """Emotion kept between 0 and 100."""
    return min(max(emotion, 0.0), 100.0)
