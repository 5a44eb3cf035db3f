"""What was found of two people, or of a group, as rows of the Scores table."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite, nan
from typing import Any

import numpy as np

from empdetect.comparing.analysis import Comparison
from empdetect.comparing.tested import Tested
from empdetect.comparing.together import Together
from empdetect.contagion.alignment import Aligned

MEASURES = {
    "statistic": "The statistic of the pair; about.settings names it.",
    "p": "Share of the surrogates that reach it, the pair counted in.",
    "q": "Smallest false-discovery rate at which it would be named, among all tests of the run: those "
    "of pairs, signals, groups, recordings and further measures.",
    "effect": "How many standard deviations of the surrogates the pair lies above their mean.",
    "lag": "By how many seconds the second person follows the first, negative if the first follows; low and high are "
    "the ends of its 90% interval.",
    "association": "1 if it may be claimed that the two go together, 0 if not; the reason says it in words.",
    "lead": "1 if it may be claimed that one of them comes later, 0 if not.",
    "coupling": "1 if it may be claimed that they go together beyond what a shared stimulus explains, 0 if not.",
    "rate": "Samples a second, in Hz, at which all were compared; the reason says what their own rates, spans and gaps "
    "were.",
    "window_r": "Correlation at the highest peak of a window, of either sign.",
    "window_lag": "Where that peak lies, in seconds; positive: the second person follows.",
    "window_q": "Smallest false-discovery rate at which the window would be named, among the windows of all pairs and "
    "groups that were found; n/a where the whole was not found.",
    "clock_offset": "What the second person's clock reads when the first one's reads 0, in seconds, found and taken "
    "out; low and high are the ends of its 90% interval.",
    "clock_drift": "By how much it runs fast, in parts per million.",
    "MEASURE.statistic": "A further measure of the pair, larger where the two go together more; MEASURE.p, "
    "MEASURE.q and MEASURE.effect as above. about.further says what each is.",
    "order.statistic": "Of a group: mean Kuramoto order; with p, q and effect; window_order and window_q by window.",
    "recurrence.statistic": "Of a group: how often all come back to a state that they shared; with p, q and effect.",
    "network.statistic": "Of a group: mean statistic of all its pairs; with p, q and effect.",
    "tie": "Of a member of a group: mean statistic of the pairs it belongs to.",
    "leads": "Of a member of a group: how many of the others may be claimed to follow.",
    "follows": "Of a member of a group: how many of the others it may be claimed to follow.",
}
"""What stands in the column ``measure`` after the signal and a dot, and what its score is."""

NINETY = 1.645
"""Standard errors on each side of a 90% interval."""


def rows_of(recording: str, found: Comparison, window: float) -> Iterator[dict[str, Any]]:
    """Rows of a comparison: those of the whole first, then those of its windows.

    Args:
        recording: its name.
        found: the comparison.
        window: length of its windows, in seconds.
    """
    test = found.test
    whole = {"start": found.start, "end": found.end, "quality": found.aligned.quality}
    base = {"recording": recording, "participant": found.name, "modalities": _signals(found.aligned), **whole}
    untested = test.adequacy.reason
    for measure, value in (("statistic", test.observed), ("p", test.p), ("q", found.q), ("effect", test.effect)):
        yield {**base, **_measured(found, measure, value), "reason": untested}
    yield {**base, **_lag(found)}
    yield {**base, **_rate(found.signal, found.aligned)}
    for claim in test.claims:
        made = nan if untested or claim.sentence.startswith("not tested") else float(claim.made)
        yield {**base, **_measured(found, claim.kind, made), "reason": claim.sentence}
    for one in found.further:
        yield from _tested(found.signal, one, base)
    yield from ({**base, **row} for row in _clock(found))
    yield from ({**base, **row} for row in _windows(found, window))


def rows_together(
    recording: str, found: Together, pairs: Sequence[Comparison], window: float
) -> Iterator[dict[str, Any]]:
    """Rows of a group: those of the whole, of each member, and of its windows.

    Args:
        recording: its name.
        found: the group.
        pairs: of the same signal.
        window: length of its windows, in seconds.
    """
    whole = {"start": found.start, "end": found.end, "quality": found.aligned.quality}
    base = {"recording": recording, "participant": found.name, "modalities": _signals(found.aligned), **whole}
    for one in found.measures:
        yield from _tested(found.signal, one, base)
    yield {**base, **_rate(found.signal, found.aligned)}
    for person, part in zip(found.people, found.aligned.parts, strict=True):
        own = {"recording": recording, "participant": person, "modalities": f"{part.name}:{part.known:.2f}", **whole}
        for measure, value in member(person, pairs).items():
            reason = "" if isfinite(value) else "no pair of this person could be tested"
            yield {**own, "measure": f"{found.signal}.{measure}", "score": value, "reason": reason}
    yield from ({**base, **row} for row in _order(found, window))


def member(person: str, pairs: Sequence[Comparison]) -> dict[str, float]:
    """Mean statistic of somebody's pairs, and how many of the others follow and are followed; NaN where not tested."""
    own = [pair for pair in pairs if person in pair.people and isfinite(pair.test.observed)]
    if not own:
        return {"tie": nan, "leads": nan, "follows": nan}
    ahead = [pair.leader for pair in own if pair.leader is not None]
    leads = sum(one == person for one in ahead)
    tie = float(np.mean([pair.test.observed for pair in own]))
    return {"tie": tie, "leads": float(leads), "follows": float(len(ahead) - leads)}


def failed_row(recording: str, people: str, signal: str, reason: str) -> dict[str, Any]:
    """The row of two people who could not be compared."""
    return {
        "recording": recording,
        "participant": people,
        "start": nan,
        "end": nan,
        "measure": f"{signal}.statistic" if signal else "statistic",
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


def _rate(signal: str, aligned: Aligned) -> Mapping[str, Any]:
    return {"measure": f"{signal}.rate", "score": aligned.rate, "reason": " ".join(aligned.report())}


def _clock(found: Comparison) -> Iterator[Mapping[str, Any]]:
    clock = found.clock
    if clock is None:
        return
    off, drift = NINETY * clock.offset_error, NINETY * clock.drift_error
    yield _measured(found, "clock_offset", clock.offset, clock.offset - off, clock.offset + off)
    yield _measured(found, "clock_drift", clock.drift, clock.drift - drift, clock.drift + drift)


def _windows(found: Comparison, seconds: float) -> Iterator[Mapping[str, Any]]:
    if found.windows is None or found.by_window is None:
        return
    tests = found.windows
    lengths = np.nanmax(found.by_window.samples, axis=-1)
    for index, start in enumerate(tests.starts + found.start):
        quality = min(1.0, float(lengths[index]) / max(seconds * found.aligned.rate, 1.0))
        where = {"start": start, "end": start + seconds, "quality": quality}
        for measure, values in (
            ("window_r", tests.peaks.values),
            ("window_lag", tests.peaks.lags),
            ("window_q", tests.q),
        ):
            score = float(values[index])
            reason = _why_not(float(tests.p[index]), score)
            yield {**_measured(found, measure, score), "reason": reason, **where}


def _tested(signal: str, one: Tested, base: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of a further measure, or one of a group."""
    test = one.test
    for measure, value in (("statistic", test.observed), ("p", test.p), ("q", one.q), ("effect", test.effect)):
        reason = test.adequacy.reason
        yield {**base, "measure": f"{signal}.{one.name}.{measure}", "score": value, "reason": reason}


def _order(found: Together, seconds: float) -> Iterator[Mapping[str, Any]]:
    if found.order is None:
        return
    tests = found.order
    for index, start in enumerate(tests.starts + found.start):
        value = float(tests.peaks.values[index])
        where = {"start": start, "end": start + seconds, "quality": found.aligned.quality if isfinite(value) else 0.0}
        for measure, score in (("window_order", value), ("window_q", float(tests.q[index]))):
            reason = _why_not(value, score)
            yield {**where, "measure": f"{found.signal}.order.{measure}", "score": score, "reason": reason}


def _why_not(value: float, score: float) -> str:
    """Why a number of a window is not known."""
    if not isfinite(value):
        return "too little is known in this window"
    return "" if isfinite(score) else "the whole was not found, so none of its windows is named"


def _signals(aligned: Aligned) -> str:
    """All signals with the share of the moments that is known of each."""
    return " ".join(f"{part.name}:{part.known:.2f}" for part in aligned.parts)
