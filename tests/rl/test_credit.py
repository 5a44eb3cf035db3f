import math
from collections.abc import Sequence

import pytest
import torch

from empdetect.rl.batches import Rollouts
from empdetect.rl.credit import credits_of_replies, shares_of_replies, to_go
from empdetect.rl.dialogue import Dialogue, Turn
from empdetect.rl.profiles import read_profiles
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import combine, score_heads
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.format import ThinkFormatReward
from empdetect.rl.rewards.guards import LengthGuard, VarietyGuard
from empdetect.rl.rollout import Row

PROFILE = read_profiles()[0]


def talk(*emotions: float, said: Sequence[str] = ()) -> Dialogue:
    replies = said or ["Go on."] * (len(emotions) - 1)
    turns = tuple(turn for reply in replies for turn in (Turn("user", "It hurts."), Turn("assistant", reply)))
    return Dialogue(PROFILE, turns=turns, emotions=emotions)


def earned(dialogues: list[Dialogue], gates: dict[str, Reward] | None = None) -> list[list[float]]:
    heads: dict[str, Reward] = {"emotion": EmotionReward()}
    factors = score_heads(gates or {}, dialogues)
    found = combine(score_heads(heads, dialogues), {"emotion": 1.0}, len(dialogues), factors)
    credit = credits_of_replies(dialogues, found, heads, {"emotion": 1.0}, gates or {}, factors)
    for got, total in zip(credit, found.totals):
        assert not got or sum(got) == pytest.approx(total), "the credits sum to the reward"
    return credit


def test_a_reply_earns_what_it_moved() -> None:
    assert earned([talk(30, 35, 25, 40)]) == [pytest.approx([0.35, -0.1, 0.15])]


def test_a_reply_pays_for_what_it_lets_a_gate_take_away() -> None:
    broken = talk(30, 20, 40, 50, said=("Go on.", "", "Go on."))
    assert earned([broken], {"form": ThinkFormatReward(think=False)}) == [pytest.approx([0.2, 0.2 - 0.5, 0.1])]
    long = talk(30, 30, 40, said=("Go on.", "well " * 90))
    assert earned([long], {"length": LengthGuard()}) == [pytest.approx([0.3, 0.1 - 0.4 * 0.25])]


def test_gates_share_what_they_took_by_how_much_each_took() -> None:
    both = talk(50, 50, 50, 50, said=("Go on.", "Tell me more.", "Tell me more about it."))
    gates: dict[str, Reward] = {"varied": VarietyGuard(), "length": LengthGuard(2, 4)}
    first, second, third = earned([both], gates)[0]
    assert first == pytest.approx(0.5) and second < 0 and third < second, "the third is longer, too"


class Unsure(Reward):
    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return [None for _ in dialogues]


def test_what_could_not_be_scored_earns_nothing() -> None:
    assert earned([talk(30, 40), talk(30, 50)], {"gate": Unsure()}) == [[], []]


class Fixed(Reward):
    def __init__(self, *rewards: float | None) -> None:
        self.rewards = rewards

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return list(self.rewards)


def shares(dialogues: list[Dialogue], other: Reward, group_size: int = 2) -> dict[str, float]:
    heads, weights = {"emotion": EmotionReward(), "other": other}, {"emotion": 1.0, "other": 0.5}
    combined = combine(score_heads(heads, dialogues), weights, group_size)
    credit = credits_of_replies(dialogues, combined, heads, weights, {}, {})
    return shares_of_replies(credit, combined, heads, weights, group_size)


def test_a_heads_share_is_of_what_replies_are_compared_by() -> None:
    # From the first reply on the emotion tells them apart by .2, from the second by .1; the other head by .1 in both.
    found = shares([talk(30, 40, 60), talk(30, 30, 40)], Fixed(0.6, 0.4))
    assert found == {"emotion": pytest.approx(0.3 / 0.5), "other": pytest.approx(0.2 / 0.5)}


def test_a_reply_that_nobody_matches_and_a_head_that_does_not_know_take_no_share() -> None:
    longer = [talk(30, 40, 60), talk(30, 60)]
    assert shares(longer, Fixed(0.6, None)) == {"emotion": pytest.approx(math.nan, nan_ok=True)} | {
        "other": pytest.approx(math.nan, nan_ok=True)
    }, "both end at 60, and only one has a second reply"
    assert shares([talk(30, 40), talk(30, 60)], Fixed(0.6, None)) == {"emotion": 1.0, "other": 0.0}


def test_what_is_left_to_earn() -> None:
    found = to_go([[0.1, 0.2, 0.3], [1.0], []])
    assert found[0].tolist() == pytest.approx([0.6, 0.5, 0.3])
    assert float(found[1, 0]) == 1.0 and found[1, 1:].isnan().all() and found[2].isnan().all()


def test_each_token_has_the_value_of_its_reply_also_in_a_later_row() -> None:
    rows = [
        Row(0, (1, 2, 3, 4, 5), (False, True, True, False, True)),
        Row(0, (1, 2), (False, True)),
        Row(1, (6, 7), (False, True)),
    ]
    rollouts = Rollouts.of(rows, 2, padding=0)
    found = rollouts.by_reply(torch.tensor([[1.0, 2.0, 3.0], [9.0, math.nan, math.nan]]))
    assert found.tolist() == [[0, 1, 1, 0, 2], [0, 3, 0, 0, 0], [0, 9, 0, 0, 0]]
