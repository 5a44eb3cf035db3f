"""From the rows of a manifest to segments of recordings."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from empdetect.errors import InputError
from empdetect.manifest.check import Examined, examine
from empdetect.manifest.faults import Fault, errors, shown
from empdetect.manifest.people import together
from empdetect.manifest.rows import Entry, label_columns, require_labels
from empdetect.recording import Recording, Segment
from empdetect.task import Target


def read_manifest(
    path: Path, targets: Sequence[Target] | None = None, media: bool = True, unlabelled: bool = False
) -> list[Segment]:
    """The segments of a manifest that has no faulty row.

    Args:
        path: the manifest, ``.tsv`` or ``.jsonl``.
        targets: the labels a task asks for; None takes every further column of numbers as one.
        media: also open every file to see that it can be used.
        unlabelled: also give the rows without any label, as for scoring. A row without a label else
            only brings streams.

    Raises:
        InputError: the manifest cannot be read, or has a faulty row; the first is named.
    """
    segments, faults = usable_segments(path, targets, media, unlabelled)
    refuse(path, faults)
    return segments


def usable_segments(
    path: Path, targets: Sequence[Target] | None = None, media: bool = True, unlabelled: bool = False
) -> tuple[list[Segment], list[Fault]]:
    """The segments of a manifest without its faulty rows, and all its faults.

    A stream that cannot be used is left out wherever it would be context for others. With
    ``unlabelled``, what is wrong with labels, groups and splits is a warning and keeps no row from being given.

    Args:
        path, targets, media, unlabelled: as for ``read_manifest``.

    Raises:
        InputError: no row of the manifest can be read, or none has a label where labels are asked for.
    """
    examined = examine(Path(path), targets, media)
    if targets and not unlabelled:
        require_labels(examined.file, targets)
    labels = label_columns(examined.file, targets)
    faults = list(examined.faults)
    if unlabelled:
        faults = _about_scoring(faults, {"group", "split", *labels})
    faulty = {fault.row for fault in errors(faults)}
    wanted = [entry for entry in examined.entries if entry.line not in faulty]
    if labels and not unlabelled:
        wanted = [entry for entry in wanted if entry.labels]
    return _segments(wanted, examined), faults


def _about_scoring(faults: Sequence[Fault], labelling: Collection[str]) -> list[Fault]:
    """The faults as they matter to scoring: what is wrong with labels, groups and splits is a warning."""
    return [replace(fault, severity="warning") if fault.column in labelling else fault for fault in faults]


def usable_recordings(path: Path, media: bool = True) -> tuple[list[Recording], list[Fault]]:
    """The recordings of a manifest that can be scored, and all its faults.

    Args:
        path, media: as for ``read_manifest``.

    Raises:
        InputError: no row of the manifest can be read.
    """
    segments, faults = usable_segments(path, None, media, unlabelled=True)
    return list({segment.recording.id: segment.recording for segment in segments}.values()), faults


def refuse(path: Path, faults: Sequence[Fault]) -> None:
    """Refuse a manifest with errors.

    Raises:
        InputError: there is one; the first is named, with the number of others.
    """
    wrong = errors(faults)
    if not wrong:
        return
    others = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    raise InputError(
        f"Reading the manifest {shown(str(path))}: {wrong[0]}{others}; `empdetect data check` lists all faults"
    )


def _segments(entries: Sequence[Entry], examined: Examined) -> list[Segment]:
    recordings = {
        name: Recording(name, tuple(person.participant() for person in members))
        for name, members in together(examined.people).items()
    }
    return [
        Segment(
            recordings[entry.recording],
            entry.participant,
            entry.start,
            entry.end,
            entry.labels,
            entry.group,
            entry.split,
            entry.line,
        )
        for entry in entries
    ]
