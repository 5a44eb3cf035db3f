import json
from pathlib import Path
from typing import Any

import pytest

from empdetect.cli import main
from empdetect.errors import InputError
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profile_generator import generate_profiles, read_profile
from empdetect.rl.profiles import INTENTIONS, read_profiles
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.endpoint import Endpoint
from tests.rl.stub_endpoint import Answer, stub_endpoint

GOOD: dict[str, Any] = {
    "persona": "Ivo, 52, who repairs clocks and hums while he works.",
    "scene": "A clock he had repaired stopped at a funeral.",
    "topic": "a stopped clock",
    "traits": ["proud", "gentle"],
    "first_talk": "My clock stopped in the middle of a funeral. I am ashamed.",
    "details": ["The spring was new.", "The widow looked at me.", "I had oiled it twice.", "Nobody said a word."],
    "keywords": ["clock", "funeral", "spring", "widow", "word"],
    "feelings": ["ashamed", "sad"],
}


def numbered(number: int, **changes: object) -> str:
    return json.dumps({**GOOD, "persona": f"Ivo {number}, 52.", "scene": f"Clock {number} stopped.", **changes})


def endpoint(url: str) -> Endpoint:
    return Endpoint(url, "tiny", attempts=2, shortest_wait=0.01)


def test_profiles_are_asked_for_in_equal_shares_and_can_be_played() -> None:
    with stub_endpoint(lambda request, number: numbered(number)) as stub:
        found = generate_profiles(endpoint(stub.url), 16, read_profiles(), seed=3)
    assert not found.refused and len(found.profiles) == 16
    intentions = [profile.intention for profile in found.profiles]
    assert {intentions.count(name) for name in INTENTIONS} == {2}
    assert len({profile.character for profile in found.profiles}) == 2
    hopes = [request["messages"][0]["content"] for request in stub.requests]
    assert sum(INTENTIONS["motives"] in hope for hope in hopes) == 2
    EmpathyEnvironment(AppraisalUser()).reset(found.profiles)


def test_what_does_not_fit_is_asked_for_again_and_then_left_out() -> None:
    def once_wrong(request: dict[str, Any], number: int) -> str:
        asked_again = len(request["messages"]) > 1
        return numbered(number) if asked_again else numbered(number, feelings=["grumpyish", "odd"])

    with stub_endpoint(once_wrong) as stub:
        found = generate_profiles(endpoint(stub.url), 2)
        assert len(found.profiles) == 2 and len(stub.requests) == 4
        assert "grumpyish" in stub.requests[-1]["messages"][2]["content"]
    with stub_endpoint(lambda request, number: "no") as stub:
        found = generate_profiles(endpoint(stub.url), 2)
        assert not found.profiles and all("not one JSON object" in reason for reason in found.refused)


def test_twins_topics_of_the_other_split_and_dead_lines_are_left_out() -> None:
    with stub_endpoint(lambda request, number: json.dumps(GOOD)) as stub:
        found = generate_profiles(endpoint(stub.url), 3)
    assert len(found.profiles) == 1 and all("is there already" in reason for reason in found.refused)
    with stub_endpoint(lambda request, number: numbered(number, topic="farming")) as stub:
        found = generate_profiles(endpoint(stub.url), 1, read_profiles())
        assert "belongs to the other split" in found.refused[0]
        assert generate_profiles(endpoint(stub.url), 1, read_profiles(), split="test").profiles
    with stub_endpoint(lambda request, number: Answer(b"", 500)) as stub:
        assert "HTTP 500" in generate_profiles(endpoint(stub.url), 1).refused[0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mood": "x"}, "exactly"),
        ({"details": "one"}, "wrong kind or empty: details"),
        ({"topic": " "}, "wrong kind or empty: topic"),
        ({"details": ["one"]}, "at least 4 details"),
        ({"keywords": ["clock", "moon", "spring", "widow", "word"]}, "details: moon"),
        ({"feelings": ["sad", "angry"]}, "names none of the feelings"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_profile(json.dumps({**GOOD, **changes}), "empathy", "passive")


def test_a_fence_around_the_object_does_no_harm_and_chinese_needs_no_english_cues() -> None:
    assert read_profile(f"```json\n{json.dumps(GOOD)}\n```", "empathy", "passive").id.startswith("made-")
    row = {**GOOD, "feelings": ["羞愧", "难过"], "first_talk": "钟停了。"}
    assert read_profile(json.dumps(row), "empathy", "passive", "zh").language == "zh"


def test_the_command_writes_a_file_that_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "more.jsonl"
    with stub_endpoint(lambda request, number: numbered(number) if number else Answer(b"", 404)) as stub:
        told = ["rl", "make-profiles", "--base-url", stub.url, "--model", "tiny", "-n", "3", "-o", str(out)]
        assert main(told) == 1, "one was left out"
    printed = capsys.readouterr()
    assert "left out: " in printed.err and "2 of 3 profiles" in printed.out
    assert len(read_profiles(out, split="train")) == 2
    assert main(told) == 2 and "is there already" in capsys.readouterr().err


def test_no_file_is_written_where_no_profile_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "more.jsonl"
    with stub_endpoint(lambda request, number: Answer(b"", 404)) as stub:
        told = ["rl", "make-profiles", "--base-url", stub.url, "--model", "tiny", "-n", "1", "-o", str(out)]
        assert main(told) == 2
    assert "none of 1 fits" in capsys.readouterr().err and not out.exists()


def test_wrong_orders_are_refused() -> None:
    with pytest.raises(InputError, match="got 1, 'dev' and 'en'"):
        generate_profiles(Endpoint("http://127.0.0.1:9/v1", "m"), 1, split="dev")
    for count, language in ((0, "en"), (1, "fi")):
        with pytest.raises(InputError, match="the count must be"):
            generate_profiles(Endpoint("http://127.0.0.1:9/v1", "m"), count, language=language)
