"""Body signals, one channel at a time: cleaned, described and judged, with NeuroKit2 (Makowski et al., 2021).

Every function here takes an unbroken piece of a signal ``(time,)``, its rate in Hz and the moments
wanted, in seconds from the piece's start, and gives values ``(moment, column)`` and quality ``(moment,)``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Described = tuple[Array, Array]
BELIEVED = (30.0, 220.0)
"""Beats per minute between which a device's heart rate is believed; a device that lost the pulse writes 0."""
STILL = 2e-3
"""Interquartile range, as a share of the median, below which an amplitude is that of a sensor without a muscle."""


@dataclass(frozen=True)
class ChannelKind:
    """How one kind of channel is handled.

    Args:
        columns: names of its features.
        describe: gives the features of an unbroken piece.
        lowest_rate: in Hz; a slower signal cannot show what the features measure.
        shortest: seconds of the shortest piece that can be described.
        gap: seconds without samples up to which the signal is interpolated.
        steady: whether one that never changes may be true, and is not taken for a sensor that hangs.
        believed: lowest and highest sample that can be true, in ``unit``; others are unknown. None believes all.
        unit: of the samples, for messages; needed with ``believed``.
    """

    columns: tuple[str, ...]
    describe: Callable[[Array, float, Array], Described]
    lowest_rate: float
    shortest: float
    gap: float
    steady: bool = False
    believed: tuple[float, float] | None = None
    unit: str = ""

    def doubted(self, values: Array) -> NDArray[np.bool_]:
        """Which samples ``(time,)`` cannot be true; not those that are unknown anyway."""
        if self.believed is None:
            return np.zeros(len(values), np.bool_)
        return np.isfinite(values) & ((values < self.believed[0]) | (values > self.believed[1]))


def describe_ecg(signal: Array, rate: float, moments: Array) -> Described:
    """Heart rate in beats per minute and log of RMSSD in ms."""
    import neurokit2 as nk

    clean = np.asarray(nk.ecg_clean(signal, sampling_rate=rate))
    _, info = nk.ecg_peaks(clean, sampling_rate=rate)
    return _beats(clean, np.asarray(info["ECG_R_Peaks"]), rate, moments)


def describe_bvp(signal: Array, rate: float, moments: Array) -> Described:
    """Heart rate in beats per minute and log of RMSSD in ms, from the pulse."""
    import neurokit2 as nk

    clean = np.asarray(nk.ppg_clean(signal, sampling_rate=rate))
    _, info = nk.ppg_peaks(clean, sampling_rate=rate)
    return _beats(clean, np.asarray(info["PPG_Peaks"]), rate, moments)


def describe_hr(signal: Array, rate: float, moments: Array) -> Described:
    """Heart rate in beats per minute, as a wristband or chest strap states it.

    Rates outside ``BELIEVED`` are unknown before they come here (``ChannelKind.doubted``): what lies between
    one of them and a true one would be no heart's. They lower the quality of what is near (``share_believed``).
    """
    times = np.arange(len(signal)) / rate
    return _between(moments, times, signal, reach=max(1.5, 1 / rate))[:, None], np.ones(len(moments))


def share_believed(doubted: NDArray[np.bool_], rate: float, moments: Array) -> Array:
    """Share ``(moment,)`` of the samples within 5 s that are not doubted."""
    return _share(~doubted, rate, moments, max(5.0, 1 / rate))


def describe_eda(signal: Array, rate: float, moments: Array) -> Described:
    """Tonic level and phasic part in the signal's unit (microsiemens), and responses per minute within 15 s.

    Quality follows Kleckner et al. (2018): the share of samples within 5 s that lie in 0.05 to 60
    microsiemens and change by less than 10 a second.
    """
    import neurokit2 as nk

    clean = np.asarray(nk.eda_clean(signal, sampling_rate=rate))
    parts = nk.eda_phasic(clean, sampling_rate=rate)
    tonic, phasic = parts["EDA_Tonic"].to_numpy(), parts["EDA_Phasic"].to_numpy()
    times = np.arange(len(signal)) / rate
    peaks = _responses(phasic, rate)
    values = [np.interp(moments, times, tonic), np.interp(moments, times, phasic), 2.0 * _count(peaks, moments, 15.0)]
    slope = np.abs(np.gradient(clean) * rate)
    return np.column_stack(values), _share((clean >= 0.05) & (clean <= 60) & (slope < 10), rate, moments, 5.0)


def describe_rsp(signal: Array, rate: float, moments: Array) -> Described:
    """Breaths per minute, depth of a breath in standard deviations of the whole piece, sine and cosine of the phase.

    The phase grows from 0 at one trough to a full turn at the next. Quality is the share of the
    five nearest breaths that last 1.5 to 12 s and at most twice or half as long as usual.
    """
    import neurokit2 as nk

    clean = np.asarray(nk.rsp_clean(signal, sampling_rate=rate))
    found = nk.rsp_findpeaks(clean, sampling_rate=rate)
    troughs, peaks = np.asarray(found["RSP_Troughs"], int), np.asarray(found["RSP_Peaks"], int)
    if len(troughs) < 3:
        return _nothing(moments, 4)
    length = np.diff(troughs) / rate
    good = (length >= 1.5) & (length <= 12) & (np.abs(np.log2(length / np.median(length))) <= 1)
    depth = (clean[peaks] - clean[troughs]) / max(float(clean.std()), 1e-12)
    breath = np.searchsorted(troughs / rate, moments, side="right") - 1
    inside = (breath >= 0) & (breath < len(length))
    breath = np.clip(breath, 0, len(length) - 1)
    phase = 2 * np.pi * (moments - troughs[breath] / rate) / length[breath]
    values = np.column_stack([60 / length[breath], depth[breath], np.sin(phase), np.cos(phase)])
    values[~(inside & good[breath])] = np.nan
    return values, np.where(inside, _moving_mean(good.astype(float), 5)[breath], 0.0)


def describe_emg(signal: Array, rate: float, moments: Array) -> Described:
    """Log of the muscle's amplitude: root mean square within 0.25 s.

    Raw EMG is first freed of movement below 20 Hz (Fridlund & Cacioppo, 1986; a tenth of the rate
    where the signal is slower than 100 Hz). A signal without negative values is taken for an
    amplitude already; one that stays within ``STILL`` of its level is no muscle's, and nothing is measured.
    Quality is the share of samples within 1 s that are not stuck at one value.
    """
    import neurokit2 as nk

    raw = bool(signal.min() < 0)
    low, level, high = np.quantile(signal, [0.25, 0.5, 0.75])
    if not raw and high - low < STILL * level:
        return _nothing(moments, 1)
    clean = np.asarray(
        nk.signal_filter(signal, sampling_rate=rate, lowcut=min(20.0, rate / 5), method="butterworth", order=4)
        if raw
        else signal
    )
    power = _moving_mean(np.square(clean), max(1, round(0.5 * rate)))
    times = np.arange(len(signal)) / rate
    floor = 1e-6 * float(np.median(power)) + 1e-30
    amplitude = 0.5 * np.log(np.maximum(np.interp(moments, times, power), floor))
    return amplitude[:, None], _share(np.diff(signal, prepend=signal[1]) != 0, rate, moments, 1.0)


def describe_temp(signal: Array, rate: float, moments: Array) -> Described:
    """Temperature in the signal's unit (degrees Celsius), and its slope a minute over 30 s.

    Quality is the share of samples within 15 s that a living skin can have: 15 to 45 degrees.
    """
    smooth = _moving_mean(signal, max(1, round(rate)))
    times = np.arange(len(signal)) / rate
    last = times[-1]
    before, after = np.clip(moments - 15, 0, last), np.clip(moments + 15, 0, last)
    change = np.interp(after, times, smooth) - np.interp(before, times, smooth)
    slope = 60 * change / np.maximum(after - before, 1 / rate)
    values = np.column_stack([np.interp(moments, times, smooth), slope])
    return values, _share((signal >= 15) & (signal <= 45), rate, moments, 15.0)


KINDS = {
    "ECG": ChannelKind(("heart_rate", "log_rmssd"), describe_ecg, 50.0, 5.0, 0.1),
    "BVP": ChannelKind(("heart_rate", "log_rmssd"), describe_bvp, 20.0, 5.0, 0.2),
    "HR": ChannelKind(("heart_rate",), describe_hr, 0.1, 2.0, 5.0, True, BELIEVED, "beats a minute"),
    "EDA": ChannelKind(("tonic", "phasic", "responses"), describe_eda, 1.0, 10.0, 2.0),
    "RSP": ChannelKind(("breath_rate", "depth", "phase_sin", "phase_cos"), describe_rsp, 4.0, 10.0, 1.0),
    "EMG": ChannelKind(("log_amplitude",), describe_emg, 4.0, 1.0, 0.1),
    "TEMP": ChannelKind(("level", "slope"), describe_temp, 0.1, 2.0, 10.0),
}
"""What is known of each kind of channel."""


def _beats(clean: Array, peaks: NDArray[np.int_], rate: float, moments: Array) -> Described:
    """Rate and variability of beats, and their quality.

    An interval counts if it lasts 0.3 to 2 s and lies within 30% of the median of its neighbours.
    The rate is interpolated between intervals that count, at most 3 s apart. RMSSD is taken within
    15 s, of at least 5 differences between neighbouring intervals that both count (ultra-short
    RMSSD: Munoz et al., 2015). Quality is each beat's likeness to the mean beat (Orphanidou et
    al., 2015), lowered by intervals that do not count.
    """
    if len(peaks) < 3:
        return _nothing(moments, 2)
    times = peaks / rate
    length = np.diff(times)
    good = (length >= 0.3) & (length <= 2.0) & (np.abs(length / _running_median(length) - 1) <= 0.3)
    middle = (times[1:] + times[:-1]) / 2
    heart_rate = _between(moments, middle[good], 60 / length[good], reach=1.5)
    both = good[1:] & good[:-1]
    squares = np.where(both, np.square(1000 * np.diff(length)), 0.0)
    count, total = _count(times[1:-1][both], moments, 15.0), _sum(times[1:-1], squares, moments, 15.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rmssd = np.where(count >= 5, 0.5 * np.log(np.maximum(total / count, 1.0)), np.nan)
    rmssd[np.isnan(heart_rate)] = np.nan
    trusted = np.clip(_likeness(clean, peaks, rate), 0, 1) * _moving_mean(np.r_[good, good[-1]].astype(float), 5)
    quality = np.nan_to_num(_between(moments, times, trusted, reach=1.5))
    return np.column_stack([heart_rate, rmssd]), np.where(np.isnan(heart_rate), 0.0, quality)


def _likeness(clean: Array, peaks: NDArray[np.int_], rate: float) -> Array:
    """Correlation ``(beat,)`` of each beat with the mean beat, from a third before to half an interval after."""
    interval = float(np.median(np.diff(peaks)))
    before, after = round(interval / 3), round(interval / 2)
    padded = np.pad(clean, (before, after + 1), mode="edge")
    beats = padded[peaks[:, None] + np.arange(before + after)]
    beats = beats - beats.mean(axis=1, keepdims=True)
    beats /= np.maximum(beats.std(axis=1, keepdims=True), 1e-12)
    template = np.median(beats, axis=0)
    likeness: Array = beats @ template / (len(template) * max(float(template.std()), 1e-12))
    return likeness


def _responses(phasic: Array, rate: float) -> Array:
    """Moments of skin conductance responses of at least 0.02 microsiemens, in seconds."""
    from scipy.signal import find_peaks

    peaks, _ = find_peaks(phasic, prominence=0.02, distance=max(1, round(rate)))
    return np.asarray(peaks / rate)


def _between(moments: Array, times: Array, values: Array, reach: float) -> Array:
    """Linear interpolation; NaN at moments further than ``reach`` seconds from any of ``times``."""
    if not len(times):
        return np.full(len(moments), np.nan)
    after = np.clip(np.searchsorted(times, moments), 0, len(times) - 1)
    before = np.clip(after - 1, 0, len(times) - 1)
    nearest = np.minimum(np.abs(times[after] - moments), np.abs(times[before] - moments))
    return np.where(nearest <= reach, np.interp(moments, times, values), np.nan)


def _sum(times: Array, values: Array, moments: Array, reach: float) -> Array:
    """Sum of the values whose times lie within ``reach`` seconds of each moment."""
    total = np.r_[0.0, np.cumsum(values)]
    sums: Array = total[np.searchsorted(times, moments + reach)] - total[np.searchsorted(times, moments - reach)]
    return sums


def _count(times: Array, moments: Array, reach: float) -> Array:
    """How many of ``times`` lie within ``reach`` seconds of each moment."""
    return _sum(times, np.ones(len(times)), moments, reach)


def _share(good: NDArray[np.bool_], rate: float, moments: Array, reach: float) -> Array:
    """Share of samples within ``reach`` seconds of each moment that are good."""
    times = np.arange(len(good)) / rate
    return _sum(times, good.astype(float), moments, reach) / np.maximum(_count(times, moments, reach), 1)


def _moving_mean(values: Array, size: int) -> Array:
    from scipy.ndimage import uniform_filter1d

    return np.asarray(uniform_filter1d(values, size=min(size, len(values)), mode="nearest"))


def _running_median(values: Array) -> Array:
    """Median of each value and its two neighbours on both sides."""
    from scipy.ndimage import median_filter

    return np.asarray(median_filter(values, size=min(5, len(values)), mode="nearest"))


def _nothing(moments: Array, width: int) -> Described:
    """Unknown values of quality 0."""
    return np.full((len(moments), width), np.nan), np.zeros(len(moments))
