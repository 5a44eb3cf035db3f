import csv
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from lightning.fabric import Fabric

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.evaluate import evaluate, summarise
from empdetect.rl.listener import mixed_dialogues
from empdetect.rl.policy import Policy, small_policy
from empdetect.rl.profiles import Profile, read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rollout import Row
from empdetect.rl.trainer import GRPOTrainer, Rollouts, distinct
from empdetect.rl.users.appraisal import AppraisalUser
from empdetect.rl.users.base import UserFailed, UserTurn
from empdetect.rl.users.scripted import ScriptedUser
from empdetect.rl.warmup import warm_up

USER = AppraisalUser()
PROFILES = read_profiles(split="train")[:4]


class SaysYou(Reward):
    """Share of replies with the word "you": easily learned, so that learning can be seen in seconds."""

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return [
            sum("you" in reply.visible.lower().split() for reply in dialogue.replies) / max(len(dialogue.replies), 1)
            for dialogue in dialogues
        ]


class NeverSure(Reward):
    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return [None for _ in dialogues]


def fabric() -> Fabric:
    return Fabric(accelerator="cpu", devices=1)


def speaker(steps: int = 30) -> Policy:
    """A small policy that has learned a few words."""
    lessons = mixed_dialogues(PROFILES, USER, rounds=4, max_turns=2, seed=0)
    policy = small_policy((turn.text for dialogue in lessons for turn in dialogue.turns), width=32)
    torch.manual_seed(0)
    warm_up(policy, lessons, fabric(), steps=steps, rows=8, learning_rate=0.02)
    return policy


def trainer(policy: Policy, rewards: dict[str, Reward] | None = None, steps: int = 2, updates: int = 1) -> GRPOTrainer:
    heads = rewards or {"emotion": EmotionReward()}
    return GRPOTrainer(
        policy,
        USER,
        heads,
        dict.fromkeys(heads, 1.0),
        fabric(),
        steps=steps,
        profiles_per_step=2,
        group_size=4,
        max_turns=2,
        max_new_tokens=12,
        updates=updates,
        rows_per_batch=3,
    )


def test_the_warm_up_learns_replies() -> None:
    lessons = mixed_dialogues(PROFILES, USER, rounds=4, max_turns=2, seed=0)
    policy = small_policy((turn.text for dialogue in lessons for turn in dialogue.turns), width=32)
    losses = warm_up(policy, lessons, fabric(), steps=30, rows=8, learning_rate=0.02)
    assert losses[-1] < 0.6 * losses[0]
    assert not policy.model.training


@pytest.mark.parametrize("updates", [1, 2])
def test_the_same_seed_gives_the_same_log_and_weights(tmp_path: Path, updates: int) -> None:
    logs, weights = [], []
    for name in ("a.csv", "b.csv"):
        policy = speaker(steps=5)
        trainer(policy, updates=updates).fit(PROFILES, tmp_path / name)
        rows = list(csv.DictReader((tmp_path / name).open(encoding="utf-8")))
        logs.append([{key: value for key, value in row.items() if key != "seconds"} for row in rows])
        weights.append([weight.clone() for weight in policy.model.parameters()])
    assert logs[0] == logs[1] and len(logs[0]) == 2
    assert all(torch.equal(a, b) for a, b in zip(*weights))


def test_the_log_tells_every_head_and_the_rest(tmp_path: Path) -> None:
    heads: dict[str, Reward] = {"emotion": EmotionReward(), "unsure": NeverSure()}
    rows = trainer(speaker(5), heads).fit(PROFILES, tmp_path / "run" / "log.csv")
    for head in heads:
        assert {f"{head}.{figure}" for figure in ("mean", "spread", "none", "share")} <= set(rows[0])
    assert {"step", "reward", "kl", "length", "turns", "loss", "grad_norm", "distinct2", "seconds"} <= set(rows[0])
    assert rows[0]["kl"] == pytest.approx(0.0, abs=1e-6) and rows[1]["kl"] > 0
    assert rows[0]["unsure.none"] == 1.0 and math.isnan(rows[0]["unsure.mean"])
    assert rows[0]["emotion.share"] in (1.0, pytest.approx(1.0)) or math.isnan(rows[0]["emotion.share"])
    assert (tmp_path / "run" / "log.csv").is_file()


def test_reward_rises_where_it_can_be_learned(tmp_path: Path) -> None:
    learner = trainer(speaker(), {"you": SaysYou()}, steps=12)
    learner.learning_rate, learner.rows_per_batch, learner.group_size = 5e-3, 32, 8
    rows = learner.fit(PROFILES, tmp_path / "log.csv")
    first, last = (sum(row["you.mean"] for row in part) / 3 for part in (rows[:3], rows[-3:]))
    assert last > first + 0.1


def test_a_policy_does_not_move_without_differences(tmp_path: Path) -> None:
    policy = speaker(5)
    before = [weight.clone() for weight in policy.model.parameters()]
    still = GRPOTrainer(
        policy, ScriptedUser(), {"emotion": EmotionReward()}, {"emotion": 1.0}, fabric(), 1, 2, 2, 2, 6, kl_weight=0.0
    )
    (row,) = still.fit(PROFILES, tmp_path / "log.csv")
    assert row["grad_norm"] == 0.0 and math.isnan(row["kl"]) and math.isnan(row["emotion.share"])
    assert all(torch.equal(a, b) for a, b in zip(before, policy.model.parameters()))


class Deaf(ScriptedUser):
    def reply(self, dialogue: Dialogue) -> UserTurn:
        raise UserFailed("no line")


class SometimesDeaf(ScriptedUser):
    def opening(self, profile: Profile, seed: int) -> UserTurn:
        if profile.id == PROFILES[0].id:
            raise UserFailed("no line")
        return super().opening(profile, seed)


def test_a_step_without_any_score_stops_the_run_and_some_do_not(tmp_path: Path) -> None:
    heads = {"emotion": EmotionReward()}
    with pytest.raises(
        RuntimeError, match="no dialogue could be scored; the first ended with 'the user failed: no line'"
    ):
        GRPOTrainer(speaker(1), Deaf(), heads, {"emotion": 1.0}, fabric(), 1, 1, 2).fit(PROFILES, tmp_path / "a.csv")
    some = GRPOTrainer(speaker(1), SometimesDeaf(), heads, {"emotion": 1.0}, fabric(), 1, 4, 2, 1, 4)
    (row,) = some.fit(PROFILES, tmp_path / "b.csv")
    assert row["emotion.none"] == 0.25 and math.isfinite(row["loss"])


def test_the_size_of_batches_does_not_change_the_update(tmp_path: Path) -> None:
    found = []
    for size in (1, 3, 100):
        policy = speaker(5)
        one = trainer(policy, steps=1)
        one.rows_per_batch = size
        one.fit(PROFILES, tmp_path / "log.csv")
        found.append(torch.cat([weight.flatten() for weight in policy.model.parameters()]))
    assert torch.allclose(found[0], found[1], atol=1e-4) and torch.allclose(found[0], found[2], atol=1e-4)


def test_rows_of_a_long_dialogue_do_not_weigh_more() -> None:
    rows = [Row(0, (1, 2), (False, True)), Row(0, (1, 2, 3), (False, True, True)), Row(1, (4, 5), (False, True))]
    rollouts = Rollouts.of(rows, torch.tensor([1.0, -1.0]), padding=0)
    by_advantage = {a: float(rollouts.weights[rollouts.advantages == a].sum()) for a in (1.0, -1.0)}
    assert by_advantage == {1.0: pytest.approx(0.5), -1.0: pytest.approx(0.5)}


def test_evaluation_is_repeatable_and_leaves_the_chance_alone() -> None:
    policy = speaker(5)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = evaluate(policy, PROFILES, USER, {"emotion": EmotionReward()}, samples=2, max_turns=2, max_new_tokens=8)
    assert torch.equal(torch.rand(2), expected)
    again = evaluate(policy, PROFILES, USER, {"emotion": EmotionReward()}, samples=2, max_turns=2, max_new_tokens=8)
    assert first == again and len(first.dialogues) == 8
    assert first.heads["emotion"] == pytest.approx(first.emotion / 100)


def test_a_summary_counts_what_it_says() -> None:
    ends = [100.0, 5.0, 50.0]
    found = [Dialogue(PROFILES[n], emotions=(30.0, end)) for n, end in enumerate(ends)]
    summary = summarise([*found, Dialogue(PROFILES[3], failed=True)])
    assert summary.emotion == pytest.approx(155 / 3)
    assert (summary.success, summary.failure, summary.not_scorable) == (1 / 3, 1 / 3, 0.25)
    assert math.isnan(summarise([Dialogue(PROFILES[0], failed=True)]).emotion)


def test_distinct_counts_word_pairs() -> None:
    assert distinct(["a b c", "a b"], 2) == pytest.approx(2 / 3)
    assert distinct(["a"], 2) == 0.0
