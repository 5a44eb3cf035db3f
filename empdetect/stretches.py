"""Stretches: a long recording is read piece by piece, so that memory does not grow with its length.

Sound and picture are decoded once, from the beginning to the end; only what the next stretch looks back at is kept.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import Audio, AudioStream
from empdetect.streams.files import fingerprint
from empdetect.streams.physiology import Physiology, Signal
from empdetect.streams.video import VideoStream

STRETCH = 150.0
"""Seconds of a recording that are scored at once; a recording that is no longer is not cut at all."""

MARGIN = 5.0
"""Seconds of sound and picture that a stretch sees before and after its windows: filters and trackers need them."""

BODY_MARGIN = 30.0
"""The same for body signals, which change more slowly."""

T = TypeVar("T")


class Span(NamedTuple):
    """What a stretch sees, in seconds on the recording's clock; what begins after ``keep`` the next one sees too."""

    start: float
    stop: float
    keep: float

    def wider(self, margin: float) -> "Span":
        """The span with a margin on both sides."""
        return Span(self.start - margin, self.stop + margin, self.keep - margin)


NOWHERE = Span(0.0, 0.0, 0.0)


def stretches(segments: Sequence[Segment], whole: Sequence[Extractor] = ()) -> Iterator[list[Segment]]:
    """Segments of one recording in stretches of time, their streams cut to what each stretch needs.

    A stretch holds the segments in their order. Segments without times, of words alone, or that span no more than one
    stretch, stay together and see the whole recording. The stretches must be used in their order.

    Args:
        segments: of one recording.
        whole: extractors whose values depend on the whole recording: what they read is not cut.
    """
    groups = planned(segments)
    if len(groups) < 2 or not any(map(_is_cut, _streams_of(segments))):
        yield list(segments)
        return
    reels: dict[str, dict[Any, _Reel[Any]]] = {}
    bodies: dict[str, Physiology | None] = {}
    begins = [_begin(group) for group in groups]
    for number, group in enumerate(groups):
        keep = begins[number + 1] if number + 1 < len(groups) else math.inf
        span = Span(begins[number], max(_known(segment.end) for segment in group), keep)
        seen: dict[int, Recording] = {}
        for segment in group:
            if id(segment.recording) not in seen:
                seen[id(segment.recording)] = _cut(segment.recording, span, whole, reels, bodies)
        yield [replace(segment, recording=seen[id(segment.recording)]) for segment in group]


def _streams_of(segments: Sequence[Segment]) -> list[tuple[str, Any]]:
    recordings = {id(segment.recording): segment.recording for segment in segments}.values()
    return [stream for recording in recordings for person in recording.participants for stream in person.streams()]


def _is_cut(named: tuple[str, Any]) -> bool:
    """Whether a stream is large enough to be cut; words are not."""
    return named[0] == "physiology" or isinstance(named[1], AudioStream | VideoStream)


def planned(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments in groups that span at most ``STRETCH`` seconds, unless one alone is longer."""
    if any(segment.start is None or segment.end is None for segment in segments):
        return [list(segments)]
    groups: list[list[int]] = []
    begin = -math.inf
    for place in sorted(range(len(segments)), key=lambda place: _known(segments[place].start)):
        if not groups or _known(segments[place].end) > begin + STRETCH:
            groups.append([])
            begin = _known(segments[place].start)
        groups[-1].append(place)
    return [[segments[place] for place in sorted(group)] for group in groups]


def _begin(group: Sequence[Segment]) -> float:
    return min(_known(segment.start) for segment in group)


def _known(seconds: float | None) -> float:
    if seconds is None:
        raise ValueError("a stretch is made of segments with times")
    return seconds


def _cut(
    recording: Recording,
    span: Span,
    whole: Sequence[Extractor],
    reels: dict[str, dict[Any, "_Reel[Any]"]],
    bodies: dict[str, Physiology | None],
) -> Recording:
    """The recording as a stretch sees it."""

    def cut(person: Participant) -> Participant:
        spared = [stream for extractor in whole for stream in extractor.streams(person)]
        own = reels.setdefault(person.name, {})
        found: dict[str, Any] = {}
        for name, stream in person.streams():
            if any(stream is one for one in spared):
                continue
            if isinstance(stream, AudioStream):
                found[name] = SoundPart(**_as_arguments(stream), span=span.wider(MARGIN), reels=own)
            elif isinstance(stream, VideoStream):
                found[name] = PicturePart(**_as_arguments(stream), span=span.wider(MARGIN), reels=own)
            elif name == "physiology":
                found[name] = _signals(person, span.wider(BODY_MARGIN), bodies) or stream
        return replace(person, **found)

    return replace(recording, participants=tuple(map(cut, recording.participants)))


def _as_arguments(stream: AudioStream | VideoStream) -> dict[str, Any]:
    return {one.name: getattr(stream, one.name) for one in fields(stream)}


def _signals(person: Participant, span: Span, bodies: dict[str, Physiology | None]) -> Physiology | None:
    """Body signals within a span; None if they cannot be read, which their file then tells."""
    if person.name not in bodies:
        try:
            bodies[person.name] = None if person.physiology is None else person.physiology.read()
        except InputError:
            bodies[person.name] = None
    body = bodies[person.name]
    return None if body is None else Physiology({name: _within(s, span) for name, s in body.signals.items()})


def _within(signal: Signal, span: Span) -> Signal:
    first = int(np.clip(math.ceil((span.start - signal.start) * signal.rate), 0, len(signal.values)))
    last = int(np.clip(math.ceil((span.stop - signal.start) * signal.rate), first, len(signal.values)))
    return Signal(signal.values[first:last], signal.rate, signal.start + first / signal.rate)


class _Reel(Generic[T]):
    """Items of a decoder in the order of their times, each decoded once, some kept for those who come later.

    Args:
        decode: starts from the beginning.
        begin, end: of an item, in seconds.
    """

    def __init__(
        self, decode: Callable[[], Iterator[T]], begin: Callable[[T], float], end: Callable[[T], float]
    ) -> None:
        self.decode = decode
        self.begin = begin
        self.end = end
        self._coming = decode()
        self._kept: list[T] = []
        self._lost = -math.inf

    def between(self, span: Span) -> Iterator[T]:
        """Items that reach into a span."""
        if span.start < self._lost:
            # Someone has read this stretch before: decode it again.
            self._rewind()
        done = False
        try:
            yield from self._between(span)
            done = True
        finally:
            if not done:
                # Left halfway: what was not looked at must not be missing from the next stretch.
                self._rewind()
        self._lost = max(self._lost, span.keep)

    def _between(self, span: Span) -> Iterator[T]:
        kept = [item for item in self._kept if self.end(item) >= min(span.start, span.keep)]
        self._kept = [item for item in kept if self.end(item) >= span.keep]
        for item in kept:
            if self.begin(item) < span.stop and self.end(item) >= span.start:
                yield item
        if not kept or self.begin(kept[-1]) < span.stop:
            yield from self._decoded(span)

    def _decoded(self, span: Span) -> Iterator[T]:
        for item in self._coming:
            if self.end(item) >= span.keep:
                self._kept.append(item)
            if self.begin(item) >= span.stop:
                return
            if self.end(item) >= span.start:
                yield item

    def _rewind(self) -> None:
        self._coming, self._kept, self._lost = self.decode(), [], -math.inf


@dataclass(frozen=True)
class SoundPart(AudioStream):
    """The sound of a stretch.

    Args:
        span: what it sees.
        reels: the decoders of the person's streams.
    """

    span: Span = NOWHERE
    reels: dict[Any, _Reel[Any]] = field(default_factory=dict, compare=False, repr=False)

    def fingerprint(self) -> str:
        """Fingerprint of the content, of how it is read, and of the stretch."""
        return fingerprint(super().fingerprint(), repr(self.span[:2]))

    def blocks(self, rate: int) -> Iterator[Audio]:
        """The pieces of sound within the stretch.

        Raises:
            InputError: there are none.
        """
        stream = AudioStream(**_without_part(self))
        key = (stream, rate)
        if key not in self.reels:
            self.reels[key] = _Reel(lambda: stream.blocks(rate), lambda block: block.start, _end_of)
        reel: _Reel[Audio] = self.reels[key]
        found = False
        # Sound is small: the whole stretch is kept, so that several extractors can share one decoder.
        for block in reel.between(self.span._replace(keep=self.span.start)):
            first = max(0, math.ceil((self.span.start - block.start) * rate))
            last = min(len(block.samples), max(0, math.ceil((self.span.stop - block.start) * rate)))
            if last > first:
                found = True
                yield Audio(block.samples[first:last], rate, block.start + first / rate)
        if not found:
            raise InputError("nothing observed in this window")


@dataclass(frozen=True)
class PicturePart(VideoStream):
    """The picture of a stretch.

    Args:
        span: what it sees.
        reels: the decoders of the person's streams.
    """

    span: Span = NOWHERE
    reels: dict[Any, _Reel[Any]] = field(default_factory=dict, compare=False, repr=False)

    def fingerprint(self) -> str:
        """Fingerprint of the content, of how it is read, and of the stretch."""
        return fingerprint(super().fingerprint(), repr(self.span[:2]))

    def frames_at(
        self, rates: tuple[float | None, ...], pixels: Literal["gray", "rgb24"] = "gray"
    ) -> Iterator[tuple[float, tuple[bool, ...], NDArray[np.uint8]]]:
        """The frames within the stretch, as ``VideoStream.frames_at`` gives them."""
        stream = VideoStream(**_without_part(self))
        key = (stream, rates, pixels)
        if key not in self.reels:
            self.reels[key] = _Reel(lambda: stream.frames_at(rates, pixels), _time, _time)
        yield from self.reels[key].between(self.span)


def _without_part(part: SoundPart | PicturePart) -> Mapping[str, Any]:
    return {name: value for name, value in _as_arguments(part).items() if name not in ("span", "reels")}


def _end_of(block: Audio) -> float:
    return block.start + len(block.samples) / block.rate


def _time(frame: tuple[float, Any, Any]) -> float:
    return frame[0]
