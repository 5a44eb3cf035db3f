"""The scoring job: many recordings in, one folder of results out; what fails is listed and the rest goes on."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from empdetect.errors import InputError
from empdetect.input_files import Input, Opened
from empdetect.progress import track
from empdetect.scores import Scores, ScoresFile, one_line, writing

if TYPE_CHECKING:
    from empdetect.detector import Detector, Prediction
    from empdetect.features.cache import FeatureCache

log = logging.getLogger(__name__)

FORMATS = ("tsv", "json")
TABLE, FAILURES, WARNINGS, REPORTS = "scores.tsv", "failures.tsv", "warnings.tsv", "reports"


@dataclass(frozen=True)
class Outcome:
    """What became of a scoring job.

    Args:
        scored: recordings that were scored.
        failed: inputs that could not be; ``failures.tsv`` says why.
        warnings: things the user should know; ``warnings.tsv`` lists them.
        table: the Scores table.
        reports: the HTML reports.
    """

    scored: int
    failed: int
    warnings: int
    table: Path
    reports: tuple[Path, ...] = ()

    def summary(self) -> str:
        """What became of it, in one to four lines."""
        lines = [f"{_counted(self.scored, 'recording')} scored: {self.table}"]
        if self.failed:
            lines.append(f"{_counted(self.failed, 'input')} failed: {self.table.with_name(FAILURES)}")
        if self.warnings:
            lines.append(f"{_counted(self.warnings, 'warning')}: {self.table.with_name(WARNINGS)}")
        if self.reports:
            where = self.reports[0] if len(self.reports) == 1 else self.table.with_name(REPORTS)
            lines.append(f"{_counted(len(self.reports), 'report')}: {where}")
        return "\n".join(lines)


def parse_formats(text: str) -> tuple[str, ...]:
    """Formats of a list by commas, such as ``tsv,json``.

    Raises:
        InputError: one is not known.
    """
    formats = tuple(name for part in text.split(",") if (name := part.strip().lower()))
    _check_formats(formats)
    return formats


def _check_formats(formats: Sequence[str]) -> None:
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise InputError(f"Scoring: unknown format {', '.join(unknown)}; allowed are {', '.join(FORMATS)}")


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def score_recordings(
    inputs: Sequence[Input],
    detector: "Detector",
    out: Path,
    formats: Sequence[str] = FORMATS,
    report: bool = False,
    cache: "FeatureCache | None" = None,
) -> Outcome:
    """Score recordings into a folder; see docs/scoring.md for the files.

    Rows are written as recordings are done, so that a run that is stopped keeps them. Files of an
    older run in the folder are replaced.

    Args:
        inputs: what to score, as ``find_recordings`` gives it.
        detector: the detector.
        out: folder of the results.
        formats: further to the table ``scores.tsv``: ``json`` puts its rows into ``scores.json`` too.
        report: also write an HTML report of each recording to ``reports``.
        cache: where features are kept; None keeps none.

    Raises:
        InputError: a format is not known, or the folder cannot be written.
    """
    _check_formats(formats)
    job = _Job(detector, Path(out), report, cache)
    with ScoresFile(job.out / TABLE, job.about) as table:
        for entry in track(inputs, "Scoring"):
            job.score(entry, table)
    if "json" in formats:
        Scores.read(job.out / TABLE).write(job.out / "scores.json")
    return Outcome(job.scored, job.failures.count, job.warnings.count, job.out / TABLE, tuple(job.reports))


@dataclass
class _Notices:
    """A table of inputs and what is to be said of them; the file is there only if something is."""

    path: Path
    count: int = 0

    def __post_init__(self) -> None:
        with writing(self.path):
            self.path.unlink(missing_ok=True)

    def add(self, entry: Input, reason: str) -> None:
        line = "\t".join(one_line(cell) for cell in (entry.source, entry.id, reason))
        with writing(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n" if self.count else f"input\trecording\treason\n{line}\n")
        self.count += 1


@dataclass
class _Job:
    """State of a running job."""

    detector: "Detector"
    out: Path
    report: bool
    cache: "FeatureCache | None"
    scored: int = 0
    reports: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.about = {**self.detector.about(), **_circumstances(self.detector)}
        self.failures = _Notices(self.out / FAILURES)
        self.warnings = _Notices(self.out / WARNINGS)

    def score(self, entry: Input, table: ScoresFile) -> None:
        """Score one recording; if that fails, note why."""
        began = time.perf_counter()
        try:
            opened = entry.open()
            predictions = self._predictions(opened)
        except InputError as error:
            self.failures.add(entry, str(error))
            return
        except Exception as error:
            # One odd recording must not cost the others.
            log.exception("Scoring %s", entry.source)
            self.failures.add(entry, f"unexpected {type(error).__name__}: {error}")
            return
        scores = Scores.of([row for p in predictions for row in p.rows(self.detector.measures)], self.about)
        table.add(scores)
        self.scored += 1
        notes = [*opened.notes, *_lost(predictions)]
        for note in notes:
            self.warnings.add(entry, note)
        if self.report:
            self._report(scores, opened, notes, time.perf_counter() - began)

    def _predictions(self, opened: Opened) -> "list[Prediction]":
        """Answers about all segments; notes go along where there is no score.

        Raises:
            InputError: there is nobody to score.
        """
        segments = opened.segments(self.detector.task)
        if not segments:
            roles = ", ".join(self.detector.task.roles)
            raise InputError(f"Scoring '{opened.recording.id}': nobody in it has a role the detector scores ({roles})")
        found = self.detector.predict(segments, cache=self.cache)
        notes = "".join(f"; {note}" for note in opened.notes)
        return [p if p.scores else replace(p, reason=p.reason + notes) for p in found]

    def _report(self, scores: Scores, opened: Opened, notes: Sequence[str], seconds: float) -> None:
        from empdetect.report import Extras, write_report

        name = opened.recording.id
        extras = Extras(opened.end(), seconds, opened.transcript(), tuple(notes))
        self.reports.append(write_report(scores, _report_path(self.out, name), name, {name: extras}))


def _circumstances(detector: "Detector") -> Mapping[str, Any]:
    """When and with what the job ran."""
    return {
        "device": str(detector.device),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("empdetect", "torch")},
    }


def _lost(predictions: "Sequence[Prediction]") -> list[str]:
    """Streams that were given but of which nothing could be used in any window, and why."""
    people: dict[str, list[Mapping[str, str]]] = {}
    for prediction in predictions:
        people.setdefault(prediction.segment.participant, []).append(prediction.missing)
    return [
        f"{person}, {modality}: {why}"
        for person, missing in people.items()
        for modality, why in missing[0].items()
        if why != f"no {modality}" and all(modality in window for window in missing)
    ]


def _report_path(out: Path, name: str) -> Path:
    """Where the report of a recording goes: a tree like that of the inputs, never outside ``out``."""
    parts = [part if part.strip(". ") else "_" * (len(part) or 1) for part in name.split("/")]
    return out.joinpath(REPORTS, *parts[:-1], f"{parts[-1]}.html")
