"""The page of a contagion job: what was found, as the report shows it."""

from collections.abc import Sequence
from importlib.metadata import version
from math import isfinite
from pathlib import Path

from empdetect.comparing.analysis import WINDOW_SURROGATES, Comparison
from empdetect.comparing.settings import Settings
from empdetect.contagion.inference import MADE_OF
from empdetect.report.clock import spoken
from empdetect.report.dyad import Dyad, LagOverTime, write_dyads

LIMITS = (
    "Synchrony is not empathy, and a lag is not a cause. That two signals go together says nothing of what either "
    "person felt. Something that both saw, heard or did, such as a film, a talk or a shared task, can move both at "
    "different delays; only strangers who met the same, or the stimulus itself, tell that apart. Nothing found is no "
    "proof that nothing passed. It is not a diagnosis, and must not be used for decisions about a person."
)


def write_page(title: str, found: Sequence[Comparison], settings: Settings, notes: Sequence[str], path: Path) -> Path:
    """Write the page of one recording.

    Args:
        title: heading.
        found: all of its comparisons.
        settings: how they were made.
        notes: what the user should know about its files.
        path: the HTML file.

    Raises:
        InputError: it cannot be written.
    """
    return write_dyads(title, [dyad_of(one, settings) for one in found], notes, LIMITS, path)


def dyad_of(found: Comparison, settings: Settings) -> Dyad:
    """A comparison as the report shows it."""
    test, lag = found.test, found.test.lag
    untested = bool(test.adequacy.reason)
    return Dyad(
        people=found.people,
        signal=found.signal,
        start=found.start,
        end=found.end,
        facts=_facts(found),
        claims=[(claim.kind, None if untested else claim.made, claim.sentence) for claim in test.claims],
        lags=found.lags.lags,
        correlations=found.lags.values,
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
        clocks=[*([] if found.clock is None else [found.clock.report()]), *found.aligned.report()],
    )


def methods(found: Comparison, settings: Settings) -> str:
    """What was done and what may be claimed, for a methods section."""
    first, second = found.people
    parts = [
        f"The signal '{found.signal}' of {first} and {second} ({spoken(found.end - found.start)} at "
        f"{found.aligned.rate:g} Hz, {found.aligned.quality:.0%} known in both) was compared with empdetect "
        f"{version('empdetect')}. {_prepared(settings)}",
        _tested(found, settings),
        _windows_tested(found, settings),
        _claimed(found),
    ]
    return " ".join(part for part in parts if part)


def _facts(found: Comparison) -> list[tuple[str, str, str]]:
    test, lag = found.test, found.test.lag
    first, second = found.people
    who = "" if lag is None else f"{lag.low:+.2f} to {lag.high:+.2f} s; positive: {second} follows"
    beside = f"{len(test.surrogates)} {MADE_OF[test.kind]}"
    share = f"q = {found.q:.3g} over {found.tests} tests" if found.tests > 1 else beside
    return [
        ("Compared", spoken(found.end - found.start), f"{found.signal} of {first} and {second}"),
        (
            "Known in both",
            f"{found.aligned.quality:.0%}",
            f"tells as much as {test.adequacy.effective:.0f} free samples",
        ),
        ("p", f"{test.p:.3g}", share) if isfinite(test.p) else ("p", "not tested", test.adequacy.reason),
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
    lag = "; the lag is that of the largest correlation, with a 95% block-bootstrap interval" if found.test.lag else ""
    several = (
        f" {found.tests} tests were made of this recording, with false discoveries controlled (Benjamini and "
        f"Yekutieli; q = {found.q:.3g})." if found.tests > 1 else ""
    )  # fmt: skip
    return (
        f"The statistic, {settings.statistic_in_words()}, was {found.test.observed:.3f}; beside {beside} this gives "
        f"p = {found.test.p:.3g} (the pair counted in, seed {settings.seed}) and an effect of {found.test.effect:.1f} "
        f"of their standard deviations{lag}.{several}"
    )


def _windows_tested(found: Comparison, settings: Settings) -> str:
    if found.windows is None:
        return ""
    named = int(found.windows.found.sum())
    return (
        f"Of {len(found.windows.starts)} windows of {settings.window:g} s, {named} stand out from those of "
        f"{WINDOW_SURROGATES} phase-randomised surrogates at a false-discovery rate of {settings.alpha:g} "
        "(Benjamini and Yekutieli)."
    )


def _claimed(found: Comparison) -> str:
    made = [claim.sentence for claim in found.test.claims if claim.made]
    kept = [f"{claim.kind} ({claim.sentence})" for claim in found.test.claims if not claim.made]
    may = f"It may be claimed that {'; and that '.join(made)}." if made else "Nothing may be claimed."
    return f"{may} Not claimed: {'; '.join(kept)}." if kept else may
