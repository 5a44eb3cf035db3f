"""Audio streams: the sound of any container PyAV can open, as mono samples on the recording's clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.streams.files import file_fingerprint, fingerprint
from empdetect.streams.media import open_media, start_seconds


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
        channel: which channel holds this person, counted from 0; None mixes all to one.
    """

    path: Path
    offset: float = 0.0
    channel: int | None = None

    def fingerprint(self) -> str:
        """Fingerprint of the content and of how it is read."""
        return fingerprint(file_fingerprint(self.path), repr((self.offset, self.channel)))

    def end(self) -> float:
        """Moment at which the file ends on the recording's clock, in seconds."""
        return self.offset + self.duration()

    def duration(self) -> float:
        """Length of the file in seconds.

        Raises:
            InputError: the file cannot be read or has no sound.
        """
        with open_media(self.path, "audio") as (container, stream):
            if stream.duration is not None and stream.time_base is not None:
                return float(stream.duration * stream.time_base)
            if container.duration is not None:
                return float(container.duration) / 1_000_000
        decoded = self.read(16_000)
        return len(decoded.samples) / decoded.rate

    def read(self, rate: int) -> Audio:
        """Decode the whole stream.

        Args:
            rate: samples per second to resample to, in Hz.

        Raises:
            InputError: the file cannot be read, has no sound or not that channel.
        """
        blocks = list(self._blocks(rate))
        if not blocks:
            raise InputError(f"Reading the sound of {self.path}: the track holds no samples; export the file again")
        samples = np.concatenate([samples for samples, _ in blocks])
        return Audio(samples, rate, blocks[0][1] + self.offset)

    def _blocks(self, rate: int) -> Iterator[tuple[NDArray[np.float32], float]]:
        """Decoded blocks, mono, with the seconds from the start of the file."""
        from av import AudioResampler

        layout = "mono" if self.channel is None else None
        resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
        with open_media(self.path, "audio") as (container, stream):
            first: float | None = None
            for frame in container.decode(stream):
                if first is None:
                    first = (frame.time or 0.0) - start_seconds(container)
                for block in resampler.resample(frame):
                    yield self._pick(block.to_ndarray()), first
            for block in resampler.resample(None):
                yield self._pick(block.to_ndarray()), first or 0.0

    def _pick(self, block: NDArray[Any]) -> NDArray[np.float32]:
        channel = self.channel or 0
        if channel >= len(block):
            raise InputError(
                f"Reading the sound of {self.path}: asked for channel {channel}, the file has 0 to {len(block) - 1}"
            )
        samples: NDArray[np.float32] = block[channel].astype(np.float32, copy=False)
        return samples
