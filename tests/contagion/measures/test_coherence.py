"""Coherence against scipy's and multiSyncPy's, lags from phases, and gaps."""

import numpy as np
import pytest
from scipy import signal

from empdetect.contagion.measures.coherence import band_mean, coherence
from empdetect.errors import InputError

peer = pytest.importorskip("multiSyncPy.synchrony_metrics")


@pytest.mark.parametrize("length", [64, 101])
def test_golden_against_scipy(length: int) -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=2000).cumsum()
    y = generator.normal(size=(3, 2000)) + x
    found = coherence(x, y, 8.0, length / 8)
    frequencies, wanted = signal.coherence(x, y, fs=8.0, nperseg=length)
    np.testing.assert_allclose(found.frequencies, frequencies, atol=1e-12)
    np.testing.assert_allclose(found.values, wanted, atol=1e-9)
    assert (found.segments == (2000 - length) // (length - length // 2) + 1).all()


def test_golden_of_a_group_against_multisyncpy() -> None:
    """Its team coherence is the mean of all pairs and frequencies."""
    values = np.random.default_rng(1).normal(size=(3, 1024))
    found = [coherence(values[i], values[j], 1.0, 128.0).values.mean() for i, j in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(np.mean(found), peer.coherence_team(values, nperseg=128), atol=1e-9)


def test_the_phase_tells_how_late_the_second_is() -> None:
    x = np.random.default_rng(2).normal(size=20_000)
    found = coherence(x, np.roll(x, 4), 10.0, 20.0)
    slow = (found.frequencies > 0.1) & (found.frequencies < 1.0)
    np.testing.assert_allclose(found.lags[slow], 0.4, atol=0.02)
    np.testing.assert_allclose(band_mean(found, 0.1, 1.0), 1.0, atol=0.02)


def test_independent_signals_have_one_over_the_number_of_segments() -> None:
    x, y = np.random.default_rng(3).normal(size=(2, 200, 4000))
    found = coherence(x, y, 1.0, 400.0)
    # Segments overlap, so there are fewer independent ones than there are.
    assert 1.0 < found.values.mean() * found.segments[0] < 1.6


def test_segments_with_a_gap_are_left_out() -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(size=1000)
    y = x + generator.normal(size=1000)
    lost = x.copy()
    lost[500:510] = np.nan
    found = coherence(lost, y, 1.0, 100.0)
    assert (found.segments, found.quality) == (17, pytest.approx(17 / 19))
    parts = [np.s_[:500], np.s_[550:]]
    spectra = [[signal.csd(a[p], b[p], nperseg=100) for p in parts] for a, b in ((x, y), (x, x), (y, y))]
    cross, one, other = (s[0][1] * 9 / 17 + s[1][1] * 8 / 17 for s in spectra)
    np.testing.assert_allclose(found.values, np.abs(cross) ** 2 / (one * other), atol=1e-9)
    everywhere = np.where(np.arange(1000) % 50 == 0, np.nan, x)
    assert np.isnan(coherence(everywhere, y, 1.0, 100.0).values).all()


def test_what_cannot_be_had_is_refused() -> None:
    x = np.random.default_rng(5).normal(size=100)
    with pytest.raises(InputError, match="room for two"):
        coherence(x, x, 1.0, 90.0)
    with pytest.raises(InputError, match="there is no such frequency"):
        band_mean(coherence(x, x + np.roll(x, 1), 1.0, 20.0), 0.01, 0.02)
