import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric import Fabric

from empdetect.errors import InputError
from empdetect.rl.batches import Rollouts
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.evaluate import evaluate, summarise
from empdetect.rl.listener import mixed_dialogues
from empdetect.rl.policy import Policy, small_policy
from empdetect.rl.profiles import Profile, read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import combine, score_heads
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rollout import Row
from empdetect.rl.speech import distinct
from empdetect.rl.trainer import Algorithm, PolicyTrainer
from empdetect.rl.update import UpdateSettings
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


def trainer(
    policy: Policy,
    rewards: dict[str, Reward] | None = None,
    steps: int = 2,
    passes: int = 1,
    algorithm: Algorithm = "grpo",
    **others: Any,
) -> PolicyTrainer:
    heads = rewards or {"emotion": EmotionReward()}
    return PolicyTrainer(
        policy,
        others.pop("user", USER),
        heads,
        dict.fromkeys(heads, 1.0),
        fabric=others.pop("fabric", fabric()),
        algorithm=algorithm,
        update=UpdateSettings(**{"passes": passes, "rows_per_batch": 3, **others.pop("update", {})}),
        **{"steps": steps, "profiles_per_step": 2, "group_size": 4, "max_turns": 2, "max_new_tokens": 12, **others},
    )


def test_the_warm_up_learns_replies() -> None:
    lessons = mixed_dialogues(PROFILES, USER, rounds=4, max_turns=2, seed=0)
    policy = small_policy((turn.text for dialogue in lessons for turn in dialogue.turns), width=32)
    losses = warm_up(policy, lessons, fabric(), steps=30, rows=8, learning_rate=0.02)
    assert losses[-1] < 0.6 * losses[0]
    assert not policy.model.training


ALGORITHMS: tuple[Algorithm, ...] = ("grpo", "rloo", "gdpo", "ppo")


def untimed(rows: list[dict[str, float]]) -> str:
    """The log without what no seed can fix; as text, in which a NaN equals a NaN."""
    return repr([{name: value for name, value in row.items() if "seconds" not in name} for row in rows])


@pytest.mark.parametrize(("algorithm", "passes"), [*((name, 1) for name in ALGORITHMS), ("grpo", 2), ("ppo", 2)])
def test_the_same_seed_gives_the_same_log_and_weights(tmp_path: Path, algorithm: Algorithm, passes: int) -> None:
    logs, weights = [], []
    for name in ("a", "b"):
        policy = speaker(steps=5)
        rows = trainer(policy, passes=passes, algorithm=algorithm).fit(PROFILES, tmp_path / name)
        assert (tmp_path / name / "log.csv").is_file()
        logs.append(untimed(rows))
        weights.append([weight.clone() for weight in policy.model.parameters()])
    assert logs[0] == logs[1]
    assert all(torch.equal(a, b) for a, b in zip(*weights))


def test_the_log_tells_every_head_and_the_rest(tmp_path: Path) -> None:
    heads: dict[str, Reward] = {"emotion": EmotionReward(), "unsure": NeverSure()}
    rows = trainer(speaker(5), heads).fit(PROFILES, tmp_path / "run")
    for head in heads:
        assert {f"{head}.{figure}" for figure in ("mean", "spread", "none", "share")} <= set(rows[0])
    assert {"step", "reward", "kl", "length", "turns", "loss", "grad_norm", "distinct2", "seconds"} <= set(rows[0])
    assert rows[0]["kl"] == pytest.approx(0.0, abs=1e-6) and rows[1]["kl"] > 0
    assert rows[0]["unsure.none"] == 1.0 and math.isnan(rows[0]["unsure.mean"])
    assert rows[0]["emotion.share"] == pytest.approx(1.0), "the head that knows decides alone"
    assert (tmp_path / "run" / "log.csv").is_file()


class SometimesSure(Reward):
    """Knows every other dialogue only."""

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return [None if place % 2 else 0.8 for place, _ in enumerate(dialogues)]


def test_ppo_neither_pays_nor_charges_for_not_being_scorable(tmp_path: Path) -> None:
    told = trainer(speaker(5), {"emotion": EmotionReward(), "rarely": SometimesSure()}, algorithm="ppo")
    dialogues = told.environment.lead(PROFILES[:1] * 4, 0, lambda dialogue: "I hear you.")
    heads = score_heads(told.rewards, dialogues)
    combined = combine(heads, told.weights, 4)
    sums = [sum(credit) for credit in told._credits(dialogues, combined)]
    assert sums == pytest.approx(combined.totals) and len(set(combined.totals)) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_reward_rises_where_it_can_be_learned(tmp_path: Path, algorithm: Algorithm) -> None:
    fast = {"learning_rate": 5e-3, "rows_per_batch": 32, "value_learning_rate": 1e-2}
    learner = trainer(speaker(), {"you": SaysYou()}, 12, algorithm=algorithm, group_size=8, update=fast)
    rows = learner.fit(PROFILES, tmp_path)
    first, last = (sum(row["you.mean"] for row in part) / 3 for part in (rows[:3], rows[-3:]))
    assert last > first + 0.1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_policy_does_not_move_without_differences(tmp_path: Path, algorithm: Algorithm) -> None:
    policy = speaker(5)
    before = [weight.clone() for weight in policy.model.parameters()]
    still = trainer(policy, steps=1, algorithm=algorithm, user=ScriptedUser(), update={"kl_weight": 0.0})
    (row,) = still.fit(PROFILES, tmp_path)
    assert row["grad_norm"] == 0.0 and "kl" not in row and math.isnan(row["emotion.share"])
    assert all(torch.equal(a, b) for a, b in zip(before, policy.model.parameters()))


class Deaf(ScriptedUser):
    def reply(self, dialogue: Dialogue) -> UserTurn:
        raise UserFailed("no line")


class SometimesDeaf(ScriptedUser):
    def opening(self, profile: Profile, seed: int) -> UserTurn:
        if profile.id == PROFILES[0].id:
            raise UserFailed("no line")
        return super().opening(profile, seed)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_step_without_any_score_stops_the_run_and_some_do_not(tmp_path: Path, algorithm: Algorithm) -> None:
    with pytest.raises(
        InputError, match="no dialogue could be scored; the first ended with 'the user failed: no line'"
    ):
        trainer(speaker(1), user=Deaf()).fit(PROFILES, tmp_path / "a")
    some = trainer(speaker(1), steps=1, algorithm=algorithm, user=SometimesDeaf(), profiles_per_step=4, group_size=2)
    (row,) = some.fit(PROFILES, tmp_path / "b")
    assert row["emotion.none"] == 0.25 and math.isfinite(row["loss"])


@pytest.mark.parametrize("algorithm", ["grpo", "ppo"])
def test_the_size_of_batches_does_not_change_the_update(tmp_path: Path, algorithm: Algorithm) -> None:
    found = []
    for size in (1, 3, 100):
        policy = speaker(5)
        one = trainer(policy, steps=1, algorithm=algorithm, update={"rows_per_batch": size})
        one.fit(PROFILES, tmp_path / str(size))
        found.append(torch.cat([weight.flatten() for weight in policy.model.parameters()]))
    assert torch.allclose(found[0], found[1], atol=1e-4) and torch.allclose(found[0], found[2], atol=1e-4)


def test_rows_of_a_long_dialogue_do_not_weigh_more() -> None:
    rows = [Row(0, (1, 2), (False, True)), Row(0, (1, 2, 3), (False, True, True)), Row(1, (4, 5), (False, True))]
    rollouts = Rollouts.of(rows, 2, padding=0)
    assert [float(rollouts.weights[rollouts.owner == number].sum()) for number in (0, 1)] == pytest.approx([0.5, 0.5])


def test_evaluation_is_repeatable_and_leaves_the_chance_alone() -> None:
    policy = speaker(5)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = evaluate(policy, PROFILES, USER, {"emotion": EmotionReward()}, samples=2, max_turns=2, max_new_tokens=8)
    assert torch.equal(torch.rand(2), expected)
    again = evaluate(policy, PROFILES, USER, {"emotion": EmotionReward()}, samples=2, max_turns=2, max_new_tokens=8)
    assert repr(first) == repr(again) and len(first.dialogues) == 8
    assert first.figures["head 'emotion'"].value == pytest.approx(first.emotion / 100)


def test_a_summary_counts_what_it_says() -> None:
    ends = [100.0, 5.0, 50.0]
    dialogues = [Dialogue(PROFILES[n], emotions=(30.0, end)) for n, end in enumerate(ends)]
    summary = summarise([*dialogues, Dialogue(PROFILES[3], failed=True)])
    assert summary.emotion == pytest.approx(155 / 3)
    found = summary.figures
    shares = [found[name].value for name in ("success", "failure", "positive", "not scorable")]
    assert shares == pytest.approx([1 / 3, 1 / 3, 2 / 3, 0.25])
    assert math.isnan(summarise([Dialogue(PROFILES[0], failed=True)]).emotion)


def test_distinct_counts_word_pairs() -> None:
    assert distinct(["a b c", "a b"], 2) == pytest.approx(2 / 3)
    assert distinct(["a"], 2) == 0.0
