"""What a user's language model took is told where a user sees it."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from empdetect.cli import main
from empdetect.rl.cassette import TAPE, Cassette
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.policy import small_policy
from empdetect.rl.profiles import read_profiles, write_profiles
from empdetect.rl.replay import recorded_usage, replay
from empdetect.rl.run import train_from_config
from empdetect.rl.users.endpoint import Endpoint
from empdetect.rl.users.scripted import ScriptedUser
from empdetect.rl.users.sentient import SentientUser
from tests.rl.stub_endpoint import Stub, stub_endpoint

IN, OUT = 100, 10
"""Tokens of each of the stub's answers."""
PRICES = {"prompt_price": 2.0, "completion_price": 10.0}


def cost(questions: int) -> float:
    return questions * (IN * PRICES["prompt_price"] + OUT * PRICES["completion_price"]) / 1e6


def test_a_replay_tells_tokens_and_cost_and_counts_a_shared_opening_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = [replace(profile, first_talk="") for profile in read_profiles()[:2]]
    with stub_endpoint() as stub:
        user = SentientUser(Endpoint(stub.url, "tiny", **PRICES))  # type: ignore[arg-type]
        cassette = Cassette(tmp_path / "run.jsonl.gz", user, 1, {})
        for seed in (1, 2):
            environment = EmpathyEnvironment(user, max_turns=1)
            environment.reset([profile for profile in opened for _ in range(5)], seed)
            environment.step(["Hello."] * 10)
            cassette.scored(environment.dialogues, {})
        asked = len(stub.requests)
    assert asked == 2 * (2 + 10 * 2)
    used = replay(cassette.path).usage
    assert used == recorded_usage(cassette.path)
    assert (used.questions, used.prompt_tokens, used.completion_tokens) == (asked, IN * asked, OUT * asked)
    assert used.cost == pytest.approx(cost(asked))
    assert used.line().endswith(f"{IN * asked} tokens in and {OUT * asked} out; cost 0.0132 by the endpoint's prices")
    assert main(["rl", "replay", str(cassette.path)]) == 0
    assert f"{IN * asked} tokens in and {OUT * asked} out" in capsys.readouterr().out


def trained(tmp_path: Path, user: object, record: bool = True) -> str:
    """The card of a run of one step."""
    profiles = read_profiles()
    people = [next(one for one in profiles if one.split == split) for split in ("train", "test")]
    bank = write_profiles([replace(one, first_talk="") for one in people], tmp_path / "bank.jsonl")
    settings = {
        "accelerator": "cpu",
        "model": str(small_policy(["Hello there."], width=16, heads=2).save(tmp_path / "model")),
        "profiles": str(bank),
        "out": str(tmp_path / "run"),
        "record": record,
        "user": user,
        "rewards": {"emotion": {"class_path": "empdetect.rl.rewards.emotion.EmotionReward"}},
        "weights": {"emotion": 1.0},
        "evaluate": {"samples": 2},
        "trainer": {"steps": 1, "profiles_per_step": 1, "group_size": 3, "max_turns": 1, "max_new_tokens": 4},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return (train_from_config(tmp_path / "config.yaml") / "README.md").read_text(encoding="utf-8")


def sentient(stub: Stub) -> dict[str, object]:
    endpoint = {"base_url": stub.url, "model": "tiny", **PRICES}
    return {"class_path": "empdetect.rl.users.sentient.SentientUser", "init_args": {"endpoint": endpoint}}


def test_a_run_card_tells_all_that_was_asked_of_the_model(tmp_path: Path) -> None:
    with stub_endpoint() as stub:
        card = trained(tmp_path, sentient(stub))
        asked = len(stub.requests)
    assert asked == (1 + 3 * 2) + 2 * 2 * (1 + 2), "a step and two evaluations"
    assert f"As counted in `{TAPE}`: {asked} questions, 0 attempts that failed, {IN * asked} tokens in" in card
    assert f"cost {cost(asked):.4g} by the endpoint's prices" in card


def test_a_run_that_was_not_recorded_tells_of_its_evaluations(tmp_path: Path) -> None:
    with stub_endpoint() as stub:
        card = trained(tmp_path, sentient(stub), record=False)
    assert "Of both evaluations, as the run was not recorded: 12 questions" in card
    assert f"cost {cost(12):.4g} by" in card


def test_a_user_without_a_model_costs_nothing_and_nothing_is_told(tmp_path: Path) -> None:
    card = trained(tmp_path, f"{ScriptedUser.__module__}.ScriptedUser")
    assert "language model" not in card
