"""The journal of a scoring job: what has been scored, so that a run that was stopped goes on where it stopped.

Each recording has a file of lines of JSON, found by the content of its streams, the detector and the settings, never
by its name alone. A line is written when a stretch of the recording is scored; a line that was cut off does not count.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from empdetect.scores import append, writing


@dataclass(frozen=True)
class Part:
    """One stretch of a recording.

    Args:
        rows: its rows of the Scores table, as lines.
        missing: by participant, why each modality was missing in all windows of the stretch.
    """

    rows: str
    missing: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Finished:
    """The end of a recording that could be scored.

    Args:
        notes: what the user should know about it.
        seconds: how long it took.
    """

    notes: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Failed:
    """The end of a recording that could not be scored, or not to its end.

    Args:
        reason: why.
        odd: whether the program is to blame rather than the recording.
    """

    reason: str
    odd: bool = False


Event = Part | Finished | Failed


@dataclass
class Journal:
    """What is known of one recording.

    Args:
        path: of its file.
        parts: the stretches that are scored, in their order.
        finished: its end, if it was reached.
    """

    path: Path
    parts: list[Part] = field(default_factory=list)
    finished: Finished | None = None

    @classmethod
    def read(cls, path: Path) -> "Journal":
        """What a file holds, up to the first line that is not whole; nothing if there is none."""
        journal = cls(path)
        for plain in _lines(path):
            if plain.get("kind") == "part" and journal.finished is None:
                journal.parts.append(Part(plain["rows"], plain["missing"]))
            elif plain.get("kind") == "finished":
                journal.finished = Finished(tuple(plain["notes"]), plain["seconds"])
        return journal

    def start(self) -> None:
        """Write the file anew with what is known: the end of a broken line goes.

        Raises:
            InputError: it cannot be written.
        """
        events: list[Part | Finished] = [*self.parts, *([self.finished] if self.finished else [])]
        fresh = self.path.with_suffix(".new")
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(b"".join(map(_line, events)))
            fresh.replace(self.path)

    def add(self, event: Part | Finished) -> None:
        """Keep what was found, on the disk and here.

        Raises:
            InputError: it cannot be written.
        """
        with writing(self.path), self.path.open("ab", buffering=0) as file:
            append(file, _line(event))
        if isinstance(event, Part):
            self.parts.append(event)
        else:
            self.finished = event

    def forget(self) -> None:
        """Drop what is known."""
        self.parts, self.finished = [], None


def _line(event: Part | Finished) -> bytes:
    kind = "part" if isinstance(event, Part) else "finished"
    return (json.dumps({"kind": kind, **asdict(event)}, ensure_ascii=False) + "\n").encode()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                plain = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                plain = None
            if not isinstance(plain, dict):
                return
            yield plain
