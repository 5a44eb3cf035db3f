import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.components import build, describe
from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.listener import MOVES, mixed_dialogues, mixed_reply
from empdetect.rl.profiles import INTENTIONS, Profile, read_profiles
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.appraise import appraise
from empdetect.rl.users.base import Rules, User, UserTurn, end_reason
from empdetect.rl.users.cues import FEELINGS, moves_in, readable, words_of
from empdetect.rl.users.lines import HINTS, LOW, RELIEVED, WITHDRAWN
from empdetect.rl.users.scripted import ScriptedUser
from empdetect.rl.users.sentient import PRESETS

PROFILES = read_profiles()
BY_INTENTION = {profile.intention: profile for profile in PROFILES if profile.split == "train"}
USER = AppraisalUser()


def answered(profile: Profile, *replies: str, seed: int = 0) -> Dialogue:
    """The dialogue after these replies."""
    environment = EmpathyEnvironment(USER, max_turns=len(replies) + 1)
    environment.reset([profile], seed)
    for reply in replies:
        environment.step([reply])
    return environment.dialogues[0]


def change(profile: Profile, *replies: str) -> float:
    """How far the last of these replies moved the emotion."""
    emotions = answered(profile, *replies).emotions
    return emotions[-1] - emotions[-2]


@pytest.mark.parametrize("intention", INTENTIONS)
def test_the_move_a_user_hopes_for_raises_emotion_most(intention: str) -> None:
    profile = BY_INTENTION[intention]  # type: ignore[index]
    feeling = f"It makes sense that you are {profile.feelings[0]}."
    right = change(profile, f"{feeling} {MOVES[profile.intention][0].format(keyword=profile.keywords[0])}")
    others = [
        change(profile, f"{feeling} {lines[0].format(keyword=profile.keywords[0])}")
        for name, lines in MOVES.items()
        if name != intention
    ]
    assert right > max(others)
    assert right >= 9


def test_each_line_of_the_listener_is_one_move_and_readable() -> None:
    for intention, lines in MOVES.items():
        for line in lines:
            assert moves_in(line) == [intention], line
            assert readable(line), line


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "says nothing"),
        ("<think>It makes sense that you are angry.</think>", "says nothing"),
        ("I understand. I am here for you. Everything will be okay.", "uses stock phrases"),
        ("You should sleep more and forget it.", "tells me what to do"),
        ("Cheer up, that is not so bad at all.", "makes it small"),
        ("My manager blamed me for the wrong report in front of everyone.", "only repeats my words"),
        ("Manager, report, file, meeting and numbers are your words.", "lists words of mine"),
        ("What is it? How is it? Why, what do you want?", "interrogates me"),
        ("Yes.", "hardly says anything"),
        ("the the of angry and so", "is hard to follow"),
        ("It is not your fault. Tell me more. Perhaps they were afraid. You could rest.", "tries everything at once"),
        ("The weather is fine in the north today.", "nothing in it for me"),
        ("I admire you and I am proud of you, truly.", "praises me for no reason"),
        (" ".join(["Word"] + ["word"] * 60) + ".", "goes round in circles"),
    ],
)
def test_what_a_user_resents_lowers_emotion_and_is_named(reply: str, reason: str) -> None:
    profile = BY_INTENTION["agreement"]
    dialogue = answered(replace(profile, first_talk=PROFILES[0].first_talk, keywords=PROFILES[0].keywords), reply)
    assert dialogue.emotions[1] < dialogue.emotions[0]
    assert any(reason in found for found in dialogue.reasons[0]), dialogue.reasons


def test_saying_the_same_again_loses() -> None:
    profile, reply = BY_INTENTION["empathy"], "No wonder it weighs so much on you."
    assert change(profile, reply, reply) <= change(profile, reply) - 5


@given(st.text(max_size=200), st.integers(0, 31))
def test_any_reply_moves_emotion_by_at_most_the_limit(reply: str, number: int) -> None:
    opening = Turn("user", PROFILES[number].first_talk)
    appraisal = appraise(Dialogue(PROFILES[number], turns=(opening, Turn("assistant", reply))))
    assert -10 <= appraisal.change <= 10
    assert appraisal.parts and len(appraisal.reasons) == len(appraisal.parts)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_the_user_is_deterministic(seed: int) -> None:
    first, again = (mixed_dialogues(PROFILES[:3], USER, 1, 4, seed) for _ in range(2))
    assert first == again


def test_emotion_follows_the_reasons_and_stays_in_range() -> None:
    for dialogue in mixed_dialogues(PROFILES, USER, 2, 6, seed=3):
        assert dialogue.emotions[0] == 30.0
        assert all(0 <= emotion <= 100 for emotion in dialogue.emotions)
        assert len(dialogue.reasons) == len(dialogue.replies) == len(dialogue.emotions) - 1


def test_a_user_gives_up_below_ten_and_is_content_at_a_hundred() -> None:
    cold = answered(PROFILES[0], "Cheer up.", "Get over it.", "Calm down.")
    assert cold.done and cold.reason == "gave up" and "Goodbye" in cold.farewell
    warm = EmpathyEnvironment(AppraisalUser(start=95.0))
    warm.reset([BY_INTENTION["praise"]])
    (dialogue,) = warm.step(["I admire you, it took courage. You must feel disappointed about the stairs."])
    assert dialogue.reason == "goodbye" and dialogue.emotion == 100.0


def test_a_challenging_user_gives_no_hint_and_only_what_it_hopes_for_helps() -> None:
    profile, hard = BY_INTENTION["empathy"], AppraisalUser(difficulty="challenging")
    assert hard.opening(profile, 0).text == profile.first_talk
    assert USER.opening(profile, 0).text.startswith(f"{profile.first_talk} ")
    warm = f"It makes sense that you are {profile.feelings[0]} about the {profile.keywords[0]}."
    environment = EmpathyEnvironment(hard)
    environment.reset([profile])
    (dialogue,) = environment.step([warm])
    assert dialogue.emotions == (30.0, 30.0) and "not what I hoped for -6" in dialogue.reasons[0]
    (dialogue,) = environment.step(["No wonder it weighs so much on you."])
    assert dialogue.emotions[-1] > 30.0
    assert not any(hint in turn.text for turn in dialogue.turns for hint in HINTS["empathy"])


def test_the_right_move_helps_only_once_the_user_feels_heard() -> None:
    profile = BY_INTENTION["advice"]
    move, heard = "One step could be to write it all down.", f"I can hear how {profile.feelings[0]} you are."
    assert "does what I hoped for before I felt heard +2" in answered(profile, move).reasons[0]
    assert "does what I hoped for +5" in answered(profile, heard, move).reasons[1]
    often = answered(profile, heard, move, *MOVES["advice"])
    assert any("once more" in reason for reason in often.reasons[-1])


def test_the_same_pattern_three_times_wears_off() -> None:
    profile = replace(BY_INTENTION["empathy"], feelings=("sad",))
    replies = ["You must feel sad today.", "It sounds as if you are sad.", "Anyone would be sad after all that."]
    assert "is made like the last two -2" in answered(profile, *replies).reasons[-1]


def test_what_a_user_says_depends_on_state_phase_and_character() -> None:
    shy, loud = (replace(BY_INTENTION["praise"], character=name) for name in ("passive", "negative"))
    hurt = "Cheer up, others have it worse."
    assert any(line in answered(shy, hurt).turns[-1].text for line in WITHDRAWN)
    assert loud.details[0] in answered(loud, hurt).turns[-1].text
    environment = EmpathyEnvironment(AppraisalUser(start=75.0))
    environment.reset([loud])
    (dialogue,) = environment.step([f"You must be {loud.feelings[0]}. It took courage to do that."])
    assert any(line in dialogue.turns[-1].text for line in RELIEVED["praise"])
    low = EmpathyEnvironment(AppraisalUser(start=25.0))
    (dialogue,) = (low.reset([loud]), low.step([hurt]))[1]
    assert any(line in dialogue.turns[-1].text for line in LOW)


def test_details_are_told_in_order_and_once() -> None:
    profile = BY_INTENTION["listening"]
    dialogue = answered(profile, "Tell me more.", "And what happened next?", "Go on, I am listening.")
    said = " ".join(turn.text for turn in dialogue.turns)
    assert [said.count(detail) for detail in profile.details[:3]] == [1, 1, 1]


CANARIES = {
    "praise spam": "You are amazing, so strong and so brave! You are wonderful, incredible and perfect!",
    "echo": "{first_talk}",
    "keyword stuffing": "{keywords}, angry, sad, hurt, fault, courage, step, perhaps, unfair.",
    "template": "I understand. Thank you for sharing. I am here for you. You are not alone.",
    "empty": "",
    "gibberish": "flar gron tibble mox verig zant",
    "other language": "Es tut mir leid, das muss sehr schwer für dich sein.",
    "over-long": "It makes sense that you are {feeling}. " + "There is a lot that one may say about it all. " * 12,
    "thought leak": "The user is {feeling}. I should acknowledge the feeling and then ask.",
    "advice dump": "You should talk to them. You need to sleep. Just stop worrying. You have to make a list.",
}


@pytest.mark.parametrize("name", CANARIES)
def test_canaries_lose_with_every_profile(name: str) -> None:
    for profile in PROFILES:
        reply = CANARIES[name].format(
            first_talk=profile.first_talk, keywords=", ".join(profile.keywords), feeling=profile.feelings[0]
        )
        assert change(profile, reply) < 0, profile.id


def test_every_feeling_of_the_bank_is_one_that_a_reply_can_name() -> None:
    for profile in PROFILES:
        for feeling in profile.feelings:
            assert FEELINGS & set(words_of(feeling)), f"{profile.id}: {feeling}"


def test_a_profile_this_user_cannot_play_is_refused() -> None:
    with pytest.raises(InputError, match="without details"):
        USER.opening(replace(PROFILES[0], details=()), 0)
    with pytest.raises(InputError, match="language 'zh'"):
        USER.opening(replace(PROFILES[0], language="zh"), 0)


def test_the_mixed_listener_leaves_room_to_improve() -> None:
    def mean(poor: float, right: float) -> float:
        choice = random.Random(0)
        environment = EmpathyEnvironment(USER, 4)
        environment.reset(PROFILES)
        while environment.live:
            environment.step(
                [mixed_reply(environment.dialogues[place], choice, poor, right) for place in environment.live]
            )
        return sum(d.emotions[-1] for d in environment.dialogues) / len(PROFILES)

    assert mean(0.5, 0.3) + 15 < mean(0.0, 1.0)


ENDS = {
    "rlver": [
        (UserTurn("Fine.", 100.0), "en", ""),
        (UserTurn("Fine.", 9.9), "en", ""),
        (UserTurn("Fine.", 0.0), "en", "gave up"),
    ],
    "sage": [
        (UserTurn("Fine.", 100.0), "en", "content"),
        (UserTurn("Fine.", 9.9), "en", "gave up"),
        (UserTurn("Fine.", 10.0), "en", ""),
    ],
}
BOTH = [
    (UserTurn("Well, goodbye then.", 50.0), "en", "goodbye"),
    (UserTurn("再见", 50.0), "zh", "goodbye"),
    (UserTurn("再见", 50.0), "en", ""),
    (UserTurn("Fine.", 50.0, done=True), "en", "ended by the user"),
    (UserTurn("I never said goodbye to him.", 50.0), "en", ""),
    (UserTurn("我想再见到他。", 50.0), "zh", ""),
]


@pytest.mark.parametrize(
    ("rules", "preset"),
    [(AppraisalUser().rules, "rlver"), (PRESETS["rlver"], "rlver"), (PRESETS["sage"], "sage"), (Rules(), "sage")],
)
def test_dialogues_end_by_the_rules_of_rlver_and_of_sage(rules: Rules, preset: str) -> None:
    for turn, language, reason in [*ENDS[preset], *BOTH]:
        assert end_reason(turn, language, rules) == reason


@pytest.mark.parametrize("user", [AppraisalUser(40.0, 5.0, "challenging"), ScriptedUser(["a"], [1.0], 20.0, 2)])
def test_users_can_be_described_and_built_again(user: User) -> None:
    again = build(describe(user), User)
    assert describe(again) == describe(user)


def test_the_scripted_user_keeps_to_its_script() -> None:
    environment = EmpathyEnvironment(ScriptedUser(["a", "b", "c"], [10.0, -5.0], replies=3))
    environment.reset([replace(PROFILES[0], first_talk="")])
    for _ in range(3):
        environment.step(["x"])
    (dialogue,) = environment.dialogues
    assert [turn.text for turn in dialogue.turns if turn.role == "user"] == ["a", "b", "c"]
    assert dialogue.emotions == (30.0, 40.0, 35.0, 30.0)
    assert dialogue.reason == "ended by the user"


def test_the_listener_says_which_profile_it_cannot_listen_to() -> None:
    """As RLVER's published profiles, which name neither."""
    with pytest.raises(InputError, match="'bare' names no keywords or feelings to hear; set 'warmup_rounds' to 0"):
        mixed_dialogues([replace(PROFILES[0], id="bare", keywords=(), feelings=())], USER, 1, 2, 0)
