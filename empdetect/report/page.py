"""The page of a report: what the template is given, and writing it as one file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from empdetect.errors import InputError
from empdetect.model_card import LIMITS
from empdetect.report.clock import moment, spoken
from empdetect.report.figures import COLOURS, recording_figure
from empdetect.report.html import for_script, render
from empdetect.report.summary import Panel, Person, modalities_of, people_of, reasons, seconds_of
from empdetect.scores import Scores, writing
from empdetect.streams.transcript import Transcript


@dataclass(frozen=True)
class Extras:
    """What a report tells of a recording beyond its scores.

    Args:
        length: seconds on its clock; None takes the end of the last window.
        computing: seconds the scoring took.
        transcript: what was said, by everyone.
        notes: what the user should know about its files.
    """

    length: float | None = None
    computing: float | None = None
    transcript: Transcript | None = None
    notes: Sequence[str] = field(default_factory=tuple)


def write_report(
    scores: Scores, path: Path, title: str | None = None, extras: Mapping[str, Extras] | None = None
) -> Path:
    """Write scores as one HTML file that needs no other file and no network.

    Args:
        scores: of one or more recordings.
        path: the file to write; folders are made.
        title: heading; the recording's name or their number unless given.
        extras: by recording, what else is known of it.

    Raises:
        InputError: there are no scores, or the file cannot be written.
    """
    names = list(dict.fromkeys(scores.table["recording"]))
    if not names:
        raise InputError(f"Writing the report {path}: the table has no rows; score a recording first")
    sections = [_section(scores, name, (extras or {}).get(name, Extras())) for name in names]
    page = render(
        "report.html.j2",
        title=title or (names[0] if len(names) == 1 else f"{len(names)} recordings"),
        sections=sections,
        figures=for_script([section["figure"] for section in sections]),
        about=_about(scores.about),
        limits=scores.about.get("limits", LIMITS),
        methods=_methods(scores, len(names)),
    )
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    return path


def _section(scores: Scores, name: str, extras: Extras) -> dict[str, Any]:
    """What the template shows of one recording."""
    people = people_of(scores, name)
    modalities = modalities_of(scores)
    ends = [w.end for person in people for w in person.windows if not math.isnan(w.end)]
    length = extras.length or max(ends, default=0.0)
    has_clock = any(person.has_clock for person in people)
    return {
        "name": name,
        "facts": _facts(people, length if has_clock else 0.0, extras),
        "computing": _computing(length if has_clock else 0.0, extras),
        "notes": list(extras.notes),
        "people": [_person(person, COLOURS[i % len(COLOURS)], modalities) for i, person in enumerate(people)],
        "has_intervals": any(not math.isnan(w.low) for p in people for w in p.windows),
        "figure": recording_figure([p for p in people if p.has_clock], modalities, length) if has_clock else None,
        "words": _words(extras.transcript, people),
        "reasons": reasons(people),
        "modalities": modalities,
    }


def _facts(people: Sequence[Person], length: float, extras: Extras) -> list[tuple[str, str, str]]:
    """Cards of the first screen: heading, figure, and a line below it."""
    windows = [w for person in people for w in person.windows]
    scored, over = sum(w.scored for w in windows), "" if len(people) == 1 else f", over {len(people)} participants"
    skipped = len(windows) - scored
    counted = f"{scored} of {_counted(len(windows), 'window')}{over}"
    why = (
        f"{_counted(skipped, 'window')}, mostly: {_short(reasons(people)[0][0])}"
        if skipped
        else "every window has a score"
    )
    if length > 0:
        there = sum(seconds_of(w for w in person.windows if w.scored) for person in people)
        wanted = sum(seconds_of(person.windows) for person in people)
        return [
            ("Length", spoken(length), _counted(len(people), "participant")),
            ("Scored", spoken(there), counted),
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


def _short(text: str, most: int = 90) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _person(person: Person, colour: str, modalities: Sequence[str]) -> dict[str, Any]:
    scored = sum(w.scored for w in person.windows)
    return {
        "name": person.name,
        "colour": colour,
        "scored": f"{scored} of {len(person.windows)} windows",
        "measures": _measures(person, colour),
        "quality": [(name, person.quality(name)) for name in modalities],
    }


def _measures(person: Person, colour: str) -> list[dict[str, Any]]:
    """Means of a participant, in their colour; those of classes in the colours of their lines."""
    return [
        _measure(panel, place, colour if len(panel.measures) == 1 else COLOURS[place % len(COLOURS)])
        for panel in person.panels
        for place in range(len(panel.measures))
    ]


def _measure(panel: Panel, place: int, colour: str) -> dict[str, Any]:
    """Mean and interval of a measure, in its numbers and in percent of its axis."""
    measure = panel.measures[place]
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
            "colour": colours.get(utterance.speaker or "", "#5B6372"),
            "start": utterance.start,
            "end": utterance.end,
            "moment": "" if utterance.start is None else moment(utterance.start),
        }
        for utterance in (transcript.utterances if transcript else ())
    ]


def _about(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The lines about the detector and the run."""
    if "calibrated" not in about:
        calibration = "not stated"
    elif about["calibrated"]:
        calibration = "calibrated on held-out segments, with 90% intervals"
    else:
        calibration = "not calibrated: no intervals, and a probability may be too bold or too shy"
    lines = [
        ("Detector", str(about.get("detector") or "not stated")),
        ("Calibration", calibration),
        ("Training data", f"fingerprint {about['fingerprint']}" if about.get("fingerprint") else "not stated"),
        ("Device", str(about.get("device") or "not stated")),
        ("Scored on", str(about.get("started") or "not stated").replace("T", " ").replace("+00:00", " UTC")),
        ("Versions", ", ".join(f"{name} {number}" for name, number in about.get("versions", {}).items())),
    ]
    return [(name, text) for name, text in lines if text]


def _methods(scores: Scores, recordings: int) -> str:
    """A sentence for a methods section."""
    about, task = scores.about, scores.about.get("task") or {}
    own_version = about.get("versions", {}).get("empdetect", "")
    targets = ", ".join(target["name"] for target in task.get("targets", ())) or "the measures shown"
    window = f"in windows of {task['window']:g} s" if task.get("window") else f"for each {task.get('unit', 'window')}"
    rows = scores.table.drop_duplicates(["recording", "participant", "start", "end"])
    unscored = int(rows["score"].isna().sum())
    left_out = f"{unscored} of {len(rows)} windows could not be scored and were left out."
    intervals = " with 90% intervals from held-out data" if about.get("calibrated") else ", not calibrated"
    return (
        f"{_counted(recordings, 'recording')} {'was' if recordings == 1 else 'were'} scored for {targets} {window} "
        f"with empdetect {own_version} (detector '{about.get('detector', 'unnamed')}'), which reads "
        f"{', '.join(modalities_of(scores)) or 'no modality'}; scores are per participant{intervals}. "
        f"{left_out if unscored else f'All {len(rows)} windows could be scored.'}"
    )


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
