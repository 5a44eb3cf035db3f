"""Inputs: from what a user names (files, folders, patterns, manifests) to recordings that can be scored."""

import glob
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from empdetect.errors import InputError
from empdetect.file_kinds import KINDS, Kind, kind_of, looks_like, name_of
from empdetect.input_files import Input
from empdetect.participants.people import WhoIsWho
from empdetect.recording import Recording

log = logging.getLogger(__name__)

PROGRESS = ".progress"
"""Folder in which a scoring job keeps its journal. What lies beside it are results, and no recordings."""

SAME_LENGTH = 0.5
"""A film and a sound file of one name whose lengths differ by more seconds are not on one clock."""


def find_recordings(
    inputs: Sequence[Path | str],
    transcript: Path | None = None,
    physio: Path | None = None,
    who: WhoIsWho | None = None,
) -> list[Input]:
    """Find the recordings that inputs name, in a fixed order.

    Files of one folder that are called alike (``a.mp4``, ``a.vtt``, ``a_physio.tsv.gz``) make up one
    recording. Its id is their path without the ending, seen from the folder that all inputs share,
    so that equal names in different folders never collide.

    Args:
        inputs: media files, transcripts, physiology, folders of them (searched to the bottom),
            patterns such as ``study/*/talk.mp4``, and manifests.
        transcript: the transcript of the one recording, or a folder of transcripts, found by the
            recording's id or by its name alone.
        physio: the same for physiology.
        who: what is known and asked of the people in the recordings.

    Raises:
        InputError: an input does not exist, nothing to score was found, or a transcript or
            physiology file fits several recordings.
    """
    manifests, files, base = _expand(inputs)
    found = [replace(_with_id(group, base), who=who or WhoIsWho()) for group in _groups(files)]
    apart: dict[Kind, Path | None] = {"transcript": transcript, "physiology": physio}
    for kind, place in apart.items():
        if place is not None:
            found = _add_from(found, kind, Path(place))
    for manifest in manifests:
        found += [replace(entry, who=who or WhoIsWho()) for entry in _from_manifest(manifest)]
    if not found:
        raise InputError(
            f"Looking for recordings in {', '.join(map(str, inputs))}: none found; "
            f"known endings are {', '.join(ending for endings in KINDS.values() for ending in endings)}"
        )
    _refuse_equal_ids(found)
    return found


def _expand(inputs: Sequence[Path | str]) -> tuple[list[Path], list[Path], Path]:
    """Manifests, other files in a fixed order, each once, and the folder from which ids are seen."""
    manifests: dict[Path, None] = {}
    files: dict[Path, None] = {}
    bases: list[Path] = []
    for name in inputs:
        for path, base in _paths(str(name)):
            what = looks_like(path)
            if path.is_dir() and what == "other":
                files |= dict.fromkeys(_recordings_below(path))
            elif what == "manifest":
                manifests[path] = None
                continue
            else:
                files[path] = None
            # A session is a folder but counts as a file.
            bases.append(path.parent if base == path and path in files else base)
    common = Path(os.path.commonpath(bases)) if bases else Path()
    return list(manifests), list(files), common


def _paths(name: str) -> list[tuple[Path, Path]]:
    """The files and folders that one input names, each with the folder from which it is named."""
    path = _absolute(name)
    if path.is_dir():
        return [(path, path)]
    if os.path.lexists(path):
        return [(path, path.parent)]
    if not glob.has_magic(name):
        raise InputError(f"Looking for recordings: no file or folder {name}; check the path")
    matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 (Path.glob takes no absolute patterns)
    if not matches:
        raise InputError(f"Looking for recordings: nothing matches {name}; check the pattern")
    fixed = Path(name).parent
    while glob.has_magic(str(fixed)):
        fixed = fixed.parent
    return [(_absolute(match), _absolute(fixed)) for match in matches]


def _absolute(path: Path | str) -> Path:
    """The path from the root, without '..', links kept as they are."""
    return Path(os.path.abspath(path))  # noqa: PTH100 (Path.absolute keeps '..')


def _recordings_below(folder: Path) -> Iterator[Path]:
    """Files of recordings below a folder; says in the log which others were left alone."""
    seen = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = os.path.realpath(place)
        if PROGRESS in folders:
            log.info("Left alone, as scores were written there: %s", place)
            folders.clear()
            continue
        sessions = [name for name in sorted(folders) if here not in seen and looks_like(Path(place, name)) in KINDS]
        yield from (Path(place, name) for name in sessions)
        folders[:] = (
            [] if here in seen else sorted({name for name in folders if not name.startswith(".")} - {*sessions})
        )
        for name in sorted(names) if here not in seen else ():
            path = Path(place, name)
            if not name.startswith(".") and looks_like(path) in KINDS:
                yield path
            else:
                log.info("Left alone, as it is no part of a recording: %s", path)
        seen.add(here)


def _groups(files: Iterable[Path]) -> Iterator[Input]:
    """Files called alike in one folder, together; several of one kind become recordings of their own."""
    alike: dict[tuple[Path, str], list[Path]] = {}
    for path in files:
        alike.setdefault((path.parent, name_of(path)), []).append(path)
    for (_, name), paths in alike.items():
        yield from _split(name, paths)


def _split(name: str, paths: Sequence[Path]) -> list[Input]:
    by_kind: dict[str, list[Path]] = {}
    for path in sorted(paths, key=_preference):
        by_kind.setdefault(kind_of(path), []).append(path)
    _take_turns(by_kind)
    shared = {kind: found[0] for kind, found in by_kind.items() if kind not in ("video", "audio")}
    media = [*by_kind.get("video", []), *by_kind.get("audio", [])]
    videos, audios = len(by_kind.get("video", ())), len(by_kind.get("audio", ()))
    whole = {kind: found[0] for kind, found in by_kind.items()}
    if len(media) < 2 or (videos == audios == 1 and _same_length(*media)):
        return [Input(name, paths[0], whole)]
    note = f"{', '.join(path.name for path in media)} are called alike and scored apart"
    if videos == audios == 1:
        note += ", as their lengths differ; if they belong together, name both in a manifest with their offsets"
    return [Input(path.name, path, {kind_of(path): path, **shared}, notes=(note,)) for path in media]


def _take_turns(by_kind: dict[str, list[Path]]) -> None:
    """Of two transcripts the second can tell who speaks, if it is an annotation with speakers."""
    annotations = [path for path in by_kind.get("transcript", ())[1:] if path.suffix.lower() in (".eaf", ".textgrid")]
    if annotations:
        by_kind.setdefault("turns", []).append(annotations[0])


def _preference(path: Path) -> tuple[int, str]:
    """Transcripts with times come before those that may lack them."""
    endings = KINDS[kind_of(path)]
    places = [place for place, ending in enumerate(endings) if path.name.lower().endswith(ending)]
    return (places[0] if places else len(endings), path.name)


def _same_length(video: Path, audio: Path) -> bool:
    """Whether two files last equally long; also true where one cannot be read, which is told later."""
    from empdetect.streams.audio import AudioStream
    from empdetect.streams.video import VideoStream

    try:
        return abs(VideoStream(video).duration() - AudioStream(audio).duration()) <= SAME_LENGTH
    except InputError:
        return True


def _with_id(found: Input, base: Path) -> Input:
    folder = found.source.parent.relative_to(base)
    return replace(found, id=(folder / found.id).as_posix())


def _add_from(found: list[Input], kind: Kind, place: Path) -> list[Input]:
    """Give recordings the transcripts or physiology that the user named apart."""
    if not place.is_dir():
        return _add_file(found, kind, place)
    place = _absolute(place)
    below = [path for path in _recordings_below(place) if kind_of(path) == kind]
    by_id: dict[str, Path] = {}
    by_name: dict[str, list[Path]] = {}
    for path in sorted(below, key=_preference):
        folder = path.parent.relative_to(place)
        by_id.setdefault((folder / name_of(path)).as_posix(), path)
        by_name.setdefault(name_of(path), []).append(path)
    given = [_match(entry, by_id, by_name) for entry in found]
    _refuse_shared(found, given, kind)
    return [
        replace(entry, files={**entry.files, kind: path})
        if path is not None
        else replace(entry, notes=(*entry.notes, _nothing_called(Path(entry.id).name, kind, place)))
        for entry, path in zip(found, given)
    ]


def _nothing_called(name: str, kind: Kind, place: Path) -> str:
    endings = ", ".join(f"{name}{ending}" for ending in KINDS[kind])
    return f"no {kind} called {name} in {place}; it could be {endings}"


def _add_file(found: list[Input], kind: Kind, path: Path) -> list[Input]:
    if not path.is_file():
        raise InputError(f"Adding the {kind}: no file or folder {path}; check the path")
    if len(found) != 1:
        raise InputError(
            f"Adding the {kind} {path}: one file fits one recording, there are {len(found)}; give a folder of files "
            "that are called like the recordings"
        )
    return [replace(found[0], files={**found[0].files, kind: path})]


def _match(entry: Input, by_id: dict[str, Path], by_name: dict[str, list[Path]]) -> Path | None:
    """The file of a recording's id, else the one of its name if all of that name lie in one folder."""
    media = name_of(entry.source)
    mirrored = (Path(entry.id).parent / media).as_posix()
    flat = by_name.get(media, [])
    alone = len({path.parent for path in flat}) == 1
    return by_id.get(entry.id) or by_id.get(mirrored) or (flat[0] if alone else None)


def _refuse_shared(found: Sequence[Input], given: Sequence[Path | None], kind: Kind) -> None:
    """Raise an InputError where one file would be given to recordings in different folders."""
    takers: dict[Path, Input] = {}
    for entry, path in zip(found, given):
        if path is None:
            continue
        first = takers.setdefault(path, entry)
        if first.source.parent != entry.source.parent:
            raise InputError(
                f"Adding the {kind} {path}: it fits both {first.id} and {entry.id}; put the files into "
                "folders like those of the recordings"
            )


def _from_manifest(path: Path) -> list[Input]:
    """Recordings of a manifest; a faulty row becomes an input that cannot be opened."""
    from empdetect.manifest.faults import errors
    from empdetect.manifest.segments import usable_segments

    segments, faults = usable_segments(path, media=False, unlabelled=True)
    together: dict[str, Input] = {}
    for segment in segments:
        name = segment.recording.id
        before = together.get(name, Input(name, path))
        together[name] = replace(before, segments=(*before.segments, segment))
    wrong = [Input(f"{path.name}:{number}", path, problem=str(fault)) for number, fault in enumerate(errors(faults))]
    return [*together.values(), *wrong]


def _refuse_equal_ids(found: Sequence[Input]) -> None:
    first: dict[str, Input] = {}
    for entry in found:
        other = first.setdefault(entry.id, entry)
        if other is not entry:
            raise InputError(
                f"Looking for recordings: {other.source} and {entry.source} both have a recording "
                f"called '{entry.id}'; rename one or score them in two runs"
            )


def open_recording(
    path: Path | str, transcript: Path | None = None, physio: Path | None = None, who: WhoIsWho | None = None
) -> Recording:
    """The one recording that an input names, as ``Detector.score`` takes it; the arguments as in ``find_recordings``.

    Raises:
        InputError: there is none, there are several, or none of its files can be read.
    """
    found = find_recordings([path], transcript, physio, who)
    if len(found) > 1:
        raise InputError(
            f"Opening {path}: it holds {len(found)} recordings; name one, or score all of them with score_recordings"
        )
    return found[0].open().recording
