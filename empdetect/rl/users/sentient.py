"""RLVER's own user: a language model that feels first and speaks second."""

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from typing import Literal, TypeVar

from empdetect.rl.dialogue import Dialogue, Exchange
from empdetect.rl.profiles import Profile
from empdetect.rl.users import sections
from empdetect.rl.users.base import Difficulty, Rules, User, UserFailed, UserTurn, emotion_state
from empdetect.rl.users.endpoint import Endpoint, EndpointFailed, RecordedEndpoint
from empdetect.rl.users.sentient_prompts import ANALYSIS, REPLY, Message, analysis_prompt, repair_prompt, reply_prompt

T = TypeVar("T")
Preset = Literal["rlver", "sage"]

PRESETS: dict[Preset, Rules] = {
    # RLVER's training code ends at a goodbye, at emotion 0 and at the turn limit, and clamps nothing but the top.
    "rlver": Rules(start=30.0, limit=None, content=None, give_up=1.0, floor=-math.inf),
    # SAGE's evaluation code.
    "sage": Rules(start=40.0, limit=10.0, content=100.0, give_up=10.0, floor=-math.inf),
}
PASSED_ON: dict[Preset, tuple[str, ...]] = {"rlver": ("Reason", "Analysis"), "sage": ("Reason", "Activity", "Analysis")}
"""Sections of the analysis that the second question is told, as in the released code of both."""


class SentientUser(User):
    """A language model plays the user, with two questions a turn (RLVER, section 2.1; SAGE, arXiv 2505.02847).

    First it judges what the last reply does to the person and gives a signed change of emotion; then it
    answers, knowing only the state the emotion is in. An answer that cannot be read is asked for once
    more; if that fails too, or the service does not answer, the user fails and the dialogue is not
    scorable. The words of the policy reach the model as JSON, so that they cannot pass for ours.

    Args:
        endpoint: the language model.
        preset: ``rlver`` starts at 30 and leaves the change as it is; ``sage`` starts at 40, clamps it to 10
            points and ends at 100 and below 10. Give the environment 8 and 10 turns.
        difficulty: ``vanilla`` or ``challenging``.
    """

    def __init__(self, endpoint: Endpoint, preset: Preset = "rlver", difficulty: Difficulty = "vanilla") -> None:
        self.endpoint = endpoint
        self.preset = preset
        self.difficulty = difficulty
        self.rules = PRESETS[preset]

    async def opening(self, profile: Profile, seed: int) -> UserTurn:
        """The profile's first words; the model's, if it has none."""
        if profile.first_talk:
            return UserTurn(profile.first_talk, self.rules.start)
        asked: list[Exchange] = []
        prompt = reply_prompt(profile, emotion_state(self.rules.start), (), {}, self.difficulty)
        text = await self._ask(prompt, profile, _seed(seed, profile, 0, "reply"), REPLY, _read_reply, asked)
        return UserTurn(text, self.rules.start, exchanges=tuple(asked))

    async def reply(self, dialogue: Dialogue) -> UserTurn:
        """Judge the last reply, then answer it; where the judgement ends the dialogue, nothing more is asked."""
        profile, turn, asked = dialogue.profile, len(dialogue.replies), list[Exchange]()
        before, said = dialogue.emotions[-1], _talk(dialogue)
        prompt = analysis_prompt(profile, before, said, self.difficulty)
        seed = _seed(dialogue.seed, profile, turn, "analysis")
        change, mind = await self._ask(prompt, profile, seed, ANALYSIS, _read_analysis, asked)
        emotion = self.rules.moved(before, change)
        text = ""
        if emotion >= self.rules.give_up and (self.rules.content is None or emotion < self.rules.content):
            told = {name: _without((before, emotion), mind[name]) for name in PASSED_ON[self.preset]}
            prompt = reply_prompt(profile, emotion_state(emotion), said, told, self.difficulty)
            seed = _seed(dialogue.seed, profile, turn, "reply")
            text = await self._ask(prompt, profile, seed, REPLY, _read_reply, asked)
        return UserTurn(text, emotion, emotion - before, tuple(mind.values()), exchanges=tuple(asked))

    def replaying(self, exchanges: Sequence[Exchange]) -> "SentientUser":
        """The user with recorded answers."""
        return SentientUser(RecordedEndpoint(self.endpoint, exchanges), self.preset, self.difficulty)

    async def _ask(
        self,
        prompt: Sequence[Message],
        profile: Profile,
        seed: int,
        names: Sequence[str],
        read: Callable[[dict[str, str]], T],
        asked: list[Exchange],
    ) -> T:
        """Ask, read the answer, and ask once more if it cannot be read; ``asked`` takes up every exchange."""
        answer = await self._exchange(prompt, seed, asked)
        try:
            return read(sections.read_sections(answer, names))
        except sections.Unreadable as problem:
            repair = repair_prompt(profile, str(problem), names)
        again = [*prompt, {"role": "assistant", "content": answer}, {"role": "user", "content": repair}]
        answer = await self._exchange(again, seed, asked)
        try:
            return read(sections.read_sections(answer, names))
        except sections.Unreadable as problem:
            raise UserFailed(f"an unreadable answer, twice: {problem}", tuple(asked)) from None

    async def _exchange(self, messages: Sequence[Message], seed: int, asked: list[Exchange]) -> str:
        try:
            exchange = await self.endpoint.ask(messages, seed)
        except EndpointFailed as failure:
            raise UserFailed(str(failure), (*asked, failure.exchange)) from None
        asked.append(exchange)
        return exchange.answer or ""


def _read_analysis(found: dict[str, str]) -> tuple[int, dict[str, str]]:
    """The change, and what the reply may go by: never the number."""
    mind = {name: found[name] for name in ("Reason", "Activity", "Analysis")}
    return sections.read_change(found["Change"]), mind


def _without(numbers: Sequence[float], text: str) -> str:
    """The text without these numbers: the analysis knows the emotion, whoever replies knows its state alone."""
    either = "|".join(re.escape(f"{number:g}") for number in numbers)
    return re.sub(rf"(?<![\d.])(?:{either})(?:\.0+)?(?!\.?\d)", "…", text)


def _read_reply(found: dict[str, str]) -> str:
    return sections.read_response(found["Response"])


def _talk(dialogue: Dialogue) -> list[Message]:
    """What was said aloud, as the model sees it."""
    names = {"user": "you", "assistant": "friend"}
    return [{"who": names[turn.role], "text": turn.visible} for turn in dialogue.turns]


def _seed(seed: int, profile: Profile, turn: int, question: str) -> int:
    """A seed of its own for every question of every dialogue, 31 bits, the same on any machine."""
    digest = hashlib.sha256(f"{seed}/{profile.id}/{turn}/{question}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
