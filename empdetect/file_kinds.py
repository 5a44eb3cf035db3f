"""Kinds of files that can be part of a recording: told from the name, else from the content."""

import json
import re
from pathlib import Path
from typing import Literal

from empdetect.errors import InputError
from empdetect.streams.formats.dialogue import turns_of
from empdetect.streams.formats.empatica import is_session
from empdetect.streams.media import tracks

Kind = Literal["video", "audio", "transcript", "physiology", "turns"]

KINDS: dict[Kind, tuple[str, ...]] = {
    "video": (".mp4", ".mov", ".mkv", ".avi", ".mpg", ".mpeg", ".m4v", ".webm"),
    "audio": (".wav", ".flac", ".mp3", ".m4a", ".opus", ".ogg"),
    "transcript": (".vtt", ".srt", ".tsv", ".json", ".eaf", ".textgrid", ".txt"),
    "physiology": ("_physio.tsv.gz", "_physio.tsv", "_physio.csv", ".tsv.gz", ".zip"),
    "turns": (".rttm",),
}
"""Endings of the files that can be part of a recording; of two transcripts the earlier kind is taken.

``turns`` say who speaks when, without words.
"""

SUFFIX = re.compile(r"_(physio|video|audio|audiovideo|transcript|e4|empatica)$", re.IGNORECASE)
"""Suffixes of BIDS (and its proposal for audio and video, BEP047) that are not part of a recording's name."""

NOT_WORDS = re.compile(r"^(readme|licen[cs]e|changes|changelog|requirements|notes)\b", re.IGNORECASE)


def kind_of(path: Path) -> Kind:
    """Kind of a file that is part of a recording, by its ending; by its content where the ending says nothing.

    Raises:
        InputError: it is of no known kind.
    """
    named = _by_ending(path)
    if named is not None:
        return named
    found = tracks(path)
    if found & {"video", "audio"}:
        return "video" if "video" in found else "audio"
    known = ", ".join(ending for endings in KINDS.values() for ending in endings)
    raise InputError(f"Reading {path}: neither a media file nor a known ending; known are {known}")


def looks_like(path: Path) -> Kind | Literal["manifest", "other"]:
    """What a file is, seen from its name and, for tables, JSON and zips, its content; a folder may be an E4 session.

    A broken file counts as what its name says, so that it is reported and not passed over.
    """
    name = path.name.lower()
    named = _by_ending(path)
    if path.is_dir():
        return named or "other"
    if name.endswith(".jsonl"):
        return "manifest"
    if name.endswith(".tsv") and named == "transcript":
        return _table(path)
    if name.endswith((".json", ".txt")) and not _may_hold_words(path):
        return "other"
    if name.endswith(".zip") and not is_session(path):
        return "other"
    return named or "other"


def _by_ending(path: Path) -> Kind | None:
    if path.is_dir():
        return "physiology" if is_session(path) else None
    name = path.name.lower()
    order: tuple[Kind, ...] = ("physiology", "video", "audio", "transcript", "turns")
    return next((kind for kind in order if name.endswith(KINDS[kind])), None)


def name_of(path: Path) -> str:
    """Name of the recording that a file belongs to: its own without ending and without what BIDS puts before it."""
    known = sorted((end for ends in KINDS.values() for end in ends if path.name.lower().endswith(end)), key=len)
    ending = "" if path.is_dir() else known[-1] if known else path.suffix
    stem = path.name[: len(path.name) - len(ending)] or path.name
    return SUFFIX.sub("", stem) or stem


def _table(path: Path) -> Literal["manifest", "transcript", "other"]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            columns = [name.strip() for name in file.readline().rstrip("\r\n").split("\t")]
    except (OSError, UnicodeDecodeError):
        return "transcript"
    if "text" in columns or not any(columns):
        return "transcript"
    streams = {"video", "audio", "transcript", "physiology", "features"}
    return "manifest" if "recording" in columns and streams & set(columns) else "other"


def _may_hold_words(path: Path) -> bool:
    """Whether a .json or .txt can be a transcript; not so sidecars of other files and read-mes."""
    if path.suffix.lower() == ".txt":
        return NOT_WORDS.match(path.name) is None
    if any(path.with_suffix(ending).exists() for ending in (".tsv", ".tsv.gz", ".csv")):
        return False
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return True
    return turns_of(content) is not None
