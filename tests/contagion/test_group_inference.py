"""Groups beside surrogates: those who go together are found, others are not, and what cannot be told is refused."""

import numpy as np
import pytest

from empdetect.contagion.group_inference import compare_group
from empdetect.contagion.inference import Surrogate
from empdetect.contagion.measures.correlation import pearson
from empdetect.contagion.measures.network import network
from empdetect.contagion.measures.recurrence import States, group_recurrence
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.simulation import Conditions, simulate_groups
from empdetect.errors import InputError

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
CHAIN = [[0, 0.6, 0], [0, 0, 0.6], [0, 0, 0]]


def mean_tie(people: Array, rate: float) -> Array:
    return network(people, rate, lambda one, other: np.abs(pearson(one, other)[0])).values


def people(strength: float = 1.0, lag: float = 0.0, memory: float = 0.5) -> Array:
    made = simulate_groups(1, strength * np.array(CHAIN), lag, Conditions(300.0, 1.0, memory), seed=3)
    return made.values[0]


@pytest.mark.parametrize("surrogate", ["phase", "iaaft", "segments", "shifts"])
def test_a_group_that_goes_together_is_found(surrogate: Surrogate) -> None:
    test = compare_group(people(), 1.0, mean_tie, surrogate, count=99)
    assert test.claim("association").made
    assert not test.claim("coupling").made
    assert test.surrogates.shape == (99,)
    strangers = compare_group(people(0.0), 1.0, mean_tie, surrogate, count=99)
    assert not strangers.claim("association").made


def test_any_measure_of_a_group_is_a_statistic() -> None:
    test = compare_group(
        people(1.5), 1.0, lambda x, rate: group_recurrence(x, rate, 5.0, States(radius=1.0)).values, count=59
    )
    assert 0 < test.p <= 1
    assert np.isfinite(test.effect)


def test_what_all_saw_is_no_coupling() -> None:
    seen = people(0.0)[0]
    group = people(0.0) + 2 * seen
    unaware = compare_group(group, 1.0, mean_tie, count=59)
    assert unaware.claim("association").made
    told = compare_group(group, 1.0, mean_tie, preparation=Preparation(stimulus=seen, response=3.0), count=59)
    assert not told.claim("coupling").made


def test_what_cannot_carry_a_test_is_refused_with_the_reason() -> None:
    slow = compare_group(people(memory=0.99), 1.0, mean_tie, preparation=Preparation(whiten=False), count=59)
    assert np.isnan(slow.p)
    assert "too short for signals as slow as these" in slow.adequacy.reason
    still = people()
    still[1] = 4.0
    assert "signal tells nothing" in compare_group(still, 1.0, mean_tie, count=59).adequacy.reason
    assert "too few to reach the level" in compare_group(people(), 1.0, mean_tie, count=9).adequacy.reason


def test_what_is_no_group_is_an_error() -> None:
    with pytest.raises(InputError, match=r"Comparing a group: signals \(person, time\)"):
        compare_group(np.zeros((2, 3, 100)) + np.arange(100.0), 1.0, mean_tie)
    with pytest.raises(InputError, match="one of the surrogates phase"):
        compare_group(people(), 1.0, mean_tie, "other")  # type: ignore[arg-type]
