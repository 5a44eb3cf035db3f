"""The file of a stream in a folder, whatever of the known endings it has."""

from pathlib import Path

from empdetect.file_kinds import KINDS, Kind


def stream_file(folder: Path, name: str, kind: Kind) -> Path | None:
    """The first file called ``name`` that has an ending of a kind; None if there is none.

    Args:
        folder: where to look; it may be missing.
        name: of the file, without its ending.
        kind: ``video``, ``audio``, ``transcript`` or ``physiology``.
    """
    paths = (folder / f"{name}{ending}" for ending in KINDS[kind])
    return next((path for path in paths if path.is_file()), None)
