import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

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


def earned(dialogues: list[Dialogue], gates: Mapping[str, Reward] | None = None) -> list[list[float]]:
    heads: dict[str, Reward] = {"emotion": EmotionReward()}
    factors = score_heads(gates or {}, dialogues)
    found = combine(score_heads(heads, dialogues), {"emotion": 1.0}, len(dialogues), factors)
    credit = credits_of_replies(dialogues, found, heads, {"emotion": 1.0}, gates or {})
    for got, total in zip(credit, found.totals):
        assert not got or sum(got) == pytest.approx(total), "the credits sum to the reward"
    return credit


def test_a_reply_earns_what_it_moved() -> None:
    assert earned([talk(30, 35, 25, 40)]) == [pytest.approx([0.35, -0.1, 0.15])]


def test_a_reply_pays_for_what_it_lets_a_gate_take_away() -> None:
    broken = talk(30, 20, 40, 50, said=("Go on.", "", "Go on."))
    assert earned([broken], {"form": ThinkFormatReward(think=False)}) == [pytest.approx([0.2, -0.2, 0.0])]
    long = talk(30, 30, 40, said=("Go on.", "well " * 90))
    assert earned([long], {"length": LengthGuard()}) == [pytest.approx([0.3, 0.75 * 0.4 - 0.3])]


def test_nothing_is_paid_for_emotions_that_a_gate_has_taken() -> None:
    form = {"form": ThinkFormatReward(think=False)}
    assert earned([talk(30, 30, end, said=("", "Go on.")) for end in (30, 60)], form) == [[0.0, 0.0], [0.0, 0.0]]


REPLIES = ("Go on.", "", "Tell me more.", "That must hurt. Tell me more about it.", "well " * 70)


@given(st.lists(st.tuples(st.sampled_from(REPLIES), st.floats(0, 100)), min_size=2, max_size=6), st.data())
def test_what_a_reply_earns_is_known_before_the_next_one(told: list[tuple[str, float]], data: st.DataObject) -> None:
    """Else a reply would be praised for what a later one did, or pay for it."""
    known = data.draw(st.integers(1, len(told) - 1))
    replies, emotions = zip(*told, strict=True)
    gates: dict[str, Reward] = {
        "form": ThinkFormatReward(think=False),
        "varied": VarietyGuard(),
        "length": LengthGuard(),
    }
    whole = earned([talk(30, *emotions, said=replies)], gates)[0]
    begun = earned([talk(30, *emotions[:known], said=replies[:known])], gates)[0]
    assert whole[:known] == pytest.approx(begun)


class Unsure(Reward):
    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return [None for _ in dialogues]


def test_what_could_not_be_scored_earns_nothing() -> None:
    assert earned([talk(30, 40), talk(30, 50)], {"gate": Unsure()}) == [[], []]


def test_a_dialogue_whose_user_failed_earns_nothing_whatever_a_head_says() -> None:
    failed = replace(talk(30, said=("Go on.",)), failed=True)
    heads: dict[str, Reward] = {"emotion": EmotionReward(), "other": Fixed(1.0, 1.0)}
    weights = {"emotion": 1.0, "other": 0.5}
    combined = combine(score_heads(heads, [failed, talk(30, 40)]), weights, 2)
    assert credits_of_replies([failed, talk(30, 40)], combined, heads, weights, {})[0] == []


class Fixed(Reward):
    def __init__(self, *rewards: float | None) -> None:
        self.rewards = rewards

    def __call__(self, dialogues: Sequence[Dialogue]) -> list[float | None]:
        return list(self.rewards)


def shares(dialogues: list[Dialogue], other: Reward, group_size: int = 2) -> dict[str, float]:
    heads, weights = {"emotion": EmotionReward(), "other": other}, {"emotion": 1.0, "other": 0.5}
    combined = combine(score_heads(heads, dialogues), weights, group_size)
    credit = credits_of_replies(dialogues, combined, heads, weights, {})
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
