"""The page of many recordings: what was scored and what was not, how each measure is distributed, what to check."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from empdetect.errors import InputError
from empdetect.model_card import LIMITS
from empdetect.report.clock import counted, spoken
from empdetect.report.html import write_page
from empdetect.report.page import link
from empdetect.report.provenance import about_lines, methods_sentence
from empdetect.report.summary import Person, modalities_of, people_of, seconds_of
from empdetect.scores import Scores

LOW_QUALITY, MUCH = 0.5, 0.2
"""What to check first: signals read worse than this, and this share of the windows without a score or doubtful."""
BINS = 20
MOST_MEASURES = 16
"""Measures that the page shows; all stand in the table."""


Told = tuple[float, float, float, tuple[float, float]]
"""Of a measure: the mean, both ends of its interval (NaN where there is none), and the limits of its axis."""


@dataclass(frozen=True)
class Line:
    """A participant of a recording, in few numbers, as there can be thousands.

    Args:
        recording, participant: who.
        page: the recording's own page; None without one.
        length: seconds that their windows cover.
        windows, unscored, doubtful: how many windows there are, without a score, and with a doubtful one.
        quality: of each modality the detector reads, 0 where it was missing.
        measures: what was found, by name.
        flags: why to check them first.
        weight: how much that matters.
    """

    recording: str
    participant: str
    page: Path | None
    length: float
    windows: int
    unscored: int
    doubtful: int
    quality: Mapping[str, float]
    measures: Mapping[str, Told]
    flags: Sequence[str]
    weight: float

    @classmethod
    def of(cls, recording: str, person: Person, page: Path | None, modalities: Sequence[str]) -> "Line":
        """What is told of a person."""
        quality = {name: person.quality(name) for name in modalities}
        flags, weight = _flags(person, quality)
        measures = {
            measure.name: (measure.mean(), *measure.interval(), panel.limits)
            for panel in person.panels
            for measure in panel.measures
        }
        unscored, doubtful = len(person.unscored()), len(person.doubtful())
        length = seconds_of(person.windows)
        return cls(
            recording, person.name, page, length, len(person.windows), unscored, doubtful,
            quality, measures, flags, weight,
        )  # fmt: skip


@dataclass
class Overview:
    """The page of many recordings, collected one recording after the other.

    Args:
        about: what the sidecar of the scores tells.
        lines: a participant each.
        modalities: those the detector reads.
        seconds: how long the scoring took.
    """

    about: Mapping[str, Any]
    lines: list[Line] = field(default_factory=list)
    modalities: Sequence[str] = ()
    seconds: float = 0.0

    def add(self, scores: Scores, page: Path | None = None, seconds: float = 0.0) -> None:
        """Add a recording: its scores, its own page, and how long it took."""
        self.modalities = self.modalities or modalities_of(scores)
        self.seconds += seconds
        for name in dict.fromkeys(scores.table["recording"]):
            for person in people_of(scores, str(name)):
                self.lines.append(Line.of(str(name), person, page, self.modalities))

    def write(self, path: Path, failures: Sequence[Sequence[str]] = (), warnings: Sequence[Sequence[str]] = ()) -> Path:
        """Write the page.

        Args:
            path: the file; folders are made.
            failures: input, recording and reason of each input that could not be scored.
            warnings: the same of what the user should know.

        Raises:
            InputError: there is nothing to show, or it cannot be written.
        """
        if not self.lines and not failures:
            raise InputError(f"Writing the report {path}: no recording was scored")
        recordings = {line.recording for line in self.lines}
        windows, unscored = sum(line.windows for line in self.lines), sum(line.unscored for line in self.lines)
        names = list(dict.fromkeys(name for line in self.lines for name in line.measures))
        return write_page(
            path,
            "dataset.html.j2",
            title=counted(len(recordings), "recording"),
            facts=_facts(self.lines, len(recordings), len(failures)),
            about=[*about_lines(self.about), *([("Computing", spoken(self.seconds))] if self.seconds else [])],
            limits=self.about.get("limits", LIMITS),
            methods=methods_sentence(self.about, self.modalities, len(recordings), windows, unscored),
            measures=[_distribution(name, self.lines, path.parent) for name in names[:MOST_MEASURES]],
            left_out=len(names[MOST_MEASURES:]),
            modalities=list(self.modalities),
            rows=[_row(line, names[:MOST_MEASURES], self.modalities, path.parent) for line in self.lines],
            first=sorted((_check(line, path.parent) for line in self.lines if line.flags), key=lambda c: -c["weight"]),
            failures=list(failures),
            warnings=list(warnings),
            low_quality=LOW_QUALITY,
            much=round(100 * MUCH),
        )


def _flags(person: Person, quality: Mapping[str, float]) -> tuple[list[str], float]:
    """Why to look at a participant first, and how much it matters."""
    flags, weight = [], 0.0
    windows = len(person.windows)
    for found, what, matters in ((person.unscored(), "not scored", 2.0), (person.doubtful(), "doubtful", 1.0)):
        if found and len(found) >= MUCH * windows:
            why = statistics.mode(w.reason or "not said" for w in found)
            flags.append(f"{len(found)} of {counted(windows, 'window')} {what}, mostly: {why}")
            weight += matters * len(found) / windows
    badly = {name: value for name, value in quality.items() if 0 < value < LOW_QUALITY}
    if badly:
        flags.append("low signal quality: " + ", ".join(f"{name} {value:.2f}" for name, value in badly.items()))
        weight += LOW_QUALITY - min(badly.values())
    return flags, weight


def _facts(lines: Sequence[Line], recordings: int, failed: int) -> list[tuple[str, str, str]]:
    """Cards of the first screen: heading, figure, and a line below it."""
    windows, unscored = sum(line.windows for line in lines), sum(line.unscored for line in lines)
    length = sum(line.length for line in lines)
    flagged = sum(bool(line.flags) for line in lines)
    told = f"{windows - unscored} of {counted(windows, 'window')}"
    share = f"{100 * (windows - unscored) / max(windows, 1):.0f}%"
    return [
        ("Recordings scored", str(recordings), f"{counted(len(lines), 'participant')} in them"),
        ("Scored", share, f"{told}, {spoken(length)} in all" if length else told),
        ("Failed", str(failed or "nothing"), "inputs that could not be read" if failed else "all inputs were read"),
        ("To check first", str(flagged or "nobody"), "for lost, doubtful or badly read windows"),
    ]


def _row(line: Line, names: Sequence[str], modalities: Sequence[str], folder: Path) -> dict[str, Any]:
    """A row of the table."""
    return {
        "recording": line.recording,
        "participant": line.participant,
        "link": None if line.page is None else link(line.page, folder),
        "length": line.length,
        "spoken": spoken(line.length) if line.length else "n/a",
        "scored": 100 * (line.windows - line.unscored) / line.windows,
        "doubtful": 100 * line.doubtful / line.windows,
        "quality": [line.quality.get(name, 0.0) for name in modalities],
        "measures": [_cell(line.measures.get(name)) for name in names],
        "flags": list(line.flags),
        "weight": line.weight,
    }


def _cell(told: Told | None) -> dict[str, Any] | None:
    """Mean and interval of a measure, in its numbers and in percent of its axis."""
    if told is None or math.isnan(told[0]):
        return None
    mean, low, high, limits = told
    known = not math.isnan(low)
    return {
        "mean": mean,
        "at": _percent(mean, limits),
        "interval": f"{low:.2f} to {high:.2f}" if known else "",
        "from": _percent(low, limits) if known else None,
        "to": _percent(high, limits) if known else None,
    }


def _percent(value: float, limits: tuple[float, float]) -> float:
    low, high = limits
    return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)


def _check(line: Line, folder: Path) -> dict[str, Any]:
    """A line of what to check first."""
    return {
        "recording": line.recording,
        "participant": line.participant,
        "link": None if line.page is None else link(line.page, folder),
        "flags": list(line.flags),
        "weight": line.weight,
    }


def _distribution(name: str, lines: Sequence[Line], folder: Path) -> dict[str, Any]:
    """How the means of participants are distributed: a histogram, a mark for each, and figures."""
    found = [(line, told) for line in lines if (told := line.measures.get(name)) and not math.isnan(told[0])]
    limits = next(line.measures[name][3] for line in lines if name in line.measures)
    values = [told[0] for _, told in found]
    return {
        "name": name,
        "ends": (f"{limits[0]:g}", f"{(limits[0] + limits[1]) / 2:g}", f"{limits[1]:g}"),
        "bars": _bars(found, limits),
        "marks": [
            {
                "at": _percent(told[0], limits),
                "link": None if line.page is None else link(line.page, folder),
                "text": f"{line.recording}, {line.participant}: {told[0]:.2f}",
            }
            for line, told in found
        ],
        "figures": _figures(values, len(lines)),
    }


def _bars(found: Sequence[tuple[Line, Told]], limits: tuple[float, float]) -> list[dict[str, Any]]:
    """Bars of a histogram, in percent of the highest; participants to check first apart."""
    low, high = limits
    sound, flagged = [0] * BINS, [0] * BINS
    for line, told in found:
        place = min(max(int((told[0] - low) / (high - low) * BINS), 0), BINS - 1)
        (flagged if line.flags else sound)[place] += 1
    most = max((a + b for a, b in zip(sound, flagged)), default=0) or 1
    step = (high - low) / BINS
    return [
        {
            "sound": 100 * a / most,
            "flagged": 100 * b / most,
            "text": f"{counted(a + b, 'participant')} from {low + i * step:.2f} to {low + (i + 1) * step:.2f}"
            + (f", {b} to check first" if b else ""),
        }
        for i, (a, b) in enumerate(zip(sound, flagged))
    ]


def _figures(values: Sequence[float], lines: int) -> str:
    """Number, mean, standard deviation and quartiles as text."""
    if not values:
        return "no participant has a score"
    several = len(values) > 1
    text = f"{len(values)} of {counted(lines, 'participant')}, mean {statistics.fmean(values):.2f}"
    if several:
        lower, middle, upper = statistics.quantiles(values, method="inclusive")
        text += f", SD {statistics.stdev(values):.2f}, median {middle:.2f} (quartiles {lower:.2f} to {upper:.2f})"
    return text
