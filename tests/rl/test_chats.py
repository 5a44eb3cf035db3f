"""Chats that a policy learns to speak from: read in the published form, refused in any other."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.errors import InputError
from empdetect.rl.chats import dialogue_of, read_chats
from empdetect.rl.policy import small_policy
from empdetect.rl.rewards.detector import DetectorReward
from empdetect.rl.warmup import warm_up

Said = Sequence[tuple[str, str]]


def line(said: Said) -> str:
    return json.dumps({"messages": [{"role": role, "content": text} for role, text in said]})


def written(path: Path, *chats: Said) -> Path:
    path.write_text("\n".join(map(line, chats)) + "\n", encoding="utf-8")
    return path


def test_a_chat_is_what_lies_between_the_users_first_and_the_assistants_last_words(tmp_path: Path) -> None:
    path = written(
        tmp_path / "chats.jsonl",
        [("system", "Be kind."), ("assistant", "Hi."), ("user", "I am"), ("user", "sad.\u2028"), ("assistant", "Why?")],
        [("user", "One."), ("assistant", "Two."), ("assistant", ""), ("user", "Three."), ("assistant", "Four."),
         ("user", "Five.")],
    )  # fmt: skip
    first, second = read_chats(path)
    assert [(turn.role, turn.text) for turn in first.turns] == [("user", "I am sad."), ("assistant", "Why?")]
    assert [turn.text for turn in second.turns] == ["One.", "Two.", "Three.", "Four."]
    assert first.profile.id != second.profile.id and first.done


def test_messages_are_a_dialogue_that_can_be_rewarded() -> None:
    chat = [{"role": "user", "content": "I failed."}, {"role": "assistant", "content": "I am sorry, that must hurt."}]
    dialogue = dialogue_of(chat)
    assert [turn.text for turn in dialogue.replies] == ["I am sorry, that must hurt."]
    head = DetectorReward("text-empathy", measure="empathetic_personas_empathy_score")
    (reward,) = head([dialogue])
    assert reward is not None and 0 <= reward <= 1
    with pytest.raises(InputError, match=r"dialogues are needed, got \[\{.*chats.dialogue_of"):
        head([chat])  # type: ignore[list-item]
    with pytest.raises(InputError, match="Reading chats: mine is no"):
        dialogue_of(["Hello"], "mine")  # type: ignore[list-item]


@given(st.lists(st.tuples(st.sampled_from(("system", "user", "assistant")), st.text(max_size=5)), max_size=12))
def test_turns_alternate_from_the_user_to_the_assistant(said: list[tuple[str, str]]) -> None:
    from empdetect.rl.chats import _turns

    roles = [turn.role for turn in _turns([(role, text.strip()) for role, text in said])]
    assert len(roles) % 2 == 0 and roles == ["user", "assistant"] * (len(roles) // 2)


@pytest.mark.parametrize(
    ("text", "think", "message"),
    [
        ("\n", False, "holds none"),
        ("Hello", False, "line 1 is no .*JSONDecodeError"),
        ('{"text": "Hello"}', False, "line 1 is no .*KeyError: 'messages'"),
        ('{"messages": [{"role": "user", "content": [1]}]}', False, "role and content must be text"),
        ('{"messages": ["Hello"]}', False, "line 1 is no"),
        (line([("user", "Hello"), ("tool", "4")]), False, "line 1 has the roles tool; roles are system, user"),
        (line([("assistant", "Hello"), ("user", "Hi")]), False, "has no assistant who answers a user"),
        (line([("user", "Hi"), ("assistant", "Hello")]), True, "1 replies of .* are without a thought, and .* is true"),
        (line([("user", "Hi"), ("assistant", "<think>A</think>B")]), False, "with a thought, and .* is false"),
    ],
)
def test_what_is_no_chat_is_named(tmp_path: Path, text: str, think: bool, message: str) -> None:
    (tmp_path / "chats.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_chats(tmp_path / "chats.jsonl", think)
    with pytest.raises(InputError, match="nothing"):
        read_chats(tmp_path / "nothing.jsonl")


def test_a_small_policy_learns_from_peoples_dialogues(tmp_path: Path, data_root: Path) -> None:
    rows = (data_root / "esconv" / "multiesc_valid.txt").read_text(encoding="utf-8").split("\n")[:12]
    roles = {"usr": "user", "sys": "assistant"}
    chats = [[(roles[turn["speaker"]], turn["text"]) for turn in json.loads(row)["dialog"]] for row in rows]
    dialogues = read_chats(written(tmp_path / "chats.jsonl", *chats))
    assert len(dialogues) == 12 and all(len(dialogue.replies) > 3 for dialogue in dialogues)
    policy = small_policy((turn.text for dialogue in dialogues for turn in dialogue.turns), seed=0)
    losses = warm_up(policy, dialogues, steps=12, rows=4)
    assert sum(losses[-3:]) < 0.9 * sum(losses[:3])


def test_unknown_words_are_read_and_not_learned(tmp_path: Path) -> None:
    path = written(tmp_path / "chats.jsonl", [("user", "A zebra?"), ("assistant", "A zebra zebra zebra zebra.")])
    policy = small_policy(["A?", "A."], width=16, heads=2)
    assert policy.tokenizer.unk_token_id in policy.completion("A zebra.")
    warm_up(policy, read_chats(path), steps=40, rows=1, learning_rate=0.03)
    (said,) = policy.generate([policy.prompt(read_chats(path)[0].up_to(0))], max_new_tokens=6, temperature=0)
    assert policy.tokenizer.unk_token_id not in said and policy.tokenizer.convert_tokens_to_ids("A") in said
