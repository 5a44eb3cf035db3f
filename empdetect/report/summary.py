"""What a report says in numbers: means of participants, what was left out and why, runs of windows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from empdetect.scores import Scores
from empdetect.task import Target

if TYPE_CHECKING:
    import pandas as pd

MOST_WINDOWS = 1200
"""More windows than a screen has columns are drawn as means of neighbours."""


MOST_KNOWN = 0.9
"""Share of the scored time that must have intervals, so that they speak for the mean."""


@dataclass(frozen=True)
class Window:
    """One window of one participant and measure.

    Args:
        start, end: seconds on the recording's clock; NaN without a clock.
        score, low, high: the score and its 90% interval; NaN where there is none.
        quality: by modality, 0 where it was missing.
        reason: why there is no score.
    """

    start: float
    end: float
    score: float
    low: float
    high: float
    quality: Mapping[str, float]
    reason: str = ""

    @property
    def scored(self) -> bool:
        """Whether there is a score."""
        return not math.isnan(self.score)

    @property
    def weight(self) -> float:
        """Its share in a mean: its length in seconds, 1 without a clock."""
        return 1.0 if math.isnan(self.start) or math.isnan(self.end) else max(self.end - self.start, 1e-6)


@dataclass(frozen=True)
class Measure:
    """One measure of one participant.

    Args:
        name: as in the Scores table.
        windows: in time.
    """

    name: str
    windows: tuple[Window, ...]

    def mean(self) -> float:
        """Mean score over scored windows, weighted by their length; NaN if there is none."""
        return _weighted([(w.score, w.weight) for w in self.windows if w.scored])

    def interval(self) -> tuple[float, float]:
        """Interval of the mean score: the mean of the windows' intervals around it.

        The errors of one person's windows go together, so it does not shrink with their number. NaN
        unless windows of ``MOST_KNOWN`` of the scored time have one.
        """
        known = [w for w in self.windows if w.scored and not math.isnan(w.low)]
        if sum(w.weight for w in known) < MOST_KNOWN * sum(w.weight for w in self.windows if w.scored):
            return (math.nan, math.nan)
        below = _weighted([(w.score - w.low, w.weight) for w in known])
        above = _weighted([(w.high - w.score, w.weight) for w in known])
        return (self.mean() - below, self.mean() + above)


@dataclass(frozen=True)
class Panel:
    """The measures of one target, which share an axis.

    Args:
        name: name of the target.
        unit: what its numbers are.
        limits: lowest and highest value.
        measures: one, or one a class.
    """

    name: str
    unit: str
    limits: tuple[float, float]
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Person:
    """A participant of a recording with all panels."""

    name: str
    panels: tuple[Panel, ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        """Their windows, the same for every measure."""
        return self.panels[0].measures[0].windows

    @property
    def has_clock(self) -> bool:
        """Whether any window has times."""
        return any(not math.isnan(w.start) and not math.isnan(w.end) for w in self.windows)

    def quality(self, modality: str) -> float:
        """Mean quality of a modality over all windows, lost ones as 0."""
        total = sum(w.weight for w in self.windows)
        return sum(w.quality.get(modality, 0.0) * w.weight for w in self.windows) / total if total else 0.0


def people_of(scores: Scores, recording: str) -> list[Person]:
    """The participants of a recording, in the order of the table."""
    table = scores.table[scores.table["recording"] == recording]
    targets = _targets(scores.about)
    return [Person(str(name), _panels(rows, targets)) for name, rows in table.groupby("participant", sort=False)]


def modalities_of(scores: Scores) -> list[str]:
    """The modalities the detector reads; those seen in the table if it does not say."""
    named = scores.about.get("modalities")
    if named:
        return list(named)
    return sorted({name for cell in scores.table["modalities"] for name in _quality(cell)})


def seconds_of(windows: Iterable[Window]) -> float:
    """Seconds that windows cover, overlaps counted once; those without times count nothing."""
    total, reached = 0.0, -math.inf
    for start, end in sorted((w.start, w.end) for w in windows if w.end > w.start):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def reasons(people: Sequence[Person]) -> list[tuple[str, int]]:
    """Why windows were left out, and how many for each reason, most first."""
    counts: dict[str, int] = {}
    for person in people:
        for window in person.windows:
            if not window.scored:
                reason = window.reason or "not said"
                text = reason if len(people) == 1 else f"{person.name}: {reason}"
                counts[text] = counts.get(text, 0) + 1
    return sorted(counts.items(), key=lambda pair: -pair[1])


def thinned(windows: Sequence[Window], most: int = MOST_WINDOWS) -> list[Window]:
    """At most so many windows to draw: means of neighbours where there are more."""
    if len(windows) <= most:
        return list(windows)
    step = math.ceil(len(windows) / most)
    return [_merged(windows[first : first + step]) for first in range(0, len(windows), step)]


def _merged(group: Sequence[Window]) -> Window:
    measure = Measure("", tuple(group))
    low, high = measure.interval()
    names = {name for window in group for name in window.quality}
    quality = {name: sum(w.quality.get(name, 0.0) for w in group) / len(group) for name in names}
    reason = next((w.reason for w in group if w.reason), "")
    return Window(group[0].start, group[-1].end, measure.mean(), low, high, quality, reason)


def _weighted(pairs: Sequence[tuple[float, float]]) -> float:
    """Weighted mean of pairs of value and weight; NaN if there is none."""
    total = sum(weight for _, weight in pairs)
    return sum(value * weight for value, weight in pairs) / total if pairs else math.nan


def _panels(rows: "pd.DataFrame", targets: Mapping[str, Target]) -> tuple[Panel, ...]:
    by_target: dict[str, list[Measure]] = {}
    for name, part in rows.groupby("measure", sort=False):
        measure = Measure(str(name), _windows(part))
        by_target.setdefault(str(name).split("=", 1)[0], []).append(measure)
    return tuple(_panel(name, measures, targets.get(name)) for name, measures in by_target.items())


def _windows(rows: "pd.DataFrame") -> tuple[Window, ...]:
    found = [
        Window(r["start"], r["end"], r["score"], r["low"], r["high"], _quality(r["modalities"]), r["reason"])
        for r in rows.to_dict("records")
    ]
    return tuple(sorted(found, key=lambda w: (w.start, w.end)))


def _panel(name: str, measures: Sequence[Measure], target: Target | None) -> Panel:
    if target is not None:
        return Panel(name, _unit(target), target.limits, tuple(measures))
    values = [w.score for measure in measures for w in measure.windows if w.scored] or [0.0]
    return Panel(name, "score", (min(0.0, *values), max(1.0, *values)), tuple(measures))


def _unit(target: Target) -> str:
    low, high = target.limits
    if target.kind == "binary":
        return "probability"
    if target.kind == "nominal":
        return "probability of each class"
    if target.kind == "ordinal":
        return f"expected level, {low:g} = {target.classes[0]}, {high:g} = {target.classes[-1]}"
    return f"scale from {low:g} to {high:g}"


def _targets(about: Mapping[str, Any]) -> dict[str, Target]:
    task = about.get("task") or {}
    return {plain["name"]: Target(**plain) for plain in task.get("targets", ())}


def _quality(cell: str) -> dict[str, float]:
    """Modalities of a cell such as ``audio:0.98 text:1.00``."""
    pairs = (part.rpartition(":") for part in cell.split())
    return {name: float(value) for name, _, value in pairs}
