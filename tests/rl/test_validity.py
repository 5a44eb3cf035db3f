import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from empdetect.cli import main
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.profiles import read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.guards import RepetitionGuard, VarietyGuard
from empdetect.rl.validity import (
    LastFactor,
    Logged,
    correlate,
    correlation_of,
    heads_of,
    prepared_heads,
    read_logged,
    validity_table,
)
from tests.detectors import tiny_detector

PROFILE = read_profiles()[0]


def logged(model: str, scenario: str, change: float, reply: str = "Hm.") -> Logged:
    turns = (Turn("user", "I am sad."), Turn("assistant", reply))
    return Logged(model, scenario, change, Dialogue(PROFILE, 0, turns, (50.0, 50.0 + change), done=True))


def many(seed: int = 0) -> list[Logged]:
    chance = np.random.default_rng(seed)
    return [
        logged(model, str(scenario), float(chance.choice([-10, -5, 5, 10])))
        for model in ("a", "b")
        for scenario in range(12)
        for _ in range(4)
    ]


def test_the_recorded_change_itself_correlates_perfectly() -> None:
    found = correlate(EmotionReward("change"), many())
    assert found.overall.value == pytest.approx(1) and found.scenarios.value == pytest.approx(1)
    assert list(found.by_model) == ["a", "b"] and found.none == 0


def test_chance_correlates_with_nothing_and_its_interval_says_so() -> None:
    steps = many()
    found = correlation_of(list(np.random.default_rng(1).normal(size=len(steps))), steps)
    assert found.overall.low < 0 < found.overall.high


def test_a_head_that_only_knows_the_model_or_the_scenario_is_not_valid() -> None:
    """Better models have happier users, and some users are happier: that is not what a reply did."""
    steps = [logged(m, str(s), change=(5 if m == "a" else -5) + s) for m in ("a", "b") for s in range(6)]
    by_model = correlation_of([float(step.model == "a") for step in steps], steps)
    assert math.isnan(by_model.overall.value)
    by_scenario = correlation_of([float(step.scenario) for step in steps], steps)
    assert by_scenario.overall.value == pytest.approx(1) and math.isnan(by_scenario.scenarios.value)


def test_the_interval_is_that_of_whole_scenarios() -> None:
    """The same replies counted ten times say no more than once."""
    steps = many()
    scores = [step.change + noise for step, noise in zip(steps, np.random.default_rng(2).normal(0, 10, len(steps)))]
    once, often = correlation_of(scores, steps), correlation_of(scores * 10, steps * 10)
    width = once.overall.high - once.overall.low
    assert often.overall.high - often.overall.low == pytest.approx(width, rel=0.1)


def talk(*replies: str) -> Dialogue:
    turns = [turn for reply in replies for turn in (Turn("user", "I am sad."), Turn("assistant", reply))]
    return Dialogue(PROFILE, 0, tuple(turns), (50.0, 55.0), done=True)


A = "What has helped you to sleep before all this began?"
B = "It makes sense that you are hurt by his words."
C = "You could write down whatever keeps you awake at night."


def test_a_guard_that_looks_back_is_asked_about_the_last_reply_alone() -> None:
    repeats, fresh = talk(A, B, C, A), talk(A, A, B)
    assert RepetitionGuard()([repeats]) == [0.75], "a run's gate takes the mean"
    assert heads_of([])["repetition guard"]([repeats, fresh]) == [0.0, 1.0]
    variety = LastFactor(VarietyGuard(allowed=0.0))
    assert variety([talk(A, B, A), talk(A, A), talk(A)]) == [1.0, 0.0, 1.0]
    variety.guard = VarietyGuard()
    variety.prepare([talk(A, A)])
    assert variety([talk(A, A)]) == [1.0], "as often as those it is compared with"
    failed = Dialogue(PROFILE, 0, (), (50.0,), done=True, failed=True)
    assert variety([failed]) == [None]


def test_the_gates_of_a_run_that_look_back_are_asked_so_too(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(
        f"out: {tmp_path}\nuser:\n  class_path: empdetect.rl.users.appraisal.AppraisalUser\nweights:\n  emotion: 1.0\n"
        "rewards:\n  emotion:\n    class_path: empdetect.rl.rewards.emotion.EmotionReward\n"
        "gates:\n  fresh:\n    class_path: empdetect.rl.rewards.guards.RepetitionGuard\n",
        encoding="utf-8",
    )
    asked = prepared_heads(config, [logged("a", "1", 5.0)])["run: fresh"]
    assert asked([talk(A, B, C, A)]) == [0.0]


class Shy(Reward):
    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return [None if n % 2 else 1.0 for n, _ in enumerate(dialogues)]


def test_what_cannot_be_scored_is_counted_and_a_constant_has_no_correlation() -> None:
    table = validity_table({"shy": Shy()}, many())
    assert "| shy | n/a | n/a | n/a | n/a | 50% |" in table


@pytest.mark.data
def test_the_command_writes_a_table_of_the_real_logs(data_root: Path, tmp_path: Path) -> None:
    steps = read_logged(data_root, replies=20)
    assert len({step.model for step in steps}) == 8 and len(steps) >= 160
    assert all(step.dialogue.turns[-1].role == "assistant" for step in steps)
    folder = tiny_detector("text").save_pretrained(tmp_path / "tiny")
    given = ["--data-root", str(data_root), "--replies", "4", "--detector", str(folder), "-o", str(tmp_path / "v.md")]
    assert main(["rl", "validity", *given]) == 0
    text = (tmp_path / "v.md").read_text(encoding="utf-8")
    assert "emotion, as a check | +1.00" in text and "tiny: empathy" in text


@pytest.mark.data
def test_the_heads_of_a_run_are_asked_as_it_would_ask_them(data_root: Path, tmp_path: Path) -> None:
    config = Path(__file__).parents[2] / "configs/rl/embedded-grpo-say.yaml"
    given = ["--data-root", str(data_root), "--replies", "4", "--no-detector", "-o", str(tmp_path / "v.md")]
    assert main(["rl", "validity", *given, "--config", str(config)]) == 0
    rows = {line.split(" | ")[0]: line for line in (tmp_path / "v.md").read_text(encoding="utf-8").splitlines()}
    assert "| +1.00" in rows["| embedded-grpo-say: emotion"]
    empathy = rows["| embedded-grpo-say: empathy"]
    assert "n/a (" not in empathy and empathy.endswith("| 0% |") and "+1.00" not in empathy.split(" | ")[1]
    assert rows["| embedded-grpo-say: varied"].startswith("| embedded-grpo-say: varied | n/a | n/a |"), "English only"


@pytest.mark.data
def test_a_run_that_is_not_there_is_told(data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--data-root", str(data_root), "--replies", "1", "--no-detector", "-o", str(tmp_path / "v.md")]
    assert main(["rl", "validity", *given, "--config", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml" in capsys.readouterr().err and not (tmp_path / "v.md").exists()
