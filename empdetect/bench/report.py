"""What was measured, line by line, as plain values for JSON."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from empdetect.bench.benchmark import Figure, Line
from empdetect.bench.intervals import Interval, Pooling, Truth, difference_of, interval_of, value_of
from empdetect.bench.system import Answers
from empdetect.task import Task


def line_reports(
    lines: Sequence[Line],
    task: Task,
    tested: Sequence[Truth],
    ours: Sequence[Sequence[Answers]],
    baselines: Mapping[str, Sequence[Answers]],
    pooling: Pooling,
    whole: bool,
) -> list[dict[str, Any]]:
    """Each line with our figure, its interval, the baselines' and the verdict.

    Args:
        lines: what is measured.
        task: of the data.
        tested: labels and groups by fold.
        ours: answers of our detector by seed and fold; the seed whose figure is the median is shown.
        baselines: answers by name and fold.
        pooling: how folds become one figure.
        whole: whether all folds were run in full: a verdict is given of no others.
    """
    found = []
    for line in lines:
        values = [value_of(line.metric, task, tested, answers, pooling) for answers in ours]
        middle = median_place(values)
        mine = interval_of(line.metric, task, tested, ours[middle], pooling)
        others = {
            name: _system(line, task, tested, answers, interval_of(line.metric, task, tested, answers, pooling))
            for name, answers in baselines.items()
        }
        must = _must(line, others)
        best = max(others, key=lambda name: _or_lowest(others[name]["value"]), default=None)
        found.append(
            {
                "metric": line.shown,
                **_system(line, task, tested, ours[middle], mine),
                "per_seed": [rounded(value) for value in values],
                "baselines": others,
                "ahead_of_best_baseline": None
                if best is None
                else {
                    "baseline": best,
                    **_plain(difference_of(line.metric, task, tested, ours[middle], baselines[best], pooling)),
                },
                "floor": _figure(line.floor),
                "published": _figure(line.published),
                "must": must,
                "must_is": "" if line.ahead_of is None else f"{line.ahead_of[0]} + {line.ahead_of[1]:g}",
                "aim": line.aim,
                "verdict": verdict(mine.value, must, line.aim) if whole else "not judged",
            }
        )
    return found


def median_place(values: Sequence[float]) -> int:
    """Place of the median; of an even number of values the lower of the two in the middle, never the better."""
    order = sorted(range(len(values)), key=lambda place: _or_lowest(values[place]))
    return order[(len(values) - 1) // 2]


def verdict(value: float, must: float | None, aim: float | None) -> str:
    """What a figure is worth, as it is kept: to four digits."""
    if must is None and aim is None:
        return ""
    kept = round(value, 4)
    if aim is not None and kept >= aim:
        return "aim reached"
    if must is not None and kept >= must:
        return "reached"
    return "not reached" if must is None or not math.isfinite(kept) else f"not reached ({kept - must:+.4f})"


def rounded(value: float) -> float | None:
    """Four digits; what is not defined is None."""
    return round(float(value), 4) if np.isfinite(value) else None


def _system(
    line: Line, task: Task, tested: Sequence[Truth], answers: Sequence[Answers], interval: Interval
) -> dict[str, Any]:
    per_fold = [line.metric(fold.labels, given, task) for fold, given in zip(tested, answers, strict=True)]
    return {**_plain(interval), "per_fold": [rounded(value) for value in per_fold]}


def _plain(interval: Interval) -> dict[str, Any]:
    return {"value": rounded(interval.value), "low": rounded(interval.low), "high": rounded(interval.high)}


def _must(line: Line, baselines: Mapping[str, Mapping[str, Any]]) -> float | None:
    """What must be reached; None where nothing is asked for, or the baseline it hangs on is missing."""
    if line.ahead_of is None:
        return line.must
    name, ahead = line.ahead_of
    value = baselines[name]["value"] if name in baselines else None
    return None if value is None else rounded(value + ahead)


def _figure(figure: Figure | None) -> dict[str, Any] | None:
    return None if figure is None else {"value": figure.value, "source": figure.source}


def _or_lowest(value: float | None) -> float:
    return -math.inf if value is None or math.isnan(value) else value
