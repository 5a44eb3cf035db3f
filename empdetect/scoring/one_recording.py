"""Scoring one recording, stretch by stretch: what every engine runs."""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from empdetect.detector import Detector
from empdetect.device import return_large_pieces
from empdetect.errors import InputError
from empdetect.features.cache import FeatureCache
from empdetect.input_files import Input, Opened
from empdetect.prediction import Prediction
from empdetect.recording import Segment
from empdetect.scores import lines_of
from empdetect.scoring.journal import Event, Failed, Finished, Journal, Part
from empdetect.streams.files import file_fingerprint, fingerprint
from empdetect.stretches import BODY_MARGIN, MARGIN, STRETCH

log = logging.getLogger(__name__)


@dataclass
class Scorer:
    """A detector at work on recordings, one after the other.

    Args:
        detector: the detector.
        journals: folder of what is done; None keeps nothing.
        resume: whether what an earlier run did counts.
        cache: where features are kept; None keeps none on disk.
    """

    detector: Detector
    journals: Path | None = None
    resume: bool = False
    cache: FeatureCache | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave what is open behind when the scorer travels to another process."""
        return {**self.__dict__, "_opened": {}}

    def __post_init__(self) -> None:
        versions = [version(package) for package in ("empdetect", "torch")]
        self._opened: dict[int, Opened | Exception] = {}
        self.identity = fingerprint(self.detector.identity(), *versions, repr((STRETCH, MARGIN, BODY_MARGIN)))

    def score(self, entry: Input, block: Sequence[Input] = ()) -> Iterator[Event]:
        """What is found about a recording: its stretches in order, then its end.

        Args:
            entry: the recording.
            block: inputs of words alone that are scored together with it; it is one of them. The same block gives the
                same scores to the last bit, whatever of it was done before.

        Raises:
            InputError: the journal cannot be written.
        """
        return_large_pieces()
        began = time.perf_counter()
        journal = self._journal(entry)
        if journal is not None:
            journal.start()
            if journal.finished is not None:
                yield from journal.parts
                yield journal.finished
                return
        try:
            opened = self._open(entry, block)
            segments = _segments(opened, self.detector)
        except InputError as error:
            yield Failed(str(error))
            return
        except Exception as error:
            yield _odd(entry, error)
            return
        if journal is not None:
            yield from journal.parts
        missing = [part.missing for part in journal.parts] if journal else []
        for event in self._rest(entry, opened, segments, len(missing)):
            if isinstance(event, Part):
                missing.append(event.missing)
            if journal is not None and not isinstance(event, Failed):
                journal.add(event)
            yield event
            if isinstance(event, Failed):
                return
        end = Finished((*opened.notes, *_lost(missing)), time.perf_counter() - began)
        if journal is not None:
            journal.add(end)
        yield end

    def _open(self, entry: Input, block: Sequence[Input]) -> Opened:
        """The recording; with a block that is new, all of it is opened, and its words are read ahead."""
        if not only_words(entry):
            return entry.open()
        if id(entry) not in self._opened:
            self._opened = {id(each): _attempt(each) for each in block or [entry]}
            self.detector.read_ahead([each.recording for each in self._opened.values() if isinstance(each, Opened)])
        found = self._opened[id(entry)]
        if isinstance(found, Exception):
            raise found
        return found

    def _rest(self, entry: Input, opened: Opened, segments: Sequence[Segment], done: int) -> Iterator[Part | Failed]:
        """The stretches that are not done yet; the last one is a failure if they cannot be scored."""
        cache = self.cache or FeatureCache(enabled=False, keep=self.detector.kept(opened.recording))
        try:
            for found in self.detector.predict_stretches(segments, cache, done):
                yield _part(found, opened, self.detector.measures)
        except InputError as error:
            yield Failed(str(error))
        except Exception as error:
            yield _odd(entry, error)

    def _journal(self, entry: Input) -> Journal | None:
        if self.journals is None:
            return None
        key = fingerprint(self.identity, *_content(entry))
        path = self.journals / key[:2] / f"{key}.jsonl"
        return Journal.read(path) if self.resume else Journal(path)


def only_words(entry: Input) -> bool:
    """Whether a recording is a transcript and nothing else: cheap to open, and its words can be read with others'."""
    if entry.problem:
        return False
    people = [person for segment in entry.segments for person in segment.recording.participants]
    kinds = {kind for person in people for kind, _ in person.streams()} or set(entry.files)
    return kinds == {"transcript"}


def _attempt(entry: Input) -> Opened | Exception:
    try:
        return entry.open()
    except Exception as error:
        return error


def _segments(opened: Opened, detector: Detector) -> list[Segment]:
    """What to score.

    Raises:
        InputError: there is nobody to score.
    """
    segments = opened.segments(detector.task)
    if not segments:
        roles = ", ".join(detector.task.roles)
        raise InputError(f"Scoring '{opened.recording.id}': nobody in it has a role the detector scores ({roles})")
    return segments


def _content(entry: Input) -> Iterator[str]:
    """All of an input that its scores depend on, files by their content; nothing is decoded for it."""
    yield from (entry.id, repr(entry.who), *entry.notes)
    for kind, path in sorted(entry.files.items()):
        sidecar = path.with_name(path.name.removesuffix(".gz").rpartition(".")[0] + ".json")
        for part in (path, sidecar) if sidecar != path else (path,):
            yield f"{kind} {_fingerprint_below(part)}"
    for segment in entry.segments:
        yield repr((segment.participant, segment.start, segment.end))
        for person in segment.recording.participants:
            yield f"participant {person.name} {person.role}"
            for name, stream in person.streams():
                try:
                    yield f"{name} {stream.fingerprint()}"
                except InputError as error:
                    yield f"{name} {error}"


def _fingerprint_below(path: Path) -> str:
    """Fingerprint of a file, or of all files of a folder; of a file that is not there, its reason."""
    try:
        inside = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else []
        if not inside:
            return file_fingerprint(path)
        return fingerprint(*(f"{part.relative_to(path)} {file_fingerprint(part)}" for part in inside))
    except InputError as error:
        return str(error)


def _part(found: Sequence[Prediction], opened: Opened, measures: Sequence[str]) -> Part:
    """Rows of a stretch; the notes about its files go along where there is no score."""
    notes = "".join(f"; {note}" for note in opened.notes)
    told = [p if p.scores else replace(p, reason=p.reason + notes) for p in found]
    people: dict[str, dict[str, str]] = {}
    for prediction in found:
        before = people.setdefault(prediction.segment.participant, dict(prediction.missing))
        for modality in before.keys() - prediction.missing.keys():
            del before[modality]
    return Part(lines_of(row for p in told for row in p.rows(measures)), people)


def _lost(parts: Iterable[Mapping[str, Mapping[str, str]]]) -> list[str]:
    """Streams that were given but of which nothing could be used in any window, and why."""
    people: dict[str, dict[str, str]] = {}
    for part in parts:
        for person, missing in part.items():
            before = people.setdefault(person, dict(missing))
            for modality in before.keys() - missing.keys():
                del before[modality]
    return [
        f"{person}, {modality}: {why}"
        for person, missing in people.items()
        for modality, why in missing.items()
        if why != f"no {modality}"
    ]


def _odd(entry: Input, error: Exception) -> Failed:
    """One odd recording must not cost the others."""
    log.error("Scoring %s", entry.source, exc_info=error)
    return Failed(f"unexpected {type(error).__name__}: {error}", odd=True)
