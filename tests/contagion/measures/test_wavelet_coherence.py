"""Wavelet coherence against the same equations written out sample by sample, and what is told of time and lag."""

import numpy as np
import pytest

from empdetect.contagion.gaps import standardised
from empdetect.contagion.measures.wavelet_coherence import mean_wavelet_coherence, transformed, wavelet_coherence
from empdetect.errors import InputError

RATE = 10.0


def coupled(seconds: float = 120.0, late: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Noise of one's own, and 0.25 Hz of the first in the second from the middle on."""
    generator = np.random.default_rng(0)
    times = np.arange(round(seconds * RATE)) / RATE
    wave = np.sin(2 * np.pi * 0.25 * times + 0.7 * np.sin(times / 9))
    x = 2 * wave + generator.normal(size=len(times))
    y = np.where(times > seconds / 2, 2 * np.roll(wave, late), 0) + generator.normal(size=len(times))
    return x, y


def test_golden_of_the_transform_against_a_convolution_by_hand() -> None:
    """PyWavelets integrates the wavelet between samples, so values differ from a plain sum by its discretisation."""
    x = standardised(np.random.default_rng(1).normal(size=400))
    scales = np.array([8.0, 20.0])
    found = transformed(x, scales)
    moments = np.arange(400)
    for row, scale in zip(found, scales):
        t = (moments - moments[:, None]) / scale
        wavelet = np.exp(6j * t - t**2 / 2) / np.sqrt(2 * np.pi)
        wanted = (x * wavelet.conj()).sum(axis=1) / np.sqrt(scale)
        inner = slice(100, 300)
        likeness = (
            np.abs(np.vdot(row[inner], wanted[inner])) / np.linalg.norm(row[inner]) / np.linalg.norm(wanted[inner])
        )
        assert likeness > 0.999


def test_golden_of_the_smoothed_ratio_by_hand() -> None:
    """The equation with loops over scales and a plain Gaussian filter: 1e-6."""
    from scipy.ndimage import gaussian_filter1d

    x, y = coupled(60.0)
    found = wavelet_coherence(x, y, RATE, 0.1, 1.0, per_octave=5)
    scales = 6.0 / (2 * np.pi) * RATE / found.frequencies
    first, second = transformed(x, scales), transformed(y, scales)

    def smooth(values: np.ndarray) -> np.ndarray:
        rows = []
        for scale, row in zip(scales, values / scales[:, None]):
            parts = [gaussian_filter1d(p, scale, mode="constant", truncate=8) for p in (row.real, row.imag)]
            rows.append(parts[0] + 1j * parts[1])
        # 0.6 octaves are three scales of five an octave.
        return np.stack([np.mean(rows[max(0, n - 1) : n + 2], axis=0) for n in range(len(rows))])

    powers = [smooth(np.abs(z).astype(complex) ** 2).real for z in (first, second)]
    wanted = np.abs(smooth(np.conj(first) * second)) ** 2 / (powers[0] * powers[1])
    known = np.isfinite(found.values)
    np.testing.assert_allclose(found.values[known], wanted[known], atol=1e-6)
    assert known.any()


def test_it_tells_when_at_which_frequency_and_how_late() -> None:
    found = wavelet_coherence(*coupled(), RATE, 0.1, 1.0)
    row = np.abs(found.frequencies - 0.25).argmin()
    before, after = found.values[row, 100:500], found.values[row, 700:1050]
    assert np.nanmean(after) > 0.95
    assert np.nanmean(before) < 0.6
    np.testing.assert_allclose(np.nanmedian(found.lags[row, 700:1050]), 0.8, atol=0.06)
    fast = np.abs(found.frequencies - 0.8).argmin()
    assert np.nanmean(found.values[fast]) < 0.6


def test_values_lie_between_0_and_1_and_units_do_not_count() -> None:
    x, y = coupled()
    found, other = wavelet_coherence(x, y, RATE, 0.1, 2.0), wavelet_coherence(y, 5 - 3 * x, RATE, 0.1, 2.0)
    assert (np.nan_to_num(found.values) <= 1 + 1e-9).all()
    np.testing.assert_allclose(found.values, other.values, atol=1e-9)


def test_gaps_and_ends_are_masked_as_far_as_the_wavelet_reaches() -> None:
    x, y = coupled()
    x[600:620] = np.nan
    found = wavelet_coherence(np.stack([x, x]), y, RATE, 0.1, 1.0)
    lost = np.isnan(found.values[0])
    reach = np.ceil(np.sqrt(2) * 6.0 / (2 * np.pi) * RATE / found.frequencies).astype(int)
    for row, steps in zip(lost, reach):
        assert row[:steps].all()
        assert row[600 - steps : 620 + steps].all()
        assert not row[steps : 600 - steps].any()
    assert found.quality == pytest.approx([1 - lost.mean()] * 2)


@pytest.mark.parametrize(("low", "high"), [(0.001, 1.0), (0.5, 0.1), (0.1, 6.0)])
def test_frequencies_out_of_range_are_refused(low: float, high: float) -> None:
    with pytest.raises(InputError, match="are allowed, lowest first"):
        wavelet_coherence(*coupled(), RATE, low, high)


def test_means_of_many_are_those_of_their_maps(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = coupled(240.0)
    many = np.random.default_rng(2).permuted(np.tile(y, (2, 5, 1)), axis=-1)
    monkeypatch.setattr("empdetect.contagion.measures.wavelet_coherence.BLOCK", 240_000)
    means, frequencies = mean_wavelet_coherence(x, many, RATE, 0.1, 1.0)
    found = wavelet_coherence(x, many, RATE, 0.1, 1.0)
    np.testing.assert_allclose(means, np.nanmean(found.values, axis=-1), atol=1e-12)
    np.testing.assert_array_equal(frequencies, found.frequencies)
    row = np.abs(frequencies - 0.25).argmin()
    assert mean_wavelet_coherence(x, y, RATE, 0.1, 1.0)[0][row] > means[..., row].max()
