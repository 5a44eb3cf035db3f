"""The presets of simulated users: what their first line says can be run, and what they say can be built."""

import shlex
from pathlib import Path

import pytest

from empdetect.cli import main
from empdetect.rl.comparison import parser
from empdetect.rl.policy import small_policy
from empdetect.rl.profiles import Profile, read_profiles, write_profiles
from empdetect.rl.users.sentient import SentientUser
from tests.rl.stub_endpoint import stub_endpoint

CONFIGS = Path(__file__).parents[2] / "configs" / "rl"
CHINESE = Profile(
    "a", "李华，三十岁。", "他没有得到升职。", "empathy", "passive", first_talk="我没有升职。", language="zh"
)


def first_line(path: Path) -> list[str]:
    return shlex.split(path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "))


@pytest.mark.parametrize("name", ["sage-eval", "embedded-learned-eval"])
def test_the_first_line_is_the_command(name: str) -> None:
    command = first_line(CONFIGS / f"{name}.yaml")
    assert command[:3] == ["empdetect", "rl", "evaluate"]
    assert command[command.index("--config") + 1] == f"configs/rl/{name}.yaml"


def test_sage_eval_is_sages_protocol() -> None:
    parse = parser()
    built = parse.instantiate_classes(parse.parse_args(["--config", str(CONFIGS / "sage-eval.yaml")]))
    (user,) = built.users.values()
    assert isinstance(user, SentientUser)
    assert (user.rules.start, user.rules.limit, user.rules.content, user.rules.give_up) == (40.0, 10.0, 100.0, 10.0)
    assert built.max_turns == 10 and built.split == ""


def test_sage_eval_runs_as_its_first_line_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_policy(["我 明白 。"], width=16, heads=2).save(tmp_path / "policy")
    write_profiles([CHINESE, *read_profiles()[:1]], tmp_path / "profiles.jsonl")
    monkeypatch.chdir(CONFIGS.parents[1])
    command = first_line(CONFIGS / "sage-eval.yaml")[1:]
    places = {"POLICY": tmp_path / "policy", "OUT": tmp_path / "out", "profiles=DATA/rlver/test_profile.jsonl": None}
    told = [str(places.get(word) or word) for word in command]
    told[told.index("profiles=DATA/rlver/test_profile.jsonl")] = f"profiles={tmp_path / 'profiles.jsonl'}"
    with stub_endpoint() as stub:
        base = "users.sentient.init_args.endpoint.init_args.base_url"
        assert main([*told, "--set", f"{base}={stub.url}", "--set", "max_turns=2", "--set", "max_new_tokens=4"]) == 0
        assert stub.requests[0]["model"] == "deepseek-v3" and len(stub.requests) == 8
    assert main(["rl", "replay", str(tmp_path / "out" / "cassette-1.jsonl.gz")]) == 0
    told_again = capsys.readouterr().out
    assert "2 dialogues, 8 questions, 6 emotions: all the same" in told_again
    assert "800 tokens in and 80 out" in told_again and "0 attempts" in told_again
    assert "| user: sentient (deepseek-v3) |" in (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
