"""A contagion job from its start to its end: groups of people in, a folder of results out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from itertools import combinations
from pathlib import Path
from typing import Any

from empdetect.comparing.analysis import Comparison, compare
from empdetect.comparing.measures import FURTHER_MEASURES
from empdetect.comparing.page import write_page
from empdetect.comparing.people import Group, Person
from empdetect.comparing.rows import MEASURES, failed_row, rows_of, rows_together
from empdetect.comparing.settings import Settings
from empdetect.comparing.spool import Result, Spool
from empdetect.comparing.tested import Tested
from empdetect.comparing.together import Together, compare_together
from empdetect.errors import InputError
from empdetect.progress import track
from empdetect.scores import Scores, ScoresFile
from empdetect.scoring.outputs import FAILURES, REPORTS, TABLE, WARNINGS, Notices
from empdetect.writers.places import places_of

OBVIOUS = ("motion", "face_motion_energy", "sound")
"""What is compared where nothing was named and people have more in common."""


@dataclass(frozen=True)
class Outcome:
    """What became of a contagion job.

    Args:
        compared: pairs that were compared, refused tests among them.
        failures: what could not be compared and why, one line each; ``failures.tsv`` holds them too.
        lines: what may be said of each pair and group, one line each.
        tests: how many were made, over which false discoveries were controlled.
        notes: what the user should know of the whole run.
        table: the Scores table.
        reports: the HTML pages.
    """

    compared: int
    failures: tuple[str, ...]
    lines: tuple[str, ...]
    table: Path
    reports: tuple[Path, ...]
    tests: int = 0
    notes: tuple[str, ...] = ()


def compare_groups(groups: Sequence[Group], settings: Settings, out: Path, report: bool = False) -> Outcome:
    """Compare everybody of each group with everybody else in it, and write ``scores.tsv`` and its companions.

    All tests of the run, of whatever pair, group, signal, measure or recording, are one family whose false discoveries
    are controlled, so nothing is written before all were made.

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
    with ScoresFile(out / TABLE, about) as table, Spool(settings.alpha) as spool:
        failures, warnings = Notices(out / FAILURES), Notices(out / WARNINGS)
        for group in track(groups, "Comparing", len(groups)):
            spool.add(group, _compared(group, settings))
        notes = _too_few(spool.tests, settings)
        for group, result in spool.corrected():
            table.add(Scores.of(_rows(group.entry.id, result, settings.window), about))
            for _, _, reason in result.failed:
                failures.add(group.entry, reason)
                told.append(reason)
            for note in result.notes:
                warnings.add(group.entry, note)
            compared += len(result.pairs)
            lines += [*map(_line, result.pairs), *map(_line_together, result.groups)]
            if report and result.pairs:
                path = out / REPORTS / f"{places[group.entry.id]}.html"
                shown = replace(result, notes=(*result.notes, *notes))
                reports.append(write_page(group.entry.id, shown, settings, path))
    return Outcome(compared, tuple(told), tuple(lines), out / TABLE, tuple(reports), spool.tests, notes)


def _compared(group: Group, settings: Settings) -> Result:
    """All pairs of a group by all signals, all together if they are more, and those that could not be compared."""
    try:
        opened, notes = group.open()
        signals = _signals(opened, settings.signals)
    except InputError as error:
        return Result(failed=(("", "", str(error)),))
    # Every signal is wanted by several pairs, and some take minutes to read.
    people = [replace(person, read=cache(person.read)) for person in opened]
    pairs, groups, failed = [], [], []
    for signal, names in signals:
        for first, second in combinations(range(len(people)), 2):
            try:
                pair = people[first], people[second]
                pairs.append(compare(*pair, signal, (names[first], names[second]), settings))
            except InputError as error:
                failed.append((f"{people[first].name}+{people[second].name}", signal, str(error)))
        if len(people) > 2:
            try:
                groups.append(compare_together(people, signal, names, settings))
            except InputError as error:
                failed.append(("+".join(person.name for person in people), signal, str(error)))
    return Result(tuple(pairs), tuple(groups), tuple(failed), notes)


def _too_few(tests: int, settings: Settings) -> tuple[str, ...]:
    """A note where a finding that stands alone could not be named, however clear."""
    number = len(settings.strangers) or settings.count
    factor = tests * sum(1 / n for n in range(1, tests + 1))
    if tests < 2 or factor <= settings.alpha * (number + 1):
        return ()
    needed = -(-factor // settings.alpha)
    return (
        f"{tests} tests were made, each beside {number} surrogates or strangers: too few for a single finding among so "
        f"many to be named; with --count {needed:.0f} it could be",
    )


def _signals(people: Sequence[Person], wanted: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The signals to compare: how each is called, and its name at every person."""
    if len(people) < 2:
        raise InputError(
            f"Comparing people: the recording holds {len(people)} ({people[0].name}); give one file a person, or say "
            "who is who with --faces, --roles (such as the channels of a sound) or a manifest"
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
    raise InputError(
        f"Comparing people: no signal is there of all ({each}); name one of each with --signal A:B, or a measure of "
        "--detector where there are transcripts"
    )


def _rows(recording: str, result: Result, window: float) -> Iterator[Mapping[str, Any]]:
    for pair in result.pairs:
        yield from rows_of(recording, pair, window)
    for group in result.groups:
        own = [pair for pair in result.pairs if pair.signal == group.signal]
        yield from rows_together(recording, group, own, window)
    for people, signal, reason in result.failed:
        yield failed_row(recording, people, signal, reason)


def _line(found: Comparison) -> str:
    """What may be said of a pair, in one line."""
    said = [f"{claim.kind}: {'yes' if claim.made else 'no'}, {claim.sentence}" for claim in found.test.claims]
    said += map(_said, found.further)
    return f"{found.name}, {found.signal}: {'; '.join(said)}"


def _line_together(found: Together) -> str:
    """What may be said of a group, in one line."""
    reason = found.measures[0].test.adequacy.reason
    said = f"not tested, {reason}" if reason else "; ".join(map(_said, found.measures))
    return f"{found.name}, {found.signal}: {said}"


def _said(one: Tested) -> str:
    """Whether a measure may be named, in a few words."""
    if one.test.adequacy.reason:
        return f"{one.name}: not tested, {one.test.adequacy.reason}"
    return f"{one.name}: {'yes' if one.found else 'no'} (p = {one.test.p:.3g}, q = {one.q:.3g})"


def _about(settings: Settings) -> Mapping[str, Any]:
    plain = {name: _plain(value) for name, value in asdict(settings).items()}
    return {
        "job": "contagion",
        "settings": {**plain, "statistic_in_words": settings.statistic_in_words()},
        "measures": MEASURES,
        "further": {name: FURTHER_MEASURES[name].__doc__ for name in settings.further()},
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {package: version(package) for package in ("empdetect", "numpy", "scipy")},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, Path) else value
