"""Overall: one row per participant and measure, out of the windows of a Scores table."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
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
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in scores.rows():
        groups.setdefault((row["recording"], row["participant"], row["measure"]), []).append(row)
    return Scores.of([_row(rows) for rows in groups.values()], {**scores.about, "meaning": MEANING})


def parts_of(cell: str) -> dict[str, float]:
    """Numbers of a cell such as ``audio:0.98 text:1.00``, by name."""
    pairs = (part.rpartition(":") for part in cell.split())
    return {name: float(value) for name, _, value in pairs}


def mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Weighted mean; NaN if there are none."""
    total = sum(weights)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / total if total else math.nan


def _row(rows: Sequence[Row]) -> dict[str, Any]:
    scored = [row for row in rows if not math.isnan(row["score"])]
    score = mean([row["score"] for row in scored], _weights(scored))
    low, high = _interval(scored, score)
    first = rows[0]
    return {
        **{name: first[name] for name in ("recording", "participant", "measure")},
        "start": min((row["start"] for row in rows if not math.isnan(row["start"])), default=math.nan),
        "end": max((row["end"] for row in rows if not math.isnan(row["end"])), default=math.nan),
        "score": score,
        "low": low,
        "high": high,
        "quality": mean([row["quality"] for row in rows], _weights(rows)),
        "modalities": " ".join(f"{name}:{value:.2f}" for name, value in _quality(rows).items()),
        "carried": " ".join(f"{name}:{value:+.3f}" for name, value in _carried(scored).items()),
        "reason": _reason(rows, scored),
    }


def _interval(scored: Sequence[Row], score: float) -> tuple[float, float]:
    known = [row for row in scored if not math.isnan(row["low"])]
    weights = _weights(known)
    if not known or sum(weights) < MOST_KNOWN * sum(_weights(scored)):
        return (math.nan, math.nan)
    below = mean([row["score"] - row["low"] for row in known], weights)
    above = mean([row["high"] - row["score"] for row in known], weights)
    return (score - below, score + above)


def _quality(rows: Sequence[Row]) -> dict[str, float]:
    parts = [parts_of(row["modalities"]) for row in rows]
    weights = _weights(rows)
    names = sorted({name for part in parts for name in part})
    return {name: mean([part.get(name, 0.0) for part in parts], weights) for name in names}


def _carried(scored: Sequence[Row]) -> dict[str, float]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row, weight in zip(scored, _weights(scored), strict=True):
        for name, value in parts_of(row["carried"]).items():
            found.setdefault(name, []).append((value, weight))
    return {name: mean(*zip(*pairs, strict=True)) for name, pairs in sorted(found.items())}


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
    """Seconds of each window; 1 without times."""
    return [
        1.0 if math.isnan(row["start"]) or math.isnan(row["end"]) else max(row["end"] - row["start"], 1e-6)
        for row in rows
    ]
