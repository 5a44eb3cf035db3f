"""Phase locking and order parameters against scipy and multiSyncPy."""

import numpy as np
import pytest
from scipy import signal

from empdetect.contagion.measures.phase import cluster_phase, group_phases, kuramoto_order, phase_locking, phases
from empdetect.errors import InputError

peer = pytest.importorskip("multiSyncPy.synchrony_metrics")


def test_golden_of_phase_locking_against_scipy() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 2000)).cumsum(axis=1)
    band = signal.butter(2, (0.1, 0.3), "bandpass", fs=10.0, output="sos")
    angle = [np.angle(signal.hilbert(signal.sosfiltfilt(band, (z - z.mean()) / z.std(), padlen=100))) for z in (x, y)]
    inner = slice(100, 1900)
    wanted = np.mean(np.exp(1j * (angle[0] - angle[1])[inner]))
    found = phase_locking(x, y, 10.0, 0.1, 0.3)
    np.testing.assert_allclose(found.values, np.abs(wanted), atol=1e-9)
    assert found.quality == pytest.approx(0.9)


def test_golden_of_groups_against_multisyncpy() -> None:
    angle = np.random.default_rng(1).uniform(-np.pi, np.pi, (4, 300))
    course, overall = peer.rho(angle)
    found = cluster_phase(angle)
    np.testing.assert_allclose(found.course, course, atol=1e-9)
    np.testing.assert_allclose(found.values, overall, atol=1e-9)
    # Its weak-null test rests on the mean of the squared order parameter.
    several = np.random.default_rng(2).uniform(-np.pi, np.pi, (6, 4, 300))
    squares = (kuramoto_order(several).course ** 2).mean(axis=-1)
    statistic = (squares.mean() - 1 / 4) / (squares.std() / np.sqrt(6))
    np.testing.assert_allclose(statistic, peer.kuramoto_weak_null(list(several))[1], atol=1e-9)


def test_locked_signals_and_who_is_late() -> None:
    times = np.arange(3000) / 10
    x = np.sin(2 * np.pi * 0.2 * times + np.sin(times / 20))
    found = phase_locking(np.stack([x, np.roll(x, 9)]), np.stack([np.roll(x, 9), x]), 10.0, 0.15, 0.27)
    assert (found.values > 0.98).all()
    np.testing.assert_allclose(found.lags, [0.9, -0.9], atol=0.05)


def test_independent_groups_have_the_order_of_their_size() -> None:
    angle = np.random.default_rng(3).uniform(-np.pi, np.pi, (5, 20_000))
    assert kuramoto_order(angle).values == pytest.approx(np.sqrt(np.pi / 20), abs=0.02)
    assert kuramoto_order(np.tile(angle[0], (5, 1))).values == pytest.approx(1.0)


def test_a_steady_distance_is_order_for_clusters_alone() -> None:
    start = np.linspace(0, 2 * np.pi, 4, endpoint=False)[:, None]
    angle = start + np.arange(1000) / 20
    angle[0] += 0.3
    assert kuramoto_order(angle).values < 0.2
    assert cluster_phase(angle).values == pytest.approx(1.0)


def test_gaps_hide_what_the_filter_spreads() -> None:
    x = np.sin(np.arange(2000) / 10)
    x[1000] = np.nan
    angle = phases(x, 10.0, 0.1, 0.3)
    lost = np.flatnonzero(np.isnan(angle))
    np.testing.assert_array_equal(lost, [*range(100), *range(900, 1101), *range(1900, 2000)])
    together = kuramoto_order(np.stack([angle, np.zeros(2000)]))
    assert together.quality == pytest.approx(1 - 401 / 2000)
    assert np.isnan(together.course[lost]).all()


@pytest.mark.parametrize(
    ("low", "high", "seconds"), [(0.3, 0.1, 200), (0.0, 0.1, 200), (0.1, 6.0, 200), (0.1, 0.3, 25)]
)
def test_bands_that_the_signals_do_not_hold_are_refused(low: float, high: float, seconds: int) -> None:
    with pytest.raises(InputError, match="three periods"):
        phases(np.random.default_rng(4).normal(size=seconds * 10), 10.0, low, high)


def test_a_group_has_members_that_vary() -> None:
    values = np.random.default_rng(5).normal(size=(3, 2000))
    values[1] = 4.0
    assert np.isnan(group_phases(values, 10.0, 0.1, 0.3)[1]).all()
    assert np.isnan(kuramoto_order(group_phases(values, 10.0, 0.1, 0.3)).values)
    with pytest.raises(InputError, match="two people"):
        kuramoto_order(values[0])
