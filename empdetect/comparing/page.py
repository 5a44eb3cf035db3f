"""The page of a contagion job: what was found, as the report shows it."""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from math import isfinite
from pathlib import Path

import numpy as np

from empdetect.comparing.analysis import WINDOW_SURROGATES, Comparison
from empdetect.comparing.rows import member
from empdetect.comparing.settings import Settings
from empdetect.comparing.spool import Result
from empdetect.comparing.tested import Tested
from empdetect.comparing.together import Together
from empdetect.contagion.inference import MADE_OF
from empdetect.report.clock import spoken
from empdetect.report.dyad import Dyad, LagOverTime
from empdetect.report.dyad_group import Crowd, OrderOverTime, Tie
from empdetect.report.dyad_measures import Measured
from empdetect.report.dyad_page import write_dyads

LIMITS = (
    "Synchrony is not empathy, and a lag is not a cause. That two signals go together says nothing of what either "
    "person felt. Something that both saw, heard or did, such as a film, a talk or a shared task, can move both at "
    "different delays; only strangers who met the same, or the stimulus itself, tell that apart. Nothing found is no "
    "proof that nothing passed. It is not a diagnosis, and must not be used for decisions about a person."
)


def write_page(title: str, result: Result, settings: Settings, path: Path) -> Path:
    """Write the page of one recording.

    Args:
        title: heading.
        result: all that was found of it.
        settings: how.
        path: the HTML file.

    Raises:
        InputError: it cannot be written.
    """
    dyads = [dyad_of(one, settings) for one in result.pairs]
    crowds = [crowd_of(one, result.pairs, settings) for one in result.groups]
    notes = [*result.notes, *(reason for _, _, reason in result.failed)]
    return write_dyads(title, dyads, notes, LIMITS, reading(settings), path, crowds)


def reading(settings: Settings) -> str:
    """How the page is to be read, for these settings."""
    taken = "Trends and each signal's own memory were" if settings.whiten else "Trends were"
    kept = (
        "so the curves show what one person's signal tells of the other's beyond its own past"
        if settings.whiten
        else "each signal's memory was kept, so slow signals show high correlations at many lags by themselves: only "
        "the comparison with surrogates, which have the same memory, says whether they mean something"
    )
    return (
        f"{taken} taken out first; {kept}. A positive lag means that the second person's signal comes later. Windows "
        "are looked into only where the whole recording was found to go together; one is named if its peak stands out "
        "from those of all windows of all surrogates, with false discoveries controlled. Pale dots are peaks that any "
        "two strangers would have. All numbers of this page come from scores.tsv."
    )


def crowd_of(found: Together, pairs: Sequence[Comparison], settings: Settings) -> Crowd:
    """A group as the report shows it."""
    own = [pair for pair in pairs if pair.signal == found.signal]
    ties = [
        Tie(*pair.people, pair.test.observed, pair.q, pair.significant and pair.q <= settings.alpha, pair.leader,
            abs(pair.test.lag.seconds) if pair.test.lag and pair.leader else None)
        for pair in own
    ]  # fmt: skip
    order = None
    if found.order is not None:
        middles = found.start + found.order.starts + settings.window / 2
        order = OrderOverTime(middles, found.order.peaks.values, found.order.found, found.level)
    return Crowd(
        people=found.people,
        signal=found.signal,
        start=found.start,
        end=found.end,
        ties=ties,
        members=[_member(person, own) for person in found.people],
        measures=[_measured(one) for one in found.measures],
        untested=found.measures[0].test.adequacy.reason,
        order=order,
        methods=_methods_of_crowd(found, settings),
        clocks=found.aligned.report(),
    )


def _member(person: str, pairs: Sequence[Comparison]) -> tuple[str, float, float, float]:
    numbers = member(person, pairs)
    return person, numbers["tie"], numbers["leads"], numbers["follows"]


def _methods_of_crowd(found: Together, settings: Settings) -> str:
    test = found.measures[0].test
    head = (
        f"The signal '{found.signal}' of {', '.join(found.people[:-1])} and {found.people[-1]} "
        f"({spoken(found.end - found.start)} at {found.aligned.rate:g} Hz, {found.aligned.quality:.0%} known in all) "
        f"was compared with empdetect {version('empdetect')}. {_prepared(settings)}"
    )
    if test.adequacy.reason:
        return f"{head} No test was made: {test.adequacy.reason}."
    found_of = "; ".join(
        f"{one.says}: {one.test.observed:.3f}, p = {one.test.p:.3g}, q = {one.q:.3g}" for one in found.measures
    )
    return (
        f"{head} Measures of the group were held against {len(test.surrogates)} {MADE_OF[test.kind]} of everybody but "
        f"the first ({found_of}), with false discoveries controlled over the {found.tests} tests of the run (Benjamini "
        "and Yekutieli). A group that stands out holds at least one pair that goes together."
    )


def _measured(one: Tested) -> Measured:
    test = one.test
    return Measured(
        one.name.replace("_", " "), one.says, test.observed, test.p, one.q, test.effect, one.found,
        test.surrogates, test.adequacy.reason,
    )  # fmt: skip


def dyad_of(found: Comparison, settings: Settings) -> Dyad:
    """A comparison as the report shows it."""
    test, lag = found.test, found.test.lag
    untested = bool(test.adequacy.reason)
    clock = [] if found.clock is None else [found.clock.report(f"{found.people[1]}'s")]
    return Dyad(
        people=found.people,
        signal=found.signal,
        start=found.start,
        end=found.end,
        facts=_facts(found),
        claims=[(claim.kind, None if untested else claim.made, claim.sentence) for claim in test.claims],
        lags=found.lags.lags,
        # Of signals that cannot carry a test, a curve with a peak would look like a finding.
        correlations=np.full_like(found.lags.values, np.nan) if untested else found.lags.values,
        observed=test.observed,
        p=test.p,
        surrogates=test.surrogates,
        statistic={"peak": "largest |r| at any lag", "windows": "mean |z| over windows", "lag0": "|r| at lag 0"}[
            settings.statistic
        ],
        made_of=MADE_OF[test.kind],
        methods=methods(found, settings),
        lag=None if lag is None else (lag.seconds, lag.low, lag.high),
        over_time=_over_time(found, settings),
        measures=list(_measures(found, settings)),
        clocks=[*clock, *found.aligned.report()],
    )


def _measures(found: Comparison, settings: Settings) -> Iterator[Measured]:
    """The statistic and all further measures; none where there is nothing beside the statistic."""
    if found.further:
        own = Tested(settings.statistic, settings.statistic_in_words(), found.test, found.q)
        yield from (_measured(one) for one in (own, *found.further))


def methods(found: Comparison, settings: Settings) -> str:
    """What was done and what may be claimed, for a methods section."""
    first, second = found.people
    parts = [
        f"The signal '{found.signal}' of {first} and {second} ({spoken(found.end - found.start)} at "
        f"{found.aligned.rate:g} Hz, {found.aligned.quality:.0%} known in both) was compared with empdetect "
        f"{version('empdetect')}. {_prepared(settings)}",
        _tested(found, settings),
        _further(found),
        _windows_tested(found, settings),
        _claimed(found),
    ]
    return " ".join(part for part in parts if part)


def _facts(found: Comparison) -> list[tuple[str, str, str]]:
    test, lag = found.test, found.test.lag
    first, second = found.people
    who = "" if lag is None else f"{lag.low:+.2f} to {lag.high:+.2f} s (90%); positive: {second} follows"
    beside = f"{len(test.surrogates)} {MADE_OF[test.kind]}"
    share = f"q = {found.q:.3g} over {found.tests} tests" if found.tests > 1 else beside
    return [
        ("Compared", spoken(found.end - found.start), f"{found.signal} of {first} and {second}"),
        (
            "Known in both",
            f"{found.aligned.quality:.0%}",
            f"tells as much as {test.adequacy.effective:.0f} free samples" if test.adequacy.effective else "",
        ),
        ("p", f"{test.p:.3g}", share) if isfinite(test.p) else ("p", "not tested", "the reason stands below"),
        ("Lag", f"{lag.seconds:+.2f} s", who) if lag else ("Lag", "none", "looked for only where there is a finding"),
    ]


def _over_time(found: Comparison, settings: Settings) -> LagOverTime | None:
    if found.by_window is None or found.windows is None:
        return None
    by_window, tests = found.by_window, found.windows
    middles = found.start + tests.starts + settings.window / 2
    return LagOverTime(
        middles, by_window.lags, by_window.values, tests.peaks.lags, tests.peaks.values, tests.q, tests.found
    )


def _prepared(settings: Settings) -> str:
    taken = [f"a trend of degree {settings.trend}"]
    taken += ["what a linear response to the stimulus explains"] if settings.stimulus is not None else []
    taken += ["each signal's own memory (an autoregression)"] if settings.whiten else []
    return f"Taken out of both were {', '.join(taken[:-1])} and {taken[-1]}." if len(taken) > 1 else (
        f"Taken out of both was {taken[0]}."
    )  # fmt: skip


def _tested(found: Comparison, settings: Settings) -> str:
    if found.test.adequacy.reason:
        return f"No test was made: {found.test.adequacy.reason}."
    beside = f"{len(found.test.surrogates)} {MADE_OF[found.test.kind]}"
    interval = "a 90% block-bootstrap interval (a lead is claimed on the 95% one)"
    lag = f"; the lag is that of the largest correlation, with {interval}" if found.test.lag else ""
    several = (
        f" {found.tests} tests were made in this run, with false discoveries controlled over all of them (Benjamini "
        f"and Yekutieli; q = {found.q:.3g})." if found.tests > 1 else ""
    )  # fmt: skip
    return (
        f"The statistic, {settings.statistic_in_words()}, was {found.test.observed:.3f}; beside {beside} this gives "
        f"p = {found.test.p:.3g} (the pair counted in, seed {settings.seed}) and an effect of {found.test.effect:.1f} "
        f"of their standard deviations{lag}.{several}"
    )


def _further(found: Comparison) -> str:
    if not found.further or found.test.adequacy.reason:
        return ""
    each = [f"{one.says} {one.test.observed:.3g} (p = {one.test.p:.3g}, q = {one.q:.3g})" for one in found.further
            if not one.test.adequacy.reason]  # fmt: skip
    lost = [f"{one.name} ({one.test.adequacy.reason})" for one in found.further if one.test.adequacy.reason]
    not_had = f" Not to be had: {'; '.join(lost)}." if lost else ""
    return f"Further measures beside the same surrogates: {'; '.join(each)}.{not_had}"


def _windows_tested(found: Comparison, settings: Settings) -> str:
    if found.windows is None:
        return ""
    if not found.significant or found.q > settings.alpha:
        return "Windows were not looked into, as the whole does not stand out."
    named = int(found.windows.found.sum())
    made_of = MADE_OF["iaaft" if found.test.kind == "iaaft" else "phase"]
    return (
        f"Of {len(found.windows.starts)} windows of {settings.window:g} s, {named} stand out from those of "
        f"{WINDOW_SURROGATES} {made_of} at a false-discovery rate of {settings.alpha:g} over the windows of all pairs "
        "that were found (Benjamini and Yekutieli; Benjamini and Bogomolov)."
    )


def _claimed(found: Comparison) -> str:
    if found.test.adequacy.reason:
        return "Nothing may be claimed."
    made = [claim.sentence for claim in found.test.claims if claim.made]
    kept = [f"{claim.kind} ({claim.sentence})" for claim in found.test.claims if not claim.made]
    may = f"It may be claimed that {'; and that '.join(made)}." if made else "Nothing may be claimed."
    return f"{may} Not claimed: {'; '.join(kept)}." if kept else may
