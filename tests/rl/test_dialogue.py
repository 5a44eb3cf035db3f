from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.rl.dialogue import Dialogue, Turn, follows_think_format, split_thought
from empdetect.rl.profiles import read_profiles

PROFILE = read_profiles()[0]


@pytest.mark.parametrize(
    ("text", "thought", "visible"),
    [
        ("Hello.", None, "Hello."),
        ("<think>plan</think>Hello.", "plan", "Hello."),
        ("<think>plan</think>", "plan", ""),
        ("plan</think>Hello.", "plan", "Hello."),
        ("Hello. <think>plan", "plan", "Hello."),
        ("<think>a</think>b<think>c</think>d", "a b c", "d"),
        ("< THINK >plan</ think >Hello.", "plan", "Hello."),
        ("", None, ""),
    ],
)
def test_thought_and_visible_text_come_apart(text: str, thought: str | None, visible: str) -> None:
    found_thought, found_visible = split_thought(text)
    assert found_visible == visible
    assert (found_thought.split() if found_thought else found_thought) == (thought.split() if thought else thought)


@given(st.lists(st.sampled_from(["<think>", "</think>", "secret", "said", " "]), max_size=12))
def test_what_stands_inside_a_thought_is_never_seen(parts: list[str]) -> None:
    visible = split_thought("".join(parts))[1]
    assert "think>" not in visible
    closed = "</think>" in parts
    after = parts[len(parts) - parts[::-1].index("</think>") :] if closed else parts
    shown = after[: after.index("<think>")] if "<think>" in after else after
    assert visible == "".join(shown).strip()


def test_think_format_needs_one_thought_first_and_something_to_see() -> None:
    assert follows_think_format("<think>why</think> Hello.")
    for text in ("Hello.", "<think>why</think>", "<think></think>Hi.", "Hi <think>why</think> Hi", "why</think>Hi"):
        assert not follows_think_format(text)


def test_a_users_words_are_never_taken_for_a_thought() -> None:
    assert Turn("user", "I <think> so").visible == "I <think> so"
    assert Turn("user", "I <think> so").thought is None


def test_messages_drop_thoughts_and_dialogues_cannot_be_changed() -> None:
    dialogue = Dialogue(PROFILE, turns=(Turn("user", "Hi."), Turn("assistant", "<think>x</think>Hello.")))
    assert dialogue.messages() == [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
    with pytest.raises(FrozenInstanceError):
        dialogue.done = True  # type: ignore[misc]


def test_a_failed_dialogue_has_no_emotion() -> None:
    assert Dialogue(PROFILE, emotions=(30.0, 40.0)).emotion == 40.0
    assert Dialogue(PROFILE, emotions=(30.0, 40.0), failed=True).emotion is None
    assert Dialogue(PROFILE).emotion is None
