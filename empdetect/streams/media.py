"""Opening media files with PyAV, with errors that say which file and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from empdetect.errors import InputError
from empdetect.streams.files import require_file


@contextmanager
def open_media(path: Path, kind: Literal["audio", "video"]) -> Iterator[tuple[Any, Any]]:
    """Open a media file and pick its first track of one kind.

    Args:
        path: the file.
        kind: ``audio`` or ``video``.

    Yields:
        PyAV's container and the track.

    Raises:
        InputError: the file cannot be opened or decoded, or has no such track.
    """
    import av

    require_file(path)
    try:
        with av.open(str(path)) as container:
            tracks = getattr(container.streams, kind)
            if not tracks:
                have = ", ".join(sorted({track.type for track in container.streams})) or "nothing"
                raise InputError(f"Reading {path}: it has no {kind} track (only {have}); leave the {kind} cell empty")
            # Never switch on av.logging: its callback takes Python's lock in the decoder's threads, and if the decoder
            # is freed meanwhile, both wait for ever.
            tracks[0].thread_type = "AUTO"
            yield container, tracks[0]
    except av.FFmpegError as error:
        raise InputError(
            f"Reading {path}: FFmpeg cannot decode it ({error.strerror}); re-encode it or leave it out"
        ) from None


def tracks(path: Path) -> set[str]:
    """Kinds of tracks in a media file, such as ``{"audio", "video"}``; empty if it is no media file."""
    import av

    try:
        with av.open(str(require_file(path))) as container:
            return {track.type for track in container.streams}
    except (av.FFmpegError, InputError):
        return set()


def start_seconds(container: Any) -> float:
    """The container's own first time stamp in seconds: many files do not start at 0."""
    return float(container.start_time or 0) / 1_000_000


def end_seconds(container: Any, track: Any) -> float | None:
    """Seconds from the start of the file to the end of a track; None if the file does not say."""
    if track.duration is not None and track.time_base is not None:
        return float((track.start_time or 0) + track.duration) * float(track.time_base) - start_seconds(container)
    if container.duration is None:
        return None
    length = float(container.duration) / 1_000_000
    # Matroska states the last time stamp, other containers the length.
    return length - start_seconds(container) if "matroska" in container.format.name else length


def decoded(container: Any, track: Any) -> Iterator[Any]:
    """Frames of a track; broken packets are left out, as a player does.

    Raises:
        InputError: packets are broken and not one frame can be decoded.
    """
    import av

    found, problem = False, ""
    for packet in container.demux(track):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            problem = str(error.strerror)
            continue
        for frame in frames:
            found = True
            yield frame
    if problem and not found:
        raise InputError(f"Reading {container.name}: FFmpeg cannot decode it ({problem}); re-encode it or leave it out")
