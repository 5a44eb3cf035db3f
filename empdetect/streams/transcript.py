"""Transcripts: who said what when, from WebVTT, SRT, TSV, JSON or plain text."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from math import isnan
from pathlib import Path
from typing import Any

from empdetect.errors import InputError
from empdetect.streams.files import file_fingerprint, fingerprint, require_file


@dataclass(frozen=True)
class Utterance:
    """One thing said.

    Args:
        text: the words.
        speaker: who said it; None if not known.
        start, end: seconds on the recording's clock; None if the transcript carries no times.
    """

    text: str
    speaker: str | None = None
    start: float | None = None
    end: float | None = None


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
            ``.json`` (a list of objects with the same keys, or ``{"dialogue": [...]}``) or ``.txt``
            (one utterance a line, ``Name: words`` names the speaker).
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
        transcript = read_transcript(self.path)
        shifted = tuple(_shift(utterance, self.offset) for utterance in transcript.utterances)
        transcript = replace(transcript, utterances=shifted)
        return transcript if self.speaker is None else transcript.of(self.speaker)

    def end(self) -> float:
        """Moment at which the last utterance ends, in seconds; 0 without times."""
        return self.read().end()


def read_transcript(path: Path) -> Transcript:
    """Read a transcript file by its ending.

    Raises:
        InputError: the file is missing, not of a known format, not UTF-8 or broken.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"Reading the transcript {path}: allowed endings are {', '.join(READERS)}")
    require_file(path)
    try:
        utterances = reader(path)
    except InputError:
        raise
    except UnicodeDecodeError as error:
        raise InputError(f"Reading the transcript {path}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    except Exception as error:  # each parser has exceptions of its own
        raise InputError(f"Reading the transcript {path}: not valid {path.suffix} ({error})") from None
    return Transcript(tuple(u for u in utterances if u.text), source=path)


def _read_cues(path: Path) -> list[Utterance]:
    import webvtt

    cues = webvtt.from_srt(str(path)) if path.suffix.lower() == ".srt" else webvtt.read(str(path))
    return [
        Utterance(
            " ".join(unescape(cue.text).split()),
            cue.voice,
            # The library's own seconds are cut to whole ones.
            cue.start_time.in_milliseconds() / 1000,
            cue.end_time.in_milliseconds() / 1000,
        )
        for cue in cues.captions
    ]


def _read_tsv(path: Path) -> list[Utterance]:
    import pandas as pd

    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if "text" not in table.columns:
        raise InputError(
            f"Reading the transcript {path}: no column 'text', got {', '.join(table.columns)}; "
            "name the columns start, end, speaker, text and separate them by tabs"
        )
    return [_from_mapping(row) for row in table.to_dict("records")]


def _read_json(path: Path) -> list[Utterance]:
    content = json.loads(path.read_text(encoding="utf-8-sig"))
    turns = content.get("dialogue") if isinstance(content, dict) else content
    if not isinstance(turns, list):
        raise InputError(
            f'Reading the transcript {path}: a list of turns is needed, or {{"dialogue": [...]}}, each with a "text"'
        )
    return [_from_mapping(turn) for turn in turns]


def _read_text(path: Path) -> list[Utterance]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    pairs = [line.split(": ", 1) if ": " in line else [None, line] for line in map(str.strip, lines)]
    return [Utterance(text or "", speaker) for speaker, text in pairs]


def _from_mapping(turn: Any) -> Utterance:
    if not isinstance(turn, dict) or "text" not in turn:
        raise ValueError(f'each turn needs a "text", got {str(turn)[:60]}')
    start, end = (_number(turn.get(key)) for key in ("start", "end"))
    return Utterance(" ".join(str(turn["text"]).split()), turn.get("speaker") or None, start, end)


def _number(cell: Any) -> float | None:
    number = float("nan") if cell in (None, "", "n/a") else float(cell)
    return None if isnan(number) else number


def _shift(utterance: Utterance, seconds: float) -> Utterance:
    start, end = (None if time is None else time + seconds for time in (utterance.start, utterance.end))
    return replace(utterance, start=start, end=end)


READERS: dict[str, Callable[[Path], list[Utterance]]] = {
    ".vtt": _read_cues,
    ".srt": _read_cues,
    ".tsv": _read_tsv,
    ".json": _read_json,
    ".txt": _read_text,
}
"""Endings of transcript files that can be read."""
