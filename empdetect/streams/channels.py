"""Channels of body signals: what they are called here, and what other tools call them."""

from collections.abc import Sequence
from typing import Literal, get_args

Channel = Literal["ECG", "BVP", "HR", "EDA", "RSP", "EMG", "TEMP"]
CHANNELS: tuple[str, ...] = get_args(Channel)

ALIASES = {
    "cardiac": "ECG",
    "ppg": "BVP",
    "heart_rate": "HR",
    "heartrate": "HR",
    "gsr": "EDA",
    "scr": "EDA",
    "skinconductance": "EDA",
    "respiratory": "RSP",
    "resp": "RSP",
    "temperature": "TEMP",
    "zyg": "EMG_zygomatic",
    "corr": "EMG_corrugator",
}
"""Names that other tools (BIDS, E4, AcqKnowledge) give to the channels, in lower case."""

ABOUT_A_CHANNEL = frozenset({"confidence", "quality", "accuracy", "valid", "validity", "status", "error"})
"""Last words of columns that judge a channel, as ``hr_confidence`` does; no sites."""


def canonical_channel(name: str) -> str | None:
    """The channel that a column name means, with its site, or None."""
    plain = _plain(name)
    if plain in ALIASES:
        return ALIASES[plain]
    kind, _, site = plain.partition("_")
    kind = ALIASES.get(kind, kind.upper())
    if kind not in CHANNELS or site.rpartition("_")[2] in ABOUT_A_CHANNEL:
        return None
    return f"{kind}_{site}" if site else kind


def channel_kind(name: str) -> str | None:
    """Which of ``CHANNELS`` a channel is: ``EMG_corrugator`` is ``EMG``."""
    kind = name.partition("_")[0]
    return kind if kind in CHANNELS else None


def column_of(channel: str, names: Sequence[str], positions: Sequence[int]) -> int | None:
    """The column that is the channel: of several that mean it, the one that bears its name; None if not just one does.

    Args:
        channel: as ``canonical_channel`` gives it.
        names: of all columns.
        positions: of those that mean the channel, one at least.
    """
    for bears in (lambda name: name.strip() == channel, lambda name: _plain(name) == channel.lower()):
        found = positions if len(positions) == 1 else [i for i in positions if bears(names[i])]
        if len(found) == 1:
            return found[0]
    return None


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "").replace("-", "_")
