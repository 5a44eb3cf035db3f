"""Tiers: the scores of a recording as programs for annotation show them, one line a participant and measure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from empdetect.scores import Scores


@dataclass(frozen=True)
class Mark:
    """One window on a tier.

    Args:
        start, end: in milliseconds, which is as fine as these programs are.
        text: the score with its interval, or why there is none.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Tier:
    """One line of marks that do not overlap.

    Args:
        name: unlike that of any other tier.
        participant: whom it is about.
        marks: in time.
    """

    name: str
    participant: str
    marks: tuple[Mark, ...]


def tiers_of(scores: Scores) -> list[Tier]:
    """The tiers of one recording. Windows that overlap are shared out among several tiers, so that none is lost.

    Windows without times are left out.
    """
    found: dict[tuple[str, str], list[Mark]] = {}
    for row in scores.rows():
        marks = found.setdefault((row["participant"], row["measure"]), [])
        if not math.isnan(row["start"]) and not math.isnan(row["end"]):
            start = round(1000 * row["start"])
            marks.append(Mark(start, max(round(1000 * row["end"]), start + 1), value_text(row)))
    tiers = []
    for (participant, measure), marks in found.items():
        for number, line in enumerate(_lines(marks), 1):
            name = f"{participant} {measure}" + (f" ({number})" if number > 1 else "")
            tiers.append(Tier(name, participant, tuple(line)))
    return _with_names_of_their_own(tiers)


def value_text(row: Mapping[str, Any]) -> str:
    """A score with its interval, as in ``0.742 [0.610, 0.850]``, or why there is none."""
    if math.isnan(row["score"]):
        return f"n/a: {row['reason']}" if row["reason"] else "n/a"
    interval = "" if math.isnan(row["low"]) else f" [{row['low']:.3f}, {row['high']:.3f}]"
    return f"{row['score']:.3f}{interval}"


def _lines(marks: Sequence[Mark]) -> list[list[Mark]]:
    """Marks on as few lines as they need not to overlap, at least one line."""
    lines: list[list[Mark]] = [[]]
    for mark in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        free = next((line for line in lines if not line or line[-1].end <= mark.start), None)
        if free is None:
            lines.append(free := [])
        free.append(mark)
    return lines


def _with_names_of_their_own(tiers: Sequence[Tier]) -> list[Tier]:
    """Names such as 'Ann b' with 'c' and 'Ann' with 'b c' read alike: the later one gets a number."""
    taken: set[str] = set()
    named = []
    for tier in tiers:
        name, number = tier.name, 1
        while name in taken:
            number += 1
            name = f"{tier.name} #{number}"
        taken.add(name)
        named.append(Tier(name, tier.participant, tier.marks))
    return named
