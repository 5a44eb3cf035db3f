import asyncio
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profiles import Profile, read_profiles
from empdetect.rl.users.base import User, UserFailed, UserTurn
from empdetect.rl.users.scripted import ScriptedUser

BASE = read_profiles()[0]


def profiles(count: int) -> list[Profile]:
    return [replace(BASE, id=str(number), first_talk=f"I am {number}.") for number in range(count)]


class NamedUser(User):
    """Says its profile's id, and leaves after as many replies as told for it."""

    def __init__(self, lengths: list[int]) -> None:
        self.lengths = lengths

    def opening(self, profile: Profile, seed: int) -> UserTurn:
        return UserTurn(f"{profile.id} opens", 30.0)

    def reply(self, dialogue: Dialogue) -> UserTurn:
        number, turn = int(dialogue.profile.id), len(dialogue.replies)
        assert all(found.text.startswith(dialogue.profile.id) for found in dialogue.turns), "somebody else's words"
        return UserTurn(f"{number} says {turn}", 30.0 + number, done=turn >= self.lengths[number])


@settings(max_examples=50)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
def test_each_user_answers_its_own_dialogue_when_others_end_early(lengths: list[int]) -> None:
    environment = EmpathyEnvironment(NamedUser(lengths), max_turns=6)
    environment.reset(profiles(len(lengths)))
    while environment.live:
        environment.step([f"{place} is spoken to" for place in environment.live])
    for number, dialogue in enumerate(environment.dialogues):
        assert dialogue.profile.id == str(number)
        assert len(dialogue.replies) == lengths[number]
        assert set(dialogue.emotions[1:]) == {30.0 + number}
        assert dialogue.turns[-1].role == "assistant", "ends on the policy's words"
        assert dialogue.farewell == f"{number} says {lengths[number]}"


@pytest.mark.parametrize("cap", [1, 2, 5])
def test_the_policy_speaks_at_most_max_turns_times(cap: int) -> None:
    environment = EmpathyEnvironment(ScriptedUser(), max_turns=cap)
    environment.reset(profiles(2))
    steps = 0
    while environment.live:
        environment.step(["x", "y"])
        steps += 1
    assert steps == cap
    assert all(len(d.replies) == cap and d.reason == "turn limit" for d in environment.dialogues)


class Listening(ScriptedUser):
    def reply(self, dialogue: Dialogue) -> UserTurn:
        self.heard = dialogue.turns[-1].text
        return super().reply(dialogue)


def test_only_visible_text_reaches_the_user_and_the_thought_is_kept_for_training() -> None:
    user = Listening()
    environment = EmpathyEnvironment(user, max_turns=2)
    environment.reset([BASE])
    (dialogue,) = environment.step(["<think>secret</think>Hello."])
    assert user.heard == "Hello."
    assert dialogue.replies[0].thought == "secret"


class Slow(ScriptedUser):
    """Answers over a slow line; the one of profile 1 never does."""

    async def opening(self, profile: Profile, seed: int) -> UserTurn:  # type: ignore[override]
        await asyncio.sleep(0.05)
        return super().opening(profile, seed)

    async def reply(self, dialogue: Dialogue) -> UserTurn:  # type: ignore[override]
        await asyncio.sleep(0.05)
        if dialogue.profile.id == "1":
            raise UserFailed("timed out")
        return super().reply(dialogue)


def test_slow_users_are_awaited_together_and_a_failed_one_is_not_scorable() -> None:
    environment = EmpathyEnvironment(Slow(), max_turns=2)
    began = time.perf_counter()
    environment.reset(profiles(40))
    environment.step(["x"] * 40)
    assert time.perf_counter() - began < 1.5, "one after the other would take 4 seconds"
    failed = environment.dialogues[1]
    assert failed.done and failed.failed and failed.emotion is None and "timed out" in failed.reason
    assert environment.live == (0, *range(2, 40))


def test_slow_users_work_where_a_loop_already_runs() -> None:
    async def notebook() -> tuple[Dialogue, ...]:
        environment = EmpathyEnvironment(Slow())
        environment.reset(profiles(1))
        return environment.step(["x"])

    assert asyncio.run(notebook())[0].emotions == (30.0, 35.0)


class Deaf(ScriptedUser):
    def opening(self, profile: Profile, seed: int) -> UserTurn:
        raise UserFailed("no line")


class Broken(ScriptedUser):
    def reply(self, dialogue: Dialogue) -> UserTurn:
        raise KeyError("a mistake in the code")


def test_a_user_that_fails_at_once_ends_its_dialogue() -> None:
    environment = EmpathyEnvironment(Deaf())
    (dialogue,) = environment.reset([BASE])
    assert dialogue.failed and not environment.live


def test_a_mistake_in_a_user_is_not_taken_for_a_failed_answer() -> None:
    environment = EmpathyEnvironment(Broken())
    environment.reset([BASE])
    with pytest.raises(KeyError):
        environment.step(["x"])


def test_replies_must_fit_the_dialogues_that_go_on() -> None:
    environment = EmpathyEnvironment(ScriptedUser())
    environment.reset([BASE])
    with pytest.raises(ValueError, match="1 replies are needed, got 2"):
        environment.step(["x", "y"])
    with pytest.raises(ValueError, match="max_turns"):
        EmpathyEnvironment(ScriptedUser(), max_turns=0)


def test_the_core_imports_neither_torch_nor_an_engine() -> None:
    code = (
        "import sys, empdetect.rl.environment, empdetect.rl.users.appraisal, empdetect.rl.users.scripted, "
        "empdetect.rl.rewards.base; print([m for m in ('torch', 'trl', 'verl', 'transformers') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
