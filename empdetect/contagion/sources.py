"""From what was recorded of a person to series: every stream on a clock, by the name of the signal."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from empdetect.contagion.energy import motion_energy, sound_envelope
from empdetect.contagion.series import Series
from empdetect.errors import InputError
from empdetect.features.audio import PROSODY, LogMel
from empdetect.features.base import Extractor, Features
from empdetect.features.body_signals import KINDS
from empdetect.features.face import Face
from empdetect.features.face_crops import MOTION
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.recording import Participant
from empdetect.streams.channels import channel_kind
from empdetect.streams.physiology import Signal

if TYPE_CHECKING:
    from empdetect.scores import Scores

FACE_SIZE = 32
"""Pixels across the face of which only the motion is used."""
BODY_RATE = 10.0
"""Frames per second of described body signals, in Hz: faster than anything that they tell of."""


def available(person: Participant) -> list[str]:
    """Names of the signals that a person's streams can give; what a file holds in the end only reading it tells.

    Raises:
        InputError: the physiology or a table cannot be read.
    """
    names = []
    if person.video is not None:
        names += ["motion"] if _alone(person) else []
        names += [f"face_{column}" for column in MOTION]
    if person.audio is not None:
        names += ["sound", *PROSODY]
    if person.physiology is not None:
        for channel in person.physiology.read().signals:
            names += [channel, *(f"{channel}_{column}" for column in KINDS[channel_kind(channel) or ""].columns)]
    for name, table in person.tables.items():
        names += [f"{name}.{column}" for column in table.read().columns]
    return names


def series_of(person: Participant, signal: str, rate: float | None = None) -> Series:
    """One signal of one person.

    Args:
        person: with the streams that were recorded.
        signal: ``motion`` (motion energy of the picture), ``face_motion_energy`` and the other columns of
            ``features.face.MOTION``; ``sound`` (log envelope) and the columns of ``features.audio.PROSODY``, such as
            ``f0_semitones``; a body signal as it was recorded (``EDA``, ``EMG_zygomatic``) or described
            (``EDA_phasic``, ``ECG_heart_rate``; see ``features.body_signals``); or ``TABLE.COLUMN``, e.g.
            ``ratings.valence``.
        rate: samples per second, in Hz, of a table whose times are not steady; others have their own.

    Raises:
        InputError: the person has no such signal, its stream cannot be read, or nothing usable is in it.
    """
    for matches, read in SOURCES:
        if matches(person, signal):
            return read(person, signal, rate)
    raise InputError(
        f"Reading the signal '{signal}' of {person.name}: there is none; the recording gives "
        f"{', '.join(available(person)) or 'no signal on a clock'}"
    )


def series_of_features(found: Features, column: int, name: str, person: str, rate: float | None = None) -> Series:
    """A column of what any extractor gives; frames that were not observed are unknown.

    Args:
        found: values over time.
        column: which of its features, from 0.
        name, person: of the series.
        rate: in Hz; None takes it from the frames' times.

    Raises:
        InputError: nothing usable was observed; the extractor's reason is told.
    """
    if not found.observed:
        raise InputError(f"The signal '{name}' of {person}: {found.reason or 'nothing was observed'}; leave it out")
    values = np.where(found.mask, found.values[:, column], np.nan)
    return Series.at(name, person, found.times, values, rate)


def series_of_scores(scores: "Scores", recording: str, participant: str, measure: str, rate: float) -> Series:
    """A detector's scores of one person, each held over its window or utterance; those without a score are unknown.

    Args:
        scores: the table.
        recording, participant, measure: which of its rows.
        rate: samples per second, in Hz: windows have no rate of their own.

    Raises:
        InputError: there are no such rows with times.
    """
    table = scores.table
    rows = table[(table["recording"] == recording) & (table["participant"] == participant)]
    rows = rows[rows["measure"] == measure].dropna(subset=["start", "end"]).sort_values("start")
    if not len(rows):
        raise InputError(
            f"Reading the scores '{measure}' of {participant} in {recording}: no row with times; the table has "
            f"{', '.join(map(str, table['measure'].unique()[:10])) or 'no rows'}"
        )
    starts, ends, values = (rows[name].to_numpy(float) for name in ("start", "end", "score"))
    return Series.over(measure, participant, starts, ends, values, rate)


def _alone(person: Participant) -> bool:
    """Whether the picture, or a region of it, is this person's: that of one face among others moves for all alike."""
    return person.video is not None and (person.video.face is None or person.video.region is not None)


def _motion(person: Participant, signal: str, rate: float | None) -> Series:
    assert person.video is not None
    return replace(motion_energy(person.video, person.name), name=signal)


def _face(person: Participant, signal: str, rate: float | None) -> Series:
    assert person.video is not None
    # All frames: the motion between frames that were skipped is motion too.
    own = person.video.rate()
    found = Face(rate=own, size=FACE_SIZE)(person)
    column = FACE_SIZE**2 + MOTION.index(signal.removeprefix("face_"))
    return series_of_features(found, column, signal, person.name, own)


def _sound(person: Participant, signal: str, rate: float | None) -> Series:
    assert person.audio is not None
    return sound_envelope(person.audio, person.name)


def _prosody(person: Participant, signal: str, rate: float | None) -> Series:
    return _column(LogMel(mels=20), person, signal)


def _channel(person: Participant, signal: str, rate: float | None) -> Series:
    recorded: Signal = _signals(person)[signal]
    return Series(signal, person.name, recorded.values, recorded.rate, recorded.start)


def _described(person: Participant, signal: str, rate: float | None) -> Series:
    channel = next(name for name in _signals(person) if signal in _columns(name))
    return _column(PhysiologyFeatures((channel,), rate=BODY_RATE), person, signal)


def _column(extractor: Extractor, person: Participant, signal: str) -> Series:
    column = extractor.columns.index(signal)  # type: ignore[attr-defined]
    return series_of_features(extractor(person), column, signal, person.name)


def _table(person: Participant, signal: str, rate: float | None) -> Series:
    name, _, column = signal.partition(".")
    table = person.tables[name].read()
    if column not in table.columns:
        raise InputError(
            f"Reading the signal '{signal}' of {person.name}: the table '{name}' has no column of numbers "
            f"'{column}', it has {', '.join(table.columns[:10])}"
        )
    return Series.at(signal, person.name, table.times, table.values[:, table.columns.index(column)], rate)


def _signals(person: Participant) -> dict[str, Signal]:
    return {} if person.physiology is None else dict(person.physiology.read().signals)


def _columns(channel: str) -> Sequence[str]:
    return [f"{channel}_{column}" for column in KINDS[channel_kind(channel) or ""].columns]


SOURCES: tuple[tuple[Callable[[Participant, str], bool], Callable[[Participant, str, float | None], Series]], ...] = (
    (lambda person, signal: signal == "motion" and _alone(person), _motion),
    (lambda person, signal: signal in [f"face_{name}" for name in MOTION] and person.video is not None, _face),
    (lambda person, signal: signal == "sound" and person.audio is not None, _sound),
    (lambda person, signal: signal in PROSODY and person.audio is not None, _prosody),
    (lambda person, signal: signal in _signals(person), _channel),
    (lambda person, signal: any(signal in _columns(name) for name in _signals(person)), _described),
    (lambda person, signal: signal.partition(".")[0] in person.tables and "." in signal, _table),
)
"""Who gives which signal, and how."""
