"""People's dialogues as chats: the listener's words are learned, in the form that a policy is to speak in."""

from pathlib import Path

import pytest

from empdetect.cli import main
from empdetect.datamodules.empathetic_dialogues import EMOTIONS, SPLITS_FILE
from empdetect.errors import InputError
from empdetect.rl.chats import read_chats
from empdetect.rl.people import PLANS, write_chats
from empdetect.rl.policy import Policy
from empdetect.rl.run import make_start
from tests.datamodules.text_sets import write_table

CONFIGS = Path(__file__).parents[2] / "configs" / "rl"
HEADER = ("Dialog_ID", "Type", "Actor", "Text", "Label")


def lines(name: str) -> list[tuple[str, ...]]:
    return [
        (name, "situation", "none", "When the roof fell in", "afraid"),
        (name, "utterance", "speaker", "The roof fell in.", "afraid"),
        (name, "utterance", "listener", "Oh no!", "sympathizing"),
        (name, "utterance", "listener", "Was it raining?", "questioning"),
        (name, "utterance", "speaker", "It was.", "sad"),
        (name, "utterance", "listener", "\u201cSad\u201d, {then}.", "sad"),
        (name, "utterance", "speaker", "Yes.", "agreeing"),
    ]


def written(root: Path) -> Path:
    folder = root / "empathetic_dialogues"
    for number, emotion in enumerate(EMOTIONS):
        names = ("a", "b") if number < 2 else ("b",)
        told = [line for part in names for line in lines(f"hit:{number}_{part}")]
        write_table(folder / f"{emotion}.csv", [HEADER, *(told[:2] if number == 1 else told)])
    ids = [(f"hit:{number}_b", "dev" if number % 2 else "test") for number in range(len(EMOTIONS))]
    write_table(folder / SPLITS_FILE, [("Dialog_ID", "ed_split"), *ids])
    return root


def test_only_answered_training_dialogues_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "chats.jsonl"
    assert main(["rl", "make-chats", "--data-root", str(written(tmp_path)), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"1 dialogues (CC BY-NC 4.0): {out}\n"
    (chat,) = read_chats(out)
    assert [(turn.role, turn.text) for turn in chat.turns] == [
        ("user", "The roof fell in."),
        ("assistant", "Oh no! Was it raining?"),
        ("user", "It was."),
        ("assistant", "\u201cSad\u201d, {then}."),
    ]


def test_a_thought_names_the_emotion_and_the_intent_of_the_reply(tmp_path: Path) -> None:
    assert write_chats(written(tmp_path) / "empathetic_dialogues", tmp_path / "chats.jsonl", think=True) == 1
    (chat,) = read_chats(tmp_path / "chats.jsonl", think=True)
    assert [reply.text for reply in chat.replies] == [
        "<think>They feel afraid. I will say that I am sorry.</think>Oh no! Was it raining?",
        "<think>They feel afraid. I will just say something.</think>\u201cSad\u201d, {then}.",
    ]
    with pytest.raises(InputError, match="are with a thought"):
        read_chats(tmp_path / "chats.jsonl")


def test_the_data_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rl", "make-chats", "--data-root", str(tmp_path), "-o", str(tmp_path / "chats.jsonl")]) == 2
    assert "nothing at" in capsys.readouterr().err and not (tmp_path / "chats.jsonl").exists()


@pytest.mark.parametrize("name", ["embedded-grpo-people", "embedded-ppo-people"])
def test_a_preset_starts_with_a_policy_that_learned_from_people(tmp_path: Path, data_root: Path, name: str) -> None:
    chats = tmp_path / "chats.jsonl"
    assert write_chats(data_root / "empathetic_dialogues", chats, think=True) == 19549
    told = chats.read_text(encoding="utf-8")
    assert all(told.count(plan) > 900 for plan in PLANS.values())
    # A few, so that it takes seconds.
    chats.write_text("".join(told.splitlines(keepends=True)[::200]), encoding="utf-8")
    short: dict[str, object] = {
        "warmup_dialogues": chats,
        "warmup_rounds": 1,
        "warmup.steps": 2,
        "trainer.max_turns": 2,
    }
    policy = Policy.from_pretrained(make_start(CONFIGS / f"{name}.yaml", tmp_path, short))
    assert "\u0120nostalgic" in policy.tokenizer.get_vocab(), "nobody says that in dialogues of ours"
    assert policy.parameters < 1e6
