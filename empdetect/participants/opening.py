"""Opening the files of a recording as streams, and what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from empdetect.errors import InputError
from empdetect.recording import Body, Words
from empdetect.streams.audio import AudioStream
from empdetect.streams.media import open_media, tracks
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.transcript import Transcript, TranscriptFile, read_turns
from empdetect.streams.turns import Turns
from empdetect.streams.video import VideoStream


@dataclass(frozen=True)
class Streams:
    """What the files of a recording hold, before anyone knows whose it is.

    Args:
        video, audio, words, body: the streams; a broken one stays, so that its reason is told.
        said: what ``words`` holds; None if there is nothing that can be read.
        turns: who speaks when, apart from the words.
        notes: what the user should know.
    """

    video: VideoStream | None = None
    audio: AudioStream | None = None
    words: Words | None = None
    body: Body | None = None
    said: Transcript | None = None
    turns: Turns | None = None
    notes: tuple[str, ...] = ()


def open_streams(files: Mapping[str, Path]) -> Streams:
    """The streams of some files, by kind.

    Raises:
        InputError: none of the files can be read, or they only tell who speaks.
    """
    video, audio, problems = _media(files)
    said = turns = None
    notes: list[str] = []
    words = TranscriptFile(files["transcript"]) if "transcript" in files else None
    if words is not None:
        try:
            said = words.read()
        except InputError as error:
            problems.append(str(error))
    if "turns" in files:
        try:
            turns = Turns.of_utterances(read_turns(files["turns"]).utterances)
        except InputError as error:
            problems.append(str(error))
            notes.append(str(error))
    body = PhysiologyFile(files["physiology"]) if "physiology" in files else None
    if body is not None and len(problems) == len(files) - 1:
        problems += _problem_of(body)
    if len(problems) == len(files):
        raise InputError("; ".join(problems))
    if set(files) == {"turns"}:
        raise InputError(f"Reading {files['turns']}: it tells who speaks when; give the sound, film or words with it")
    return Streams(video, audio, words, body, said, turns, tuple(notes))


def _media(files: Mapping[str, Path]) -> tuple[VideoStream | None, AudioStream | None, list[str]]:
    """Picture, sound, and why files cannot be read."""
    problems = []
    video, audio = files.get("video"), files.get("audio")
    found = tracks(video) if video else set()
    if video is not None and not found & {"video", "audio"}:
        problems += _unreadable(video, "video")
        found = {"video", "audio"}
    if audio is not None and "audio" not in tracks(audio):
        problems += _unreadable(audio, "audio")
    sound = audio or (video if "audio" in found else None)
    picture = video if "video" in found else None
    return (
        None if picture is None else VideoStream(picture),
        None if sound is None else AudioStream(sound),
        problems,
    )


def _unreadable(path: Path, kind: Literal["video", "audio"]) -> list[str]:
    try:
        with open_media(path, kind):
            return []
    except InputError as error:
        return [str(error)]


def _problem_of(physiology: PhysiologyFile) -> list[str]:
    try:
        physiology.read()
    except InputError as error:
        return [str(error)]
    return []
