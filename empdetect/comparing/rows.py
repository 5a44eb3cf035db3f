"""What was found of two people as rows of the Scores table."""

from collections.abc import Iterator, Mapping
from math import isfinite, nan
from typing import Any

import numpy as np

from empdetect.comparing.analysis import Comparison

MEASURES = {
    "statistic": "The statistic of the pair; about.settings names it.",
    "p": "Share of the surrogates that reach it, the pair counted in.",
    "q": "Smallest false-discovery rate at which it would be named, among all tests of its recording.",
    "effect": "How many standard deviations of the surrogates the pair lies above their mean.",
    "lag": "By how many seconds the second person follows the first, negative if the first follows; low and high are "
    "the ends of its 95% interval.",
    "association": "1 if it may be claimed that the two go together, 0 if not; the reason says it in words.",
    "lead": "1 if it may be claimed that one of them comes later, 0 if not.",
    "coupling": "1 if it may be claimed that they go together beyond what a shared stimulus explains, 0 if not.",
    "window_r": "Correlation at the highest peak of a window, of either sign.",
    "window_lag": "Where that peak lies, in seconds; positive: the second person follows.",
    "window_q": "Smallest false-discovery rate at which the window would be named.",
    "clock_offset": "What the second person's clock reads when the first one's reads 0, in seconds, found and taken "
    "out; low and high are 1.96 standard errors away.",
    "clock_drift": "By how much it runs fast, in parts per million.",
}
"""What stands in the column ``measure`` after the signal and a dot, and what its score is."""


def rows_of(recording: str, found: Comparison, window: float) -> Iterator[dict[str, Any]]:
    """Rows of a comparison: those of the whole first, then those of its windows.

    Args:
        recording: its name.
        found: the comparison.
        window: length of its windows, in seconds.
    """
    test = found.test
    whole = {"start": found.start, "end": found.end, "quality": found.aligned.quality}
    base = {"recording": recording, "participant": found.name, "modalities": _signals(found), **whole}
    untested = test.adequacy.reason
    for measure, value in (("statistic", test.observed), ("p", test.p), ("q", found.q), ("effect", test.effect)):
        yield {**base, **_measured(found, measure, value), "reason": untested}
    yield {**base, **_lag(found)}
    for claim in test.claims:
        made = nan if untested or claim.sentence.startswith("not tested") else float(claim.made)
        yield {**base, **_measured(found, claim.kind, made), "reason": claim.sentence}
    yield from ({**base, **row} for row in _clock(found))
    yield from ({**base, **row} for row in _windows(found, window))


def failed_row(recording: str, people: str, signal: str, reason: str) -> dict[str, Any]:
    """The row of two people who could not be compared."""
    return {
        "recording": recording,
        "participant": people,
        "start": nan,
        "end": nan,
        "measure": f"{signal}.statistic",
        "score": nan,
        "quality": 0.0,
        "reason": reason,
    }


def _measured(found: Comparison, measure: str, score: float, low: float = nan, high: float = nan) -> Mapping[str, Any]:
    return {"measure": f"{found.signal}.{measure}", "score": score, "low": low, "high": high, "reason": ""}


def _lag(found: Comparison) -> Mapping[str, Any]:
    lag = found.test.lag
    if lag is None:
        reason = next(claim.sentence for claim in found.test.claims if claim.kind == "lead")
        return {**_measured(found, "lag", nan), "reason": reason}
    return _measured(found, "lag", lag.seconds, lag.low, lag.high)


def _clock(found: Comparison) -> Iterator[Mapping[str, Any]]:
    clock = found.clock
    if clock is None:
        return
    off, drift = 1.96 * clock.offset_error, 1.96 * clock.drift_error
    yield _measured(found, "clock_offset", clock.offset, clock.offset - off, clock.offset + off)
    yield _measured(found, "clock_drift", clock.drift, clock.drift - drift, clock.drift + drift)


def _windows(found: Comparison, seconds: float) -> Iterator[Mapping[str, Any]]:
    if found.windows is None or found.by_window is None:
        return
    tests = found.windows
    lengths = np.nanmax(found.by_window.samples, axis=-1)
    for index, start in enumerate(tests.starts + found.start):
        known = isfinite(float(tests.p[index]))
        reason = "" if known else "too little is known in this window"
        quality = min(1.0, float(lengths[index]) / max(seconds * found.aligned.rate, 1.0))
        where = {"start": start, "end": start + seconds, "quality": quality}
        for measure, values in (
            ("window_r", tests.peaks.values),
            ("window_lag", tests.peaks.lags),
            ("window_q", tests.q),
        ):
            yield {**_measured(found, measure, float(values[index])), "reason": reason, **where}


def _signals(found: Comparison) -> str:
    """Both signals with the share of the moments that is known of each."""
    return " ".join(f"{part.name}:{part.known:.2f}" for part in found.aligned.parts)
