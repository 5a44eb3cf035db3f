"""A scoring job from its start to its end: one at a time in a folder, rows in the order of the inputs."""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from empdetect.errors import InputError
from empdetect.input_files import Input
from empdetect.inputs import PROGRESS
from empdetect.overall import overall_rows
from empdetect.progress import Bars
from empdetect.scores import ScoresFile, from_lines, lines_of, rows_of, writing
from empdetect.scoring.engines import ENGINES, score_here, score_in_pool
from empdetect.scoring.journal import Event, Failed, Finished
from empdetect.scoring.one_recording import Scorer
from empdetect.scoring.outputs import (
    FAILURES,
    FORMATS,
    OVERALL,
    TABLE,
    WARNINGS,
    Notices,
    Outputs,
    check_formats,
    parse_formats,
)
from empdetect.streams.files import fingerprint

if TYPE_CHECKING:
    from empdetect.detector import Detector
    from empdetect.features.cache import FeatureCache

__all__ = ["ENGINES", "FORMATS", "Outcome", "parse_formats", "score_recordings"]

LOCK = ".lock"
SHORT = 12
"""Letters of a fingerprint that are told."""


@dataclass(frozen=True)
class Outcome:
    """What became of a scoring job.

    Args:
        scored: recordings that were scored.
        failed: inputs that could not be; ``failures.tsv`` says why.
        warnings: things the user should know; ``warnings.tsv`` lists them.
        table: the Scores table.
        reports: the HTML reports.
        overview: the page of all recordings, if there are several.
        rows: of the Scores table.
        empty: those of them that have no score; their column ``reason`` says why.
    """

    scored: int
    failed: int
    warnings: int
    table: Path
    reports: tuple[Path, ...] = ()
    overview: Path | None = None
    rows: int = 0
    empty: int = 0

    def summary(self) -> str:
        """What became of it, in one to five lines."""
        lines = [f"{_counted(self.scored, 'recording')} scored: {self.table}"]
        if self.empty:
            lines.append(f"{self.empty} of {_counted(self.rows, 'row')} without a score: see their column 'reason'")
        if self.failed:
            lines.append(f"{_counted(self.failed, 'input')} failed: {self.table.with_name(FAILURES)}")
        if self.warnings:
            lines.append(f"{_counted(self.warnings, 'warning')}: {self.table.with_name(WARNINGS)}")
        if self.reports:
            lines.append(f"{_counted(len(self.reports), 'report')}: {self.overview or self.reports[0]}")
        return "\n".join(lines)


def score_recordings(
    inputs: Sequence[Input],
    detector: "Detector",
    out: Path,
    formats: Sequence[str] = ("tsv", "json"),
    report: bool = False,
    cache: "FeatureCache | None" = None,
    resume: bool = False,
    workers: int = 1,
    engine: str = "local",
) -> Outcome:
    """Score recordings into a folder; see docs/scoring.md for the files.

    Rows are written as windows are done, so that a run that is stopped keeps them. Tables of an older run in the
    folder are replaced.

    Args:
        inputs: what to score, as ``find_recordings`` gives it.
        detector: the detector.
        out: folder of the results.
        formats: some of ``FORMATS``; the table ``scores.tsv`` is always written.
        report: also write an HTML report of each recording, and one of all if there are several, as the format
            ``html`` does.
        cache: where features are kept; None keeps none.
        resume: take over what earlier runs into the folder found about the same content with the same detector and
            settings.
        workers: so many processes at once.
        engine: ``local``, or ``ray`` for a Ray cluster.

    Raises:
        InputError: a format or engine is not known, another job writes into the folder, or it cannot be written.
    """
    check_formats(formats)
    if engine not in ENGINES or workers < 1:
        raise InputError(
            f"Scoring: 'engine' is {' or '.join(ENGINES)} and 'workers' 1 or more, got '{engine}' and {workers}"
        )
    out = Path(out)
    formats = (*formats, "html") if report and "html" not in formats else tuple(formats)
    with _alone(out):
        scorer = Scorer(detector, out / PROGRESS, resume, cache)
        about = {**detector.about(), **_circumstances(detector)}
        return _run(inputs, _events(inputs, scorer, workers, engine), Outputs(out, inputs, formats, about))


def _run(inputs: Sequence[Input], events: Iterator[Iterator[Event]], outputs: Outputs) -> Outcome:
    out, scored, counts = outputs.out, 0, Counter[bool]()
    failures, warnings = Notices(out / FAILURES), Notices(out / WARNINGS)
    outputs.start()
    with (
        ScoresFile(out / TABLE, outputs.about) as table,
        ScoresFile(out / OVERALL, outputs.about) as means,
        Bars("Scoring", len(inputs)) as bars,
    ):
        for entry, found in zip(inputs, events, strict=True):
            bars.now(entry.id)
            rows, end = _written(found, table, partial(bars.now, entry.id))
            if isinstance(end, Failed):
                failures.add(entry, end.reason)
            plain = rows_of(rows)
            counts.update(math.isnan(row["score"]) for row in plain)
            means.add_lines(lines_of(overall_rows(plain)))
            if isinstance(end, Finished):
                scored += 1
                for note in end.notes:
                    warnings.add(entry, note)
                if outputs.each:
                    outputs.write(entry, from_lines(rows, outputs.about), end)
            bars.advance()
    outputs.finish()
    return Outcome(
        scored,
        failures.count,
        warnings.count,
        out / TABLE,
        tuple(outputs.reports),
        outputs.overview,
        rows=counts.total(),
        empty=counts[True],
    )


def _written(found: Iterator[Event], table: ScoresFile, tell: Callable[[str], None]) -> tuple[str, Finished | Failed]:
    """Write the rows of a recording as they come, telling how many; all of them, and its end."""
    rows, lines = "", 0
    for event in found:
        if isinstance(event, Finished | Failed):
            return rows, event
        table.add_lines(event.rows)
        rows += event.rows
        lines += event.rows.count("\n")
        tell(f"{lines} rows")
    raise RuntimeError("a recording has an end")


def _events(inputs: Sequence[Input], scorer: Scorer, workers: int, engine: str) -> Iterator[Iterator[Event]]:
    if not inputs:
        return iter(())
    if engine == "ray":
        from empdetect.scoring.ray_engine import score_on_ray

        return score_on_ray(inputs, scorer, workers)
    return score_here(inputs, scorer) if workers == 1 else score_in_pool(inputs, scorer, workers)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other jobs out of a folder; a lock whose process has died holds nobody back.

    Raises:
        InputError: another job has it, or it cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(out / LOCK)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(
                f"Scoring into {out}: another run is writing there; wait until it is done, or give another folder"
            ) from None
    try:
        yield
    finally:
        lock.release()


def _circumstances(detector: "Detector") -> Mapping[str, Any]:
    """When and with what the job ran; the versions tell one state of a detector and of its calibration from another."""
    fitted = None if detector.calibration is None else fingerprint(json.dumps(detector.calibration.to_dict()))
    return {
        "version": detector.identity()[:SHORT],
        "calibration": fitted and fitted[:SHORT],
        "device": str(detector.device),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("empdetect", "torch")},
    }


def _counted(number: int, name: str) -> str:
    return f"{number} {name}" if number == 1 else f"{number} {name}s"
