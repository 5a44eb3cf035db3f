"""The page of a recording: what the template is given, and writing it as one file."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from empdetect.errors import InputError
from empdetect.model_card import LIMITS
from empdetect.report.clock import counted, moment, spoken
from empdetect.report.figures import COLOURS
from empdetect.report.html import for_script, write_page
from empdetect.report.provenance import about_lines, methods_sentence
from empdetect.report.summary import Measure, Panel, Person, modalities_of, people_of, reasons, seconds_of
from empdetect.report.timeline import timeline
from empdetect.scores import Scores
from empdetect.streams.transcript import Transcript

FEW_MEASURES, FEW_PEOPLE = 4, 3
"""More measures than this of no more people than that stand in a table, so that they fit the first screen."""


@dataclass(frozen=True)
class Medium:
    """A film or sound that a page links to, so that a click goes to its moment.

    Args:
        path: the file.
        kind: what it is.
        offset: moment on the recording's clock at which it starts, in seconds.
    """

    path: Path
    kind: Literal["video", "audio"]
    offset: float = 0.0


@dataclass(frozen=True)
class Extras:
    """What a report tells of a recording beyond its scores.

    Args:
        length: seconds on its clock; None takes the end of the last window.
        computing: seconds the scoring took.
        transcript: what was said, by everyone.
        notes: what the user should know about its files.
        media: its films and sounds.
    """

    length: float | None = None
    computing: float | None = None
    transcript: Transcript | None = None
    notes: Sequence[str] = field(default_factory=tuple)
    media: Sequence[Medium] = field(default_factory=tuple)


def write_report(
    scores: Scores,
    path: Path,
    title: str | None = None,
    extras: Mapping[str, Extras] | None = None,
    overview: Path | None = None,
) -> Path:
    """Write scores as one HTML file that needs no network, and no other file but films and sounds it links to.

    Args:
        scores: of one or more recordings.
        path: the file to write; folders are made.
        title: heading; the recording's name or their number unless given.
        extras: by recording, what else is known of it.
        overview: the page of all recordings, to go back to.

    Raises:
        InputError: there are no scores, or the file cannot be written.
    """
    names = list(dict.fromkeys(scores.table["recording"]))
    if not names:
        raise InputError(f"Writing the report {path}: the table has no rows; score a recording first")
    sections = [_section(scores, name, (extras or {}).get(name, Extras()), path.parent) for name in names]
    windows = scores.table.drop_duplicates(["recording", "participant", "start", "end"])
    return write_page(
        path,
        "report.html.j2",
        title=title or (names[0] if len(names) == 1 else f"{len(names)} recordings"),
        overview=None if overview is None else link(overview, path.parent),
        sections=sections,
        numbers=for_script([section["timeline"]["numbers"] if section["timeline"] else None for section in sections]),
        about=about_lines(scores.about),
        limits=scores.about.get("limits", LIMITS),
        methods=methods_sentence(
            scores.about, modalities_of(scores), len(names), len(windows), int(windows["score"].isna().sum())
        ),
    )


def link(target: Path, folder: Path) -> str:
    """How a page in a folder names a file: by the way from there, or in full where there is none."""
    try:
        return quote(Path(os.path.relpath(target, folder)).as_posix())
    except ValueError:  # another drive
        return target.absolute().as_uri()


def _section(scores: Scores, name: str, extras: Extras, folder: Path) -> dict[str, Any]:
    """What the template shows of one recording."""
    people = people_of(scores, name)
    modalities = modalities_of(scores)
    ends = [w.end for person in people for w in person.windows if not math.isnan(w.end)]
    length = extras.length or max(ends, default=0.0)
    has_clock = any(person.has_clock for person in people)
    said = extras.transcript.utterances if extras.transcript else ()
    told = [_person(person, COLOURS[i % len(COLOURS)], modalities) for i, person in enumerate(people)]
    return {
        "name": name,
        "facts": _facts(people, length if has_clock else 0.0),
        "computing": _computing(length if has_clock else 0.0, extras),
        "notes": list(extras.notes),
        "people": told,
        "many": _side_by_side(told),
        "has_intervals": any(not math.isnan(w.low) for p in people for w in p.windows),
        "timeline": timeline(people, modalities, length, said) if has_clock else None,
        "media": [_medium(medium, folder) for medium in extras.media],
        "words": _words(extras.transcript, people),
        "reasons": reasons(people),
    }


def _side_by_side(told: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the means fit a table: many measures, the same ones of few people."""
    names = [[measure["name"] for measure in person["measures"]] for person in told]
    return len(names[0]) > FEW_MEASURES and len(names) <= FEW_PEOPLE and all(other == names[0] for other in names)


def _medium(medium: Medium, folder: Path) -> dict[str, Any]:
    return {
        "name": medium.path.name,
        "kind": medium.kind,
        "offset": medium.offset,
        "link": link(medium.path, folder),
    }


def _facts(people: Sequence[Person], length: float) -> list[tuple[str, str, str]]:
    """Cards of the first screen: heading, figure, and a line below it."""
    windows = [w for person in people for w in person.windows]
    scored, over = sum(w.scored for w in windows), "" if len(people) == 1 else f", over {len(people)} participants"
    skipped = len(windows) - scored
    share = f"{scored} of {counted(len(windows), 'window')}{over}"
    why = (
        f"{counted(skipped, 'window')}, mostly: {_short(reasons(people)[0][0])}"
        if skipped
        else "every window has a score"
    )
    if length > 0:
        there = sum(seconds_of(w for w in person.windows if w.scored) for person in people)
        wanted = sum(seconds_of(person.windows) for person in people)
        return [
            ("Length", spoken(length), counted(len(people), "participant")),
            ("Scored", spoken(there), share),
            ("Skipped", spoken(wanted - there) if skipped else "nothing", why),
        ]
    return [
        ("Participants", str(len(people)), "the recording has no clock"),
        ("Scored", f"{scored} of {len(windows)}", "windows"),
        ("Skipped", str(skipped) if skipped else "nothing", why),
    ]


def _computing(length: float, extras: Extras) -> str:
    """How long the scoring took."""
    if extras.computing is None:
        return ""
    speed = f", {length / extras.computing:.1f} × real time" if length > 0 < extras.computing else ""
    return spoken(extras.computing) + speed


def _short(text: str, most: int = 64) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _person(person: Person, colour: str, modalities: Sequence[str]) -> dict[str, Any]:
    scored = sum(w.scored for w in person.windows)
    return {
        "name": person.name,
        "colour": colour,
        "scored": f"{scored} of {len(person.windows)} windows",
        "measures": _measures(person, colour),
        "carried": any(measure.carried() for panel in person.panels for measure in panel.measures),
        "quality": [(name, person.quality(name)) for name in modalities],
        "left_out": sum(len(panel.measures) - len(panel.leading()) for panel in person.panels),
    }


def _measures(person: Person, colour: str) -> list[dict[str, Any]]:
    """Means of a participant, in their colour; those of classes in the colours of their lines."""
    return [
        _measure(panel, measure, colour if len(panel.measures) == 1 else COLOURS[place])
        for panel in person.panels
        for place, measure in enumerate(panel.leading())
    ]


def _measure(panel: Panel, measure: Measure, colour: str) -> dict[str, Any]:
    """Mean and interval of a measure, in its numbers and in percent of its axis."""
    low, high = panel.limits
    mean, (lower, upper) = measure.mean(), measure.interval()

    def share(value: float) -> float:
        return round(100 * min(max((value - low) / (high - low), 0.0), 1.0), 2)

    return {
        "name": measure.name,
        "unit": panel.unit,
        "colour": colour,
        "ends": (f"{low:g}", f"{high:g}"),
        "mean": mean,
        "low": lower,
        "high": upper,
        "known": not math.isnan(mean),
        "carried": sorted(measure.carried().items(), key=lambda pair: -abs(pair[1])),
        "at": None if math.isnan(mean) else share(mean),
        "from": None if math.isnan(lower) else share(lower),
        "to": None if math.isnan(upper) else share(upper),
    }


def _words(transcript: Transcript | None, people: Sequence[Person]) -> list[dict[str, Any]]:
    """Utterances of the transcript with the colours of their speakers."""
    colours = {person.name: COLOURS[i % len(COLOURS)] for i, person in enumerate(people)}
    return [
        {
            "text": utterance.text,
            "speaker": utterance.speaker or "",
            "colour": colours.get(utterance.speaker or "", COLOURS[0] if len(people) == 1 else "#999999"),
            "start": utterance.start,
            "end": utterance.end,
            "moment": "" if utterance.start is None else moment(utterance.start),
        }
        for utterance in (transcript.utterances if transcript else ())
    ]
