"""What every stream that lives in a file needs: its content's fingerprint, and errors that name it."""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from empdetect.errors import InputError


def file_fingerprint(path: Path) -> str:
    """Fingerprint of a file's content; read once while size and change time stay the same.

    Raises:
        InputError: there is no such file.
    """
    status = require_file(path).stat()
    return _content_hash(str(path), status.st_size, status.st_mtime_ns)


def require_file(path: Path) -> Path:
    """The path, if it is a file that holds something.

    Raises:
        InputError: it is missing, a folder, a loop of links, or empty.
    """
    try:
        size = path.stat().st_size if path.is_file() else None
    except (OSError, RuntimeError) as error:
        raise InputError(f"Reading {path}: {error}; give a readable file") from None
    if size is None:
        found = "a folder" if path.is_dir() else "a link that leads nowhere" if path.is_symlink() else "no such file"
        raise InputError(f"Reading {path}: {found}; check the path")
    if size == 0:
        raise InputError(f"Reading {path}: the file is empty (0 bytes); export or copy it again")
    return path


def separator(path: Path) -> str:
    """Comma, semicolon or tab: what separates the names in the first line of a table.

    Guessing from all letters, as pandas offers, splits the only column ``EDA`` at its E.
    """
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig") as file:
        first = str(file.readline())
    return max(",;\t", key=first.count)


def fingerprint(*parts: str | bytes) -> str:
    """Short hash of several texts or byte strings, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


@lru_cache(maxsize=65536)
def _content_hash(path: str, size: int, changed: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
