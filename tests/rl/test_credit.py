import math
from collections.abc import Sequence

import pytest
import torch

from empdetect.rl.batches import Rollouts
from empdetect.rl.credit import credits_of_replies, to_go
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
