import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from empdetect.components import build, describe
from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.body_signals import KINDS
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.recording import Participant
from empdetect.streams.physiology import Physiology, PhysiologyFile, Signal

Array = NDArray[np.float64]


def measure(signals: Mapping[str, Signal], **arguments: object) -> Features:
    extractor = PhysiologyFeatures(channels=tuple(signals), **arguments)  # type: ignore[arg-type]
    return extractor(Participant("ann", physiology=Physiology(signals)))


def column(features: Features, name: str, *channels: str) -> Array:
    return features.values[:, PhysiologyFeatures(channels).columns.index(name)].astype(float)


def heart(seconds: float, bpm: float, rate: float = 250, noise: float = 0.02) -> Array:
    """Narrow beats at a known rate: an R peak with its T wave."""
    t = np.arange(round(seconds * rate)) / rate
    since = (t + 0.2) % (60 / bpm)
    beat = np.exp(-(((since - 0.2) / 0.012) ** 2)) + 0.25 * np.exp(-(((since - 0.45) / 0.05) ** 2))
    return np.asarray(beat + np.random.default_rng(0).normal(0, noise, len(t)))


def wave(seconds: float, rate: float, hertz: float) -> Array:
    return np.asarray(np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate))


@pytest.mark.parametrize("bpm", [50, 75, 120])
def test_heart_rate_of_a_known_heart(bpm: float) -> None:
    features = measure({"ECG": Signal(heart(40, bpm), 250)})
    rate = column(features, "ECG_heart_rate", "ECG")
    assert np.nanmedian(rate) == pytest.approx(bpm, rel=0.01)
    assert np.isfinite(rate).mean() > 0.95
    assert features.mean_quality > 0.9


def test_variability_grows_with_the_intervals_spread() -> None:
    def irregular(spread: float) -> float:
        lengths = 0.8 + spread * np.random.default_rng(1).standard_normal(80)
        beats = np.cumsum(lengths)
        t = np.arange(round(beats[-1] * 250)) / 250
        ecg = np.exp(-((np.min(np.abs(t[:, None] - beats), axis=1) / 0.012) ** 2))
        return float(np.nanmedian(column(measure({"ECG": Signal(ecg, 250)}), "ECG_log_rmssd", "ECG")))

    # Differences of independent intervals spread by the square root of 2.
    assert np.exp(irregular(0.03)) == pytest.approx(30 * 2**0.5, rel=0.25)
    assert irregular(0.06) > irregular(0.03) > irregular(0.01)


def test_pulse_at_the_rate_of_a_wristband() -> None:
    pulse = wave(60, 64, 1.2) + 0.3 * wave(60, 64, 2.4)
    features = measure({"BVP": Signal(pulse, 64)})
    assert np.nanmedian(column(features, "BVP_heart_rate", "BVP")) == pytest.approx(72, rel=0.02)


def test_noise_lowers_the_quality() -> None:
    qualities = [measure({"ECG": Signal(heart(40, 75, noise=n), 250)}).mean_quality for n in (0.02, 0.3, 3.0)]
    assert qualities[0] > qualities[1] > qualities[2]
    assert qualities[2] < 0.5


def test_breath_rate_and_phase() -> None:
    features = measure({"RSP": Signal(wave(90, 25, 0.25), 25)})
    assert np.nanmedian(column(features, "RSP_breath_rate", "RSP")) == pytest.approx(15, rel=0.02)
    sine, cosine = (column(features, f"RSP_phase_{name}", "RSP") for name in ("sin", "cos"))
    known = np.isfinite(sine)
    np.testing.assert_allclose(sine[known] ** 2 + cosine[known] ** 2, 1, atol=1e-5)
    # A trough is where the sine wave is lowest, a quarter before it rises through 0.
    angle = np.angle(cosine[known] + 1j * sine[known])
    expected = 2 * np.pi * 0.25 * features.times[known] + np.pi / 2
    assert np.abs(np.angle(np.exp(1j * (angle - expected)))).mean() < 0.4


@pytest.mark.parametrize("rate", [4.0, 100.0])
def test_skin_responses_are_counted(rate: float) -> None:
    t = np.arange(round(120 * rate)) / rate
    onsets = np.arange(7.5, 120, 15)
    since = t[:, None] - onsets
    shape = np.where(since > 0, np.exp(-since / 2) - np.exp(-since / 0.7), 0).sum(axis=1)
    features = measure({"EDA": Signal(5 + shape, rate)})
    assert np.median(column(features, "EDA_responses", "EDA")) == 4
    assert np.median(column(features, "EDA_tonic", "EDA")) == pytest.approx(5.1, abs=0.3)
    assert features.mean_quality > 0.95


def test_impossible_skin_lowers_the_quality() -> None:
    off = np.random.default_rng(0).normal(0, 0.01, 400)
    assert measure({"EDA": Signal(off, 4)}).mean_quality < 0.2
    assert measure({"TEMP": Signal(90 + off, 4)}).mean_quality == 0


def test_muscle_amplitude() -> None:
    rng = np.random.default_rng(0)
    raw = rng.normal(0, 1, 20_000) * np.repeat([1.0, 10.0], 10_000)
    level = column(measure({"EMG_zygomatic": Signal(raw, 1000)}), "EMG_zygomatic_log_amplitude", "EMG_zygomatic")
    half = len(level) // 2
    assert np.median(level[half + 4 :]) - np.median(level[: half - 4]) == pytest.approx(np.log(10), abs=0.1)
    envelope = column(measure({"EMG": Signal(np.abs(raw), 1000)}), "EMG_log_amplitude", "EMG")
    assert np.median(envelope[half + 4 :]) == pytest.approx(np.log(10), abs=0.1)


def test_temperature_and_its_slope() -> None:
    rising = 33 + np.arange(480) / 240  # one degree a minute at 4 Hz
    features = measure({"TEMP": Signal(rising, 4)})
    np.testing.assert_allclose(column(features, "TEMP_slope", "TEMP"), 1, atol=0.05)
    np.testing.assert_allclose(column(features, "TEMP_level", "TEMP"), 33 + features.times / 60, atol=0.02)


def test_a_stated_heart_rate_passes_where_a_heart_can_have_it() -> None:
    stated = 70 + 0.1 * np.arange(60)
    stated[20:30] = 0  # the wristband lost the pulse
    features = measure({"HR": Signal(stated, 1)})
    rate = column(features, "HR_heart_rate", "HR")
    lost = (features.times > 20) & (features.times < 30)
    np.testing.assert_array_equal(np.isnan(rate), lost)
    assert not features.mask[lost].any()
    np.testing.assert_allclose(rate[features.times < 19], 70 + 0.1 * features.times[features.times < 19], rtol=1e-5)
    assert features.quality[0] == 1
    assert features.quality[features.times > 31].min() < 1, "what is near a loss is trusted less"
    assert features.quality[features.times > 36].min() == 1
    resting = measure({"HR": Signal(np.full(40, 72.0), 1)})
    np.testing.assert_allclose(column(resting, "HR_heart_rate", "HR"), 72)  # whole numbers may well stay


def test_nothing_is_made_up_between_a_heart_rate_and_what_is_none() -> None:
    stated = np.r_[np.full(20, 72.0), np.full(4, np.nan), np.zeros(10)]
    features = measure({"HR": Signal(stated, 1)})
    np.testing.assert_array_equal(features.mask, features.times < 20)
    np.testing.assert_array_equal(column(features, "HR_heart_rate", "HR")[features.mask], 72)
    bridged = measure({"HR": Signal(np.r_[np.full(9, 70.0), 0, np.nan, 300, np.full(9, 78.0)], 1)})
    rate = column(bridged, "HR_heart_rate", "HR")
    assert bridged.mask.all(), "3 s without a heart rate are a short gap, whatever the device wrote there"
    assert (np.diff(rate) >= 0).all()
    assert (rate.min(), rate.max()) == (70, 78)
    assert bridged.quality[(bridged.times > 9) & (bridged.times < 12)].max() < 1
    assert bridged.quality[0] == 1


@pytest.mark.parametrize("lost", [None, slice(10, 13), slice(10, 30)])
def test_heart_rates_that_can_be_true_are_as_they_came(lost: slice | None) -> None:
    stated = np.random.default_rng(0).uniform(30, 220, 60)
    stated[:2] = 30, 220
    if lost is not None:
        stated[lost] = np.nan
    features = measure({"HR": Signal(stated, 1)})
    known = np.isfinite(stated) if lost == slice(10, 30) else np.ones(60, np.bool_)
    np.testing.assert_array_equal(features.mask, np.repeat(known, 4))
    np.testing.assert_array_equal(features.quality, np.repeat(known, 4))
    there = np.flatnonzero(np.isfinite(stated))
    expected = np.interp(features.times[:36], there, stated[there])
    np.testing.assert_allclose(column(features, "HR_heart_rate", "HR")[:36], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (np.linspace(1.1, 1.3, 60), "HR holds no values that can be true (%s, 1.1 to 1.3 came)"),
        (np.full(60, 500.0), "HR holds no values that can be true (%s, 500 came)"),
        (np.zeros(60), "HR holds no values that can be true (%s, 0 came)"),
        (np.r_[72.0, np.zeros(60)], "HR lasts 1.0 s, 2 s or more is needed (%s, 0 came)"),
        (np.tile(np.r_[72.0, np.zeros(9)], 6), "HR shows nothing that can be measured (%s, 0 came)"),
        (np.full(60, np.nan), "HR holds no values"),
        (np.full(1, 72.0), "HR lasts 1.0 s, 2 s or more is needed"),
    ],
)
def test_heart_rates_of_another_unit_say_what_is_expected(stated: Array, reason: str) -> None:
    features = measure({"HR": Signal(stated, 1)})
    assert not features.observed
    assert not features.quality.any()
    assert features.reason == reason.replace("%s", "beats a minute between 30 and 220 are expected")


def test_absent_channels_are_nan_and_columns_stay() -> None:
    extractor = PhysiologyFeatures()
    features = extractor(Participant("ann", physiology=Physiology({"TEMP": Signal(np.linspace(33, 34, 240), 4)})))
    assert features.values.shape == (240, len(extractor.columns))
    present = np.array([name.startswith("TEMP") for name in extractor.columns])
    assert np.isfinite(features.values[:, present]).all()
    assert np.isnan(features.values[:, ~present]).all()
    assert features.mask.all()


def test_channels_at_their_own_rates_and_starts_share_a_grid() -> None:
    eda = Signal(5 + 0.01 * wave(40, 8, 0.05), 8, start=10.0)
    temp = Signal(np.linspace(33, 34, 60), 1, start=30.0)
    features = measure({"EDA": eda, "TEMP": temp})
    assert features.times[0] == 10.125
    assert features.times[-1] == 89.875
    np.testing.assert_allclose(np.diff(features.times), 0.25)
    np.testing.assert_array_equal(np.isfinite(features.values[:, 0]), features.times < 50)
    np.testing.assert_array_equal(np.isfinite(features.values[:, -1]), features.times >= 30)


def test_short_gaps_are_bridged_and_long_ones_stay() -> None:
    temp = np.full(240, 33.0) + np.arange(240) / 1000
    temp[100:104] = np.nan  # 1 s
    temp[160:220] = np.nan  # 15 s
    features = measure({"TEMP": Signal(temp, 4)})
    lost = (features.times > 40) & (features.times < 55)
    np.testing.assert_array_equal(~features.mask, lost)
    assert not features.quality[lost].any()
    assert np.isnan(features.values[lost]).all()


@pytest.mark.parametrize(
    ("channel", "signal", "reason"),
    [
        ("ECG", Signal(np.full(5000, np.nan), 250), "ECG holds no values"),
        ("ECG", Signal(np.ones(5000), 250), "ECG is flat"),
        ("ECG", Signal(heart(3, 75), 250), "ECG lasts 3.0 s, 5 s or more is needed"),
        ("ECG", Signal(wave(60, 4, 1.0), 4), "ECG is sampled at 4 Hz, 50 Hz or more is needed"),
        ("RSP", Signal(np.linspace(0, 1, 1000), 25), "RSP shows nothing that can be measured"),
        ("BVP", Signal(np.zeros(0), 64), "BVP holds no values"),
    ],
)
def test_useless_channel_gives_a_reason(channel: str, signal: Signal, reason: str) -> None:
    features = measure({channel: signal})
    assert not features.observed
    assert features.reason == reason
    assert not features.quality.any()


def test_useless_channel_beside_a_good_one_lowers_the_quality() -> None:
    good = Signal(np.linspace(33, 34, 160), 4)
    features = measure({"TEMP": good, "ECG": Signal(np.ones(10_000), 250)})
    assert features.mask.all()
    assert features.mean_quality == pytest.approx(0.5)


def test_no_wanted_channel_and_no_physiology() -> None:
    person = Participant("ann", physiology=Physiology({"TEMP": Signal(np.linspace(33, 34, 160), 4)}))
    assert PhysiologyFeatures(["EDA"])(person).reason == "the physiology has TEMP, none of EDA"
    assert PhysiologyFeatures()(Participant("ann")).reason == "no physiology"


def test_file_without_a_rate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("EDA\n" + "1.0\n" * 100)
    with pytest.raises(InputError, match="no sampling rate"):
        PhysiologyFeatures()(Participant("ann", physiology=PhysiologyFile(path)))


def test_centred_columns_have_median_0_but_the_phase() -> None:
    signals = {"TEMP": Signal(np.linspace(33, 34, 400), 4), "RSP": Signal(wave(100, 25, 0.25), 25)}
    plain, centred = measure(signals), measure(signals, centred=True)
    np.testing.assert_allclose(np.nanmedian(centred.values[:, :4], axis=0), 0, atol=1e-5)
    np.testing.assert_array_equal(centred.values[:, -2:], plain.values[:, -2:])


@pytest.mark.parametrize(("name", "rate", "ahead"), [("HR", 1.0, 5.0), ("TEMP", 4.0, 16.0), ("EDA", 4.0, 30.0)])
def test_values_do_not_hang_on_what_comes_long_after(name: str, rate: float, ahead: float) -> None:
    drift = np.cumsum(np.random.default_rng(0).normal(0, 0.01, round(400 * rate)))
    signal = {"HR": 70.0, "TEMP": 33.0, "EDA": 5.0}[name] + drift + 0.3 * wave(400, rate, 0.03)
    whole, cut = (measure({name: Signal(values, rate)}) for values in (signal, signal[: round(200 * rate)]))
    early = cut.times < 200 - ahead
    spread = whole.values.std(axis=0) + 1e-9
    assert (np.abs(whole.values[: len(early)] - cut.values)[early] <= 0.02 * spread).all()


def test_only_the_depth_of_a_breath_is_scaled_by_all_of_its_piece() -> None:
    calm = wave(200, 25, 0.25)
    plain, deep = (measure({"RSP": Signal(np.r_[calm, factor * calm], 25)}) for factor in (1, 3))
    early = (plain.times > 10) & (plain.times < 180)
    np.testing.assert_allclose(deep.values[early][:, [0, 2, 3]], plain.values[early][:, [0, 2, 3]], atol=0.01)
    # The spread of both halves together is that of a wave of height 1 and one of height 3.
    ratio = column(plain, "RSP_depth", "RSP")[early] / column(deep, "RSP_depth", "RSP")[early]
    np.testing.assert_allclose(ratio, 5**0.5, rtol=0.02)


def test_arguments_are_checked() -> None:
    with pytest.raises(InputError, match=r"unknown channel EEG; allowed are ECG"):
        PhysiologyFeatures(["EEG"])
    with pytest.raises(InputError, match="'rate' is in Hz above 0"):
        PhysiologyFeatures(rate=0)


def test_extractor_is_a_component() -> None:
    extractor = PhysiologyFeatures(["EDA", "EMG_zygomatic"], 2.0, centred=True)
    assert describe(build(describe(extractor), Extractor)) == describe(extractor)
    assert extractor.columns == ("EDA_tonic", "EDA_phasic", "EDA_responses", "EMG_zygomatic_log_amplitude")


@pytest.mark.data
def test_real_good_ecg_ranks_over_bad(data_root: Path) -> None:
    def ecg(name: str) -> Features:
        values = np.loadtxt(data_root / f"neurokit/{name}.csv.gz", delimiter=",")[:, 1]
        return measure({"ECG": Signal(values, float(name.split("_")[1]))})

    good, bad = ecg("good_4000"), ecg("bad_500")
    assert good.mean_quality > 0.95
    assert bad.mean_quality < good.mean_quality - 0.1
    assert np.nanmedian(good.values[:, 0]) == pytest.approx(80, abs=2)


@pytest.mark.data
def test_real_heart_and_pulse_agree(data_root: Path) -> None:
    table = np.genfromtxt(data_root / "neurokit/bio_resting_5min_100hz.csv.gz", delimiter=",", names=True)
    features = measure({"ECG": Signal(table["ECG"], 100), "BVP": Signal(table["PPG"], 100)})
    heart_rate, pulse = features.values[:, 0], features.values[:, 2]
    assert np.nanmedian(np.abs(heart_rate - pulse)) < 3
    assert np.corrcoef(heart_rate, pulse)[0, 1] > 0.8


@pytest.mark.data
def test_real_wristband(data_root: Path) -> None:
    with tarfile.open(data_root / "stress_predict/raw_dev_S01_S27.tar.gz") as archive:
        eda = np.loadtxt(archive.extractfile("Raw_data/S02/EDA.csv") or [])
    bvp = np.loadtxt(data_root / "stress_predict/BVP_S02.csv.gz")
    features = measure({"BVP": Signal(bvp[2:], bvp[1]), "EDA": Signal(eda[2:], eda[1], eda[0] - bvp[0])})
    assert 60 < np.nanmedian(features.values[:, 0]) < 90
    assert features.mask.mean() > 0.99
    assert 0.5 < features.mean_quality < 0.95


def test_an_amplitude_that_stands_still_is_no_muscle() -> None:
    rng = np.random.default_rng(0)
    moments = np.arange(1.0, 9.0)
    still, _ = KINDS["EMG"].describe(3 + 1e-4 * rng.standard_normal(1000), 100.0, moments)
    alive, _ = KINDS["EMG"].describe(3 + 0.2 * np.abs(rng.standard_normal(1000)), 100.0, moments)
    assert np.isnan(still).all()
    assert np.isfinite(alive).all()
