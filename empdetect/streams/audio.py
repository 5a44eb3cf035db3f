"""Audio streams: the sound of any container PyAV can open, as mono samples on the recording's clock."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.files import file_fingerprint, fingerprint
from empdetect.streams.media import decoded, end_seconds, open_media, start_seconds
from empdetect.streams.turns import Turns


@dataclass(frozen=True)
class Audio:
    """Decoded sound.

    Args:
        samples: ``(time,)`` float32 in [-1, 1].
        rate: samples per second, in Hz.
        start: moment of the first sample on the recording's clock, in seconds.
    """

    samples: NDArray[np.float32]
    rate: int
    start: float


@dataclass(frozen=True)
class AudioStream:
    """The sound track of an audio or video file.

    Args:
        path: any file PyAV can open (wav, flac, mp3, m4a, opus, mp4, mov, mkv, ...).
        offset: moment on the recording's clock at which the file starts, in seconds.
        channel: which channel holds this person, counted from 0; None takes the mean of all.
        turns: when this person speaks, on the recording's clock; None if not known.
        shared: whether others speak besides those turns: what they say is then digital silence.
    """

    path: Path
    offset: float = 0.0
    channel: int | None = None
    turns: Turns | None = None
    shared: bool = False

    def fingerprint(self) -> str:
        """Fingerprint of the content and of how it is read."""
        speech = () if self.turns is None else (repr((self.turns, self.shared)),)
        return fingerprint(file_fingerprint(self.path), repr((self.offset, self.channel)), *speech)

    def end(self) -> float:
        """Moment at which the file ends on the recording's clock, in seconds."""
        return self.offset + self.duration()

    def duration(self) -> float:
        """Seconds from the start of the file to the end of its sound.

        Raises:
            InputError: the file cannot be read or has no sound.
        """
        with open_media(self.path, "audio") as (container, track):
            stated = end_seconds(container, track)
        if stated is not None:
            return stated
        audio = self.read(16_000)
        return audio.start - self.offset + len(audio.samples) / audio.rate

    def read(self, rate: int) -> Audio:
        """Decode the whole stream.

        Gaps between time stamps, as recorders of calls leave them, become digital silence, so that
        what follows stays on the clock.

        Args:
            rate: samples per second to resample to, in Hz.

        Raises:
            InputError: the file cannot be read, has no sound or not that channel.
        """
        blocks = list(self.blocks(rate))
        return Audio(np.concatenate([block.samples for block in blocks]), rate, blocks[0].start)

    def blocks(self, rate: int) -> Iterator[Audio]:
        """Decode piece by piece, as ``read`` does: memory does not grow with the length.

        Args:
            rate: samples per second to resample to, in Hz.

        Raises:
            InputError: the file cannot be read, has no sound or not that channel.
        """
        timeline, count = _Timeline(self.path, rate, self.channel), 0
        with open_media(self.path, "audio") as (container, track):
            zero, end = start_seconds(container), end_seconds(container, track)
            for frame in decoded(container, track):
                time = None if frame.time is None else frame.time - zero
                # Time stamps beyond the file's own end are broken.
                timeline.add(frame, None if time is not None and end is not None and time > end else time)
                for samples in timeline.take():
                    yield self._own(Audio(samples, rate, timeline.start + self.offset + count / rate))
                    count += len(samples)
        for samples in timeline.take(last=True):
            yield self._own(Audio(samples, rate, timeline.start + self.offset + count / rate))
            count += len(samples)
        if not count:
            raise InputError(f"Reading the sound of {self.path}: the track holds no samples; export the file again")

    def _own(self, audio: Audio) -> Audio:
        """The sound with what others say made silent, if others share the file."""
        if not self.shared or self.turns is None:
            return audio
        own = np.zeros(len(audio.samples), np.bool_)
        for turn in self.turns.turns:
            first, last = (round((time - audio.start) * audio.rate) for time in (turn.start, turn.end))
            own[max(first, 0) : max(last, 0)] = True
        return replace(audio, samples=np.where(own, audio.samples, np.float32(0)))


class _Timeline:
    """Decoded frames laid one after the other, mono and at one rate, with silence where time stamps leave a gap."""

    GAP = 0.05

    def __init__(self, path: Path, rate: int, channel: int | None) -> None:
        self.path = path
        self.rate = rate
        self.channel = channel
        self.start = 0.0
        self._due: float | None = None
        self._format: tuple[int, str, str] | None = None
        self._resampler: Any = None
        self._blocks: list[NDArray[np.float32]] = []

    def add(self, frame: Any, time: float | None) -> None:
        """Add a frame that starts at ``time`` seconds; None where it follows the last."""
        if self._due is None:
            self.start = self._due = time or 0.0
        gap = 0.0 if time is None else time - self._due
        if gap > self.GAP:
            self._drain()
            self._blocks.append(np.zeros(round(gap * self.rate), np.float32))
            self._due += gap
        form = (frame.sample_rate, frame.layout.name, frame.format.name)
        if self._resampler is None or form != self._format:
            self._open(form)
        self._due += frame.samples / frame.sample_rate
        # The resampler would fill gaps of its own accord if it saw the time stamps.
        frame.pts = None
        self._push(frame)

    def take(self, last: bool = False) -> list[NDArray[np.float32]]:
        """The pieces ``(time,)`` that are ready and were not taken yet; with ``last`` all that is left."""
        if last:
            self._drain()
        ready, self._blocks = [block for block in self._blocks if len(block)], []
        return ready

    def _open(self, form: tuple[int, str, str]) -> None:
        from av import AudioResampler

        self._drain()
        self._format = form
        # FFmpeg's own mix to mono is louder than the channels: two that are equal would gain 3 dB.
        self._resampler = AudioResampler(format="fltp", layout=form[1], rate=self.rate)

    def _drain(self) -> None:
        if self._resampler is not None:
            self._push(None)
        self._resampler = None

    def _push(self, frame: Any) -> None:
        for block in self._resampler.resample(frame):
            channels = block.to_ndarray()
            if self.channel is None:
                mixed = channels[0] if len(channels) == 1 else channels.mean(axis=0, dtype=np.float32)
                self._blocks.append(mixed.astype(np.float32, copy=False))
                continue
            if self.channel >= len(channels):
                raise InputError(
                    f"Reading the sound of {self.path}: asked for channel {self.channel}, "
                    f"the file has 0 to {len(channels) - 1}"
                )
            self._blocks.append(channels[self.channel].astype(np.float32, copy=False))
