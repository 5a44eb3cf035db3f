"""Clocks: offset and drift are found, told and taken out, and a known lag is right afterwards."""

import numpy as np
import pytest

from empdetect.contagion.alignment import align
from empdetect.contagion.clock import Clock, clock_from_marks, clock_from_signals
from empdetect.contagion.measures.cross_correlation import cross_correlation
from empdetect.contagion.series import Series
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.errors import InputError

RATE = 50.0


def noise(seed: int, seconds: float, hertz: float) -> tuple[np.ndarray, np.ndarray]:
    """Times at 200 Hz and noise below some frequency."""
    from scipy.signal import butter, sosfiltfilt

    values = np.random.default_rng(seed).normal(size=round(seconds * 200))
    times = np.arange(len(values)) / 200 - 100
    return times, sosfiltfilt(butter(2, hertz, fs=200, output="sos"), values)


def recorded(
    name: str, person: str, signal: tuple, clock: Clock, seconds: float, rate: float, lag: float = 0.0
) -> Series:
    """What a recorder with that clock writes of a signal, ``lag`` seconds late, from its own second 0 on."""
    readings = np.arange(round(seconds * rate)) / rate
    true = (readings - clock.offset) / (1 + clock.drift * 1e-6)
    return Series(name, person, np.interp(true - lag, *signal), rate)


def shared_sound(clock: Clock, seconds: float, extra: float = 0.3) -> tuple[Series, Series]:
    """The envelope of the same sound as two microphones hear it, each with noise of its own."""
    good = Clock(0.0, 0.0, 0.0, 0.0, 1.0, 0)
    sound = noise(0, seconds + 300, 8.0)
    first, second = (recorded("sound", who, sound, c, seconds, RATE) for who, c in (("Ann", good), ("Bob", clock)))
    generator = np.random.default_rng(9)
    spread = extra * np.std(first.values)
    heard = (
        Series(s.name, s.person, s.values + spread * generator.normal(size=len(s.values)), RATE)
        for s in (first, second)
    )
    return tuple(heard)


def best_lag(x: np.ndarray, y: np.ndarray, rate: float) -> float:
    """Lag of the greatest correlation, positive where the second follows, to a fraction of a sample."""
    shifts = np.arange(-100, 101)
    inner = slice(100, -100)
    r = np.array([np.corrcoef(x[inner], np.roll(y, -k)[inner])[0, 1] for k in shifts])
    top = r.argmax()
    bend = r[top - 1] - 2 * r[top] + r[top + 1]
    return float((shifts[top] + 0.5 * (r[top - 1] - r[top + 1]) / bend) / rate)


@pytest.mark.parametrize(
    ("offset", "drift"), [(2.0, 0.0), (0.0, 100.0), (2.0, 100.0), (-2.0, -100.0), (31.7, 40.0), (0.0, 0.0)]
)
def test_offset_and_drift_are_found_and_a_known_lag_is_right_again(offset: float, drift: float) -> None:
    seconds, lag = 900.0, 1.2
    truth = Clock(offset, drift, 0.0, 0.0, 1.0, 0)
    found = clock_from_signals(*shared_sound(truth, seconds))
    assert found.offset == pytest.approx(offset, abs=0.005)
    assert found.drift == pytest.approx(drift, abs=5.0)
    assert abs(found.drift - drift) < 4 * found.drift_error + 1.0
    assert found.agreement > 0.9

    signal = noise(1, seconds + 300, 0.5)
    good = Clock(0.0, 0.0, 0.0, 0.0, 1.0, 0)
    ann = recorded("smile", "Ann", signal, good, seconds, 10.0)
    bob = recorded("smile", "Bob", signal, truth, seconds, 10.0, lag=lag)
    aligned = align([ann, found.corrected(bob)], rate=10.0)
    assert best_lag(*aligned.values, aligned.rate) == pytest.approx(lag, abs=0.01)
    late = align([Series("smile", p, s.values[-3000:], 10.0) for p, s in (("Ann", ann), ("Bob", bob))])
    if offset > 1 and offset < 10:
        assert abs(best_lag(*late.values, 10.0) - lag) > 1.5, "without the correction it is wrong"


def test_the_correction_is_told() -> None:
    found = clock_from_signals(*shared_sound(Clock(2.0, 100.0, 0.0, 0.0, 1.0, 0), 600.0))
    assert found.report().startswith("The other clock is 2.0")
    assert "ppm fast" in found.report()
    assert "100% of all, agree); corrected." in found.report()


def test_gaps_and_other_rates_are_no_hindrance() -> None:
    first, second = shared_sound(Clock(2.0, 100.0, 0.0, 0.0, 1.0, 0), 900.0)
    values = first.values.copy()
    values[5000:12000] = np.nan
    values[np.random.default_rng(2).random(len(values)) < 0.1] = np.nan
    slower = align([second], rate=40.0)
    found = clock_from_signals(
        Series("sound", "Ann", values, RATE), Series("sound", "Bob", slower.values[0], 40.0, slower.start)
    )
    assert found.offset == pytest.approx(2.0, abs=0.01)
    assert found.drift == pytest.approx(100.0, abs=10.0)


@pytest.mark.parametrize("hertz", [0.2, 1.0, 8.0])
@pytest.mark.parametrize("seed", range(4))
def test_recordings_of_different_things_are_refused(seed: int, hertz: float) -> None:
    good = Clock(0.0, 0.0, 0.0, 0.0, 1.0, 0)
    first, second = (recorded("sound", w, noise(s, 800, hertz), good, 300.0, RATE) for w, s in (("A", seed), ("B", 77)))
    with pytest.raises(InputError, match="agree on an offset"):
        clock_from_signals(first, second)


def test_recordings_too_short_or_too_far_apart_are_refused() -> None:
    first, second = shared_sound(Clock(2.0, 0.0, 0.0, 0.0, 1.0, 0), 30.0)
    with pytest.raises(InputError, match="are needed"):
        clock_from_signals(first, second)
    far = Series("sound", "Bob", second.values, RATE, start=5000.0)
    with pytest.raises(InputError, match="raise 'longest_offset'"):
        clock_from_signals(first, far)


def test_marks_tell_the_clock_although_some_are_missing() -> None:
    generator = np.random.default_rng(3)
    true = np.cumsum(generator.uniform(5, 40, 40))
    heard = 2.0 + (1 + 100e-6) * np.delete(true, [3, 4, 20]) + generator.normal(0, 0.005, 37)
    found = clock_from_marks(np.delete(true, [10, 11]), np.append(heard, 333.3))
    assert found.offset == pytest.approx(2.0, abs=0.01)
    assert found.drift == pytest.approx(100.0, abs=3 * found.drift_error)
    assert found.used == 35


def test_one_clap_tells_the_offset_alone() -> None:
    found = clock_from_marks([12.0], [14.5], drift=False)
    assert (found.offset, found.drift, found.used) == (2.5, 0.0, 1)
    assert "ppm" not in found.report()
    with pytest.raises(InputError, match="3 are needed"):
        clock_from_marks([12.0], [14.5])
    with pytest.raises(InputError, match="of 0 and 1 marks"):
        clock_from_marks([], [14.5])


def test_marks_of_different_things_are_refused_or_agree_in_few() -> None:
    generator = np.random.default_rng(4)
    with pytest.raises(InputError, match="too few"):
        clock_from_marks(generator.uniform(0, 100, 5), generator.uniform(1000, 1100, 5))


def test_a_corrected_series_keeps_its_values() -> None:
    series = Series("smile", "Bob", np.sin(np.arange(100.0)), 10.0, start=2.0)
    moved = Clock(2.0, 100.0, 0.0, 0.0, 1.0, 9).corrected(series)
    np.testing.assert_array_equal(moved.values, series.values)
    assert (moved.start, moved.rate) == (0.0, pytest.approx(10.001))


@pytest.mark.parametrize(("offset", "drift"), [(2.0, 0.0), (0.0, 100.0), (2.0, 100.0), (-3.5, -100.0)])
def test_simulated_dyads_with_clocks_of_their_own(offset: float, drift: float) -> None:
    """The simulator's clocks, event marks on both recordings, and the lag by the shipped cross-correlation."""
    conditions = Conditions(seconds=1800.0, rate=10.0, autocorrelation=0.9, offset=offset, drift=drift)
    dyads = simulate_dyads(6, coupling=0.6, lag=1.4, conditions=conditions, seed=1)
    generator = np.random.default_rng(2)
    true = np.sort(generator.uniform(20, 1780, 25))
    for dyad in range(len(dyads)):
        first, second = dyads.series(dyad)
        readings = offset + (1 + drift * 1e-6) * true + generator.normal(0, 0.004, len(true))
        clock = clock_from_marks(true, readings)
        assert clock.offset == pytest.approx(offset, abs=0.01)
        assert clock.drift == pytest.approx(drift, abs=8.0)
        aligned = align([first, clock.corrected(second)])
        found = cross_correlation(*aligned.values, aligned.rate, max_lag=5.0)
        assert found.lags[found.values.argmax()] == pytest.approx(1.4, abs=0.1 / 2)
