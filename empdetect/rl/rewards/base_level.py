"""What a judge gives the base policy in each scenario, told apart from the luck of single dialogues."""

import statistics
from collections.abc import Iterable, Mapping, Sequence

ALL = ""
"""Key of the mean over all dialogues; it stands for scenarios that were not heard."""


def levels(scored: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The base policy's mean by scenario, drawn towards its mean over all as far as they differ by chance.

    A dialogue or two tell little of a scenario: what differs from dialogue to dialogue within scenarios also moves
    their means. These are therefore predicted as in a model with random scenarios, whose variances come from the
    analysis of variance (Searle, Casella and McCulloch, Variance Components, 1992, chapters 3 and 7). With one
    dialogue each, nothing tells scenarios from chance, and all get the mean over all.

    Args:
        scored: scenario and score of each dialogue.

    Returns:
        Levels by scenario, and that of ``ALL``.
    """
    groups: dict[str, list[float]] = {}
    for scenario, score in scored:
        groups.setdefault(scenario, []).append(score)
    overall = statistics.fmean(score for group in groups.values() for score in group)
    within, between = _variances(groups, overall)
    found = {
        scenario: overall + _told(len(group), within, between) * (statistics.fmean(group) - overall)
        for scenario, group in groups.items()
    }
    return {**found, ALL: overall}


def _variances(groups: Mapping[str, Sequence[float]], overall: float) -> tuple[float, float]:
    """Within and between scenarios; 0 between where nothing tells it."""
    sizes, means = [len(group) for group in groups.values()], [statistics.fmean(group) for group in groups.values()]
    count, free = sum(sizes), sum(sizes) - len(sizes)
    if len(sizes) < 2 or not free:
        return 0.0, 0.0
    spread = (sum((score - mean) ** 2 for score in group) for group, mean in zip(groups.values(), means))
    within = sum(spread) / free
    usual_size = (count - sum(size**2 for size in sizes) / count) / (len(sizes) - 1)
    apart = sum(size * (mean - overall) ** 2 for size, mean in zip(sizes, means)) / (len(sizes) - 1)
    return within, max(apart - within, 0.0) / usual_size


def _told(size: int, within: float, between: float) -> float:
    """Share of a scenario's distance from the mean over all that is not chance, 0 to 1."""
    return between / (between + within / size) if between else 0.0
