"""The defects of RLVER's released code that concern profiles, users and environment: ours has none of them."""

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.listener import mixed_dialogues
from empdetect.rl.profiles import Profile, read_profiles
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import User, UserTurn
from empdetect.rl.users.endpoint import Endpoint
from empdetect.rl.users.scripted import ScriptedUser
from empdetect.rl.users.sentient import SentientUser
from tests.rl.stub_endpoint import Answer, analysis, asks_for_analysis, completion, kind, reply, stub_endpoint

PROFILES = read_profiles()


def sentient(url: str, **told: Any) -> SentientUser:
    return SentientUser(Endpoint(url, "tiny", attempts=2, shortest_wait=0.01, timeout=20.0), **told)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=6, unique=False))
def test_defect_1_answers_stay_with_their_dialogue_when_others_end_early(lengths: list[int]) -> None:
    """Users of different lengths, side by side and alone, end with the same emotions and words."""
    users = [replace(PROFILES[place], id=f"{place}/{length}") for place, length in enumerate(lengths)]
    together = _played(users)
    assert together == [_played([user])[0] for user in users]


class Leaving(AppraisalUser):
    """Leaves after as many replies as its profile's id says."""

    def reply(self, dialogue: Dialogue) -> UserTurn:
        turn = super().reply(dialogue)
        return replace(turn, done=len(dialogue.replies) >= int(dialogue.profile.id.split("/")[1]))


def _played(profiles: list[Profile]) -> list[Dialogue]:
    environment = EmpathyEnvironment(Leaving(), max_turns=5)
    environment.reset(profiles)
    while environment.live:
        places = environment.live
        environment.step([f"Tell me more, {environment.dialogues[place].profile.id}." for place in places])
    return list(environment.dialogues)


def test_defect_1_with_a_language_model_too() -> None:
    """Each dialogue's questions hold its own words only, however many have ended before."""

    def leaves(request: dict[str, Any], number: int) -> str:
        told = request["messages"][1]["content"]
        number = next(number for number in range(4) if f"number {number}" in told)
        if asks_for_analysis(request):
            return analysis(number + 1)
        return reply("Goodbye." if told.count("number") > number + 1 else f"number {number} speaks")

    profiles = [replace(PROFILES[place], first_talk=f"I am number {place}.") for place in range(4)]
    with stub_endpoint(leaves) as stub:
        environment = EmpathyEnvironment(sentient(stub.url), max_turns=4)
        environment.reset(profiles)
        while environment.live:
            environment.step([f"Go on, number {place}." for place in environment.live])
    for request in stub.requests:
        told = request["messages"][1]["content"]
        assert sum(f"number {number}" in told for number in range(4)) == 1
    for number, dialogue in enumerate(environment.dialogues):
        steps = {after - before for before, after in zip(dialogue.emotions, dialogue.emotions[1:])}
        assert steps == {number + 1.0} and not dialogue.failed


def test_defect_4_a_group_costs_one_opening() -> None:
    with stub_endpoint() as stub:
        environment = EmpathyEnvironment(sentient(stub.url))
        environment.reset([replace(PROFILES[0], first_talk="")] * 8)
        assert len(stub.requests) == 1
        assert len({dialogue.turns for dialogue in environment.dialogues}) == 1


def test_defect_5_the_seed_fixes_everything_and_another_seed_changes_it() -> None:
    first, again, other = (mixed_dialogues(PROFILES[:6], AppraisalUser(), 1, 4, seed) for seed in (1, 1, 2))
    assert first == again != other
    with stub_endpoint() as stub:
        for seed in (1, 1, 2):
            environment = EmpathyEnvironment(sentient(stub.url))
            environment.reset(PROFILES[:1], seed)
            environment.step(["Hello."])
    seeds = [request["seed"] for request in stub.requests]
    assert seeds[:2] == seeds[2:4] and not set(seeds[:2]) & set(seeds[4:])


def test_defect_6_a_long_dialogue_is_neither_dropped_nor_keeps_an_old_emotion() -> None:
    """However long a reply is, it is judged; nothing leaves the environment without an end and its reason."""
    environment = EmpathyEnvironment(AppraisalUser(start=60.0), max_turns=3)
    environment.reset(PROFILES[:2])
    while environment.live:
        environment.step(["word " * 5000 for _ in environment.live])
    for dialogue in environment.dialogues:
        assert dialogue.done and dialogue.reason and len(dialogue.emotions) == len(dialogue.replies) + 1
        assert any("talks too long" in reason for reason in dialogue.reasons[0])


def test_defect_7_questions_of_different_dialogues_overlap() -> None:
    def slowly(request: dict[str, Any], number: int) -> Answer:
        return Answer(completion(kind(request, number)), delay=0.3)

    with stub_endpoint(slowly) as stub:
        environment = EmpathyEnvironment(sentient(stub.url))
        environment.reset([replace(PROFILES[0], id=str(number)) for number in range(16)])
        environment.step(["Hello."] * 16)
    assert stub.at_once >= 8 and len(stub.requests) == 32


class Endless(User):
    """Never leaves by itself."""

    async def opening(self, profile: Profile, seed: int) -> UserTurn:
        return UserTurn("I begin.", 50.0)

    async def reply(self, dialogue: Dialogue) -> UserTurn:
        await asyncio.sleep(0)
        return UserTurn("I go on.", 50.0)


def test_the_cap_of_8_is_8_and_not_9() -> None:
    environment = EmpathyEnvironment(Endless())
    environment.reset(PROFILES[:1])
    while environment.live:
        environment.step(["Well."])
    (dialogue,) = environment.dialogues
    assert len(dialogue.replies) == 8 and dialogue.reason == "turn limit" and len(dialogue.emotions) == 9


def test_the_last_words_are_the_policys_and_the_users_farewell_is_kept_apart() -> None:
    environment = EmpathyEnvironment(ScriptedUser(["a", "goodbye"]), max_turns=8)
    environment.reset(PROFILES[:1])
    (dialogue,) = environment.step(["So?"])
    assert dialogue.reason == "goodbye" and dialogue.turns[-1].role == "assistant" and dialogue.farewell == "goodbye"


def test_a_thought_without_its_closing_tag_reaches_neither_user_nor_history() -> None:
    with stub_endpoint() as stub:
        environment = EmpathyEnvironment(sentient(stub.url))
        environment.reset(PROFILES[:1])
        (dialogue,) = environment.step(["Hello. <think>they want praise"])
        (dialogue,) = environment.step(["they want praise</think>Go on."])
    assert "praise" not in str([request["messages"][1] for request in stub.requests])
    assert "praise" not in str(dialogue.messages())


def test_published_profiles_need_no_topic_and_split_by_persona(tmp_path: Any) -> None:
    """See ``test_profiles.test_rlver_as_published`` for the 47 personas that are on both published sides."""
    row = '{"id": "%s", "player": "p", "scene": "%s", "main_cha": "被动型", "cha_group": [], "task": "共情"}'
    path = tmp_path / "train_profile.jsonl"
    path.write_text("\n".join(row % (number, number) for number in range(3)), encoding="utf-8")
    profiles = read_profiles(path)
    assert {profile.topic for profile in profiles} == {""} and len({profile.group for profile in profiles}) == 1
