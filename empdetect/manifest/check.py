"""Checking a manifest: every fault of every row, each with its remedy."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from empdetect.manifest.clock import Probes, add_future_streams, time_faults
from empdetect.manifest.faults import Fault, ManifestError, Severity, errors, in_order, report_faults, shown
from empdetect.manifest.file import ManifestFile, read_file
from empdetect.manifest.leaks import content_faults, duplicate_faults, split_faults
from empdetect.manifest.media import Problem, probe
from empdetect.manifest.people import Person, gather, stream_faults, together
from empdetect.manifest.rows import CHANNEL, Entry, read_entries, require_labels
from empdetect.progress import track
from empdetect.task import Target

__all__ = ["Examined", "check_manifest", "examine", "report_faults"]


@dataclass(frozen=True)
class Examined:
    """A manifest and what is wrong with it.

    Args:
        file: its rows as they stand.
        entries: those that name a recording.
        people: the participants, with their streams.
        faults: all that was found, by row.
    """

    file: ManifestFile
    entries: tuple[Entry, ...]
    people: tuple[Person, ...]
    faults: tuple[Fault, ...]


def check_manifest(path: Path, targets: Sequence[Target] | None = None, media: bool = True) -> list[Fault]:
    """All faults of a manifest.

    Args:
        path: the manifest, ``.tsv`` or ``.jsonl``.
        targets: the labels a task asks for; None takes every further column of numbers as one.
        media: also open every file, once, with a progress bar. Without it only the table is checked.

    Returns:
        Faults in the order of the rows; empty if there are none.

    Raises:
        InputError: there is no such manifest, or it has another ending.
    """
    faults: list[Fault] = []
    try:
        examined = examine(path, targets, media)
        faults += examined.faults
        if targets:
            require_labels(examined.file, targets)
    except ManifestError as unusable:
        faults.append(unusable.fault)
    return in_order(faults)


def examine(path: Path, targets: Sequence[Target] | None, media: bool) -> Examined:
    """Read a manifest and find all its faults; the arguments are those of ``check_manifest``.

    Raises:
        InputError: no row of it can be read.
    """
    path = Path(path)
    file = read_file(path)
    entries, faults = read_entries(file, targets)
    people, contradictions = gather(entries, path.parent)
    faults += file.faults + contradictions
    if not entries:
        faults.append(Fault(None, None, "there is no row that can be used", "write one row for each segment"))
    if media:
        faults += _media_faults(people)
    else:
        faults += stream_faults(people)
    faults += _no_stream_faults(people, faults)
    # A row that contradicts its recording is most likely of another one, and no duplicate.
    contradicting = {fault.row for fault in contradictions}
    faults += duplicate_faults(_sound_first([e for e in entries if e.line not in contradicting], faults))
    labelled = [entry for entry in entries if entry.labels]
    faults += split_faults(_sound_first(labelled, faults))
    if media:
        faults += content_faults(people, _sound_first(labelled, faults))
    return Examined(file, tuple(entries), tuple(people), tuple(in_order(faults)))


def _media_faults(people: Sequence[Person]) -> list[Fault]:
    """Faults of the files and of the times that depend on them."""
    probes = _probe_all(people)
    for members in together(people).values():
        for person in members:
            _add_problems(person, members, probes)
        add_future_streams(members, probes)
    late = [fault for members in together(people).values() for fault in time_faults(members, probes)]
    return stream_faults(people) + late


def _probe_all(people: Sequence[Person]) -> Probes:
    """Look into each file once."""
    wanted = [(kind, source.path, source.rate) for person in people for kind, source in person.usable().items()]
    return {key: probe(*key) for key in track(list(dict.fromkeys(wanted)), "Checking files")}


def _add_problems(person: Person, members: Sequence[Person], probes: Probes) -> None:
    """Add what the files' content says against the streams of a participant."""
    for kind, source in person.usable().items():
        found = probes[kind, source.path, source.rate]
        person.problems[kind] += found.problems
        sharing = [m.name for m in members if kind in m.sources and m.sources[kind].path == source.path]
        if kind == "transcript" and found.speakers and person.name not in found.speakers:
            speakers = shown(", ".join(found.speakers[:5]))
            problem = f"the transcript names other speakers ({speakers}), not '{shown(person.name)}'"
            remedy = "write the participant as the transcript does, or leave the speakers out of it"
            person.problems[kind].append(Problem(kind, problem, remedy))
        elif kind == "transcript" and not found.speakers and found.usable and len(sharing) > 1:
            problem = f"{len(sharing)} participants share it and it names no speakers: each is given all words"
            person.problems[kind].append(Problem(kind, problem, "name who speaks in the transcript", "warning"))
        if source.channel is not None and found.channels is not None and source.channel >= found.channels:
            problem = f"there is no channel {source.channel}, the file has 0 to {found.channels - 1}"
            person.problems[kind].append(Problem(CHANNEL, problem, "correct it, or leave the cell empty to mix all"))
        if kind == "audio" and len(sharing) > 1 and source.channel is None:
            problem = f"{len(sharing)} participants share it: each is given the voices of all"
            remedy = f"name the channel of each in column {CHANNEL}, or give a file to each"
            person.problems[kind].append(Problem(kind, problem, remedy, "warning"))


def _no_stream_faults(people: Sequence[Person], faults: Sequence[Fault]) -> list[Fault]:
    """Rows, not faulty so far, that bring nothing to look at."""
    faulty = {fault.row for fault in errors(faults)}
    found = []
    for members in together(people).values():
        anything = any(person.sources for person in members)
        for person in members:
            if person.sources:
                continue
            problem = "no stream of this recording is named in any row"
            if anything:
                problem = "no stream of this participant is named in any row, only those of others"
            remedy = "name a file in video, audio, transcript, physiology or features"
            severity: Severity = "warning" if anything else "error"
            lines = [entry.line for entry in person.entries if entry.line not in faulty]
            found += [Fault(line, None, problem, remedy, severity) for line in lines]
    return found


def _sound_first(entries: Sequence[Entry], faults: Sequence[Fault]) -> list[Entry]:
    """Rows without an error before the others: of two rows that cannot both be kept, the first one is."""
    faulty = {fault.row for fault in errors(faults)}
    return sorted(entries, key=lambda entry: (entry.line in faulty, entry.line))
