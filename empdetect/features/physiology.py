"""Physiology features: body signals cleaned, described and judged with NeuroKit2, on one time grid."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor, Features
from empdetect.features.body_signals import KINDS, Array, ChannelKind, Described, share_believed
from empdetect.recording import Participant, Stream
from empdetect.streams.channels import CHANNELS, channel_kind
from empdetect.streams.physiology import Signal

CHANNELS_BY_DEFAULT = ("ECG", "BVP", "EDA", "RSP", "EMG_corrugator", "EMG_zygomatic", "TEMP")
NOTHING = "holds no values"


class PhysiologyFeatures(Extractor):
    """Features of body signals at a common rate.

    Columns are fixed by ``channels``, whatever a participant has: an absent channel gives NaN. Per
    channel: ECG and BVP heart rate and log RMSSD; HR heart rate, as a device states it; EDA tonic
    level, phasic part and responses a minute; RSP breath rate, depth and phase; EMG log amplitude;
    TEMP level and slope (``body_signals`` has units and sources).

    Gaps up to a limit (0.1 s ECG and EMG, 0.2 s BVP, 1 s RSP, 2 s EDA, 5 s HR, 10 s TEMP) are interpolated;
    what lies between longer ones is handled apart. Heart rates of a device outside 30 to 220 beats a minute
    are such gaps, and lower the quality within 5 s. A frame is observed if any channel gives a value.
    Quality is the mean over the channels that the participant has, 0 where one gives no value.

    Args:
        channels: names as in ``Physiology``, each with a site if need be.
        rate: frames per second, in Hz; the signals' own rates come from their file.
        centred: whether to take the participant's own median off every column except the phase of
            the breath, so that people with different resting levels compare.
    """

    modality = "physiology"
    version = 2
    references = ("Makowski et al., 2021 (NeuroKit2)",)

    def __init__(self, channels: Sequence[str] = CHANNELS_BY_DEFAULT, rate: float = 4.0, centred: bool = False) -> None:
        unknown = [name for name in channels if channel_kind(name) is None]
        if unknown or not channels:
            raise InputError(
                f"Physiology features: unknown channel {', '.join(unknown) or '(none given)'}; allowed are "
                f"{', '.join(CHANNELS)}, each with a site if need be, as in EMG_corrugator"
            )
        if rate <= 0:
            raise InputError(f"Physiology features: 'rate' is in Hz above 0, got {rate:g}")
        self.channels = tuple(channels)
        self.rate = rate
        self.centred = centred
        self.whole = centred
        self.width = len(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name of each feature, such as ``EDA_tonic``."""
        return tuple(f"{name}_{column}" for name in self.channels for column in _kind(name).columns)

    def streams(self, person: Participant) -> Sequence[Stream]:
        """The physiology."""
        return () if person.physiology is None else (person.physiology,)

    def extract(self, person: Participant) -> Features:
        """Values ``(time, feature)``; NaN where a channel is absent, lost or too poor to describe."""
        if person.physiology is None:
            raise InputError(f"Physiology features: {person.name} has no physiology")
        signals = person.physiology.read().signals
        present = {name: signals[name] for name in self.channels if name in signals}
        if not present:
            return Features.missing(
                self.width,
                f"the physiology has {', '.join(signals) or 'no channel'}, none of {', '.join(self.channels)}",
            )
        return self._on_grid(present)

    def _on_grid(self, present: Mapping[str, Signal]) -> Features:
        start = min(signal.start for signal in present.values())
        end = max(signal.end for signal in present.values())
        times = np.asarray(start + (np.arange(max(1, int((end - start) * self.rate))) + 0.5) / self.rate, np.float64)
        columns, quality, problems = [], [], []
        for name in self.channels:
            if name not in present:
                columns.append(np.full((len(times), len(_kind(name).columns)), np.nan))
                continue
            values, trust, problem = describe_channel(_kind(name), present[name], times)
            columns.append(values)
            quality.append(trust)
            problems += [f"{name} {problem}"] if problem else []
        values = np.concatenate(columns, axis=1)
        mask = np.asarray(np.isfinite(values).any(axis=1), np.bool_)
        scores = np.where(mask, np.mean(quality, axis=0), 0).astype(np.float32)
        reason = "" if mask.any() else "; ".join(problems)
        return Features(self._centred(values).astype(np.float32), times, mask, scores, reason)

    def _centred(self, values: Array) -> Array:
        if not self.centred:
            return values
        level = np.array(["_phase_" not in name for name in self.columns]) & np.isfinite(values).any(axis=0)
        values = values.copy()
        values[:, level] -= np.nanmedian(values[:, level], axis=0)
        return values


def describe_channel(kind: ChannelKind, signal: Signal, times: Array) -> tuple[Array, Array, str]:
    """Features of one channel on a time grid.

    Args:
        kind: how such channels are handled.
        signal: the channel; NaN where nothing was recorded.
        times: ``(time,)`` seconds on the recording's clock.

    Returns:
        Values ``(time, column)``, NaN where unknown; quality ``(time,)``; and why there is nothing, if so.
    """
    values = np.full((len(times), len(kind.columns)), np.nan)
    quality = np.zeros(len(times))
    doubted = kind.doubted(signal.values)
    came, signal = signal.values[doubted], replace(signal, values=np.where(doubted, np.nan, signal.values))
    problem = _problem(kind, signal)
    for first, piece in _pieces(kind, signal) if not problem else ():
        begin = signal.start + first / signal.rate
        inside = (times >= begin) & (times < begin + len(piece) / signal.rate)
        if inside.any():
            values[inside], quality[inside] = _described(kind, piece, signal.rate, times[inside] - begin)
    if not problem and not np.isfinite(values).any():
        problem = "shows nothing that can be measured"
    if len(came):
        quality *= share_believed(doubted, signal.rate, times - signal.start)
        problem = _with_doubt(problem, kind, came)
    quality[~np.isfinite(values).any(axis=1)] = 0
    return values, np.clip(quality, 0, 1), problem


def _with_doubt(problem: str, kind: ChannelKind, came: Array) -> str:
    """A problem, if there is one, and the samples that cannot be true: they may be of another unit."""
    if not problem or kind.believed is None:
        return problem
    low, high = (f"{value:g}" for value in (came.min(), came.max()))
    span = low if low == high else f"{low} to {high}"
    least, most = kind.believed
    # Nothing else came, so that "no values" alone would not be true.
    problem += " that can be true" if problem == NOTHING else ""
    return f"{problem} ({kind.unit} between {least:g} and {most:g} are expected, {span} came)"


def _described(kind: ChannelKind, piece: Array, rate: float, moments: Array) -> Described:
    with warnings.catch_warnings():
        # NeuroKit warns of what is checked here: short signals, low rates, few peaks.
        warnings.simplefilter("ignore")
        try:
            return kind.describe(piece, rate, moments)
        except (ValueError, IndexError, ZeroDivisionError):
            # It also fails inside where noise has no peaks to find: nothing measured.
            return np.full((len(moments), len(kind.columns)), np.nan), np.zeros(len(moments))


def _problem(kind: ChannelKind, signal: Signal) -> str:
    """Why a channel cannot be described at all; empty if it may be."""
    known = signal.values[np.isfinite(signal.values)]
    if not len(known):
        return NOTHING
    if signal.rate < kind.lowest_rate:
        return f"is sampled at {signal.rate:g} Hz, {kind.lowest_rate:g} Hz or more is needed"
    if np.ptp(known) == 0 and not kind.steady:
        return "is flat"
    if len(known) / signal.rate < kind.shortest:
        return f"lasts {len(known) / signal.rate:.1f} s, {kind.shortest:g} s or more is needed"
    return ""


def _pieces(kind: ChannelKind, signal: Signal) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Unbroken pieces with their first sample's number: short gaps interpolated, flat or short pieces left out."""
    known = np.flatnonzero(np.isfinite(signal.values))
    limit = max(1, round(kind.gap * signal.rate)) + 1
    for part in np.split(known, np.flatnonzero(np.diff(known) > limit) + 1):
        piece = np.interp(np.arange(part[0], part[-1] + 1), part, signal.values[part])
        if len(piece) / signal.rate >= kind.shortest and (np.ptp(piece) > 0 or kind.steady):
            yield int(part[0]), piece


def _kind(channel: str) -> ChannelKind:
    return KINDS[channel_kind(channel) or ""]
