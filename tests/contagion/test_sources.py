"""From streams to series."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.contagion.alignment import align
from empdetect.contagion.clock import clock_from_signals
from empdetect.contagion.energy import motion_energy, sound_envelope
from empdetect.contagion.sources import available, series_of, series_of_features, series_of_scores
from empdetect.errors import InputError
from empdetect.features.base import Features
from empdetect.recording import Participant
from empdetect.scores import Scores
from empdetect.streams.audio import AudioStream
from empdetect.streams.physiology import Physiology, Signal
from empdetect.streams.table import Table
from empdetect.streams.video import VideoStream
from tests.media import write_media


def moving_square(path: Path, seconds: int = 4) -> Path:
    """A square that jumps sideways every other second, on the left half; nothing happens on the right."""
    frames = []
    for number in range(25 * seconds):
        picture = np.full((64, 96, 3), 60, np.uint8)
        left = 4 + (number % 5) * 6 if (number // 25) % 2 else 4
        picture[20:44, left : left + 16] = 220
        frames.append(picture)
    return write_media(path, frames)


def test_motion_energy_tells_when_something_moves(tmp_path: Path) -> None:
    video = VideoStream(moving_square(tmp_path / "ann.mp4"), offset=10.0, region=(0, 0, 0.5, 1))
    series = series_of(Participant("Ann", video=video), "motion")
    assert (series.name, series.person, series.rate) == ("motion", "Ann", 25.0)
    assert series.start == pytest.approx(10.02, abs=0.001)
    still, moving = series.values[:24], series.values[25:49]
    assert still.mean() < 0.01
    assert moving.mean() > 0.1


def test_a_picture_in_which_nothing_moves_is_refused(tmp_path: Path) -> None:
    video = VideoStream(moving_square(tmp_path / "ann.mp4"), region=(0.6, 0, 1, 1))
    with pytest.raises(InputError, match="'motion' of Ann: all known samples are 0"):
        motion_energy(video, "Ann")
    short = write_media(tmp_path / "short.mp4", [np.zeros((64, 96, 3), np.uint8)] * 2)
    with pytest.raises(InputError, match="less than three frames"):
        motion_energy(VideoStream(short), "Ann")


def test_no_face_is_told(tmp_path: Path) -> None:
    person = Participant("Ann", video=VideoStream(moving_square(tmp_path / "ann.mp4", 2)))
    with pytest.raises(InputError, match="'face_motion_energy' of Ann: no face found in"):
        series_of(person, "face_motion_energy")


def speech(seconds: float, rate: int = 8000) -> np.ndarray:
    """Noise that comes and goes as syllables do."""
    generator = np.random.default_rng(5)
    times = np.arange(round(seconds * rate)) / rate
    beats = np.arange(0, seconds + 1, 0.05)
    loud = np.interp(times, beats, np.repeat(generator.uniform(-7, -2, len(beats) // 3 + 1), 3)[: len(beats)])
    return np.exp(loud) * generator.normal(size=len(times))


def test_the_same_sound_on_two_recordings_tells_their_clocks(tmp_path: Path) -> None:
    """Real files: the second recorder started 2 s earlier and runs 100 ppm fast."""
    sound = speech(302.0)
    times = np.arange(300 * 8000) / 8000
    write_media(tmp_path / "ann.wav", samples=np.interp(times, np.arange(len(sound)) / 8000, sound), rate=8000)
    true = (times - 2.0) / (1 + 100e-6)
    write_media(tmp_path / "bob.wav", samples=np.interp(true, np.arange(len(sound)) / 8000, sound), rate=8000)
    series = [sound_envelope(AudioStream(tmp_path / f"{who}.wav"), who) for who in ("ann", "bob")]
    clock = clock_from_signals(*series)
    assert clock.offset == pytest.approx(2.0, abs=0.003)
    assert clock.drift == pytest.approx(100.0, abs=5.0)
    aligned = align([series[0], clock.corrected(series[1])]).values
    known = np.isfinite(aligned).all(axis=0)
    assert np.corrcoef(aligned[:, known])[0, 1] > 0.98


def test_prosody_and_envelope_of_a_voice(tmp_path: Path) -> None:
    sound = speech(6.0, 16_000)
    person = Participant("Ann", audio=AudioStream(write_media(tmp_path / "ann.wav", samples=sound), offset=3.0))
    level, envelope = series_of(person, "energy_db"), series_of(person, "sound")
    assert (level.rate, envelope.rate) == (pytest.approx(100), 50)
    both = align([level, envelope]).values
    assert np.corrcoef(both)[0, 1] > 0.9
    assert envelope.start == pytest.approx(3.01)
    with pytest.raises(InputError, match="up to 200 Hz"):
        sound_envelope(AudioStream(tmp_path / "ann.wav"), "Ann", rate=500.0)


def test_body_signals_as_recorded_and_as_described() -> None:
    times = np.arange(3000) / 50
    eda = 5 + np.sin(times / 5) + 0.5 * np.exp(-((times - 30) ** 2))
    person = Participant("Ann", physiology=Physiology({"EDA": Signal(eda, 50.0, start=2.0)}))
    raw, tonic = series_of(person, "EDA"), series_of(person, "EDA_tonic")
    np.testing.assert_array_equal(raw.values, eda)
    assert (raw.rate, raw.start, tonic.rate) == (50.0, 2.0, pytest.approx(10.0))
    assert {"EDA", "EDA_tonic", "EDA_phasic"} <= set(available(person))


def test_columns_of_a_table() -> None:
    times = np.array([0.0, 0.5, 1.0, 2.0, 2.5])
    ratings = Table(np.array([[1, 2, 3, 4, 5]], np.float32).T, times, ("valence",))
    person = Participant("Ann", tables={"ratings": ratings})
    series = series_of(person, "ratings.valence")
    np.testing.assert_array_equal(series.values, [1, 2, 3, np.nan, 4, 5])
    with pytest.raises(InputError, match="no column of numbers 'arousal', it has valence"):
        series_of(person, "ratings.arousal")


def test_scores_hold_over_their_windows() -> None:
    def row(who: str, start: float, score: float | None) -> dict[str, object]:
        return {
            "recording": "r", "participant": who, "start": start, "end": start + 2, "measure": "joy", "score": score
        }  # fmt: skip

    scores = Scores.of([row("Ann", 4.0, 0.3), row("Ann", 0.0, 0.1), row("Ann", 2.0, None), row("Bob", 0.0, 0.9)])
    series = series_of_scores(scores, "r", "Ann", "joy", rate=1.0)
    np.testing.assert_array_equal(series.values, [0.1, 0.1, np.nan, np.nan, 0.3, 0.3])
    with pytest.raises(InputError, match="no row with times; the table has joy"):
        series_of_scores(scores, "r", "Cem", "joy", rate=1.0)


def test_what_is_not_there_is_told_with_what_is() -> None:
    person = Participant("Ann", physiology=Physiology({"EDA": Signal(np.arange(9.0), 4.0)}))
    with pytest.raises(InputError, match="'motion' of Ann: there is none; the recording gives EDA, EDA_tonic"):
        series_of(person, "motion")
    with pytest.raises(InputError, match="no signal on a clock"):
        series_of(Participant("Bob"), "motion")
    with pytest.raises(InputError, match="'smile' of Ann: the camera was off"):
        series_of_features(Features.missing(2, "the camera was off"), 0, "smile", "Ann")


@pytest.mark.data
def test_real_speech_in_two_microphones_tells_their_clocks(data_root: Path, tmp_path: Path) -> None:
    """Five minutes of one actor; the second microphone is softer, noisier, 2 s ahead and 100 ppm fast."""
    files = sorted((data_root / "ravdess" / "audio_16k" / "Actor_01").glob("*.*"))
    parts: list[np.ndarray] = []
    while sum(map(len, parts)) < 310 * 8000:
        parts.append(AudioStream(files[len(parts) % len(files)]).read(8000).samples)
    sound = np.concatenate(parts).astype(float)
    sound /= np.abs(sound).max()
    noise = np.random.default_rng(0).normal(size=(2, 300 * 8000))
    level = np.sqrt(np.mean(sound**2))
    times = np.arange(noise.shape[1]) / 8000
    for who, reading, gain, row in (("ann", times, 0.8, noise[0]), ("bob", (times - 2) / (1 + 100e-6), 0.3, noise[1])):
        heard = np.interp(reading, np.arange(len(sound)) / 8000, sound, left=0.0)
        samples = gain * (heard + (0.03 if who == "ann" else 0.3) * level * row)
        write_media(tmp_path / f"{who}.wav", samples=samples, rate=8000)
    clock = clock_from_signals(*(sound_envelope(AudioStream(tmp_path / f"{w}.wav"), w) for w in ("ann", "bob")))
    assert clock.offset == pytest.approx(2.0, abs=0.01)
    assert clock.drift == pytest.approx(100.0, abs=20.0)
    assert clock.agreement > 0.8
