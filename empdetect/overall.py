"""Overall: one row per participant and measure, out of the windows of a Scores table."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from empdetect.scores import Scores

MEANING = (
    "One row per recording, participant and measure, over all windows. score: mean over the windows that have one, "
    "weighted by their length. low, high: mean of the windows' intervals around it; errors about one person go "
    "together, so it does not shrink with their number. quality, modalities: mean over all windows, lost ones as 0. "
    "carried: mean over the windows in which the modality could be left out."
)

MOST_KNOWN = 0.9
"""Share of the scored time that must have intervals, so that they speak for the mean."""

Row = Mapping[str, Any]


def overall(scores: Scores) -> Scores:
    """The overall rows of a table of windows, in its order; from the first window's start to the last one's end."""
    return Scores.of(overall_rows(scores.rows()), {**scores.about, "meaning": MEANING})


def overall_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The same of plain rows."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["recording"], row["participant"], row["measure"]), []).append(row)
    return [_row(found) for found in groups.values()]


def parts_of(cell: str) -> dict[str, float]:
    """Numbers of a cell such as ``audio:0.98 text:1.00``, by name."""
    pairs = (part.rpartition(":") for part in cell.split())
    return {name: float(value) for name, _, value in pairs}


def mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Weighted mean; NaN if there are none."""
    total = sum(weights)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / total if total else math.nan


def interval(
    scores: Sequence[float], lows: Sequence[float], highs: Sequence[float], weights: Sequence[float]
) -> tuple[float, float]:
    """Interval of the weighted mean of scores: the mean of their intervals around it.

    The errors about one person go together, so it does not shrink with their number.

    Args:
        scores, weights: of the windows that have a score.
        lows, highs: ends of their intervals; NaN where there is none.

    Returns:
        Both ends; NaN unless windows of ``MOST_KNOWN`` of the weight have an interval.
    """
    cases = list(zip(scores, lows, highs, weights, strict=True))
    known = [case for case in cases if not math.isnan(case[1])]
    total = [weight for *_, weight in known]
    if not known or sum(total) < MOST_KNOWN * sum(weights):
        return (math.nan, math.nan)
    middle = mean(scores, weights)
    below = mean([score - low for score, low, _, _ in known], total)
    above = mean([high - score for score, _, high, _ in known], total)
    return (middle - below, middle + above)


def carried(parts: Sequence[Mapping[str, float]], weights: Sequence[float]) -> dict[str, float]:
    """By modality, the mean change of the score when it is left out, over the windows where it could be.

    Args:
        parts: that change by modality, of each window that has a score.
        weights: of the windows.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for part, share in zip(parts, weights, strict=True):
        for name, value in part.items():
            found.setdefault(name, []).append((value, share))
    return {name: mean(*zip(*pairs, strict=True)) for name, pairs in sorted(found.items())}


def weight(start: float, end: float) -> float:
    """What a window counts in a mean: its length in seconds; 1 without times."""
    return 1.0 if math.isnan(start) or math.isnan(end) else max(end - start, 1e-6)


def _row(rows: Sequence[Row]) -> dict[str, Any]:
    scored = [row for row in rows if not math.isnan(row["score"])]
    values, weights = [row["score"] for row in scored], _weights(scored)
    low, high = interval(values, [row["low"] for row in scored], [row["high"] for row in scored], weights)
    moved = carried([parts_of(row["carried"]) for row in scored], weights)
    first = rows[0]
    return {
        **{name: first[name] for name in ("recording", "participant", "measure")},
        "start": min((row["start"] for row in rows if not math.isnan(row["start"])), default=math.nan),
        "end": max((row["end"] for row in rows if not math.isnan(row["end"])), default=math.nan),
        "score": mean(values, weights),
        "low": low,
        "high": high,
        "quality": mean([row["quality"] for row in rows], _weights(rows)),
        "modalities": " ".join(f"{name}:{value:.2f}" for name, value in _quality(rows).items()),
        "carried": " ".join(f"{name}:{value:+.3f}" for name, value in moved.items()),
        "reason": _reason(rows, scored),
    }


def _quality(rows: Sequence[Row]) -> dict[str, float]:
    parts = [parts_of(row["modalities"]) for row in rows]
    weights = _weights(rows)
    names = sorted({name for part in parts for name in part})
    return {name: mean([part.get(name, 0.0) for part in parts], weights) for name in names}


def _reason(rows: Sequence[Row], scored: Sequence[Row]) -> str:
    """How many windows have no score or a doubtful one, and the most frequent reason of each."""
    lost = Counter(row["reason"] for row in rows if math.isnan(row["score"]))
    doubtful = Counter(row["reason"] for row in scored if row["reason"])
    told = []
    for counts, what in ((lost, "not scored"), (doubtful, "doubtful")):
        if counts:
            told.append(f"{counts.total()} of {len(rows)} windows {what}, mostly: {counts.most_common(1)[0][0]}")
    return "; ".join(told)


def _weights(rows: Sequence[Row]) -> list[float]:
    return [weight(row["start"], row["end"]) for row in rows]
