"""One clock: words and body signals whose times lie outside the film and sound are of another clock."""

from contextlib import suppress
from dataclasses import replace

from empdetect.errors import InputError
from empdetect.participants.opening import Streams
from empdetect.streams.absent import Absent
from empdetect.streams.physiology import PhysiologyFile
from empdetect.streams.times import LONGEST

SLACK = 0.5
"""Seconds by which times may disagree: lengths are rounded to frames, packets and cues."""


def on_one_clock(streams: Streams) -> Streams:
    """The streams, those of another clock absent with their reason.

    Words are if most of them start after film and sound have ended; body signals if all of them do.

    Raises:
        InputError: film or sound states a length that no recording has.
    """
    end = media_end(streams)
    if end <= 0:
        return streams
    late = words_problem(streams, end)
    if late and streams.said is not None:
        # Who speaks is still known, when is not.
        names = tuple(replace(u, start=None, end=None) for u in streams.said.utterances)
        streams = replace(streams, words=Absent(late), said=replace(streams.said, utterances=names))
    if streams.turns is not None and streams.turns.turns and streams.turns.turns[0].start >= end + SLACK:
        first = streams.turns.turns[0].start
        note = f"the speakers' turns are not used: they start at {first:g} s, after film and sound ended at {end:g} s"
        streams = replace(streams, turns=None, notes=(*streams.notes, note))
    with suppress(InputError):
        if isinstance(streams.body, PhysiologyFile) and streams.body.start() >= end + SLACK:
            streams = replace(streams, body=Absent(_body_problem(streams.body, end)))
    return streams


def media_end(streams: Streams) -> float:
    """Moment at which film and sound have ended, in seconds; 0 where neither can be read."""
    ends = [0.0]
    for stream in (streams.video, streams.audio):
        with suppress(InputError):
            ends.append(0.0 if stream is None else stream.end())
        if stream is not None and not ends[-1] <= LONGEST:
            raise InputError(f"Reading {stream.path}: it states a length of {ends[-1]:g} s; export the file again")
    return max(ends)


def words_problem(streams: Streams, end: float) -> str:
    """Why the words are of another clock than media that end at ``end`` seconds; empty if they are not."""
    starts = [u.start for u in streams.said.utterances if u.start is not None] if streams.said else []
    late = [start for start in starts if start >= end + SLACK]
    if 2 * len(late) <= len(starts) or streams.said is None:
        return ""
    name = streams.said.source.name if streams.said.source else "the transcript"
    return (
        f"{name} is on another clock: {len(late)} of its {len(starts)} utterances start after film and sound have "
        f"ended at {end:g} s, the first at {min(late):g} s; shift it by transcript_offset in a manifest, and write "
        "seconds, not milliseconds"
    )


def _body_problem(body: PhysiologyFile, end: float) -> str:
    return (
        f"{body.path.name} is on another clock: it starts at {body.start():g} s, after film and sound have ended at "
        f"{end:g} s; correct StartTime in its JSON, or give physiology_offset in a manifest"
    )
