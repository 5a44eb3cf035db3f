"""A contagion job from its start to its end: groups of people in, a folder of results out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from empdetect.comparing.analysis import Comparison, compare
from empdetect.comparing.page import write_page
from empdetect.comparing.people import TABLE as OWN_TABLE
from empdetect.comparing.people import Group, Person
from empdetect.comparing.rows import MEASURES, failed_row, rows_of
from empdetect.comparing.settings import Settings
from empdetect.contagion.false_discovery import false_discovery
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.scores import Scores, ScoresFile
from empdetect.scoring.outputs import FAILURES, REPORTS, TABLE, WARNINGS, Notices
from empdetect.writers.places import places_of

OBVIOUS = ("motion", "sound")
"""What is compared where nothing was named and people have more in common."""


@dataclass(frozen=True)
class Outcome:
    """What became of a contagion job.

    Args:
        compared: pairs that were compared, refused tests among them.
        failures: what could not be compared and why, one line each; ``failures.tsv`` holds them too.
        lines: what may be said of each pair, one line each.
        table: the Scores table.
        reports: the HTML pages.
    """

    compared: int
    failures: tuple[str, ...]
    lines: tuple[str, ...]
    table: Path
    reports: tuple[Path, ...]


def compare_groups(groups: Sequence[Group], settings: Settings, out: Path, report: bool = False) -> Outcome:
    """Compare everybody of each group with everybody else in it, and write ``scores.tsv`` and its companions.

    Args:
        groups: as ``groups_of`` gives them.
        settings: how.
        out: folder of the results; tables of an older run are replaced.
        report: also write an HTML page a group.

    Raises:
        InputError: the folder cannot be written.
    """
    about = _about(settings)
    places = places_of([group.entry.id for group in groups])
    compared, lines, reports, told = 0, [], [], []
    with ScoresFile(out / TABLE, about) as table:
        failures, warnings = Notices(out / FAILURES), Notices(out / WARNINGS)
        for group in track(groups, "Comparing", len(groups)):
            found, failed, notes = _compared(group, settings)
            table.add(Scores.of(_rows(group.entry.id, found, failed, settings.window), about))
            for _, _, reason in failed:
                failures.add(group.entry, reason)
                told.append(reason)
            for note in notes:
                warnings.add(group.entry, note)
            compared += len(found)
            lines += [_line(one) for one in found]
            if report and found:
                path = out / REPORTS / f"{places[group.entry.id]}.html"
                reports.append(write_page(group.entry.id, found, settings, notes, path))
    return Outcome(compared, tuple(told), tuple(lines), out / TABLE, tuple(reports))


Failure = tuple[str, str, str]
"""Who, by which signal, and why not."""


def _compared(group: Group, settings: Settings) -> tuple[list[Comparison], list[Failure], tuple[str, ...]]:
    """All pairs of a group by all signals, those that could not be compared, and notes on its files."""
    try:
        people, notes = group.open()
        signals = _signals(people, settings.signals)
    except InputError as error:
        return [], [("", "", str(error))], ()
    found, failed = [], []
    for first, second in combinations(range(len(people)), 2):
        for signal, names in signals:
            try:
                pair = people[first], people[second]
                found.append(compare(*pair, signal, (names[first], names[second]), settings))
            except InputError as error:
                failed.append((f"{people[first].name}+{people[second].name}", signal, str(error)))
    q = false_discovery(np.array([one.test.p for one in found]))
    made = int(np.isfinite(q).sum())
    return [one.corrected(float(value), made) for one, value in zip(found, q, strict=True)], failed, notes


def _signals(people: Sequence[Person], wanted: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The signals to compare: how each is called, and its name at every person."""
    if len(people) < 2:
        raise InputError(
            f"Comparing people: the recording holds {len(people)} ({people[0].name}); give one file a person, or say "
            "who is who with --faces, --roles or a manifest"
        )
    named = [(signal, signal.split(":")) for signal in wanted or [_shared(people)]]
    for signal, names in named:
        if len(names) not in (1, len(people)):
            raise InputError(
                f"Comparing {len(people)} people by '{signal}': give one name, or one for each of them between colons"
            )
    return [(signal, names * len(people) if len(names) == 1 else names) for signal, names in named]


def _shared(people: Sequence[Person]) -> str:
    """The signal that all have, if it is clear which is meant."""
    shared = [name for name in people[0].signals if all(name in person.signals for person in people[1:])]
    obvious = [name for name in OBVIOUS if name in shared] or (shared if len(shared) == 1 else [])
    if obvious:
        return obvious[0]
    if shared:
        raise InputError(f"Comparing people: all have {', '.join(shared[:12])}; name what to compare with --signal")
    each = "; ".join(f"{person.name}: {', '.join(person.signals[:6]) or 'nothing'}" for person in people)
    raise InputError(f"Comparing people: no signal is there of all ({each}); name one of each with --signal A:B")


def _rows(
    recording: str, found: Sequence[Comparison], failed: Sequence[Failure], window: float
) -> Iterator[Mapping[str, Any]]:
    for one in found:
        yield from rows_of(recording, one, window)
    for people, signal, reason in failed:
        yield failed_row(recording, people, signal or OWN_TABLE, reason)


def _line(found: Comparison) -> str:
    """What may be said of a pair, in one line."""
    said = "; ".join(f"{claim.kind}: {'yes' if claim.made else 'no'}, {claim.sentence}" for claim in found.test.claims)
    return f"{found.name}, {found.signal}: {said}"


def _about(settings: Settings) -> Mapping[str, Any]:
    plain = {name: _plain(value) for name, value in asdict(settings).items()}
    return {
        "job": "contagion",
        "settings": {**plain, "statistic_in_words": settings.statistic_in_words()},
        "measures": MEASURES,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("empdetect", "numpy", "scipy")},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value
