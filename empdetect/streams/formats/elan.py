"""ELAN annotations (``.eaf``), read with pympi."""

import warnings
from collections.abc import Mapping
from pathlib import Path

from empdetect.streams.formats.tiers import Tier, utterances_of
from empdetect.streams.utterance import Utterance


def read_eaf(path: Path) -> list[Utterance]:
    """Annotations of the tiers that stand on their own; a tier's PARTICIPANT is the speaker, else its name.

    Dependent tiers, such as translations, are left out. Moments that ELAN leaves open lie evenly between the known
    ones before and after them.
    """
    import pympi

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        eaf = pympi.Elan.Eaf(str(path), suppress_version_warning=True)
    seconds = _seconds(eaf.timeslots)
    tiers = []
    for name, (aligned, _, about, _) in eaf.tiers.items():
        if about.get("PARENT_REF") is None:
            spans = [(seconds[first], seconds[last], text) for first, last, text, _ in aligned.values()]
            tiers.append(Tier(name, spans, about.get("PARTICIPANT") or None))
    return utterances_of(tiers)


def _seconds(slots: Mapping[str, int | None]) -> dict[str, float]:
    """Seconds of each time slot."""
    import numpy as np

    known = [place for place, value in enumerate(slots.values()) if value is not None]
    values = [value / 1000 for value in slots.values() if value is not None]
    if slots and not known:
        raise ValueError("no time slot has a time")
    return dict(zip(slots, map(float, np.interp(range(len(slots)), known, values)))) if known else {}
