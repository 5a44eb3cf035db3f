from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.profiles import read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.rewards.empathy import EmpathyReward
from empdetect.rl.rewards.guards import LanguageGuard, LengthGuard, RepetitionGuard, VarietyGuard
from empdetect.rl.rewards.language import in_language
from tests.detectors import tiny_detector

PROFILE = read_profiles()[0]


def dialogue(
    *replies: str, language: str = "en", scenario: str = "", heard: str = "My cat ran away today."
) -> Dialogue:
    turns: list[Turn] = []
    for reply in replies:
        turns += [Turn("user", heard), Turn("assistant", reply)]
    profile = replace(PROFILE, language=language, id=scenario or PROFILE.id)
    return Dialogue(profile, 0, tuple(turns), (30.0, *(40.0 for _ in replies)), done=True)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("It makes sense that you are sad about your cat.", "en", True),
        ("That sounds hard.", "en", True),
        ("You're right, I don't know what I'd do.", "en", True),
        ("asdf qwer zxcv lkjh poiu", "en", False),
        ("xq", "en", False),
        ("Das tut mir sehr leid, das ist bestimmt schwer für dich.", "en", False),
        ("听起来你真的很难过，我在听。", "en", False),
        ("cat sad cat lost grief pain hurt lonely", "en", False),
        ("", "en", False),
        ("...!?", "en", False),
        ("听起来你真的很难过，我在听。", "zh", True),
        ("That sounds hard.", "zh", False),
        ("啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊啊", "zh", False),
    ],
)
def test_readable_words_of_the_language(text: str, language: str, expected: bool) -> None:
    assert in_language(text, language) is expected


def test_a_language_that_cannot_be_checked_is_named() -> None:
    with pytest.raises(InputError, match="got 'fr', allowed are en, zh"):
        in_language("Bonjour", "fr")


def test_one_reply_in_another_language_fails_the_dialogue() -> None:
    good, bad = "That sounds hard.", "Das ist aber wirklich schwer."
    failed = replace(dialogue(good), failed=True)
    assert LanguageGuard()([dialogue(good, good), dialogue(good, bad), failed]) == [1.0, 0.0, None]


def test_length_costs_nothing_then_more_and_more_and_silence_all() -> None:
    guard = LengthGuard(soft=10, hard=20)
    words = [10, 15, 20, 40, 0]
    assert guard([dialogue("word " * count) for count in words]) == [1.0, 0.5, 0.0, 0.0, 0.0]
    assert guard([dialogue("word " * 10, "word " * 20)]) == [0.5]
    with pytest.raises(InputError, match="'soft' must be above 0 and below 'hard'"):
        LengthGuard(20, 10)


def test_chinese_is_counted_by_characters() -> None:
    assert LengthGuard(soft=5, hard=10)([dialogue("我在听你说话吗好", language="zh")]) == [pytest.approx(0.4)]


def test_repetition_within_across_and_of_the_user() -> None:
    guard = RepetitionGuard(allowed=0.0)
    fresh = "You must miss her very much tonight."
    assert guard([dialogue(fresh)]) == [1.0]
    assert guard([dialogue(fresh, fresh)]) == [0.5]
    assert guard([dialogue("My cat ran away today.")]) == [0.0]
    assert guard([dialogue("so sad so sad so sad so sad")]) == [pytest.approx(2 / 6)]
    assert guard([dialogue("Hm.")]) == [1.0], "too short to repeat anything"
    lenient = RepetitionGuard(allowed=0.5)
    assert lenient([dialogue("so sad so sad so sad so sad")]) == [pytest.approx(1 - (4 / 6 - 0.5) / 0.5)]
    with pytest.raises(InputError, match="'size' must be 1 or more"):
        RepetitionGuard(size=0)


def test_doing_the_same_at_once_costs_and_other_languages_pass() -> None:
    guard = VarietyGuard(allowed=0.2, span=0.4)
    asks, listens = "What helped you then?", "Tell me more about it."
    assert guard([dialogue(asks), dialogue(asks, listens, asks), dialogue(asks, asks)]) == [1.0, 1.0, 0.0]
    (between,) = guard([dialogue(asks, asks, listens, asks)])
    assert between == pytest.approx((0.6 - 1 / 3) / 0.4)
    assert guard([dialogue("你好吗？", "你好吗？", language="zh"), dialogue()]) == [1.0, None]
    with pytest.raises(InputError, match=r"'allowed' must be from 0 to 1 and 'span' above 0, got 0\.6 and 0"):
        VarietyGuard(0.6, 0)


def test_doing_the_same_as_often_as_the_base_policy_costs_nothing() -> None:
    asks, listens = "What helped you then?", "Tell me more about it."
    half, always = dialogue(asks, asks, listens), dialogue(asks, asks, asks)
    guard = VarietyGuard(span=0.5)
    assert guard([half]) == [pytest.approx(1 - (0.5 - 0.25) / 0.5)], "people's, before the base policy was heard"
    guard.prepare([half])
    assert guard([half, always]) == [1.0, 0.0]
    guard.prepare([dialogue("你好吗？", language="zh")])
    assert guard([half]) == [pytest.approx(0.5)]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_guards_stay_between_0_and_1(replies: list[str]) -> None:
    for guard in (LengthGuard(), RepetitionGuard(), LanguageGuard(), VarietyGuard()):
        (factor,) = guard([dialogue(*replies)])
        assert factor is not None and 0 <= factor <= 1


class Given(Reward):
    """Scores by the last number of a reply; None without one."""

    def __init__(self, shift: float = 0.0) -> None:
        self.shift = shift

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        found = [(d.replies[-1].visible.rstrip(".").split() or [""])[-1] for d in dialogues]
        return [float(text) + self.shift if text.replace(".", "").isdigit() else None for text in found]


def said(score: float, scenario: str = "") -> Dialogue:
    return dialogue(f"I can hear that this is hard for you: {score}", scenario=scenario)


PAIR = (Given(), Given())
"""Two judges of one mind."""


def test_the_base_policys_level_is_one_half_in_every_scenario() -> None:
    head = EmpathyReward(PAIR)
    head.prepare([said(0.3, "a"), said(0.3, "a"), said(0.8, "b")])
    low, high, unseen = head([said(0.3, "a"), said(0.8, "b"), said(1.4 / 3, "c")])
    assert (low, high, unseen) == (pytest.approx(0.5), pytest.approx(0.5), pytest.approx(0.5))
    better, worse = head([said(0.4, "a"), said(0.2, "a")])
    assert better == pytest.approx(0.731, abs=1e-3) and worse == pytest.approx(0.269, abs=1e-3)


def test_disagreement_lowers_the_head_and_an_offset_of_a_judge_does_not() -> None:
    calm, offset = EmpathyReward([Given(), Given()]), EmpathyReward([Given(), Given(0.3)])
    for head in (calm, offset):
        head.prepare([said(0.3)])
    assert offset([said(0.4)]) == pytest.approx(calm([said(0.4)]))

    class Contrary(Given):
        def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
            return [None if score is None else 1 - score for score in super().__call__(dialogues)]

    torn = EmpathyReward([Given(), Contrary()])
    torn.prepare([said(0.3)])
    (found,) = torn([said(0.4)])
    assert found is not None and found < 0.3


@pytest.mark.parametrize(
    "replies",
    [
        ("asdf qwer zxcv 9",),
        ("Das ist aber wirklich schwer 9",),
        ("", "I can hear that this is hard for you: 9"),
        ("<think>I can hear that this is hard for you: 9",),
    ],
)
def test_gibberish_another_language_and_broken_form_get_nothing(replies: tuple[str, ...]) -> None:
    head = EmpathyReward(PAIR)
    head.prepare([said(0.3)])
    assert head([dialogue(*replies)]) == [0.0]


def test_the_form_can_be_prescribed() -> None:
    thinking = dialogue("<think>hm</think>I can hear that this is hard for you: 0.3")
    for think, expected in ((True, 0.5), (False, 0.0), (None, 0.5)):
        head = EmpathyReward(PAIR, think=think)
        head.prepare([said(0.3)])
        assert head([thinking]) == [pytest.approx(expected)]


def test_what_a_judge_cannot_score_is_none() -> None:
    head = EmpathyReward(PAIR)
    head.prepare([said(0.3)])
    assert head([dialogue("I hear you and I do not know."), replace(said(0.3), failed=True)]) == [None, None]


def test_wrong_use_of_the_empathy_head_is_refused() -> None:
    with pytest.raises(InputError, match="two judges or more"):
        EmpathyReward([Given()])
    with pytest.raises(InputError, match="does not know the base policy yet"):
        EmpathyReward(PAIR)([said(0.3)])
    with pytest.raises(InputError, match="none of 1 dialogues of the base policy could be scored"):
        EmpathyReward(PAIR).prepare([dialogue("Nothing here that is a number.")])
    raw = DetectorReward(tiny_detector("text"), ["empathy", "distress"])
    with pytest.raises(InputError, match=r"empathy, distress of a judge is not calibrated.*with validation data"):
        EmpathyReward([raw, Given()])
    same = [DetectorReward(tiny_detector("text", calibrated=True), "empathy") for _ in range(2)]
    with pytest.raises(InputError, match=r"several judges read by .*share their blind spots"):
        EmpathyReward(same)
    both = [DetectorReward(name, "empathetic_personas_empathy_score") for name in ("text-reward", "text-empathy")]
    with pytest.raises(InputError, match=r"several judges read by minilm; .*share their blind spots"):
        EmpathyReward(both)


def test_a_clause_of_another_script_is_a_switch_however_few_words_it_counts() -> None:
    assert not in_language("I can hear how sad you are. 我完全理解你的感受因为我也经历过", "en")
    assert in_language("I can hear how sad Zoë is.", "en")


def test_a_guard_tells_what_each_reply_is_worth_by_itself() -> None:
    asks, listens = "What helped you to sleep before?", "It makes sense that you are hurt."
    found = dialogue(asks, listens, asks)
    assert RepetitionGuard().factors(found) == [1.0, 1.0, 0.0]
    assert VarietyGuard(allowed=0.0).factors(found) == [1.0, 1.0, 1.0]
    assert VarietyGuard(allowed=0.0).factors(dialogue(asks, asks)) == [1.0, 0.0]
    other = replace(dialogue(asks, asks), profile=replace(PROFILE, language="zh"))
    assert VarietyGuard(allowed=0.0).factors(other) == [1.0, 1.0], "English only"
