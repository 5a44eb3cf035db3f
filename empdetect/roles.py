"""Roles: one small file that says who the speakers, faces, channels and files of recordings are."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empdetect.errors import InputError
from empdetect.streams.files import require_file

COLUMNS = ("recording", "label", "participant", "role")
UNKNOWN = ("", "n/a")
FACE = re.compile(r"face-([1-9][0-9]{0,3})")
CHANNEL = re.compile(r"channel-([0-9]{1,2})")
FILES = ("video", "audio", "physiology")
"""Labels of whole files: whose picture, sound or body signals they are."""

DEEPEST = 20
"""Brackets that may be open at once in YAML; a row needs two."""


@dataclass(frozen=True)
class Role:
    """Who a label is.

    Args:
        label: a speaker of the transcript or RTTM, ``face-1``, ``channel-0`` (a channel of the sound), or ``video``,
            ``audio`` or ``physiology`` (that file of the recording).
        participant: the person's name; the label itself if none is given.
        role: what they are, such as ``target`` or ``observer``.
        recording: the one recording in which this holds; None for all.
    """

    label: str
    participant: str
    role: str | None = None
    recording: str | None = None


@dataclass(frozen=True)
class Roles:
    """What a file of roles says.

    Args:
        rows: its rows.
        source: the file, for messages.
    """

    rows: tuple[Role, ...] = ()
    source: Path | None = None

    def of(self, recording: str) -> Mapping[str, Role]:
        """Who the labels of a recording are; what is said of this recording alone counts more.

        Raises:
            InputError: two labels give one participant two roles.
        """
        everywhere = {row.label: row for row in self.rows if row.recording is None}
        found = {**everywhere, **{row.label: row for row in self.rows if row.recording == recording}}
        roles: dict[str, str | None] = {}
        for row in found.values():
            before = roles.setdefault(row.participant, row.role)
            if row.role not in (None, before) and before is not None:
                raise InputError(
                    f"Reading the roles {self.source}: '{row.participant}' is both {before} and {row.role} in "
                    f"'{recording}'; give one role"
                )
            roles[row.participant] = before or row.role
        return {
            label: Role(label, row.participant, roles[row.participant], row.recording) for label, row in found.items()
        }


def read_roles(path: Path) -> Roles:
    """Read a file of roles.

    Args:
        path: ``.tsv`` with the columns ``label``, ``participant``, ``role`` and, if need be, ``recording``; or
            ``.yaml`` with a role or such a row after each label, or with a list of such rows.

    Raises:
        InputError: the file is missing, has another ending, is broken, or says two things of one label.
    """
    readers = {".tsv": _read_tsv, ".yaml": _read_yaml, ".yml": _read_yaml}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"Reading the roles {path}: allowed endings are {', '.join(readers)}")
    require_file(path)
    try:
        rows = [_role(cells) for cells in reader(path.read_text(encoding="utf-8-sig"))]
    except UnicodeDecodeError as error:
        raise InputError(f"Reading the roles {path}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    except ValueError as error:
        raise InputError(f"Reading the roles {path}: {error}") from None
    _refuse_twice(path, rows)
    if not rows:
        raise InputError(f"Reading the roles {path}: it names nobody; write a row for each label")
    return Roles(tuple(rows), path)


def _read_tsv(text: str) -> Iterable[Mapping[str, Any]]:
    lines = [line for line in re.split(r"\r\n|\n|\r", text) if line.strip()]
    header = [name.strip() for name in lines[0].split("\t")] if lines else []
    if "label" not in header:
        raise ValueError(f"no column 'label', got {', '.join(header)[:80]}; separate label, participant, role by tabs")
    for number, line in enumerate(lines[1:], 2):
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(header):
            raise ValueError(
                f"row {number} has {len(cells)} cells, not {len(header)} as the first line; write n/a for none"
            )
        yield dict(zip(header, cells))


def _read_yaml(text: str) -> Iterable[Mapping[str, Any]]:
    import yaml

    if _depth(text) > DEEPEST:
        raise ValueError(f"brackets nested more than {DEEPEST} deep; write a row after each label")
    try:
        content = yaml.safe_load(text)
    except Exception as error:  # its constructors raise many kinds, such as an IndexError for an empty !!int
        raise ValueError(f"not valid YAML ({' '.join(str(error).split())[:160]})") from None
    if isinstance(content, dict):
        content = [
            {"label": label, **(row if isinstance(row, dict) else {"role": row})} for label, row in content.items()
        ]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise ValueError("a role after each label is needed, such as 'SPEAKER_00: observer', or a list of rows")
    return content


def _depth(text: str) -> int:
    """How deep brackets are nested: the time that YAML's parser takes grows with its square."""
    depth = deepest = 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        deepest = max(deepest, depth)
    return deepest


def _role(cells: Mapping[str, Any]) -> Role:
    unknown = [str(name) for name in cells if name not in COLUMNS]
    if unknown:
        raise ValueError(f"unknown column {', '.join(unknown)[:80]}; allowed are {', '.join(COLUMNS)}")
    known = {str(name): _cell(name, cell) for name, cell in cells.items()}
    label = known.get("label")
    if label is None:
        raise ValueError("a row has no label; name the speaker, face-1, channel-0, video, audio or physiology")
    return Role(label, known.get("participant") or label, known.get("role"), known.get("recording"))


def _cell(name: str, cell: Any) -> str | None:
    if cell is None or cell in UNKNOWN:
        return None
    if not isinstance(cell, str | int | float) or isinstance(cell, bool):
        raise ValueError(f"'{name}' holds a {type(cell).__name__}, a text is needed; put it in quotation marks")
    return " ".join(str(cell).encode("utf-8", "replace").decode().split()) or None


def _refuse_twice(path: Path, rows: Iterable[Role]) -> None:
    seen: set[tuple[str | None, str]] = set()
    for row in rows:
        if (row.recording, row.label) in seen:
            where = f" of '{row.recording}'" if row.recording else ""
            raise InputError(f"Reading the roles {path}: the label '{row.label}'{where} stands twice; keep one row")
        seen.add((row.recording, row.label))
