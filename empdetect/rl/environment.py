"""The environment: many dialogues side by side, each with a simulated user."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.event_loop import run
from empdetect.rl.profiles import Profile
from empdetect.rl.users.base import User, UserFailed, UserTurn, end_reason

Answer = UserTurn | Awaitable[UserTurn]


class EmpathyEnvironment:
    """Dialogues of one policy with many users.

    Dialogues keep their places from ``reset`` on. When some end early, the others are still answered
    by their own users, because a user is only ever handed its own dialogue. (In RLVER's released code
    the answers move to other dialogues' users from the first early end on.)

    Args:
        user: who answers; one object for all, as users hold no state.
        max_turns: replies of the policy after which a dialogue ends: with 8 it speaks at most 8 times, and
            the user still judges the eighth. (RLVER's paper says 8 and its code, which tests for "more than",
            lets 9 pass; SAGE lets the policy speak 10 times and does not judge the tenth.)

    Attributes:
        dialogues: all of them, in the order of ``reset``.
    """

    def __init__(self, user: User, max_turns: int = 8) -> None:
        if max_turns < 1:
            raise ValueError(f"max_turns must be 1 or more, got {max_turns}")
        self.user = user
        self.max_turns = max_turns
        self.dialogues: tuple[Dialogue, ...] = ()

    @property
    def live(self) -> tuple[int, ...]:
        """Places of the dialogues that go on."""
        return tuple(place for place, dialogue in enumerate(self.dialogues) if not dialogue.done)

    def reset(self, profiles: Sequence[Profile], seed: int = 0) -> tuple[Dialogue, ...]:
        """Start one dialogue a profile; equal profiles share one opening, as a group of rollouts needs.

        The user is asked once for each different profile. (RLVER's released code asks a language model
        for every member of a group and throws the answers away.)

        Returns:
            The dialogues, each with the user's opening.
        """
        different = list(dict.fromkeys(profiles))
        answers = _together([partial(self.user.opening, profile, seed) for profile in different])
        openings = dict(zip(different, answers))
        self.dialogues = tuple(self._opened(profile, seed, openings[profile]) for profile in profiles)
        return self.dialogues

    def step(self, texts: Sequence[str]) -> tuple[Dialogue, ...]:
        """Let the policy speak once in every dialogue that goes on, and the users answer.

        Args:
            texts: the replies, thoughts and all, in the order of ``live``.

        Returns:
            All dialogues, the finished ones included, in the order of ``reset``.

        Raises:
            ValueError: not one reply for each dialogue that goes on.
        """
        live = self.live
        if len(texts) != len(live):
            raise ValueError(f"{len(live)} dialogues go on, so {len(live)} replies are needed, got {len(texts)}")
        spoken = [_say(self.dialogues[place], text) for place, text in zip(live, texts)]
        answers = _together([partial(self.user.reply, _as_seen(dialogue)) for dialogue in spoken])
        after = list(self.dialogues)
        for place, dialogue, answer in zip(live, spoken, answers):
            after[place] = self._answered(dialogue, answer)
        self.dialogues = tuple(after)
        return self.dialogues

    def lead(self, profiles: Sequence[Profile], seed: int, speak: Callable[[Dialogue], str]) -> list[Dialogue]:
        """One whole dialogue a profile, led by a function: each reply follows from its dialogue.

        Args:
            profiles: one a dialogue.
            seed: of the users.
            speak: the reply to a dialogue whose last turn is the user's.
        """
        self.reset(profiles, seed)
        while self.live:
            self.step([speak(self.dialogues[place]) for place in self.live])
        return list(self.dialogues)

    def _opened(self, profile: Profile, seed: int, answer: UserTurn | UserFailed) -> Dialogue:
        if isinstance(answer, UserFailed):
            return _failed(Dialogue(profile, seed), answer)
        opened = Dialogue(profile, seed, (Turn("user", answer.text),), (answer.emotion,))
        return replace(opened, exchanges=(answer.exchanges,))

    def _answered(self, dialogue: Dialogue, answer: UserTurn | UserFailed) -> Dialogue:
        if isinstance(answer, UserFailed):
            return _failed(dialogue, answer)
        felt = replace(
            dialogue,
            emotions=(*dialogue.emotions, answer.emotion),
            reasons=(*dialogue.reasons, answer.reasons),
            exchanges=(*dialogue.exchanges, answer.exchanges),
        )
        reason = end_reason(answer, dialogue.profile.language, self.user.rules)
        if not reason and len(dialogue.replies) >= self.max_turns:
            reason = "turn limit"
        if reason:
            return replace(felt, done=True, reason=reason, farewell=answer.text)
        return replace(felt, turns=(*felt.turns, Turn("user", answer.text)))


def _failed(dialogue: Dialogue, failure: UserFailed) -> Dialogue:
    exchanges = (*dialogue.exchanges, failure.exchanges)
    return replace(dialogue, done=True, failed=True, reason=f"the user failed: {failure}", exchanges=exchanges)


def _say(dialogue: Dialogue, text: str) -> Dialogue:
    return replace(dialogue, turns=(*dialogue.turns, Turn("assistant", text)))


def _as_seen(dialogue: Dialogue) -> Dialogue:
    """The dialogue as the user sees it: no thoughts."""
    return replace(dialogue, turns=tuple(Turn(turn.role, turn.visible) for turn in dialogue.turns))


def _together(calls: Sequence[Callable[[], Answer]]) -> list[UserTurn | UserFailed]:
    """Make all calls; those that answer later are awaited together. A failed user costs only its own dialogue."""
    answers = [_call(call) for call in calls]
    if any(isinstance(answer, Awaitable) for answer in answers):
        return run(_gather(answers))
    return [answer for answer in answers if not isinstance(answer, Awaitable)]


def _call(call: Callable[[], Answer]) -> Answer | UserFailed:
    try:
        return call()
    except UserFailed as failure:
        return failure


async def _gather(answers: Sequence[Answer | UserFailed]) -> list[UserTurn | UserFailed]:
    return list(await asyncio.gather(*(_awaited(answer) for answer in answers)))


async def _awaited(answer: Answer | UserFailed) -> UserTurn | UserFailed:
    try:
        return await answer if isinstance(answer, Awaitable) else answer
    except UserFailed as failure:
        return failure
