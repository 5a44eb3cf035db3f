"""Times of a manifest against its streams: segments past the end, and streams on another clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from empdetect.manifest.faults import Fault, Severity
from empdetect.manifest.media import Probe, Problem
from empdetect.manifest.people import Person
from empdetect.manifest.rows import OFFSETS, Entry

SLACK = 0.5
"""Seconds by which times may disagree: lengths are rounded to frames, packets and labels."""


@dataclass(frozen=True)
class Span:
    """When a stream runs, in seconds on the recording's clock.

    Args:
        kind: the stream's column.
        path: its file.
        start, end: its first and last moment.
        open_ended: whether the recording may go on after the end.
    """

    kind: str
    path: Path
    start: float
    end: float
    open_ended: bool


Probes = Mapping[tuple[str, Path, float | None], Probe]
"""What was found, by kind, path and sampling rate."""


def spans(person: Person, probes: Probes) -> list[Span]:
    """The usable streams of a participant that have a clock."""
    found = []
    for kind, source in person.usable().items():
        probe = probes[kind, source.path, source.rate]
        if probe.start is not None and probe.end is not None:
            start, end = probe.start + source.offset, probe.end + source.offset
            found.append(Span(kind, source.path, start, end, probe.open_ended))
    return found


def add_future_streams(people: Sequence[Person], probes: Probes) -> None:
    """Add a problem to each stream of a recording that starts after the other streams have ended.

    Against the participant's own streams it is an error. Against those of others it is a warning, as
    people may take turns.
    """
    running = {person.name: spans(person, probes) for person in people}
    for person in people:
        for span in running[person.name]:
            own = [other.end for other in running[person.name] if other.path != span.path]
            others = [o.end for name in running if name != person.name for o in running[name] if o.path != span.path]
            ends = own or others
            if not ends or span.start <= max(ends) + SLACK:
                continue
            problem = (
                f"the stream starts at {span.start:g} s, after the recording's other streams have ended "
                f"at {max(ends):g} s"
            )
            remedy = f"give {OFFSETS[span.kind]} in seconds on the recording's clock, not a time of day"
            severity: Severity = "error" if own else "warning"
            person.problems[span.kind].append(Problem(OFFSETS[span.kind], problem, remedy, severity))


def time_faults(people: Sequence[Person], probes: Probes) -> list[Fault]:
    """Segments of a recording that lie outside the streams."""
    running = {person.name: spans(person, probes) for person in people}
    everyone = [span for members in running.values() for span in members]
    faults = []
    for person in people:
        own = running[person.name]
        last = _last_moment(own) or _last_moment(everyone)
        for entry in person.entries:
            faults += _past_end(entry, last) + _before_start(entry, own)
    return faults


def _last_moment(running: Sequence[Span]) -> float | None:
    return max((span.end for span in running if not span.open_ended), default=None)


def _past_end(entry: Entry, last: float | None) -> list[Fault]:
    if last is None:
        return []
    if entry.start is not None and entry.start >= last:
        problem = f"the segment starts at {entry.start:g} s, past the end of the streams at {last:g} s"
        return [Fault(entry.line, "start", problem, f"give a start below {last:g} s, or correct the streams' offsets")]
    if entry.end is not None and entry.end > last + SLACK:
        problem = f"the segment ends at {entry.end:g} s, past the end of the streams at {last:g} s"
        remedy = f"give an end of {last:g} s at most, or leave the cell empty for the end of the recording"
        return [Fault(entry.line, "end", problem, remedy)]
    return []


def _before_start(entry: Entry, own: Sequence[Span]) -> list[Fault]:
    """Streams that start only after the segment; an error if no stream is left for it."""
    if entry.end is None:
        return []
    late = [span for span in own if span.start >= entry.end]
    severity: Severity = "error" if len(late) == len(own) else "warning"
    return [
        Fault(
            entry.line,
            OFFSETS[span.kind],
            f"the stream starts at {span.start:g} s, after this segment has ended at {entry.end:g} s",
            "correct the offset (seconds on the recording's clock) or the segment's times",
            severity,
        )
        for span in late
    ]
