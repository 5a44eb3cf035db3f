import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from empdetect.errors import InputError
from empdetect.rl.profiles import (
    INTENTIONS,
    Profile,
    read_profiles,
    split_by_persona,
    without_personas_of,
    write_profiles,
)
from empdetect.rl.users.cues import named, words_of


def test_the_bank_is_large_and_covers_all_intentions_on_both_sides() -> None:
    train, test = read_profiles(split="train"), read_profiles(split="test")
    assert len(train) + len(test) == len(read_profiles())
    assert len(train) >= 96 and len(test) >= 32
    for side, least in ((train, 12), (test, 4)):
        counts = Counter(profile.intention for profile in side)
        assert set(counts) == set(INTENTIONS) and min(counts.values()) >= least
        assert {profile.character for profile in side} == {"negative", "passive", "avoidant"}


def test_the_sides_of_the_bank_share_neither_persona_nor_scene_nor_topic() -> None:
    train, test = read_profiles(split="train"), read_profiles(split="test")
    assert without_personas_of(train, test) == train
    for name in ("persona", "scene", "topic", "first_talk"):
        sides = [{getattr(profile, name) for profile in side} for side in (train, test)]
        assert "" not in sides[0] | sides[1] and not sides[0] & sides[1], name
    assert len({profile.scene for profile in read_profiles()}) == len(read_profiles())


def test_the_bank_is_fit_for_the_embedded_user() -> None:
    for profile in read_profiles():
        words = words_of(" ".join([profile.first_talk, *profile.details]))
        assert len(profile.details) >= 4 and named(profile.keywords, words) == list(profile.keywords), profile.id
        assert any(feeling in profile.first_talk for feeling in profile.feelings), profile.id


def test_profiles_are_the_same_after_writing_and_reading(tmp_path: Path) -> None:
    profiles = read_profiles()
    assert read_profiles(write_profiles(profiles, tmp_path / "copy.jsonl")) == profiles


def test_a_line_ends_where_json_lines_end_and_nowhere_else(tmp_path: Path) -> None:
    odd = replace(read_profiles()[0], scene="One\u2028two\x85three")
    assert read_profiles(write_profiles([odd], tmp_path / "odd.jsonl")) == [odd]
    (tmp_path / "odd.jsonl").write_bytes((tmp_path / "odd.jsonl").read_bytes().replace(b"\n", b"\r\n"))
    assert read_profiles(tmp_path / "odd.jsonl") == [odd]


def test_split_by_persona_keeps_a_persona_on_one_side() -> None:
    base = read_profiles()[:8]
    doubled = [Profile(**{**p.to_dict(), "id": f"{p.id}{copy}"}) for p in base for copy in "ab"]
    train, test = split_by_persona(doubled, test_share=0.25, seed=1)
    assert len(test) == 4 and len(train) == 12
    assert not {p.group for p in train} & {p.group for p in test}
    assert split_by_persona(doubled, 0.25, 1) == (train, test)


def rlver_row(**changes: object) -> dict[str, object]:
    row = {
        "id": "1",
        "player": "somebody",
        "scene": "something",
        "main_cha": "回避型",
        "cha_group": ["a", "b"],
        "task": "…辩证…",
    }
    return {**row, **changes}


def test_rlver_rows_are_read_without_a_topic(tmp_path: Path) -> None:
    path = tmp_path / "rlver.jsonl"
    path.write_text(json.dumps(rlver_row(first_talk="hi")), encoding="utf-8")
    (profile,) = read_profiles(path)
    assert (profile.intention, profile.character, profile.language) == ("analysis", "avoidant", "zh")
    assert profile.first_talk == "hi" and profile.traits == ("a", "b")


OWN = read_profiles()[0].to_dict()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 1: not JSON"),
        ("[1]", "an object is needed"),
        (json.dumps({**OWN, "intention": "money"}), "got intention 'money', allowed are agreement"),
        (json.dumps({**OWN, "persona": " "}), "persona must not be empty"),
        (json.dumps({**OWN, "split": "dev"}), "allowed are train, test"),
        (json.dumps({**OWN, "mood": 1}), "unknown mood"),
        (json.dumps({"id": "x"}), "missing"),
        (json.dumps(rlver_row(task="x")), "'task' is 'x'"),
        (json.dumps({k: v for k, v in rlver_row().items() if k != "scene"}), "no key 'scene'"),
        (f"{json.dumps(OWN)}\n{json.dumps(OWN)}", "these come twice: nadia-report"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_profiles(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_profiles(tmp_path / "none.jsonl")


def test_rlver_as_published(data_root: Path) -> None:
    train = read_profiles(data_root / "rlver" / "train_profile.jsonl")
    test = read_profiles(data_root / "rlver" / "test_profile.jsonl")
    assert (len(train), len(test)) == (500, 100)
    assert Counter(p.intention for p in train)["advice"] == 58
    assert len({p.group for p in test} & {p.group for p in train}) == 47
    left = without_personas_of(train, test)
    assert len(left) == 429 and not {p.group for p in left} & {p.group for p in test}
