import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.rl.rewards.base_level import ALL, levels


def drawn(scenarios: int, dialogues: int, apart: float, noise: float) -> tuple[list[tuple[str, float]], list[float]]:
    """Scores of dialogues, and the true level of each scenario."""
    chance = random.Random(0)
    true = [chance.gauss(0.5, apart) for _ in range(scenarios)]
    return [(str(s), chance.gauss(level, noise)) for s, level in enumerate(true) for _ in range(dialogues)], true


@pytest.mark.parametrize(("apart", "noise"), [(0.02, 0.09), (0.1, 0.05)])
def test_levels_are_nearer_to_the_truth_than_means_and_than_the_mean_over_all(apart: float, noise: float) -> None:
    scored, true = drawn(200, 2, apart, noise)
    found = levels(scored)
    means = [sum(score for scenario, score in scored if scenario == str(s)) / 2 for s in range(len(true))]

    def error(guesses: list[float]) -> float:
        return sum((guess - level) ** 2 for guess, level in zip(guesses, true, strict=True))

    ours = error([found[str(s)] for s in range(len(true))])
    assert ours < error(means)
    assert ours < error([found[ALL]] * len(true))


def test_one_dialogue_a_scenario_tells_no_scenario_from_chance() -> None:
    assert levels([("a", 0.2), ("b", 0.8)]) == {"a": 0.5, "b": 0.5, ALL: 0.5}
    assert levels([("a", 0.2), ("a", 0.6)]) == {"a": pytest.approx(0.4), ALL: pytest.approx(0.4)}


def test_scenarios_without_any_chance_keep_their_means() -> None:
    found = levels([("a", 0.25), ("a", 0.25), ("b", 0.75), ("b", 0.75)])
    assert found == {"a": pytest.approx(0.25), "b": pytest.approx(0.75), ALL: 0.5}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), min_size=1, max_size=12))
def test_a_level_lies_between_the_scenarios_mean_and_that_over_all(scored: list[tuple[str, float]]) -> None:
    found = levels(scored)
    for scenario in {name for name, _ in scored}:
        own = [score for name, score in scored if name == scenario]
        low, high = sorted([sum(own) / len(own), found[ALL]])
        assert low - 1e-9 <= found[scenario] <= high + 1e-9
