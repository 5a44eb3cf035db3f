"""Voice functionals on sounds whose pitch, formants and tempo are known."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.formants import formants
from empdetect.features.functionals import PER_COLUMN, Speech, agreement, functionals, modulation, runs, smoothed
from empdetect.features.pitch import track_pitch
from empdetect.features.voice import VoiceFunctionals, at_speed, describe_voice
from empdetect.features.voice_frames import COLUMNS, RATE, voice_frames
from empdetect.recording import Participant
from empdetect.streams.audio import AudioStream
from tests.media import write_media

COLUMN = {name: place for place, name in enumerate(VoiceFunctionals().columns)}


def vowel(hertz: float, seconds: float = 1.0, resonances: tuple[float, ...] = (700.0, 1200.0)) -> NDArray[np.float32]:
    """All harmonics of the pitch through resonances 80 Hz wide."""
    time, harmonics = np.arange(round(seconds * RATE)) / RATE, np.arange(hertz, RATE / 2, hertz)
    turn = np.exp(-2j * np.pi * harmonics / RATE)
    gain = np.ones(len(harmonics), complex)
    for resonance in resonances:
        radius, angle = np.exp(-np.pi * 80 / RATE), 2 * np.pi * resonance / RATE
        gain = gain / (1 - 2 * radius * np.cos(angle) * turn + radius**2 * turn**2)
    sound = (gain[:, None] * np.exp(2j * np.pi * harmonics[:, None] * time)).real.sum(axis=0)
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.mark.parametrize("hertz", [90.0, 150.0, 220.0, 440.0])
def test_pitch_is_found(hertz: float) -> None:
    pitch = track_pitch(vowel(hertz).astype(float), RATE, 160)
    assert pitch.voiced[5:-5].all()
    np.testing.assert_allclose(pitch.hertz[5:-5], hertz, rtol=0.02)


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(size=RATE) * 0.1
    assert track_pitch(noise, RATE, 160).voiced.mean() < 0.1


def test_noise_lowers_harmonicity() -> None:
    sound = vowel(120.0).astype(float)
    noisy = sound + np.random.default_rng(0).normal(size=len(sound)) * 0.02
    clean, rough = (np.median(track_pitch(each, RATE, 160).harmonicity) for each in (sound, noisy))
    assert rough < clean - 5


def test_formants_are_found() -> None:
    frequency, width = formants(vowel(110.0).astype(float), RATE, 0.01, 100)
    np.testing.assert_allclose(np.nanmedian(frequency[10:-10], axis=0)[:2], (700, 1200), rtol=0.06)
    assert np.nanmedian(width[10:-10, 0]) < 250


def test_descriptors_of_a_vowel() -> None:
    values, voiced = voice_frames(vowel(150.0))
    assert values.shape == (100, len(COLUMNS)) and voiced.mean() > 0.9
    middle = dict(zip(COLUMNS, np.median(values[20:80], axis=0), strict=True))
    assert middle["pitch"] == pytest.approx(12 * np.log2(150 / 27.5), abs=0.3)
    assert middle["formant_1"] == pytest.approx(0.7, abs=0.06)
    assert np.isnan(voice_frames(np.random.default_rng(0).normal(size=3200).astype(np.float32))[0][5, 0])


def test_functionals_of_a_line() -> None:
    curve = np.linspace(0, 10, 101)[:, None]
    on = np.ones(101, bool)
    found = dict(zip(PER_COLUMN, functionals(Speech(curve, on, on, np.zeros(101)))[:, 0], strict=True))
    assert found["mean"] == pytest.approx(5) and found["q50"] == pytest.approx(5)
    assert found["slope"] == pytest.approx(5, rel=0.01) and found["curvature"] == pytest.approx(0, abs=0.05)
    assert found["rise"] == pytest.approx(0.2, rel=0.05) and np.isnan(found["fall"])
    assert found["place_of_highest"] > 0.95 and found["place_of_lowest"] < 0.05
    assert np.isnan(found["unvoiced_mean"]) and found["part_1"] < found["part_8"]


def test_pauses_and_unknown_values_do_not_count() -> None:
    curve = np.where(np.arange(60) < 30, 1.0, 100.0)[:, None]
    curve[3] = np.nan
    sounding = np.arange(60) < 25
    found = functionals(Speech(curve, sounding, sounding, np.zeros(60)))
    assert found[0, 0] == pytest.approx(1.0)
    assert smoothed(curve)[3, 0] == pytest.approx(1.0)


def test_agreement_is_the_correlation_of_columns() -> None:
    time = np.arange(60.0)
    curves = np.stack([np.sin(time / 9), 2 * np.sin(time / 9) + 1, -np.sin(time / 9), np.full(60, 4.0)], axis=1)
    on = np.ones(60, bool)
    found = agreement(Speech(curves, on, on, np.zeros(60)), (0, 1, 2, 3))
    assert found.shape == (12,)
    assert np.tanh(found[:6]) == pytest.approx([0.999, -0.999, 0, -0.999, 0, 0], abs=1e-6)
    assert np.tanh(found[6:]) == pytest.approx([0.999, -0.999, 0, -0.999, 0, 0], abs=1e-6)


def test_runs_and_modulation() -> None:
    assert runs(np.array([1, 1, 0, 1, 0, 0], bool), 10.0) == pytest.approx([10 / 3, 0.15, 0.05, 0.2])
    assert runs(np.zeros(4, bool), 10.0) == [0.0] * 4
    time = np.arange(300) / 100
    speeds = modulation(np.sin(2 * np.pi * 5 * time), 100.0)
    assert int(np.argmax(speeds)) == 2


def test_a_higher_voice_is_described_as_higher() -> None:
    low, high = describe_voice(vowel(110.0)), describe_voice(vowel(220.0))
    assert high[COLUMN["pitch_q50"]] - low[COLUMN["pitch_q50"]] == pytest.approx(12, abs=0.5)
    assert low[COLUMN["seconds"]] == pytest.approx(1.0, abs=0.05)


def test_speeds_are_averaged() -> None:
    sound, place = vowel(150.0), COLUMN["pitch_q50"]
    slow, fast = (describe_voice(sound, [speed])[place] for speed in (0.8, 1.25))
    assert len(at_speed(sound, 0.8)) == 20_000
    assert fast - slow == pytest.approx(12 * np.log2(1.25 / 0.8), abs=0.6)
    assert describe_voice(sound, [0.8, 1.25])[place] == pytest.approx((slow + fast) / 2, abs=1e-3)


def test_silence_is_not_described() -> None:
    assert np.isnan(describe_voice(np.zeros(8000, np.float32))).all()
    assert np.isnan(describe_voice(np.zeros(10, np.float32))).all()


def test_a_long_recording_is_described_stretch_by_stretch(tmp_path: Path) -> None:
    sound = np.concatenate([vowel(110.0, 2.0), np.zeros(2 * RATE, np.float32), vowel(220.0, 2.0)])
    path = write_media(tmp_path / "long.wav", samples=sound, rate=RATE)
    features = VoiceFunctionals(longest=2.0)(Participant("she", audio=AudioStream(path, offset=10.0)))
    np.testing.assert_allclose(features.times, [11.0, 13.0, 15.0], atol=0.01)
    assert features.mask.tolist() == [True, False, True] and features.quality[1] == 0
    pitch = features.values[:, COLUMN["pitch_q50"]]
    assert pitch[2] - pitch[0] == pytest.approx(12, abs=0.5)


@pytest.mark.parametrize("arguments", [{"longest": 0.5}, {"speeds": []}, {"speeds": [3.0]}])
def test_arguments_out_of_range_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(InputError, match="Voice functionals"):
        VoiceFunctionals(**arguments)  # type: ignore[arg-type]
