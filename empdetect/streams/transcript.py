"""Transcripts: who said what when, from files of many formats or in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from empdetect.errors import InputError
from empdetect.streams.files import file_fingerprint, fingerprint, require_file
from empdetect.streams.formats.cues import read_cues
from empdetect.streams.formats.dialogue import read_dialogue
from empdetect.streams.formats.elan import read_eaf
from empdetect.streams.formats.lines import read_lines
from empdetect.streams.formats.praat import read_textgrid
from empdetect.streams.formats.rttm import read_rttm
from empdetect.streams.formats.words_table import read_words_table
from empdetect.streams.times import time_problem
from empdetect.streams.utterance import Utterance

__all__ = ["Transcript", "TranscriptFile", "Utterance", "read_transcript", "read_turns"]

READERS: dict[str, Callable[[Path], list[Utterance]]] = {
    ".vtt": read_cues,
    ".srt": read_cues,
    ".tsv": read_words_table,
    ".json": read_dialogue,
    ".eaf": read_eaf,
    ".textgrid": read_textgrid,
    ".txt": read_lines,
}
"""Endings of transcript files that can be read."""


@dataclass(frozen=True)
class Transcript:
    """Utterances in the order they were said.

    Args:
        utterances: what was said.
        source: file it came from, for messages.
    """

    utterances: tuple[Utterance, ...]
    source: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "utterances", tuple(self.utterances))

    def read(self) -> "Transcript":
        """Itself; lets a transcript in memory stand where a file can stand."""
        return self

    def fingerprint(self) -> str:
        """Fingerprint of words, speakers and times."""
        return fingerprint(*(repr((u.text, u.speaker, u.start, u.end)) for u in self.utterances))

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers in the order they first speak."""
        return tuple(dict.fromkeys(u.speaker for u in self.utterances if u.speaker is not None))

    def of(self, speaker: str) -> "Transcript":
        """What one person said. A transcript that names no speakers is that person's alone."""
        if not self.speakers:
            return self
        return replace(self, utterances=tuple(u for u in self.utterances if u.speaker == speaker))

    def end(self) -> float:
        """Moment at which the last utterance ends, in seconds; 0 without times."""
        return max((u.end for u in self.utterances if u.end is not None), default=0.0)


@dataclass(frozen=True)
class TranscriptFile:
    """A transcript that is read when asked.

    Args:
        path: ``.vtt``, ``.srt``, ``.tsv`` (columns start, end, speaker, text; times may be absent),
            ``.json`` (a list of objects with the same keys, or ``{"dialogue": [...]}``), ``.eaf`` (ELAN),
            ``.TextGrid`` (Praat) or ``.txt`` (one utterance a line, ``Name: words`` names the speaker).
        offset: moment on the recording's clock at which the file's time 0 lies, in seconds.
        speaker: keep only this person's words.
    """

    path: Path
    offset: float = 0.0
    speaker: str | None = None

    def fingerprint(self) -> str:
        """Fingerprint of the content and of how it is read."""
        return fingerprint(file_fingerprint(self.path), repr((self.offset, self.speaker)))

    def read(self) -> Transcript:
        """Read the file.

        Raises:
            InputError: the file is missing, not of a known format, not UTF-8 or broken.
        """
        status = require_file(self.path).stat()
        transcript = _read_once(self.path, status.st_size, status.st_mtime_ns)
        if self.offset:
            shifted = tuple(utterance.shifted(self.offset) for utterance in transcript.utterances)
            transcript = replace(transcript, utterances=shifted)
        return transcript if self.speaker is None else transcript.of(self.speaker)

    def end(self) -> float:
        """Moment at which the last utterance ends, in seconds; 0 without times."""
        return self.read().end()


def read_transcript(path: Path) -> Transcript:
    """Read a transcript file by its ending.

    Raises:
        InputError: the file is missing, not of a known format, not UTF-8, broken, or its times cannot be true.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"Reading the transcript {path}: allowed endings are {', '.join(READERS)}")
    return Transcript(tuple(u for u in _read(path, reader, "transcript") if u.text), source=path)


@lru_cache(maxsize=256)
def _read_once(path: Path, size: int, changed: int) -> Transcript:
    """A transcript, parsed once while its size and change time stay the same."""
    return read_transcript(path)


def read_turns(path: Path) -> Transcript:
    """Read who speaks when from ``.rttm`` or any transcript, words or not; only turns with times are kept.

    Raises:
        InputError: the file is missing, not of a known format, not UTF-8, broken, or its times cannot be true.
    """
    reader = {**READERS, ".rttm": read_rttm}.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"Reading the speakers' turns {path}: allowed endings are .rttm, {', '.join(READERS)}")
    turns = _read(path, reader, "speakers' turns")
    return Transcript(tuple(u for u in turns if u.start is not None and u.end is not None), source=path)


def _read(path: Path, reader: Callable[[Path], list[Utterance]], what: str) -> list[Utterance]:
    """Utterances of a file, all faults of it as an InputError that names it."""
    require_file(path)
    try:
        utterances = reader(path)
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise InputError(f"Reading the {what} {path}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    except Exception as error:  # each parser has exceptions of its own
        reason = str(error) or type(error).__name__
        raise InputError(f"Reading the {what} {path}: not valid {path.suffix} ({reason})") from None
    problem = time_problem(time for u in utterances for time in (u.start, u.end)) or _order_problem(utterances)
    if problem:
        raise InputError(f"Reading the {what} {path}: {problem}")
    return utterances


def _order_problem(utterances: Iterable[Utterance]) -> str:
    """What is wrong with an utterance that ends before it starts; empty if none does."""
    for u in utterances:
        if u.start is not None and u.end is not None and u.end < u.start:
            what = u.text[:30] or u.speaker
            return f"'{what}' ends at {u.end:g} s, before it starts at {u.start:g} s; correct its times"
    return ""
