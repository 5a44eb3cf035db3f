"""Windows: the stretches of a recording that a task asks about."""

from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress

from empdetect.errors import InputError
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.transcript import Transcript
from empdetect.task import Task

MEANING = (
    "One row per recording, participant, window and measure. Windows are those of the detector's task; "
    "the last one may be shorter, or take in a rest too short for a window. Seconds on the recording's clock."
)

Span = tuple[float | None, float | None]
WHOLE: Span = (None, None)

SHORTEST = 0.5
"""A rest shorter than this share of a window gets no window of its own: the one before it takes it in."""


def segments(recording: Recording, task: Task) -> list[Segment]:
    """Every participant whose role the task scores, in the windows of the task.

    Utterance tasks give one segment per utterance with times, or per turn that was heard, others one per window; a
    task without a window gives the whole recording, and so does a recording without a clock.
    """
    end = end_of(recording)
    found = []
    for person in recording.participants:
        if not task.scores(person.role):
            continue
        stretches = _utterances(person) if task.unit == "utterance" else spans(end, task)
        found += [Segment(recording, person.name, start, end) for start, end in stretches or [WHOLE]]
    return found


def _utterances(person: Participant) -> list[Span]:
    """Spans of the person's own utterances that have times; without words, of the turns in which they speak.

    Where a transcript tells no ends, as chats do, an utterance lasts until somebody's next one starts.
    """
    with suppress(InputError):
        said = Transcript(()) if person.transcript is None else person.transcript.read()
        starts = sorted({u.start for u in said.utterances if u.start is not None})
        own = [u for u in said.of(person.name).utterances if u.start is not None]
        if own:
            return [(u.start, _next(starts, u.start) if u.end is None else u.end) for u in own]
    turns = person.audio.turns if person.audio is not None else None
    return [(turn.start, turn.end) for turn in turns.turns] if turns is not None else []


def _next(starts: Sequence[float], start: float | None) -> float | None:
    """The first of the sorted starts after one; None after the last."""
    place = len(starts) if start is None else bisect_right(starts, start)
    return starts[place] if place < len(starts) else None


def spans(end: float, task: Task) -> list[tuple[float, float]]:
    """Windows of the task from 0 to ``end`` seconds."""
    if end <= 0:
        return []
    window = task.window or end
    starts = [0.0]
    while end - (start := starts[-1] + (task.hop or window)) >= SHORTEST * window:
        starts.append(start)
    ends = [min(start + window, end) for start in starts]
    # With a hop longer than the window the task leaves gaps on purpose; else no moment may get lost.
    if (task.hop or window) <= window:
        ends[-1] = end
    return [(round(start, 6), round(stop, 6)) for start, stop in zip(starts, ends)]


def end_of(recording: Recording) -> float:
    """End of the last stream that can be read, in seconds; one broken stream must not hide the others."""
    ends = [0.0]
    for person in recording.participants:
        for _, stream in person.streams():
            with suppress(InputError):
                ends.append(stream.end())
    return max(ends)
