"""The files of a manifest: each opened once, to see whether it can be used and how long it lasts."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from empdetect.manifest.faults import Severity, shown
from empdetect.manifest.rows import RATE
from empdetect.streams.audio import AudioStream
from empdetect.streams.formats.empatica import is_session_folder
from empdetect.streams.media import decoded, open_media, tracks
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.table import TableFile
from empdetect.streams.transcript import TranscriptFile, Utterance
from empdetect.streams.video import VideoStream

SPEECH_RATE = 16_000
"""Samples per second, in Hz, below which speech lacks what the audio features look at."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a stream of a participant: a fault that does not know its rows yet."""

    column: str
    problem: str
    remedy: str
    severity: Severity = "error"


@dataclass(frozen=True)
class Probe:
    """What a file turned out to hold.

    Args:
        problems: what is wrong with it.
        start, end: first and last moment of its content in seconds from its own time 0; None without a clock.
        open_ended: whether the recording may go on after the end, as it does after the last words.
        speakers: who speaks in a transcript, if it says so.
        channels: number of channels of a sound.
    """

    problems: tuple[Problem, ...] = ()
    start: float | None = None
    end: float | None = None
    open_ended: bool = False
    speakers: tuple[str, ...] = ()
    channels: int | None = None

    @property
    def usable(self) -> bool:
        """Whether nothing but warnings was found."""
        return all(problem.severity == "warning" for problem in self.problems)


def probe(kind: str, path: Path, rate: float | None = None) -> Probe:
    """Look into the file of a stream.

    Args:
        kind: the column that names it, such as ``video``.
        path: the file.
        rate: sampling rate in Hz, for physiology.
    """
    session = kind == "physiology" and is_session_folder(path)
    problem = None if session else file_problem(path)
    if problem is not None:
        return Probe((Problem(kind, *problem),))
    if kind == "physiology":
        return _attempt(kind, path, lambda: _physiology(path, rate))
    readers = {"video": _video, "audio": _audio, "transcript": _transcript, "features": _features}
    return _attempt(kind, path, lambda: readers[kind](path))


def file_problem(path: Path) -> tuple[str, str] | None:
    """Problem and remedy if a path leads to no readable file that holds something."""
    try:
        status = path.stat()
    except OSError as error:
        return _missing(path, error)
    if stat.S_ISDIR(status.st_mode):
        return "it is a folder", "name a file in it"
    if not stat.S_ISREG(status.st_mode):
        return "it is no plain file", "name a file that can be read from start to end"
    if status.st_size == 0:
        return "the file is empty (0 bytes)", "export or copy it again, or leave the cell empty"
    if not os.access(path, os.R_OK):
        return "the file may not be read", "give yourself the permission to read it"
    return None


def _missing(path: Path, error: OSError) -> tuple[str, str]:
    if error.errno == errno.ELOOP:
        return "symbolic links that lead in a circle", "replace the link by the file itself"
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        return f"it cannot be opened ({error.strerror})", "give a readable file"
    if path.is_symlink():
        return "a link to a file that is not there", "replace the link by the file itself"
    if "\\" in path.name:
        return "no such file", "write / and not \\ between folders"
    return "no such file", "check the path (it starts from the manifest's folder), or leave the cell empty"


def _attempt(kind: str, path: Path, look: Callable[[], Probe]) -> Probe:
    try:
        return look()
    except (ValueError, OSError) as error:  # InputError is a ValueError; parsers raise others
        # The streams' messages read "Reading PATH: problem; remedy".
        text = str(error).partition(f"{path}: ")[2] or str(error)
        problem, _, remedy = text.rpartition("; ")
        fallback = "repair the file, or leave the cell empty"
        return Probe((Problem(kind, shown(problem or text, 300), shown(remedy, 300) if problem else fallback),))


def _video(path: Path) -> Probe:
    kinds = tracks(path)
    if "audio" in kinds and "video" not in kinds:
        remedy = "name it in column audio, and leave the video cell empty"
        return Probe((Problem("video", "given as video, but it holds only sound", remedy),))
    with open_media(path, "video") as (container, track):
        if next(decoded(container, track), None) is None:
            return Probe((Problem("video", "the picture track holds no frame", "export the file again"),))
    return Probe(start=0.0, end=VideoStream(path).duration())


def _audio(path: Path) -> Probe:
    kinds = tracks(path)
    if "video" in kinds and "audio" not in kinds:
        remedy = "leave the audio cell empty, or export the file with its sound"
        return Probe((Problem("audio", "given as audio, but it holds only pictures", remedy),))
    with open_media(path, "audio") as (container, track):
        rate, channels = int(track.rate), int(track.channels)
        if next(decoded(container, track), None) is None:
            return Probe((Problem("audio", "the sound track holds no samples", "export the file again"),))
    return Probe(_narrow(rate, channels), 0.0, AudioStream(path).duration(), channels=channels)


def _narrow(rate: int, channels: int) -> tuple[Problem, ...]:
    """The warning about sound of a low rate."""
    if rate >= SPEECH_RATE:
        return ()
    mixed = "1 channel" if channels == 1 else f"{channels} channels, which are mixed down to one,"
    problem = f"{mixed} at {rate} Hz, which holds nothing above {rate / 2000:g} kHz"
    remedy = f"give a recording of {SPEECH_RATE} Hz or more if there is one"
    return (Problem("audio", problem, remedy, "warning"),)


def _transcript(path: Path) -> Probe:
    utterances = TranscriptFile(path).read().utterances
    if not utterances:
        remedy = "add what was said, or leave the cell empty; without words the text counts as missing"
        return Probe((Problem("transcript", "the transcript holds no words", remedy, "warning"),))
    timed = [(number, u) for number, u in enumerate(utterances, 1) if u.start is not None and u.end is not None]
    speakers = tuple(dict.fromkeys(u.speaker for u in utterances if u.speaker is not None))
    start = min((u.start for _, u in timed if u.start is not None), default=None)
    end = max((u.end for _, u in timed if u.end is not None), default=None)
    return Probe(_cue_problems(timed), start, end, open_ended=True, speakers=speakers)


def _cue_problems(timed: Sequence[tuple[int, Utterance]]) -> tuple[Problem, ...]:
    """The first cue that ends too early, that is out of order and that overlaps."""
    problems: dict[str, Problem] = {}
    last: dict[str | None, tuple[int, float]] = {}
    before, clock = 0, float("-inf")
    for number, cue in timed:
        start, end = cue.start or 0.0, cue.end or 0.0
        if end < start:
            problem = f"cue {number} ends at {end:g} s, before its start at {start:g} s"
            problems.setdefault("end", Problem("transcript", problem, "correct the times of the cue"))
        if start < clock:
            problem = f"out of order: cue {number} starts at {start:g} s, cue {before} before it at {clock:g} s"
            problems.setdefault("order", Problem("transcript", problem, "sort the cues by their start"))
        elif cue.speaker in last and start < last[cue.speaker][1]:
            other, until = last[cue.speaker]
            problem = f"cue {number} starts at {start:g} s and overlaps cue {other}, which ends at {until:g} s"
            remedy = "end each cue before the next of the same speaker, or name who speaks"
            problems.setdefault("overlap", Problem("transcript", problem, remedy, "warning"))
        before, clock = number, start
        last[cue.speaker] = (number, end)
    return tuple(problems.values())


def _physiology(path: Path, rate: float | None) -> Probe:
    if rate is None and path.suffix in (".csv", ".tsv") and not path.with_suffix(".json").is_file():
        remedy = f"add Hz in column {RATE}; there is no default"
        return Probe((Problem(RATE, "no sampling rate is given", remedy),))
    signals = PhysiologyFile(path, rate).read().signals.values()
    stated = next(iter(signals)).rate
    problems: tuple[Problem, ...] = ()
    if rate is not None and stated != rate:
        problem = f"{rate:g} Hz is given, the file's JSON states {stated:g} Hz"
        problems = (Problem(RATE, problem, "correct the wrong one, or leave the cell empty"),)
    return Probe(problems, min(signal.start for signal in signals), max(signal.end for signal in signals))


def _features(path: Path) -> Probe:
    table = TableFile(path).read()
    if not len(table.times) or not table.columns:
        problem = "the table holds no rows of numbers"
        return Probe((Problem("features", problem, "export it again, or leave the cell empty"),))
    # A row stands for the time until the next one.
    step = (table.times[-1] - table.times[0]) / max(len(table.times) - 1, 1)
    return Probe(start=float(table.times.min()), end=float(table.times.max() + max(step, 0.0)))
