"""Simulated people: what the truth says is what the signals show."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from empdetect.contagion.signals import Array, autoregressive, stretches
from empdetect.contagion.simulation import Conditions, Direction, Simulated, simulate_dyads, simulate_groups
from empdetect.errors import InputError


def along(x: Array, y: Array, samples: int) -> Array:
    """``(dyad,)`` correlation of ``x`` with what ``y`` does so many samples later."""
    later = y[:, samples:] if samples >= 0 else y[:, :samples]
    now = x[:, : later.shape[1]] if samples >= 0 else x[:, -samples:]
    return np.array([np.corrcoef(one, other)[0, 1] for one, other in zip(now, later, strict=True)])


def is_about(found: Array, expected: float, bias: float = 1e-3) -> None:
    """The mean of ``found`` lies within four standard errors, and the bias of the estimate, of what is expected."""
    error = found.std(ddof=1) / np.sqrt(len(found))
    assert abs(found.mean() - expected) < 4 * error + bias


@settings(max_examples=15, deadline=None)
@given(
    coupling=st.floats(-0.9, 0.9),
    lag=st.integers(0, 20),
    memory=st.sampled_from([0.0, 0.5, 0.9]),
    back=st.booleans(),
    seed=st.integers(0, 99),
)
def test_the_follower_goes_along_at_the_lag_and_nowhere_else(
    coupling: float, lag: int, memory: float, back: bool, seed: int
) -> None:
    way: Direction = "b_to_a" if back else "a_to_b"
    done = simulate_dyads(60, coupling, lag / 10, way, Conditions(seconds=100, autocorrelation=memory), seed)
    leader, follower = (done.values[:, 1], done.values[:, 0]) if back else (done.values[:, 0], done.values[:, 1])
    # The mean of a stretch takes some of what is shared with it; so many samples of a memory count as one.
    bias = 1e-3 + 2 * abs(coupling) * (1 + memory) / (1 - memory) / leader.shape[1]
    for distance in (-15, -4, 0, 4, 15):
        is_about(along(leader, follower, lag + distance), coupling * memory ** abs(distance), bias)


def test_everybody_has_variance_one_and_the_memory_asked_for() -> None:
    memory = np.repeat([0.0, 0.5, -0.5, 0.95], 50)
    noise = autoregressive(np.random.default_rng(0), memory, 2, 2000)
    is_about(noise.var(axis=-1)[:150].ravel(), 1.0)
    for value in np.unique(memory):
        own = noise[memory == value, 0]
        is_about(np.mean(own[:, :-1] * own[:, 1:], axis=1), value)
    # The first sample is as any other: the signal does not have to settle.
    assert noise[:, :, 0].var() == pytest.approx(1.0, abs=0.2)


def test_each_dyad_has_its_own_truth() -> None:
    ways: list[Direction] = ["a_to_b", "b_to_a", "both", "none"]
    truth = simulate_dyads(4, [0.1, 0.2, 0.3, 0.4], [0.0, 1.0, 2.0, 3.0], ways, Conditions(seconds=10)).truth
    np.testing.assert_array_equal(truth.direction, ways)
    np.testing.assert_array_equal(truth.present, [True, True, True, False])
    np.testing.assert_array_equal(truth.signed_lag, [0.0, -1.0, np.nan, np.nan])
    np.testing.assert_array_equal(truth.strength[:, 0, 1], [0.1, 0.0, 0.3, 0.0])
    np.testing.assert_array_equal(truth.lag[2], [[np.nan, 2.0], [2.0, np.nan]])


def test_both_follow_each_other() -> None:
    done = simulate_dyads(200, 0.4, 1.5, "both", Conditions(seconds=100, autocorrelation=0.3))
    a, b = done.values[:, 0], done.values[:, 1]
    for found in (along(a, b, 15), along(b, a, 15)):
        is_about(found, 0.4)
    is_about(along(a, b, 0), 0.0)


def test_coupling_comes_and_goes() -> None:
    conditions = Conditions(seconds=200, autocorrelation=0.0, coupled_share=0.5, bout=10)
    done = simulate_dyads(200, 0.8, 0.5, "a_to_b", conditions)
    coupled, (a, b) = done.truth.coupled, done.values.transpose(1, 0, 2)
    is_about(coupled.mean(axis=1), 0.5)
    product = a[:, :-5] * b[:, 5:]
    assert product[coupled[:, 5:]].mean() == pytest.approx(0.8, abs=0.01)
    assert product[~coupled[:, 5:]].mean() == pytest.approx(0.0, abs=0.01)
    changes = (np.diff(coupled.astype(int), axis=1) == 1).sum(axis=1).mean()
    assert changes == pytest.approx(200 / 20, rel=0.1)


def test_no_time_coupled_is_no_coupling() -> None:
    truth = simulate_dyads(3, 0.8, 0.5, "a_to_b", Conditions(seconds=10, coupled_share=0.0)).truth
    assert not truth.present.any()
    assert set(truth.direction) == {"none"}
    assert np.isnan(truth.signed_lag).all()


def test_a_common_stimulus_is_no_coupling() -> None:
    conditions = Conditions(seconds=200, autocorrelation=0.5, stimulus=0.3, stimulus_lag=[0.0] * 100 + [0.7] * 100)
    done = simulate_dyads(200, 0.5, 1.0, "none", conditions)
    assert not done.truth.present.any()
    np.testing.assert_array_equal(done.truth.stimulus, 0.3)
    a, b = done.values.transpose(1, 0, 2)
    is_about(along(a[:100], b[:100], 0), 0.3)
    is_about(along(a[100:], b[100:], 7), 0.3)
    is_about(along(a, b, 40), 0.0)


def test_bursts_come_and_go_for_each_person_alone() -> None:
    calm, burst = (
        simulate_dyads(60, 0.0, conditions=Conditions(seconds=200, autocorrelation=0.0, bout=5.0, bursts=bursts)).values
        for bursts in (0.0, 1.0)
    )
    strength = (np.square(x).reshape(60, 2, -1, 20).mean(axis=-1) for x in (calm, burst))
    spread = [np.log(x).std(axis=-1).mean() for x in strength]
    assert spread[1] > 3 * spread[0]
    loud = np.log(np.square(burst).reshape(60, 2, -1, 20).mean(axis=-1))
    both = [np.corrcoef(one, other)[0, 1] for one, other in loud]
    assert abs(np.mean(both)) < 0.1


def test_noise_trend_and_gaps_are_added_last() -> None:
    conditions = Conditions(seconds=100, autocorrelation=0.9, noise=0.5, missing=0.3, gap=2.0)
    done = simulate_dyads(200, 0.8, 1.0, conditions=conditions)
    missing = np.isnan(done.values)
    is_about(missing.mean(axis=-1).ravel(), 0.3)
    a, b = done.values.transpose(1, 0, 2)
    assert np.nanmean(a[:, :-10] * b[:, 10:]) == pytest.approx(0.4, abs=0.02)
    risen = simulate_dyads(300, 0.0, conditions=Conditions(seconds=100, autocorrelation=0.0, trend=4.0)).values
    rise = risen[..., 500:].mean(axis=-1) - risen[..., :500].mean(axis=-1)
    assert np.abs(rise).mean() == pytest.approx(2.0, abs=0.05)
    assert (rise > 0).mean() == pytest.approx(0.5, abs=0.1)


def test_a_clock_that_is_ahead_shows_things_late() -> None:
    done = simulate_dyads(50, 0.7, 1.0, conditions=Conditions(seconds=100, offset=2.0))
    np.testing.assert_array_equal(done.truth.offset, [[0.0, 2.0]] * 50)
    is_about(along(done.values[:, 0], done.values[:, 1], 30), 0.7)
    drifting = simulate_dyads(50, 0.7, 1.0, conditions=Conditions(seconds=400, autocorrelation=0.99, drift=5000.0))
    start, end = drifting.values[..., :500], drifting.values[..., -500:]
    # 5000 ppm: half a second at the start of the last 100 s, two at its end.
    assert along(start[:, 0], start[:, 1], 11).mean() > along(start[:, 0], start[:, 1], 28).mean()
    assert along(end[:, 0], end[:, 1], 28).mean() > along(end[:, 0], end[:, 1], 11).mean()


def test_people_may_be_recorded_at_different_rates() -> None:
    done = simulate_dyads(30, 0.8, 1.0, conditions=Conditions(seconds=60, rate=20, rates=(20.0, 4.0)))
    assert done.values.shape == (30, 2, 1200)
    assert np.isnan(done.values[:, 1, 240:]).all()
    is_about(along(done.values[:, 0, ::5], done.values[:, 1, :240], 4), 0.8)
    fast, slow = done.series(3)
    assert (fast.person, fast.rate, len(fast.values)) == ("a", 20.0, 1200)
    assert (slow.person, slow.rate, len(slow.values)) == ("b", 4.0, 240)


def test_emotion_passes_along_a_chain() -> None:
    network = [[0, 0.6, 0], [0, 0, 0.5], [0, 0, 0]]
    conditions = Conditions(seconds=100, autocorrelation=0.0)
    done = simulate_groups(100, network, [[0, 1, 0], [0, 0, 2], [0, 0, 0]], conditions)
    a, b, c = done.values.transpose(1, 0, 2)
    is_about(along(a, b, 10), 0.6)
    is_about(along(b, c, 20), 0.5)
    is_about(along(a, c, 30), 0.3)
    is_about(done.values.var(axis=-1).ravel(), 1.0)
    np.testing.assert_array_equal(np.isnan(done.truth.lag[0]), np.array(network) == 0)


def test_a_ring_of_people_comes_to_rest() -> None:
    ring = np.roll(np.eye(4), 1, axis=1) * 0.5
    done = simulate_groups(60, ring, 1.0, Conditions(seconds=100, autocorrelation=0.0))
    for person in range(4):
        is_about(along(done.values[:, person], done.values[:, (person + 1) % 4], 10), 0.5)


def test_a_seed_is_a_seed() -> None:
    def made(seed: int | np.random.Generator) -> Simulated:
        return simulate_dyads(3, 0.3, conditions=Conditions(seconds=5, missing=0.2, stimulus=0.1), seed=seed)

    np.testing.assert_array_equal(made(7).values, made(7).values)
    np.testing.assert_array_equal(made(7).values, made(np.random.default_rng(7)).values)
    assert not np.array_equal(made(7).values, made(8).values, equal_nan=True)


def spread_of_mean(share: float, length: float, samples: int) -> float:
    """Standard deviation of the mean of so many samples of a chain of two states, whose memory is geometric."""
    variance = share * (1 - share)
    if variance == 0:
        return 0.0
    memory = 1 - 1 / (max(length, share / (1 - share)) * (1 - share))
    lags = np.arange(1, samples)
    return float(np.sqrt(variance / samples * max(0.0, 1 + 2 * ((1 - lags / samples) * memory**lags).sum())))


@given(share=st.floats(0, 1), length=st.floats(1, 30))
@example(share=0.001, length=19.5)
@settings(max_examples=25, deadline=None)
def test_stretches_hold_for_their_share_of_the_time(share: float, length: float) -> None:
    # What is rare may not come at all, so the draws themselves do not tell how far they may be off; and where a few
    # long stretches make all of the share, four deviations of a mean are no rare sight, so six are allowed.
    holds = stretches(np.random.default_rng(0), np.full(400, share), length, (400, 300))
    assert abs(holds.mean() - share) < 6 * spread_of_mean(share, length, 300) / 20 + 1e-4
    assert abs(holds[:, 0].mean() - share) < 4 * spread_of_mean(share, length, 1) / 20 + 1e-4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"coupling": 1.0}, "'coupling' must be above -1 and below 1, got 1"),
        ({"coupling": np.nan}, "'coupling' must be"),
        ({"coupling": [0.1, 0.2]}, "'coupling' is one number or one for each"),
        ({"lag": -1.0}, "'lag' must be from 0"),
        ({"direction": "a"}, "a_to_b, b_to_a, both, none"),
        ({"direction": ["none"] * 2}, "got 2 of them"),
        ({"direction": "both", "lag": 0.0}, "in a circle without any lag"),
        ({"conditions": Conditions(seconds=0.1)}, "two samples at least"),
        ({"conditions": Conditions(autocorrelation=1.0)}, "'autocorrelation' must be"),
        ({"conditions": Conditions(missing=1.0)}, "'missing' must be from 0 and below 1"),
        ({"conditions": Conditions(stimulus=1.5)}, "'stimulus' must be from 0 to 1"),
        ({"conditions": Conditions(rates=(10.0,))}, "2 numbers above 0 Hz"),
    ],
)
def test_what_cannot_be_simulated_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        simulate_dyads(3, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("network", "lags", "said"),
    [
        ([[0.0, 0.5]], 1.0, "got the shape"),
        ([[0.1, 0.5], [0, 0]], 1.0, "follows themselves"),
        ([[0, 0, 0.8], [0, 0, 0.8], [0, 0, 0]], 1.0, "sum to 1.28"),
        ([[0, 0.5], [0, 0]], -1.0, "0 s or more"),
        ([[0, 0.7, 0.7], [0.7, 0, 0.7], [0.7, 0.7, 0]], 1.0, "nobody comes to rest"),
    ],
)
def test_networks_that_make_no_sense_are_refused(network: list[list[float]], lags: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        simulate_groups(2, network, lags)
