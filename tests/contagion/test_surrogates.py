"""What each kind of surrogate keeps, with gaps too, and that a seed gives the same ones."""

from collections.abc import Callable

import numpy as np
import pytest

from empdetect.contagion.signals import autoregressive
from empdetect.contagion.surrogates import iaaft, phase_randomised, segment_shuffles, strangers_of, time_shifts
from empdetect.errors import InputError

Make = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
KINDS: dict[str, Make] = {
    "shifts": lambda x, count, rng: time_shifts(x, count, rng, 20),
    "segments": lambda x, count, rng: segment_shuffles(x, count, rng, 30),
    "phase": phase_randomised,
    "iaaft": iaaft,
}
kinds = pytest.mark.parametrize("kind", KINDS)


def person(samples: int = 301, memory: float = 0.8) -> np.ndarray:
    """Bursts: far from Gaussian, with a memory."""
    return np.exp(autoregressive(np.random.default_rng(0), np.array([memory]), 1, samples)[0, 0])


@kinds
@pytest.mark.parametrize("samples", [300, 301])
def test_a_seed_gives_the_same_surrogates_and_they_differ(kind: str, samples: int) -> None:
    x = person(samples)
    made = KINDS[kind](x, 7, np.random.default_rng(1))
    np.testing.assert_array_equal(made, KINDS[kind](x, 7, np.random.default_rng(1)))
    assert made.shape == (7, samples)
    assert len(np.unique(made.round(9), axis=0)) == 7
    assert not (made == x).all(axis=1).any()


@pytest.mark.parametrize("kind", ["shifts", "segments", "iaaft"])
def test_values_are_the_persons_own(kind: str) -> None:
    x = person()
    for surrogate in KINDS[kind](x, 5, np.random.default_rng(2)):
        np.testing.assert_allclose(np.sort(surrogate), np.sort(x))


@pytest.mark.parametrize(("kind", "error"), [("phase", 1e-9), ("shifts", 1e-9), ("iaaft", 0.35)])
@pytest.mark.parametrize("samples", [300, 301])
def test_the_spectrum_is_kept(kind: str, error: float, samples: int) -> None:
    x = person(samples)
    spectrum = np.abs(np.fft.rfft(x))
    for surrogate in KINDS[kind](x, 5, np.random.default_rng(3)):
        assert np.linalg.norm(np.abs(np.fft.rfft(surrogate)) - spectrum) / np.linalg.norm(spectrum) <= error


def test_shifts_are_far_enough_and_differ() -> None:
    x = np.arange(100.0)
    made = time_shifts(x, 61, np.random.default_rng(0), 20)
    shifts = (-made[:, 0]) % 100
    assert sorted(shifts) == list(range(20, 81))
    assert len(time_shifts(x, 200, np.random.default_rng(0), 20)) == 200


def test_segments_stay_whole() -> None:
    x = np.arange(65.0)
    made = segment_shuffles(x, 4, np.random.default_rng(0), 10)
    for surrogate in made:
        parts = surrogate[:60].reshape(6, 10)
        assert (np.diff(parts, axis=1) == 1).all()
        assert set(parts[:, 0]) == {0, 10, 20, 30, 40, 50}
    np.testing.assert_array_equal(made[:, 60:], np.broadcast_to(x[60:], (4, 5)))


@pytest.mark.parametrize("kind", ["phase", "iaaft"])
def test_gaps_stay_where_they_are(kind: str) -> None:
    x = person()
    x[50:80] = np.nan
    made = KINDS[kind](x, 3, np.random.default_rng(0))
    np.testing.assert_array_equal(np.isnan(made), np.broadcast_to(np.isnan(x), made.shape))


@pytest.mark.parametrize("kind", ["shifts", "segments"])
def test_gaps_move_with_their_surroundings(kind: str) -> None:
    x = person()
    x[50:80] = np.nan
    assert (np.isnan(KINDS[kind](x, 3, np.random.default_rng(0))).sum(axis=1) == 30).all()


def test_strangers_are_all_others() -> None:
    people = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(strangers_of(people, 1), people[[0, 2, 3]])
    for first in (4, -1):
        with pytest.raises(InputError, match="of 4"):
            strangers_of(people, first)
    with pytest.raises(InputError, match="two pairs"):
        strangers_of(people[:1], 0)


def test_what_is_too_short_is_refused() -> None:
    with pytest.raises(InputError, match="do not fit"):
        time_shifts(person(39), 5, np.random.default_rng(0), 20)
    with pytest.raises(InputError, match="3 do; make them shorter"):
        segment_shuffles(person(100), 5, np.random.default_rng(0), 30)
