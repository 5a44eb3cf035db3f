import gzip
import json
import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from empdetect.cli import main
from empdetect.components import build, describe
from empdetect.conformance import check_user
from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.profiles import Profile, read_profiles
from empdetect.rl.users.base import User
from empdetect.rl.users.change_model import ChangeModel, level_chances
from empdetect.rl.users.dialogue_logs import read_steps
from empdetect.rl.users.learned import METRICS, MODEL, SAID, LearnedUser
from empdetect.rl.users.learning import area_under_curve, calibration_error, learn_user
from empdetect.rl.users.moments import moment_of

DOCS = Path(__file__).parents[3] / "docs"
GOOD, BAD = ("听起来你真的很难过，我在听。", "那一定很不容易，你愿意多说一点吗？"), ("别想太多。", "你应该振作起来。")
PLEASED, HURT = ("嗯，就是这样。", "谢谢你这么说。"), ("你没有听懂。", "算了，不说了。")


def logged(number: int, choice: random.Random) -> dict[str, Any]:
    """A dialogue in the form of SAGE's logs, in words of our own."""
    emotion, turns = 40, [{"role": "user", "content": f"第{number}件事让我睡不着。", "emotion-point": 40}]
    for place in range(4):
        kind = choice.random() < 0.5
        emotion += choice.choice((5, 10)) * (1 if kind else -1)
        turns.append({"role": "assistant", "content": choice.choice(GOOD if kind else BAD) + f"（{place}）"})
        said = f"{choice.choice(PLEASED if kind else HURT)}第{number}件事，第{place}次。"
        turns.append({"role": "user", "content": said if place < 3 else "再见。", "emotion-point": emotion})
    return {
        "id": f"s{number}",
        "player": f"第{number}个人。",
        "scene": f"第{number}件事的经过。",
        "character": "被动型",
        "task": "你想深入倾诉，获得共情",
        "history": turns,
    }


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, choice = tmp_path_factory.mktemp("rlver") / "rlver" / "sage_logs_deepseek_v3", random.Random(0)
    folder.mkdir(parents=True)
    for model in ("a", "b"):
        with gzip.open(folder / f"{model}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(logged(number, choice), ensure_ascii=False) + "\n" for number in range(12))
    return folder


@pytest.fixture(scope="module")
def folder(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("learned")
    learn_user(logs, out)
    return out


def profile(number: int = 3, **changes: Any) -> Profile:
    base = Profile(f"s{number}", f"第{number}个人。", f"第{number}件事的经过。", "empathy", "passive", language="zh")
    return replace(base, **changes)


def test_what_can_be_learned_is_learned_and_told(folder: Path) -> None:
    metrics = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    assert metrics["auc"] > 0.95 and metrics["auc_low"] <= metrics["auc"] <= metrics["auc_high"]
    assert (metrics["replies"], metrics["scenarios"], metrics["personas"]) == (96, 12, 12)
    assert metrics["change_correlation"] > 0.8 and metrics["calibration_error"] < 0.2
    assert sorted(path.name for path in folder.iterdir()) == sorted([MODEL, SAID, METRICS]), "nothing pickled"


def test_it_feels_and_speaks_as_the_logged_users_did(folder: Path) -> None:
    environment = EmpathyEnvironment(LearnedUser(str(folder)), max_turns=4)
    environment.reset([profile(), profile()])
    first, second = environment.step([GOOD[0], BAD[1]])
    assert first.turns[0].text == "第3件事让我睡不着。"
    assert first.emotions[1] > 40 > second.emotions[1]
    assert any(line in first.turns[-1].text for line in PLEASED) and "第3件事" in first.turns[-1].text
    assert any(line in second.turns[-1].text for line in HURT)
    assert "with probability" in first.reasons[0][0]
    (first, _) = environment.step([GOOD[1], BAD[0]])
    said = [turn.text for turn in first.turns if turn.role == "user"]
    assert len(set(said)) == 3 and not any("再见" in text for text in said)


def test_the_end_is_a_goodbye(folder: Path) -> None:
    environment = EmpathyEnvironment(LearnedUser(str(folder), start=14.0), max_turns=9)
    environment.reset([profile()])
    while environment.live:
        environment.step([BAD[0]])
    (dialogue,) = environment.dialogues
    assert dialogue.reason == "gave up" and "再见" in dialogue.farewell


def test_changes_can_be_drawn_and_the_same_dialogue_draws_the_same(folder: Path) -> None:
    user = LearnedUser(str(folder), sample=True)
    found = []
    for seed in (0, 0, *range(1, 12)):
        environment = EmpathyEnvironment(user, max_turns=2)
        environment.reset([profile()], seed)
        while environment.live:
            environment.step([GOOD[0]])
        found.append(environment.dialogues[0].emotions)
    assert found[0] == found[1] and len(set(found)) > 1
    assert {abs(b - a) for emotions in found for a, b in pairwise(emotions)} <= {5.0, 10.0}


def test_an_unknown_scenario_is_played_like_the_nearest_with_the_same_hope(folder: Path) -> None:
    stranger = profile(7, id="unknown")
    assert "第7件事" in LearnedUser(str(folder)).opening(stranger, 0).text
    assert LearnedUser(str(folder)).opening(replace(stranger, first_talk="你好。"), 0).text == "你好。"


def test_a_moment_is_the_same_in_a_log_and_in_a_dialogue(logs: Path) -> None:
    step = next(step for step in read_steps(logs) if step.moment.turn == 2)
    row = json.loads(gzip.decompress((logs / "a.jsonl.gz").read_bytes()).splitlines()[0])
    turns = tuple(Turn(turn["role"], turn["content"]) for turn in row["history"][:6])
    emotions = tuple(float(turn["emotion-point"]) for turn in row["history"][:5:2])
    assert moment_of(Dialogue(step.profile, turns=turns, emotions=emotions)) == step.moment


def test_probabilities_are_probabilities_even_where_thresholds_cross() -> None:
    chances = level_chances(np.array([[0.9, 0.5, 0.1], [0.2, 0.7, 0.9]]))
    assert np.allclose(chances.sum(axis=1), 1.0) and (chances >= 0).all()
    assert np.allclose(chances[0], [0.1, 0.4, 0.4, 0.1])
    true = np.array([True, False] * 50)
    assert area_under_curve(true, true + 0.0) == 1.0 and area_under_curve(true, np.full(100, 0.5)) == 0.5
    assert calibration_error(true, np.full(100, 0.5)) == 0.0
    assert calibration_error(true, np.full(100, 0.95)) == pytest.approx(0.45)


def test_it_is_described_and_built_and_saved_without_loss(folder: Path) -> None:
    user = LearnedUser(str(folder), sample=True)
    assert describe(build(describe(user), User)) == describe(user)
    model = ChangeModel.load(folder / MODEL)
    model.save(folder.parent / "copy.safetensors")
    again = ChangeModel.load(folder.parent / "copy.safetensors")
    assert all(np.array_equal(value, getattr(again, name)) for name, value in vars(model).items())


def test_the_command_learns_and_tells(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rl", "learn-user", str(logs), "-o", str(tmp_path / "user")]) == 0
    assert "auc: " in capsys.readouterr().out
    assert main(["rl", "learn-user", str(tmp_path), "-o", str(tmp_path / "user")]) == 2


def test_what_it_cannot_do_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="learn-user"):
        LearnedUser(str(tmp_path / "none"))
    with pytest.raises(InputError, match="learned from Chinese"):
        LearnedUser(str(folder)).opening(read_profiles()[0], 0)
    with pytest.raises(InputError, match="cannot be read"):
        LearnedUser(str(tmp_path)).opening(profile(), 0)
    with pytest.raises(InputError, match="none at"):
        learn_user(tmp_path, tmp_path / "out")
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(b'{"history": []}'))
    with pytest.raises(InputError, match="is broken"):
        read_steps(tmp_path)


@pytest.mark.data
def test_the_published_logs_are_read(data_root: Path) -> None:
    steps = read_steps(data_root / "rlver" / "sage_logs_deepseek_v3")
    assert len(steps) == 6189 and sum(step.change != 0 for step in steps) == 6184
    profiles = {profile.id: profile for profile in read_profiles(data_root / "rlver" / "test_profile.jsonl")}
    assert len(profiles) == 100 and {step.profile.id for step in steps} <= set(profiles)
    for step in steps:
        known = profiles[step.profile.id]
        assert (step.profile.scene, step.profile.intention) == (known.scene, known.intention)
        assert step.profile.group == known.group and 0 <= step.moment.turn < 10


def test_the_measured_figures_are_those_of_the_documentation() -> None:
    """Measuring them takes minutes: ``python -m tests.rl.measure_learned_user`` does it."""
    found = json.loads((DOCS / "results" / "rl_learned_user.json").read_text(encoding="utf-8"))
    assert found["auc"] >= 0.85 and found["auc_low"] <= found["auc"] <= found["auc_high"]
    told = (DOCS / "rl" / "users.md").read_text(encoding="utf-8")
    auc, low, high = (found[name] for name in ("auc", "auc_low", "auc_high"))
    assert f"| {auc:.3f}, 95% interval over personas {low:.3f} to {high:.3f} |" in told
    for name in ("calibration_error", "brier", "change_correlation"):
        assert f"| {found[name]:.3f} |" in told
    assert f"| {found['change_mean_absolute_error']:.2f} points |" in told
    assert f"{found['personas']} personas, {found['replies']:,} replies" in told


@pytest.mark.parametrize("sample", [False, True])
def test_it_keeps_the_promises_of_a_user(folder: Path, sample: bool) -> None:
    check_user(LearnedUser(str(folder), sample), [profile(1), profile(2), profile(3)])
