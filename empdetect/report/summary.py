"""What a report says in numbers: means of participants, what was left out and why, runs of windows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from empdetect.overall import carried, interval, mean, parts_of, weight
from empdetect.scores import Scores
from empdetect.task import Target

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 6
"""Classes of a target that a page shows; lines of more cannot be told apart."""
MOST_WINDOWS = 2400
"""More windows than a page can draw at once stand in it as means of neighbours."""


@dataclass(frozen=True)
class Window:
    """One window of one participant and measure.

    Args:
        start, end: seconds on the recording's clock; NaN without a clock.
        score, low, high: the score and its 90% interval; NaN where there is none.
        quality: by modality, 0 where it was missing.
        reason: why there is no score, or why it is doubtful.
        carried: by modality, how much the score changes when it is left out.
    """

    start: float
    end: float
    score: float
    low: float
    high: float
    quality: Mapping[str, float]
    reason: str = ""
    carried: Mapping[str, float] = field(default_factory=dict)

    @property
    def scored(self) -> bool:
        """Whether there is a score."""
        return not math.isnan(self.score)

    @property
    def weight(self) -> float:
        """Its share in a mean: its length in seconds, 1 without a clock."""
        return weight(self.start, self.end)


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
        scored = self._scored
        return mean([w.score for w in scored], [w.weight for w in scored])

    def interval(self) -> tuple[float, float]:
        """Interval of the mean score; NaN where too few windows have one."""
        scored = self._scored
        lows, highs = [w.low for w in scored], [w.high for w in scored]
        return interval([w.score for w in scored], lows, highs, [w.weight for w in scored])

    def carried(self) -> dict[str, float]:
        """By modality, the mean change of the score when it is left out, where it could be."""
        return carried([w.carried for w in self._scored], [w.weight for w in self._scored])

    @property
    def _scored(self) -> list[Window]:
        return [w for w in self.windows if w.scored]


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

    def leading(self) -> list[Measure]:
        """The measures a page shows: all, or the most likely of many classes, in their order."""
        likely = sorted(self.measures, key=lambda m: math.inf if math.isnan(m.mean()) else -m.mean())[:MOST_CLASSES]
        return [measure for measure in self.measures if any(measure is other for other in likely)]


@dataclass(frozen=True)
class Person:
    """A participant of a recording with all panels."""

    name: str
    panels: tuple[Panel, ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        """Their windows, the same for every measure."""
        return self.panels[0].measures[0].windows

    def unscored(self) -> list[Window]:
        """Windows without a score."""
        return [w for w in self.windows if not w.scored]

    def doubtful(self) -> list[Window]:
        """Windows whose score is doubtful."""
        return [w for w in self.windows if w.scored and w.reason]

    @property
    def has_clock(self) -> bool:
        """Whether any window has times."""
        return any(not math.isnan(w.start) and not math.isnan(w.end) for w in self.windows)

    def quality(self, modality: str) -> float:
        """Mean quality of a modality over all windows, lost ones as 0."""
        return mean([w.quality.get(modality, 0.0) for w in self.windows], [w.weight for w in self.windows])


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
    return sorted({name for cell in scores.table["modalities"] for name in parts_of(cell)})


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
        for window in person.unscored():
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
    return Window(group[0].start, group[-1].end, measure.mean(), low, high, quality, reason, measure.carried())


def _panels(rows: "pd.DataFrame", targets: Mapping[str, Target]) -> tuple[Panel, ...]:
    by_target: dict[str, list[Measure]] = {}
    for name, part in rows.groupby("measure", sort=False):
        measure = Measure(str(name), _windows(part))
        by_target.setdefault(str(name).split("=", 1)[0], []).append(measure)
    return tuple(_panel(name, measures, targets.get(name)) for name, measures in by_target.items())


def _windows(rows: "pd.DataFrame") -> tuple[Window, ...]:
    found = [
        Window(
            r["start"], r["end"], r["score"], r["low"], r["high"],
            parts_of(r["modalities"]), r["reason"], parts_of(r["carried"]),
        )
        for r in rows.to_dict("records")
    ]  # fmt: skip
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
