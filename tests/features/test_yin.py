"""Fundamental frequency on sounds whose pitch is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.features.yin import yin

RATE, LENGTH = 16_000, 1024


def voice(hertz: float, seconds: float = 0.5) -> np.ndarray:
    """Frames ``(time, sample)`` of ten harmonics, each softer than the one below."""
    time = np.arange(round(seconds * RATE)) / RATE
    harmonics = np.arange(1, 11)[:, None]
    sound = (np.sin(2 * np.pi * hertz * harmonics * time) / harmonics).sum(axis=0)
    return np.lib.stride_tricks.sliding_window_view(sound.astype(np.float32), LENGTH)[::160]


@settings(deadline=None)
@given(hertz=st.floats(70, 550))
def test_harmonic_sounds_have_their_pitch(hertz: float) -> None:
    np.testing.assert_allclose(yin(voice(hertz, 0.1), RATE, 60, 600), hertz, rtol=0.01)


def test_pitch_stays_in_its_range() -> None:
    noise = np.random.default_rng(0).normal(size=(50, LENGTH)).astype(np.float32)
    found = yin(noise, RATE, 60, 600)
    assert found.shape == (50,)
    assert ((found > 59) & (found < 650)).all()


def test_silence_gives_a_number_and_no_warning() -> None:
    with np.errstate(all="raise"):
        assert np.isfinite(yin(np.zeros((3, LENGTH), np.float32), RATE, 60, 600)).all()


def test_level_does_not_matter() -> None:
    frames = voice(140)
    np.testing.assert_allclose(yin(frames, RATE, 60, 600), yin(frames / 1000, RATE, 60, 600), rtol=1e-4)


def test_a_missing_fundamental_is_found() -> None:
    time = np.arange(LENGTH * 2) / RATE
    sound = np.sin(2 * np.pi * 400 * time) + np.sin(2 * np.pi * 600 * time)
    found = yin(sound[None, :LENGTH].astype(np.float32), RATE, 60, 600)
    assert found[0] == pytest.approx(200, rel=0.01)
