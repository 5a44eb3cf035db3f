"""Dialogues between a user and the policy, and what of a reply can be seen."""

import re
from dataclasses import dataclass
from typing import Literal

from empdetect.rl.profiles import Profile

Role = Literal["user", "assistant"]

_OPEN = re.compile(r"<\s*think\s*>", re.IGNORECASE)
_CLOSE = re.compile(r"<\s*/\s*think\s*>", re.IGNORECASE)


def split_thought(text: str) -> tuple[str | None, str]:
    """Split a reply into thought and visible text; the only place where this is done.

    Visible is what follows the last ``</think>``, up to a ``<think>`` that is left open. A thought can
    so never reach the user or a reward head, whichever tag is missing. (RLVER's released code hands
    over the whole text, thought and all, where the closing tag is missing.)

    Returns:
        The thought, None if there is no tag at all, and the visible text, both stripped.
    """
    closings = list(_CLOSE.finditer(text))
    before, after = (text[: closings[-1].start()], text[closings[-1].end() :]) if closings else ("", text)
    opening = _OPEN.search(after)
    seen, hidden = (after[: opening.start()], after[opening.end() :]) if opening else (after, "")
    if not closings and opening is None:
        return None, text.strip()
    thought = _CLOSE.sub(" ", _OPEN.sub(" ", f"{before} {hidden}"))
    return thought.strip(), seen.strip()


def follows_think_format(text: str) -> bool:
    """Whether a reply is ``<think>thought</think>reply``: one thought first, then something to see."""
    one_each = len(_OPEN.findall(text)) == 1 and len(_CLOSE.findall(text)) == 1
    thought, visible = split_thought(text)
    return one_each and _OPEN.match(text.lstrip()) is not None and bool(thought) and bool(visible)


@dataclass(frozen=True)
class Turn:
    """What one of the two said.

    Args:
        role: ``user`` (simulated) or ``assistant`` (the policy).
        text: the words as they were written, a thought included.
    """

    role: Role
    text: str

    @property
    def visible(self) -> str:
        """What the other one sees: the text without the thought."""
        return split_thought(self.text)[1] if self.role == "assistant" else self.text

    @property
    def thought(self) -> str | None:
        """What the policy thought before it spoke; None if it did not think."""
        return split_thought(self.text)[0] if self.role == "assistant" else None


@dataclass(frozen=True)
class Exchange:
    """One question to a language model that plays a user, and its answer: all that a replay needs.

    Args:
        request: what was asked, as JSON with sorted keys; it holds no key of anybody's account.
        answer: the text that came back, None if none did.
        failures: what went wrong before, one an attempt, as in ``HTTP 429``.
        prompt_tokens, completion_tokens: as the service counted them.
    """

    request: str
    answer: str | None = None
    failures: tuple[str, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True)
class Dialogue:
    """One dialogue so far. Never changed: every step makes a new one.

    All that a user needs to know is in here, so a user holds no state of its own and cannot mix two
    dialogues up.

    Args:
        profile: who the user is.
        seed: fixes every choice of the user.
        turns: what was said, the user first. A finished dialogue ends on the policy's last reply, so
            that a reward placed on the last token reaches a token of the policy.
        emotions: the user's emotion, 0 to 100: at the start, then after each reply that was answered.
        reasons: for each reply that was answered, why the emotion changed.
        farewell: what the user said to the last reply.
        done: whether it is over.
        reason: why it is over.
        failed: the user could not answer (time-out, unreadable answer); the dialogue cannot be scored.
        exchanges: what the user asked of a language model, for the opening and then for each reply.
    """

    profile: Profile
    seed: int = 0
    turns: tuple[Turn, ...] = ()
    emotions: tuple[float, ...] = ()
    reasons: tuple[tuple[str, ...], ...] = ()
    farewell: str = ""
    done: bool = False
    reason: str = ""
    failed: bool = False
    exchanges: tuple[tuple[Exchange, ...], ...] = ()

    @property
    def replies(self) -> tuple[Turn, ...]:
        """The policy's turns."""
        return tuple(turn for turn in self.turns if turn.role == "assistant")

    @property
    def emotion(self) -> float | None:
        """The user's emotion now, 0 to 100; None before the opening or if the user failed."""
        return self.emotions[-1] if self.emotions and not self.failed else None

    def up_to(self, replies: int) -> "Dialogue":
        """The dialogue as it was once so many replies were answered, at least one; how it ended is left out."""
        end = [place for place, turn in enumerate(self.turns) if turn.role == "assistant"][replies - 1] + 1
        return Dialogue(
            self.profile,
            self.seed,
            self.turns[:end],
            self.emotions[: replies + 1],
            self.reasons[:replies],
            failed=self.failed,
            exchanges=self.exchanges[: replies + 1],
        )

    def messages(self) -> list[dict[str, str]]:
        """The history as a chat template takes it: visible text only, thoughts are dropped."""
        return [{"role": turn.role, "content": turn.visible} for turn in self.turns]
