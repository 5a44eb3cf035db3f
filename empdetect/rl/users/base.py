"""What every simulated user promises."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Literal

from empdetect.rl.dialogue import Dialogue, Exchange
from empdetect.rl.profiles import Profile
from empdetect.rl.users.goodbye import says_goodbye

SUCCESS = 100.0
"""Emotion at which a user is content."""
FAILURE = 10.0
"""Emotion below which a user gives up."""

Difficulty = Literal["vanilla", "challenging"]
"""RLVER's two kinds of users: a challenging one never hints at what it hopes for, and only that raises its emotion."""


class UserFailed(Exception):  # noqa: N818 - says what happened, as StopIteration does
    """The user could not answer. The dialogue ends as not scorable, not as 0 and not after endless retries.

    Args:
        problem: what went wrong.
        exchanges: what was asked and answered until then.
    """

    def __init__(self, problem: str, exchanges: tuple[Exchange, ...] = ()) -> None:
        super().__init__(problem)
        self.exchanges = exchanges


@dataclass(frozen=True)
class Rules:
    """Where a user's emotion starts, how it moves and when it ends the dialogue.

    Args:
        start: emotion at the opening, 0 to 100.
        limit: most points that one reply can change; None for no limit.
        content: emotion from which on the user is content and the dialogue ends; None if it never does.
        give_up: emotion below which the user gives up.
        floor: least emotion.
    """

    start: float = 30.0
    limit: float | None = 10.0
    content: float | None = SUCCESS
    give_up: float = FAILURE
    floor: float = 0.0

    def moved(self, emotion: float, change: float) -> float:
        """The emotion after a change of so many points."""
        if self.limit is not None:
            change = min(max(change, -self.limit), self.limit)
        return min(max(emotion + change, self.floor), 100.0)


@dataclass(frozen=True)
class UserTurn:
    """What the user says, and how they feel now.

    Args:
        text: the words the policy sees.
        emotion: emotion now, 0 to 100.
        change: how far the last reply moved it.
        reasons: why, in words.
        done: the user ends the dialogue.
        exchanges: what a language model was asked for it.
    """

    text: str
    emotion: float
    change: float = 0.0
    reasons: tuple[str, ...] = ()
    done: bool = False
    exchanges: tuple[Exchange, ...] = ()


class User(ABC):
    """Somebody to talk to. Holds no state: all it needs is in the profile and the dialogue.

    Both methods may be plain or ``async``; the environment awaits all users of a step together.
    They raise ``UserFailed`` if there is no answer to be had. As with all components, every argument
    of a constructor is kept as an attribute of the same name.

    Attributes:
        rules: when emotion ends a dialogue with this user.
    """

    rules: Rules = Rules()

    @abstractmethod
    def opening(self, profile: Profile, seed: int) -> UserTurn | Awaitable[UserTurn]:
        """The first words, and the emotion at the start."""

    @abstractmethod
    def reply(self, dialogue: Dialogue) -> UserTurn | Awaitable[UserTurn]:
        """The answer to a dialogue whose last turn is the policy's."""

    def replaying(self, exchanges: Sequence[Exchange]) -> "User":
        """The user with recorded answers in place of the language model it asks; itself if it asks none."""
        return self


def end_reason(turn: UserTurn, language: str = "en", rules: Rules = Rules()) -> str:
    """Why the dialogue ends after this turn; empty if it goes on."""
    if rules.content is not None and turn.emotion >= rules.content:
        return "content"
    if turn.emotion < rules.give_up:
        return "gave up"
    if says_goodbye(turn.text, language):
        return "goodbye"
    return "ended by the user" if turn.done else ""


def emotion_state(emotion: float) -> str:
    """RLVER's letter for an emotion: S from 100, A from 70, B from 40, C from 10, else F."""
    return next((letter for letter, least in (("S", 100), ("A", 70), ("B", 40), ("C", 10)) if emotion >= least), "F")
