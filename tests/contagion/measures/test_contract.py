"""What every measure of a pair promises: shapes, units, who follows whom, and what bad input gives."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from empdetect.contagion.alignment import align
from empdetect.contagion.measures.coherence import coherence
from empdetect.contagion.measures.concordance import concordance
from empdetect.contagion.measures.correlation import correlation
from empdetect.contagion.measures.cross_correlation import cross_correlation, windowed_cross_correlation
from empdetect.contagion.measures.granger import granger
from empdetect.contagion.measures.phase import cluster_phase, group_phases, kuramoto_order, phase_locking
from empdetect.contagion.measures.recurrence import States, cross_recurrence, group_recurrence
from empdetect.contagion.measures.transfer_entropy import transfer_entropy
from empdetect.contagion.measures.warping import dynamic_time_warping
from empdetect.contagion.measures.wavelet_coherence import wavelet_coherence
from empdetect.contagion.series import Series
from empdetect.errors import InputError

RATE = 10.0
SAMPLES = 800
Measure = Callable[..., Any]

MEASURES: dict[str, Measure] = {
    "correlation": lambda x, y, rate=RATE: correlation(x, y, rate),
    "cross-correlation": lambda x, y, rate=RATE: cross_correlation(x, y, rate, 2.0),
    "windows": lambda x, y, rate=RATE: windowed_cross_correlation(x, y, rate, 2.0, 8.0),
    "concordance": lambda x, y, rate=RATE: concordance(x, y, rate),
    "warping": lambda x, y, rate=RATE: dynamic_time_warping(x, y, rate, 1.0, lags=True),
    "recurrence": lambda x, y, rate=RATE: cross_recurrence(x, y, rate, 1.0, States(embedding=2, delay=0.3)),
    "coherence": lambda x, y, rate=RATE: coherence(x, y, rate, 8.0),
    "wavelet coherence": lambda x, y, rate=RATE: wavelet_coherence(x, y, rate, 0.2, 2.0),
    "phase locking": lambda x, y, rate=RATE: phase_locking(x, y, rate, 0.2, 0.4),
    "granger": lambda x, y, rate=RATE: granger(x, y, rate, 0.5),
    "transfer entropy": lambda x, y, rate=RATE: transfer_entropy(x, y, rate, 1.0),
}
GROUPS: dict[str, Measure] = {
    "recurrence": lambda z, rate=RATE: group_recurrence(z, rate, 1.0),
    "order": lambda z, rate=RATE: kuramoto_order(group_phases(z, rate, 0.2, 0.4)),
    "cluster phase": lambda z, rate=RATE: cluster_phase(group_phases(z, rate, 0.2, 0.4)),
}
UNITS_COUNT = {"concordance"}

pairs = pytest.mark.parametrize("name", MEASURES)
groups = pytest.mark.parametrize("name", GROUPS)


def people(*shape: int, seed: int = 0) -> np.ndarray:
    """Smooth signals."""
    noise = np.random.default_rng(seed).normal(size=(*shape, SAMPLES + 9))
    return np.stack([noise[..., k : SAMPLES + k] for k in range(10)]).mean(axis=0)


def arrays(found: Any) -> dict[str, np.ndarray]:
    return {field.name: np.asarray(getattr(found, field.name)) for field in fields(found)}


def numbers(found: Any) -> np.ndarray:
    """All that a reader could take for a finding."""
    parts = [value.ravel() for key, value in arrays(found).items() if key in ("values", "distance", "f", "p", "net")]
    return np.concatenate(parts)


@pairs
def test_surrogates_at_once_give_what_they_give_alone(name: str) -> None:
    x, y = people(), people(3, 2, seed=1)
    y[0, 0, 100:105] = np.nan
    many = arrays(MEASURES[name](x, y))
    for place in np.ndindex(3, 2):
        for key, value in arrays(MEASURES[name](x, y[place])).items():
            if value.shape == many[key].shape:  # lags, frequencies
                np.testing.assert_array_equal(many[key], value)
            else:
                assert many[key].shape == (3, 2, *value.shape), key
                np.testing.assert_allclose(many[key][place], value, atol=1e-7, err_msg=key)


@pairs
def test_units_and_levels_do_not_count(name: str) -> None:
    x, y = people(2)
    found, other = MEASURES[name](x, y), MEASURES[name](100 * x - 7, 0.01 * y + 3)
    if name in UNITS_COUNT:
        assert not np.allclose(found.values, other.values)
        np.testing.assert_allclose(found.values, MEASURES[name](9 * x - 7, 9 * y - 7).values, atol=1e-9)
    else:
        # A distance that equals a limit but for rounding may fall on either side.
        np.testing.assert_allclose(found.values, other.values, atol=0.005 if "recurrence" in name else 1e-6)


@pairs
def test_a_constant_or_empty_signal_gives_nothing(name: str) -> None:
    x, y = people(2)
    for bad in (np.full(SAMPLES, 0.1) * 3, np.full(SAMPLES, np.nan), np.where(np.arange(SAMPLES) == 5, 1.0, np.nan)):
        for one, other in ((bad, y), (x, bad)):
            assert np.isnan(numbers(MEASURES[name](one, other))).all()
    # Nor does it spoil its neighbours.
    found = MEASURES[name](x, np.stack([np.ones(SAMPLES), y]))
    assert np.isnan(found.values[0]).all()
    np.testing.assert_allclose(found.values[1], MEASURES[name](x, y).values, atol=1e-9)


@pairs
def test_infinite_values_give_nothing(name: str) -> None:
    x, y = people(2)
    x[3] = np.inf
    assert np.isnan(numbers(MEASURES[name](x, y))).all()


@pairs
def test_lengths_and_rates_that_do_not_fit_are_refused(name: str) -> None:
    x, y = people(2)
    for one, other, rate in ((x, y[:-1], RATE), (x[:1], y[:1], RATE), (x, y, 0.0), (x, y, float("nan"))):
        with pytest.raises(InputError):
            MEASURES[name](one, other, rate)


@pairs
@pytest.mark.parametrize("how", ["scattered", "in one piece"])
def test_40_percent_missing_is_told_by_the_quality(name: str, how: str) -> None:
    x, y = people(2)
    scattered = np.random.default_rng(3).random(SAMPLES) < 0.4
    lost = scattered if how == "scattered" else np.arange(SAMPLES) < 0.4 * SAMPLES
    found, whole = MEASURES[name](np.where(lost, np.nan, x), y), MEASURES[name](x, y)
    assert (found.quality <= 0.63).all()
    assert (found.quality < whole.quality).all()
    # What is given although little is known stays near what all would give; else nothing is given.
    given = np.isfinite(found.values) & np.isfinite(whole.values)
    if how == "in one piece":
        assert given.any()
    assert (np.abs(found.values - whole.values)[given] < 1.0).all()


@pairs
def test_nothing_warns(name: str, recwarn: pytest.WarningsRecorder) -> None:
    x, y = people(2)
    x[::7] = np.nan
    y[:300] = np.nan
    MEASURES[name](np.stack([x, np.ones(SAMPLES)]), y)
    assert not [str(warning.message) for warning in recwarn if warning.category is RuntimeWarning]


@pytest.mark.parametrize(
    "name", ["concordance", "warping", "recurrence", "coherence", "wavelet coherence", "phase locking"]
)
def test_the_strength_is_the_same_both_ways_round(name: str) -> None:
    x, y = people(2)
    np.testing.assert_allclose(MEASURES[name](x, y).values, MEASURES[name](y, x).values, atol=1e-7)


@pytest.mark.parametrize("name", ["coherence", "wavelet coherence", "phase locking"])
def test_lags_turn_with_the_persons(name: str) -> None:
    x, y = people(2)
    found, swapped = MEASURES[name](x, y).lags, MEASURES[name](y, x).lags
    np.testing.assert_allclose(found, -swapped, atol=1e-7)


def test_positive_lags_mean_that_the_second_follows_everywhere() -> None:
    noise = np.random.default_rng(4).normal(size=4000)
    x, y = noise, np.roll(noise, 3) + 0.05 * np.random.default_rng(5).normal(size=4000)
    late = 3 / RATE
    assert np.median(dynamic_time_warping(x, y, RATE, 1.0, lags=True).lags) == pytest.approx(late)
    crossed = cross_recurrence(x, y, RATE, 1.0)
    assert crossed.lags[crossed.profile.argmax()] == pytest.approx(late)
    spectrum = coherence(x, y, RATE, 8.0)
    assert np.median(spectrum.lags[(spectrum.frequencies > 0.1) & (spectrum.frequencies < 1.5)]) == pytest.approx(
        late, abs=0.01
    )
    assert np.nanmedian(wavelet_coherence(x, y, RATE, 0.2, 1.5).lags) == pytest.approx(late, abs=0.02)
    assert phase_locking(x, y, RATE, 0.5, 1.0).lags == pytest.approx(late, abs=0.03)
    told = transfer_entropy(x, y, RATE, 1.0)
    assert told.lags[told.values.argmax()] == pytest.approx(late)
    assert told.net > 0
    assert granger(x, y, RATE, 0.5).net > 0


@groups
def test_groups_vectorise_and_hide_who_has_no_signal(name: str) -> None:
    values = people(2, 3, 4)
    values[1, 2, 0] = 5.0
    found = GROUPS[name](values)
    assert found.values.shape == (2, 3)
    np.testing.assert_allclose(found.values[0, 1], GROUPS[name](values[0, 1]).values, atol=1e-9)
    assert np.isnan(found.values[1, 2])
    assert found.quality[1, 2] == 0
    np.testing.assert_allclose(found.values[0], GROUPS[name](3 - 20 * values[0]).values, atol=0.005)
    order = np.random.default_rng(6).permutation(4)
    np.testing.assert_allclose(GROUPS[name](values[:, :, order]).values, found.values, atol=0.005)
    with pytest.raises(InputError):
        GROUPS[name](values[0, 0, :1])


def test_reversed_time_never_reaches_a_measure() -> None:
    with pytest.raises(InputError, match="times must grow"):
        Series.at("smile", "Ann", np.arange(SAMPLES)[::-1] / RATE, people())


def test_series_of_other_rates_and_lengths_reach_them_on_one_grid() -> None:
    x = Series("smile", "Ann", people(), RATE)
    y = Series("smile", "Bob", np.repeat(people(seed=1), 4)[:-600], 4 * RATE, start=5.0)
    aligned = align([x, y])
    assert aligned.values.shape == (2, 650)
    for measure in MEASURES.values():
        assert np.isfinite(measure(*aligned.values, aligned.rate).quality)
