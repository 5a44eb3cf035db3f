"""Pairs beside surrogates: what is found, what may be claimed, and what is refused with its reason."""

import numpy as np
import pytest

from empdetect.contagion.claims import direction_of
from empdetect.contagion.inference import Surrogate, compare_pair, is_significant, permutation_p
from empdetect.contagion.lag_interval import Lag
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.contagion.statistics import Correlation, PeakCorrelation, WindowedCorrelation
from empdetect.contagion.stimulus import partial_out
from empdetect.errors import InputError

RATE = 4.0
CALM = Conditions(300.0, RATE, 0.8)


def pair(coupling: float = 0.5, lag: float = 1.0, seed: int = 0, conditions: Conditions = CALM) -> np.ndarray:
    """A dyad ``(person, time)``."""
    direction = "a_to_b" if coupling else "none"
    return simulate_dyads(1, coupling, lag, direction, conditions, seed).values[0]


def film_and_watchers(strangers: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A film, two people whom it moves (the second 1 s later), and strangers who saw it like the second."""
    rng = np.random.default_rng(3)
    film = simulate_dyads(1, 0.0, direction="none", conditions=CALM, seed=5).values[0, 0]
    late = np.concatenate([np.zeros(4), film[:-4]])
    own = rng.normal(size=(2 + strangers, len(film)))
    return film, np.stack([film + own[0], late + own[1]]), late + own[2:]


@pytest.mark.parametrize("kind", ["phase", "iaaft", "segments", "shifts"])
def test_who_follows_is_found_with_all_surrogates(kind: Surrogate) -> None:
    test = compare_pair(*pair(), RATE, surrogate=kind, count=99)
    assert test.p == pytest.approx(0.01)
    assert test.effect > 5
    assert test.surrogates.shape == (99,)
    assert test.lag is not None
    assert test.lag.seconds == 1.0
    assert (test.lag.low, test.lag.high) == pytest.approx((1 - 0.5 / RATE, 1 + 0.5 / RATE))
    assert test.claim("association").made
    assert test.claim("lead").made
    assert "second person's signal follows the first person's by 1.00 s" in test.claim("lead").sentence


def test_swapped_people_swap_the_lead() -> None:
    x, y = pair()
    sentence = compare_pair(y, x, RATE, count=99).claim("lead").sentence
    assert sentence.startswith("the first person's signal follows the second person's by 1.00 s")


def test_at_once_is_no_lead() -> None:
    test = compare_pair(*pair(lag=0.0), RATE, count=99)
    assert test.claim("association").made
    assert not test.claim("lead").made
    assert "both move together" in test.claim("lead").sentence


def test_a_lag_at_the_end_of_the_search_is_not_claimed() -> None:
    test = compare_pair(*pair(lag=2.0), RATE, PeakCorrelation(2.0), count=99)
    assert not test.claim("lead").made
    assert "beyond the 2 s" in test.claim("lead").sentence


def test_of_strangers_nothing_is_claimed() -> None:
    test = compare_pair(*pair(0.0), RATE, count=99)
    assert test.p > 0.05
    assert test.lag is None
    assert not any(claim.made for claim in test.claims)
    assert "no proof that nothing passed" in test.claim("association").sentence


def test_the_seed_decides() -> None:
    x, y = pair()
    one, same, other = (compare_pair(x, y, RATE, count=49, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.surrogates, same.surrogates)
    assert not np.array_equal(one.surrogates, other.surrogates)


def test_coupling_needs_the_stimulus_or_strangers_who_saw_it() -> None:
    film, (x, y), others = film_and_watchers(30)
    unaware = compare_pair(x, y, RATE, count=99)
    assert unaware.claim("association").made
    assert not unaware.claim("coupling").made
    assert "a shared stimulus could have done it" in unaware.claim("coupling").sentence
    told = compare_pair(x, y, RATE, preparation=Preparation(stimulus=film, response=3.0), count=99)
    beside = compare_pair(x, y, RATE, strangers=others, strangers_saw_the_same=True)
    for test in (told, beside):
        assert not test.claim("association").made
        assert "no coupling without" in test.claim("coupling").sentence
    somewhere = compare_pair(x, y, RATE, strangers=np.random.default_rng(0).normal(size=others.shape))
    assert somewhere.claim("association").made
    assert not somewhere.claim("coupling").made


def test_coupling_beyond_the_stimulus_is_claimed() -> None:
    film, (x, y), others = film_and_watchers(30)
    follower = y + np.concatenate([np.zeros(8), x[:-8] - film[:-8]])
    told = compare_pair(x, follower, RATE, preparation=Preparation(stimulus=film, response=3.0), count=99)
    assert told.claim("coupling").made
    assert "beyond every response to the stimulus that is linear" in told.claim("coupling").sentence
    beside = compare_pair(x, follower, RATE, strangers=others, strangers_saw_the_same=True)
    assert beside.claim("coupling").made


def test_a_stimulus_is_taken_out() -> None:
    film, (x, _), _ = film_and_watchers()
    left = partial_out(x, film, RATE, 2.0)
    assert np.isnan(left[:8]).all()
    assert abs(np.corrcoef(left[8:], film[8:])[0, 1]) < 1e-6
    with pytest.raises(InputError, match="as long as the signals"):
        partial_out(x, film[:-1], RATE)
    with pytest.raises(InputError, match="lower 'response' or the rate"):
        partial_out(x, film, RATE, 100.0)


WHITE = np.random.default_rng(0).normal(size=(2, 1200))


def gappy(x: np.ndarray, share: float) -> np.ndarray:
    """One long gap."""
    return np.where(np.arange(len(x)) < share * len(x), np.nan, x)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (np.ones(1200), WHITE[1], "first person's signal tells nothing"),
        (WHITE[0], np.full(1200, np.nan), "second person's signal tells nothing"),
        (WHITE[0], gappy(WHITE[1], 0.6), "too many gaps"),
        (WHITE[0][:100], WHITE[1][:100], "too short: 25 s for lags up to 5 s"),
    ],
)
def test_what_cannot_carry_a_test_is_refused_with_the_reason(x: np.ndarray, y: np.ndarray, reason: str) -> None:
    test = compare_pair(x, y, RATE, preparation=Preparation(whiten=False), count=99)
    assert np.isnan(test.p)
    assert np.isnan(test.observed)
    assert np.isnan(test.effect)
    assert reason in test.adequacy.reason
    assert len(test.claims) == 3
    assert not any(claim.made for claim in test.claims)
    assert all(reason in claim.sentence for claim in test.claims)


def test_40_percent_missing_is_tested_with_its_quality() -> None:
    x, y = pair()
    test = compare_pair(x, gappy(y, 0.4), RATE, count=99)
    assert test.adequacy.known == pytest.approx(0.6, abs=0.02)
    assert test.claim("association").made


def test_slow_signals_are_refused_unless_prewhitened() -> None:
    x, y = pair(0.0, conditions=Conditions(300.0, RATE, 0.99))
    raw = compare_pair(x, y, RATE, preparation=Preparation(whiten=False), count=99)
    assert "too short for signals as slow as these" in raw.adequacy.reason
    assert compare_pair(x, y, RATE, count=99).adequacy.ok


def test_segments_shorter_than_the_memory_are_refused() -> None:
    x, y = pair(0.0)
    raw = Preparation(whiten=False)
    test = compare_pair(x, y, RATE, surrogate="segments", preparation=raw, count=99, segment=5.0)
    assert "segments too short" in test.adequacy.reason


def test_too_few_strangers_are_refused() -> None:
    x, y = pair()
    test = compare_pair(x, y, RATE, strangers=WHITE[:, :1200])
    assert "2 pairs of strangers are too few to reach the level 0.05" in test.adequacy.reason


def test_what_does_not_belong_together_raises() -> None:
    x, y = pair()
    with pytest.raises(InputError, match="one length"):
        compare_pair(x, y[:-1], RATE)
    with pytest.raises(InputError, match="allowed are phase"):
        compare_pair(x, y, RATE, surrogate="magic")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="cut all to one length"):
        compare_pair(x, y, RATE, strangers=np.zeros((30, 10)))


@pytest.mark.parametrize("statistic", [Correlation(), PeakCorrelation(3.0), WindowedCorrelation(3.0, 20.0)])
def test_statistics_of_many_are_each_alone(statistic: PeakCorrelation) -> None:
    x, y = pair()[0], np.stack([pair(seed=seed)[1] for seed in range(3)])
    many = statistic(x, y, RATE)
    assert many.shape == (3,)
    np.testing.assert_allclose(many, [float(statistic(x, row, RATE)) for row in y])
    assert np.isnan(statistic(x, np.ones((1, len(x))), RATE)).all()


def test_lags_that_a_recorder_spoils_can_be_left_out() -> None:
    hum = np.random.default_rng(1).normal(size=1200)
    x, y = WHITE[0] + hum, WHITE[1] + hum
    assert compare_pair(x, y, RATE, count=99).claim("association").made
    careful = compare_pair(x, y, RATE, PeakCorrelation(5.0, least_lag=0.5), count=99)
    assert not careful.claim("association").made


def test_p_counts_the_pair_in() -> None:
    surrogates = np.array([[1.0, 1.0], [2.0, np.nan], [3.0, 3.0], [4.0, np.nan]])
    np.testing.assert_allclose(permutation_p([3.5, 0.0], surrogates), [2 / 5, 1.0])
    np.testing.assert_allclose(permutation_p(9.0, surrogates[:, 0]), 1 / 5)
    assert np.isnan(permutation_p(np.nan, surrogates[:, 0]))
    assert np.isnan(permutation_p(1.0, np.zeros(0)))


def test_a_claim_outlives_the_seed() -> None:
    assert not is_significant(0.05, 99, 0.05)
    assert is_significant(0.03, 99, 0.05)
    assert is_significant(0.05, 19, 0.05, drawn=False)
    assert is_significant(0.044, 9999, 0.05)


@pytest.mark.parametrize(
    ("low", "high", "direction"),
    [
        (0.2, 0.6, "second_follows"),
        (-0.6, -0.2, "first_follows"),
        (-0.1, 0.1, "together"),
        (-0.1, 0.3, "unclear"),
        (-2.0, 2.0, "unclear"),
    ],
)
def test_directions(low: float, high: float, direction: str) -> None:
    assert direction_of(Lag(0.0, low, high, low, high, 0.5, np.zeros(1), np.zeros(1)), 0.1) == direction
