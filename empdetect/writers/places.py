"""Places: a tree of output files like that of the inputs, in which no two recordings share a file."""

from collections.abc import Sequence
from pathlib import PurePosixPath

ENDINGS = (".html", ".vtt", ".eaf", ".textgrid")
"""Of the files that lie in such a tree, in lower case."""


def places_of(names: Sequence[str]) -> dict[str, PurePosixPath]:
    """By name of a recording, its file's path without the ending; never outside the folder it is put into.

    Two recordings whose paths would be one, also on a disk that takes 'A' for 'a', are kept apart by a number.
    """
    found: dict[str, PurePosixPath] = {}
    taken: set[str] = set()
    for name in names:
        parts = [_harmless(part) for part in name.split("/")]
        # A folder must not be called like a file.
        folder = [f"{part}_" if part.lower().endswith(ENDINGS) else part for part in parts[:-1]]
        place, number = PurePosixPath(*folder, parts[-1]), 1
        while str(place).casefold() in taken:
            number += 1
            place = PurePosixPath(*folder, f"{parts[-1]}~{number}")
        taken.add(str(place).casefold())
        found[name] = place
    return found


def _harmless(part: str) -> str:
    """A name that is no way up and that file systems take."""
    part = "".join("_" if ord(letter) < 32 or letter in '\\:*?"<>|' else letter for letter in part)
    return part if part.strip(". ") else "_" * (len(part) or 1)
