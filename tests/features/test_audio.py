from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.components import build, describe
from empdetect.errors import InputError
from empdetect.features import audio as audio_features
from empdetect.features.audio import PROSODY, LogMel, Waveform
from empdetect.features.base import Extractor, Features
from empdetect.recording import Participant
from empdetect.streams.audio import AudioStream
from tests.media import write_media

RATE = 16_000
F0, ENERGY = 64, 65


def voice(seconds: float, f0: float = 150.0, seed: int = 0) -> NDArray[np.float64]:
    """A harmonic tone that swells and fades twice a second, over faint noise."""
    t = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * f0 * k * t) / k for k in range(1, 8))
    noise = np.random.default_rng(seed).normal(0, 1e-3, len(t))
    return np.asarray(0.2 * tone * np.sin(2 * np.pi * t) ** 2 + noise)


def listen(path: Path, samples: NDArray[np.float64], extractor: Extractor | None = None) -> Features:
    stream = AudioStream(write_media(path, samples=samples))
    return (extractor or LogMel())(Participant("ann", audio=stream))


@pytest.mark.parametrize("f0", [90.0, 220.0, 450.0])
def test_pitch_of_a_known_voice(tmp_path: Path, f0: float) -> None:
    features = listen(tmp_path / "a.wav", voice(2, f0))
    pitch = 27.5 * 2 ** (features.values[:, F0] / 12)
    assert np.isfinite(pitch).mean() > 0.6
    assert np.nanmedian(pitch) == pytest.approx(f0, rel=0.01)


def test_unvoiced_has_no_pitch_and_nothing_else_is_nan(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE)
    features = listen(tmp_path / "a.wav", noise)
    assert np.isnan(features.values[:, F0]).mean() > 0.97
    assert np.isfinite(np.delete(features.values, F0, axis=1)).all()
    assert features.mask.all()


def test_shapes_times_and_names(tmp_path: Path) -> None:
    features = listen(tmp_path / "a.wav", voice(1.237))
    assert features.values.shape == (124, 64 + len(PROSODY))
    assert features.values.dtype == np.float32
    np.testing.assert_allclose(features.times, 0.005 + 0.01 * np.arange(124))
    assert len(LogMel().columns) == LogMel().width
    bare = listen(tmp_path / "b.wav", voice(1), LogMel(mels=20, hop=0.02, prosody=False))
    assert bare.values.shape == (50, 20)


def test_energy_follows_the_level(tmp_path: Path) -> None:
    loud, soft = (listen(tmp_path / f"{g}.wav", voice(1) * g).values[:, ENERGY] for g in (1.0, 0.1))
    assert np.median(loud - soft) == pytest.approx(20, abs=0.5)


def test_digital_silence_is_not_observed(tmp_path: Path) -> None:
    sound = voice(2)
    sound[RATE // 2 : RATE] = 0
    features = listen(tmp_path / "a.wav", sound)
    np.testing.assert_array_equal(~features.mask, (features.times > 0.5) & (features.times < 1.0))
    assert np.isnan(features.values[~features.mask]).all()
    assert not features.quality[~features.mask].any()
    assert features.quality[features.mask].min() > 0
    assert not features.reason


@pytest.mark.parametrize("extractor", [LogMel(), Waveform()])
def test_nothing_but_silence_gives_a_reason(tmp_path: Path, extractor: Extractor) -> None:
    features = listen(tmp_path / "a.wav", np.zeros(RATE), extractor)
    assert not features.observed
    assert features.reason == "the sound is digital silence"
    assert np.isnan(features.values).all()


def test_noise_and_clipping_lower_the_quality(tmp_path: Path) -> None:
    clean = voice(2)
    noisy = clean + np.random.default_rng(1).normal(0, 0.1, len(clean))
    qualities = [listen(tmp_path / f"{n}.wav", x).mean_quality for n, x in enumerate((clean, noisy, clean * 20))]
    assert qualities[0] > 0.95
    assert qualities[1] < 0.7
    assert qualities[2] < 0.8


def test_blocks_leave_no_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = listen(tmp_path / "a.wav", voice(3))
    monkeypatch.setattr(audio_features, "BLOCK_SECONDS", 0.37)
    parts = listen(tmp_path / "a.wav", voice(3))
    np.testing.assert_array_equal(np.isnan(whole.values), np.isnan(parts.values))
    np.testing.assert_allclose(np.nan_to_num(whole.values), np.nan_to_num(parts.values), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("length", [1, 100, 321])
def test_very_short_sounds(tmp_path: Path, length: int) -> None:
    features = listen(tmp_path / "a.wav", voice(1)[4000 : 4000 + length])
    assert len(features.values) == -(-length // 160)
    assert len(listen(tmp_path / "b.wav", voice(1)[4000 : 4000 + length], Waveform()).values) == -(-length // 320)


def test_waveform_is_the_sound_again(tmp_path: Path) -> None:
    sound = voice(1.01)
    features = listen(tmp_path / "a.wav", sound, Waveform())
    assert features.values.shape == (51, 320)
    np.testing.assert_allclose(features.values.reshape(-1)[: len(sound)], sound, atol=1e-4)
    np.testing.assert_allclose(features.times[:2], [0.01, 0.03])


def test_missing_and_broken_sound(tmp_path: Path) -> None:
    assert LogMel()(Participant("ann")).reason == "no audio"
    (tmp_path / "a.wav").write_bytes(b"RIFF no sound at all")
    with pytest.raises(InputError, match=r"a\.wav: FFmpeg cannot decode it"):
        LogMel()(Participant("ann", audio=AudioStream(tmp_path / "a.wav")))


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match="'rate' must be 4000 Hz or more"):
        LogMel(rate=10)
    with pytest.raises(InputError, match="'hop' up to 1 second"):
        LogMel(hop=0)
    with pytest.raises(InputError, match="4000 Hz or more"):
        Waveform(rate=100)


def test_extractors_are_components() -> None:
    for extractor in (LogMel(8000, 40, 0.02, prosody=False), Waveform(8000)):
        assert describe(build(describe(extractor), Extractor)) == describe(extractor)


@pytest.mark.data
def test_real_voices_have_the_pitch_of_their_sex(data_root: Path) -> None:
    def pitch(actor: int) -> float:
        path = data_root / f"ravdess/audio_16k/Actor_{actor:02d}/03-01-01-01-01-01-{actor:02d}.flac"
        values = LogMel()(Participant("actor", audio=AudioStream(path))).values
        return float(27.5 * 2 ** (np.nanmedian(values[:, F0]) / 12))

    assert pitch(1) < 150
    assert pitch(2) > 170
