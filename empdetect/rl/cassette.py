"""Cassettes: every dialogue, question and reward of a run, so that anybody can work the rewards out again.

A cassette is a file of JSON lines, compressed if its name ends in ``.gz``. The first line tells user,
turn limit and reward heads as components; each further line is one batch of dialogues with all that
was asked of a language model, and the rewards that the heads gave.
"""

import gzip
import json
import os
import zlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from empdetect import __version__
from empdetect.components import describe
from empdetect.errors import InputError
from empdetect.rl.dialogue import Dialogue, Exchange, Turn
from empdetect.rl.identity import however_reached
from empdetect.rl.profiles import Profile
from empdetect.rl.rewards.base import Reward
from empdetect.rl.users.base import User

Heads = Mapping[str, Sequence[float | None]]
Kind = Literal["base", "scored"]

TAPE = "cassette.jsonl.gz"
"""Where a run keeps its dialogues and rewards, in its folder."""
BEFORE, AFTER = "before", "after"
"""Parts of a run in which the policy talks with the held-out profiles."""
_CHUNK = 1 << 16
_GZIP = 31
"""Window bits that make zlib read gzip."""


@dataclass(frozen=True)
class Header:
    """How the dialogues of a cassette came about.

    Args:
        user: the user as ``components.describe`` gives it.
        max_turns: of the environment.
        rewards: the heads by name, described alike.
        version: of empdetect.
    """

    user: dict[str, Any]
    max_turns: int
    rewards: dict[str, dict[str, Any]]
    version: str = __version__


@dataclass(frozen=True)
class Batch:
    """Dialogues that were scored together.

    Args:
        kind: ``scored``, or ``base`` for those of the frozen base policy that heads were prepared with.
        dialogues: finished ones.
        rewards: by head, one a dialogue; empty for ``base``.
        part: of a run, as ``before``, ``step 12`` or ``after``; where a part stands twice because a run was killed
            and went on from an earlier step, the last one counts.
    """

    kind: Kind
    dialogues: tuple[Dialogue, ...]
    rewards: dict[str, list[float | None]]
    part: str = ""


@dataclass(frozen=True)
class Beginning:
    """What a run did before its first step, as far as it was recorded.

    Args:
        base: the base policy's dialogues that the heads were prepared with.
        judged: its dialogues with the held-out profiles.
    """

    base: tuple[Dialogue, ...] = ()
    judged: tuple[Dialogue, ...] = ()


class Cassette:
    """Writes a cassette, a line at a time, so that a run that is killed leaves all it did.

    A run that is resumed goes on in the same file, behind its last whole line: half of one, which a kill leaves, is
    cut off.

    Args:
        path: the file; it is begun, or gone on with if it was begun by the same user and heads.
        user: who plays the users.
        max_turns: of the environment.
        rewards: the heads by name.

    Raises:
        InputError: the file exists and is of another user, turn limit or heads, or it is broken before its end.
    """

    def __init__(self, path: Path, user: User, max_turns: int, rewards: Mapping[str, Reward]) -> None:
        self.path = path
        header = Header(describe(user), max_turns, {name: describe(head) for name, head in rewards.items()})
        first = {"kind": "header", **asdict(header)}
        whole = _whole(path) if path.is_file() else 0
        if whole:
            self._check(header)
        elif path.is_file():
            _check_begun(path, _as_line(first))
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and whole < path.stat().st_size:
            os.truncate(path, whole)
        if not whole:
            self._write(first)

    def base(self, dialogues: Sequence[Dialogue]) -> None:
        """Keep the base policy's dialogues that the heads are prepared with."""
        self._write({"kind": "base", "dialogues": [asdict(dialogue) for dialogue in dialogues]})

    def scored(self, dialogues: Sequence[Dialogue], rewards: Heads, part: str = "") -> None:
        """Keep dialogues and what each head gave them, in the same batch as they were scored."""
        heads = {name: list(values) for name, values in rewards.items()}
        told = {"part": part} if part else {}
        self._write({"kind": "scored", **told, "dialogues": [asdict(one) for one in dialogues], "rewards": heads})

    def _write(self, line: Mapping[str, Any]) -> None:
        with _open(self.path, "at") as file:
            file.write(_as_line(line))

    def _check(self, header: Header) -> None:
        found = read_header(self.path)
        for name in ("user", "max_turns", "rewards"):
            if however_reached(getattr(found, name)) != however_reached(getattr(header, name)):
                raise InputError(
                    f"Recording to {self.path}: it was begun with other {name} ({getattr(found, name)}); "
                    "name another file or remove this one"
                )


def read_header(path: Path) -> Header:
    """The first line of a cassette.

    Raises:
        InputError: there is no such file, or it is not a cassette.
    """
    line = next(_lines(path), {})
    if line.pop("kind", None) != "header":
        raise InputError(f"Reading the cassette {path}: its first line is not a header; was it written by empdetect?")
    return Header(**line)


def read_batches(path: Path) -> Iterator[Batch]:
    """The batches of a cassette, in order.

    Raises:
        InputError: there is no such file, or a line is broken.
    """
    for number, line in enumerate(_lines(path), start=1):
        if line.get("kind") == "header":
            continue
        try:
            dialogues = tuple(map(_dialogue, line["dialogues"]))
            yield Batch(line["kind"], dialogues, line.get("rewards", {}), line.get("part", ""))
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"Reading the cassette {path}: line {number} lacks or has too much: {error}") from None


def set_aside(path: Path) -> None:
    """Rename the cassette of a run that begins anew, so that nothing recorded is lost or mixed with it."""
    if path.is_file():
        number = sum(1 for _ in path.parent.glob(f"stopped-*-{path.name}")) + 1
        path.rename(path.with_name(f"stopped-{number}-{path.name}"))


def read_beginning(path: Path) -> Beginning:
    """What a run recorded before its first step, so that a part that goes on need not ask its users again.

    Args:
        path: the cassette of a run that came to its first step.

    Raises:
        InputError: there is no such file, or it is broken.
    """
    base: tuple[Dialogue, ...] = ()
    for batch in read_batches(path):
        if batch.kind == "scored":
            return Beginning(base, batch.dialogues)
        base = batch.dialogues
    return Beginning(base)


def read_ending(path: Path) -> tuple[Dialogue, ...]:
    """The dialogues of a run's last judgement, if no step was taken since and no user failed; empty otherwise.

    Raises:
        InputError: there is no such file, or it is broken.
    """
    newest = deque(read_batches(path), maxlen=1)
    if not newest or newest[0].part != AFTER or any(dialogue.failed for dialogue in newest[0].dialogues):
        return ()
    return newest[0].dialogues


def _as_line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"


def _whole(path: Path) -> int:
    """Bytes up to the end of the last whole record."""
    if path.suffix == ".gz":
        return _whole_members(path)
    with path.open("rb") as file:
        return sum(len(line) for line in file if line.endswith(b"\n"))


def _whole_members(path: Path) -> int:
    """Bytes up to the end of the last whole gzip member; every record is one.

    Raises:
        InputError: what stands behind a member is not the beginning of another.
    """
    read, whole, member = 0, 0, zlib.decompressobj(_GZIP)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            read += len(chunk)
            while chunk:
                _inflated(member, chunk, path)
                if not member.eof:
                    break
                chunk = member.unused_data
                whole, member = read - len(chunk), zlib.decompressobj(_GZIP)
    return whole


def _check_begun(path: Path, first: str) -> None:
    """Refuse a file without a whole record unless it is the beginning of this one: it may be anybody's."""
    found = path.read_bytes()
    text = _inflated(zlib.decompressobj(_GZIP), found, path) if path.suffix == ".gz" else found
    if not first.encode().startswith(text):
        raise InputError(f"Recording to {path}: it is there already and is no cassette; name another file")


def _inflated(member: "zlib._Decompress", chunk: bytes, path: Path) -> bytes:
    try:
        return member.decompress(chunk)
    except zlib.error as error:
        raise InputError(
            f"Recording to {path}: it is broken before its end ({error}); move it away or name another file"
        ) from None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise InputError(f"Reading a cassette: no file {path}")
    try:
        with _open(path, "rt") as file:
            yield from map(json.loads, file)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(f"Reading the cassette {path}: it is broken ({error})") from None


def _open(path: Path, mode: Literal["rt", "at"]) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, mode, encoding="utf-8")
    return path.open(mode, encoding="utf-8")


def _dialogue(row: dict[str, Any]) -> Dialogue:
    exchanges = [tuple(_exchange(one) for one in turn) for turn in row["exchanges"]]
    return Dialogue(
        **{
            **row,
            "profile": Profile(**row["profile"]),
            "turns": tuple(Turn(**turn) for turn in row["turns"]),
            "emotions": tuple(row["emotions"]),
            "reasons": tuple(map(tuple, row["reasons"])),
            "exchanges": tuple(exchanges),
        }
    )


def _exchange(row: dict[str, Any]) -> Exchange:
    return Exchange(**{**row, "failures": tuple(row["failures"])})
