"""The timeline of a recording as drawings: a line and its interval for each measure, words and signal quality below.

Drawn here as SVG whose width is the recording's length in seconds, so that a page weighs kilobytes, can be printed,
and shows without a script; ``timeline.js`` zooms it, tells the numbers of a moment and ties it to film and words.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

from empdetect.report.figures import COLOURS
from empdetect.report.summary import Measure, Panel, Person, Window, thinned
from empdetect.streams.transcript import Utterance

QUALITY_SCALE = (
    "#DDE7EA",
    "#C4D6DC",
    "#A9C4CD",
    "#8FB2BE",
    "#759FAE",
    "#5C8D9E",
    "#457A8D",
    "#31677B",
    "#205669",
    "#12465A",
)
"""Ten steps from light to dark in one hue, so that it also reads in grey; where nothing is there, nothing is drawn."""

TOP, BOTTOM = 5.0, 95.0
"""Where the highest and the lowest value of an axis stand, in percent of a panel's height from its top."""
TOUCHING = 1e-3
"""Seconds by which windows that follow each other may lie apart."""


def timeline(
    people: Sequence[Person], modalities: Sequence[str], end: float, said: Sequence[Utterance]
) -> dict[str, Any]:
    """What the template draws of a recording, and the numbers that its script tells.

    Args:
        people: the participants.
        modalities: those the detector reads.
        end: end of the recording, in seconds.
        said: what was said, by everyone.
    """
    drawn = [_thin(person) for person in people]
    return {
        "end": round(end, 3),
        "people": [
            _lanes(person, COLOURS[place % len(COLOURS)], modalities, _words_of(person, drawn, said))
            for place, person in enumerate(drawn)
        ],
        "numbers": {"end": round(end, 3), "people": [_numbers(person, modalities) for person in drawn]},
    }


def _thin(person: Person) -> Person:
    """The person with as many windows as a page can draw, those without times left out."""
    return replace(
        person,
        panels=tuple(
            replace(panel, measures=tuple(Measure(m.name, _timed(m.windows)) for m in panel.measures))
            for panel in person.panels
        ),
    )


def _timed(windows: Sequence[Window]) -> tuple[Window, ...]:
    return tuple(thinned([w for w in windows if not math.isnan(w.start) and not math.isnan(w.end)]))


def _words_of(person: Person, people: Sequence[Person], said: Sequence[Utterance]) -> list[tuple[float, float, str]]:
    """Utterances with times of a person: those that name them, or nobody where they are alone."""
    own = [u for u in said if u.speaker == person.name or (len(people) == 1 and not u.speaker)]
    return [(u.start, u.end if u.end is not None else u.start, u.text) for u in own if u.start is not None]


def _lanes(
    person: Person, colour: str, modalities: Sequence[str], words: Sequence[tuple[float, float, str]]
) -> dict[str, Any]:
    return {
        "name": person.name,
        "colour": colour,
        "panels": [_panel(panel, colour) for panel in person.panels],
        "words": [
            {"start": round(start, 2), "length": round(max(end - start, 0.05), 2), "text": text}
            for start, end, text in words
        ],
        "strips": [{"name": name, "steps": _strip(person.windows, name)} for name in modalities],
    }


def _panel(panel: Panel, colour: str) -> dict[str, Any]:
    """A panel: its axis, its lines with their bands, and where there is no score."""
    shown, several = panel.leading(), len(panel.measures) > 1
    low, high = panel.limits
    if several:
        # Many classes share the probability among them: the axis ends above the highest.
        best = max((w.score for m in shown for w in m.windows if w.scored), default=high)
        high = min(high, _round_up(1.1 * best))
    place = _scale(low, high)
    return {
        "name": panel.name,
        "unit": panel.unit,
        "ticks": [(f"{value:g}", round(place(value), 2)) for value in (high, (low + high) / 2, low)],
        "gaps": [_gap(group) for group in _lost(panel.measures[0].windows)],
        "lines": [
            _line(measure, COLOURS[number] if several else colour, place, several)
            for number, measure in enumerate(shown)
        ],
        "several": several,
    }


def _scale(low: float, high: float) -> Callable[[float], float]:
    """From a value to percent of the panel's height."""

    def place(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (min(max(value, low), high) - low) / (high - low)

    return place


def _round_up(value: float) -> float:
    """The next number with one digit."""
    if value <= 0:
        return 1.0
    digit = 10.0 ** math.floor(math.log10(value))
    return math.ceil(value / digit) * digit


def _line(measure: Measure, colour: str, place: Callable[[float], float], several: bool) -> dict[str, Any]:
    runs = list(_runs(measure.windows))
    # Bands of many classes cover each other: their intervals are told on pointing at them.
    bands = [] if several else [_band(part, place) for run in runs for part in _with_interval(run)]
    return {
        "name": measure.name.split("=", 1)[-1],
        "colour": colour,
        "path": "".join(_steps(run, [w.score for w in run], place) for run in runs),
        "band": "".join(bands),
    }


def _runs(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Stretches of scored windows that touch or overlap."""
    run: list[Window] = []
    for window in windows:
        if run and (not window.scored or window.start - run[-1].end > TOUCHING):
            yield run
            run = []
        if window.scored:
            run.append(window)
    if run:
        yield run


def _with_interval(run: Sequence[Window]) -> list[list[Window]]:
    """Stretches of a run in which every window has an interval."""
    parts = [(known, list(part)) for known, part in groupby(run, key=lambda w: not math.isnan(w.low))]
    return [part for known, part in parts if known]


def _lost(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Windows without a score; neighbours of one reason together."""
    group: list[Window] = []
    for window in windows:
        fits = group and group[-1].reason == window.reason and window.start - group[-1].end < TOUCHING
        if group and not (fits and not window.scored):
            yield group
            group = []
        if not window.scored:
            group.append(window)
    if group:
        yield group


def _gap(group: Sequence[Window]) -> tuple[float, float]:
    return round(group[0].start, 3), round(group[-1].end - group[0].start, 3)


def _points(run: Sequence[Window], values: Sequence[float]) -> list[tuple[float, float]]:
    """A score holds for its whole window: steps, or a line through the middles where windows overlap."""
    if any(one.end - other.start > TOUCHING for one, other in pairwise(run)):
        middles = [((w.start + w.end) / 2, value) for w, value in zip(run, values)]
        return [(run[0].start, values[0]), *middles, (run[-1].end, values[-1])]
    return [(time, value) for w, value in zip(run, values) for time in (w.start, w.end)]


def _path(points: Sequence[tuple[float, float]], place: Callable[[float], float]) -> str:
    return "M" + "L".join(f"{time:.6g} {place(value):.4g}" for time, value in points)


def _steps(run: Sequence[Window], values: Sequence[float], place: Callable[[float], float]) -> str:
    return _path(_points(run, values), place)


def _band(run: Sequence[Window], place: Callable[[float], float]) -> str:
    """Outline of the intervals: along the upper ends and back along the lower ones."""
    upper, lower = _points(run, [w.high for w in run]), _points(run, [w.low for w in run])
    return _path([*upper, *reversed(lower)], place) + "Z"


def _strip(windows: Sequence[Window], modality: str) -> list[tuple[str, str]]:
    """Colour and outline of each step of quality; of windows that overlap, each counts until the next one starts."""
    paths: dict[int, list[str]] = {}
    for place, window in enumerate(windows):
        following = windows[place + 1].start if place + 1 < len(windows) else window.end
        end = min(window.end, following) if following > window.start else window.end
        quality = window.quality.get(modality, 0.0)
        if quality > 0 and end > window.start:
            step = min(int(quality * len(QUALITY_SCALE)), len(QUALITY_SCALE) - 1)
            paths.setdefault(step, []).append(f"M{window.start:.6g} 0H{end:.6g}V1H{window.start:.6g}Z")
    return [(QUALITY_SCALE[step], "".join(parts)) for step, parts in sorted(paths.items())]


def _numbers(person: Person, modalities: Sequence[str]) -> dict[str, Any]:
    """The numbers of a person's windows for the script; null where there is none."""
    reasons = {reason: number for number, reason in enumerate(dict.fromkeys(w.reason for w in person.windows))}
    return {
        "name": person.name,
        "modalities": list(modalities),
        "times": [[round(w.start, 3), round(w.end, 3)] for w in person.windows],
        "reasons": list(reasons),
        "reason": [reasons[w.reason] for w in person.windows],
        "quality": [[round(w.quality.get(name, 0.0), 2) for name in modalities] for w in person.windows],
        "panels": [
            [{"name": m.name, "scores": [_triple(w) for w in m.windows]} for m in panel.leading()]
            for panel in person.panels
        ],
    }


def _triple(window: Window) -> list[float | None]:
    return [None if math.isnan(value) else round(value, 4) for value in (window.score, window.low, window.high)]
