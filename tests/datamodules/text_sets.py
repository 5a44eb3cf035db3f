"""What the tests of text sets share: small files, and what was said in a segment."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from empdetect.datamodules.base import EmpathyDataModule
from empdetect.datamodules.splits import group_of
from empdetect.datamodules.text import normalised
from empdetect.features.text import TextTokens
from empdetect.recording import SPLITS, Segment

FEATURES = {"text": TextTokens(max_tokens=16)}


def write_table(path: Path, rows: Iterable[Sequence[object]], tabs: bool = False) -> Path:
    """Write rows, the first of which may be a header, and return the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, "excel-tab" if tabs else "excel").writerows(rows)
    return path


def said(segment: Segment) -> list[str]:
    """What each person of a segment said, the scored one first."""
    return [" / ".join(u.text for u in person.transcript.read().utterances) for person in segment.people()]  # type: ignore[union-attr]


def apart(data: EmpathyDataModule, shortest: int = 1) -> dict[str, int]:
    """Segments by split, after making sure that no group and no text of so many words is in two splits."""
    data.summary()
    for values in (
        [{group_of(s) for s in data.parts[name]} for name in SPLITS],
        [{normalised(said(s)[0]) for s in data.parts[name] if len(said(s)[0].split()) >= shortest} for name in SPLITS],
    ):
        assert not (values[0] & values[1] or values[0] & values[2] or values[1] & values[2])
    return {name: len(part) for name, part in data.parts.items()}


def levels(segments: Iterable[Segment], target: str) -> set[float]:
    """Labels that occur."""
    return {segment.labels[target] for segment in segments if target in segment.labels}


def everything(parts: Mapping[str, Sequence[Segment]]) -> list[Segment]:
    """The segments of all splits."""
    return [segment for part in parts.values() for segment in part]
