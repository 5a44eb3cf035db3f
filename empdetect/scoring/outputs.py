"""Outputs: every format a job can write, each out of the rows of the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from empdetect.errors import InputError
from empdetect.input_files import Input
from empdetect.recording import Recording
from empdetect.scores import Scores, append, one_line, writing
from empdetect.scoring.journal import Finished
from empdetect.writers import bids, eaf, textgrid, vtt
from empdetect.writers.places import places_of

if TYPE_CHECKING:
    from empdetect.report import Medium, Overview

TABLE, OVERALL, FAILURES, WARNINGS = "scores.tsv", "overall.tsv", "failures.tsv", "warnings.tsv"
REPORTS, OVERVIEW, BIDS = "reports", "report.html", "bids"

MEDIA: tuple[Literal["video", "audio"], ...] = ("video", "audio")
FORMATS = ("tsv", "json", "vtt", "eaf", "textgrid", "bids", "html")


def parse_formats(text: str) -> tuple[str, ...]:
    """Formats of a list by commas, such as ``tsv,json``.

    Raises:
        InputError: one is not known.
    """
    formats = tuple(name for part in text.split(",") if (name := part.strip().lower()))
    check_formats(formats)
    return formats


def check_formats(formats: Sequence[str]) -> None:
    """Raise an InputError if a format is not known."""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise InputError(f"Scoring: unknown format {', '.join(unknown)}; allowed are {', '.join(FORMATS)}")


@dataclass
class Outputs:
    """What is written of each recording besides its rows in the tables.

    Args:
        out: folder of the results.
        inputs: all recordings of the job: their files must not collide.
        formats: some of ``FORMATS``.
        about: what was scored with what.
        reports: the HTML reports that were written.
        overview: the page of all recordings, if there is one.
    """

    out: Path
    inputs: Sequence[Input]
    formats: Sequence[str]
    about: Mapping[str, Any]
    reports: list[Path] = field(default_factory=list)
    overview: Path | None = None

    def start(self) -> None:
        """Write what is there once.

        Raises:
            InputError: it cannot be written.
        """
        if "bids" in self.formats:
            bids.write_description(self.out / BIDS)

    @property
    def each(self) -> bool:
        """Whether every recording gets files of its own."""
        return not set(self.formats) <= {"tsv", "json"}

    def write(self, entry: Input, scores: Scores, end: Finished) -> None:
        """Write the files of one recording.

        Raises:
            InputError: one cannot be written.
        """
        if "vtt" in self.formats:
            vtt.write_vtt(scores, self._path("vtt", entry, ".vtt"))
        if "eaf" in self.formats:
            media = entry.files.get("video") or entry.files.get("audio")
            eaf.write_eaf(scores, self._path("eaf", entry, ".eaf"), media)
        if "textgrid" in self.formats:
            textgrid.write_textgrid(scores, self._path("textgrid", entry, ".TextGrid"))
        if "bids" in self.formats:
            bids.write_events(scores, self.out / BIDS / self._events[entry.id])
        if "html" in self.formats:
            self._report(entry, scores, end)

    def finish(self) -> None:
        """Write what needs the whole table.

        Raises:
            InputError: it cannot be written.
        """
        if "json" in self.formats:
            for name in (TABLE, OVERALL):
                Scores.read(self.out / name).write((self.out / name).with_suffix(".json"))
        if "html" in self.formats and len(self.inputs) > 1:
            tables = (Notices.read(self.out / name) for name in (FAILURES, WARNINGS))
            self.overview = self._collected.write(self.out / OVERVIEW, *tables)

    @cached_property
    def _collected(self) -> "Overview":
        from empdetect.report import Overview

        return Overview(self.about)

    @cached_property
    def _places(self) -> Mapping[str, Path]:
        return {name: Path(place) for name, place in places_of([entry.id for entry in self.inputs]).items()}

    @cached_property
    def _events(self) -> Mapping[str, Path]:
        return bids.events_paths([entry.id for entry in self.inputs])

    def _path(self, folder: str, entry: Input, ending: str) -> Path:
        place = self._places[entry.id]
        return self.out / folder / place.with_name(place.name + ending)

    def _report(self, entry: Input, scores: Scores, end: Finished) -> None:
        from empdetect.report import Extras, write_report

        opened = entry.open()
        extras = Extras(opened.end(), end.seconds, opened.transcript(), end.notes, _media(entry, opened.recording))
        several = len(self.inputs) > 1
        page = self._path(REPORTS, entry, ".html")
        write_report(scores, page, entry.id, {entry.id: extras}, self.out / OVERVIEW if several else None)
        self.reports.append(page)
        if several:
            self._collected.add(scores, page, end.seconds)


def _media(entry: Input, recording: Recording) -> "list[Medium]":
    """Films and sounds of a recording, each file once; a film before its own sound, and also one that is nobody's."""
    from empdetect.report import Medium

    found: dict[Path, Medium] = {}
    for kind in MEDIA:
        if kind in entry.files:
            found[entry.files[kind]] = Medium(entry.files[kind], kind)
        for person in recording.participants:
            stream = person.video if kind == "video" else person.audio
            if stream is not None:
                found.setdefault(stream.path, Medium(stream.path, kind, stream.offset))
    return list(found.values())


@dataclass
class Notices:
    """A table of inputs and what is to be said of them; the file is there only if something is."""

    path: Path
    count: int = 0

    def __post_init__(self) -> None:
        with writing(self.path):
            self.path.unlink(missing_ok=True)

    def add(self, entry: Input, reason: str) -> None:
        """Add a line.

        Raises:
            InputError: it cannot be written.
        """
        line = "\t".join(one_line(cell) for cell in (entry.source, entry.id, reason)) + "\n"
        if not self.count:
            line = "input\trecording\treason\n" + line
        with writing(self.path), self.path.open("ab", buffering=0) as file:
            append(file, line.encode())
        self.count += 1

    @staticmethod
    def read(path: Path) -> list[list[str]]:
        """The lines of such a table without its head: input, recording and reason; none if it is not there."""
        lines = path.read_text(encoding="utf-8").splitlines()[1:] if path.is_file() else []
        return [line.split("\t") for line in lines]
