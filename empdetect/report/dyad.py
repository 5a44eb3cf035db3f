"""What a page on two people shows, in plain numbers, and writing it as one file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from empdetect.errors import InputError
from empdetect.report.dyad_group import Crowd
from empdetect.report.dyad_measures import Measured, figure_of_measures, rows_of_measures
from empdetect.report.html import for_script, render
from empdetect.scores import writing

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LagOverTime:
    """Correlation by window and lag.

    Args:
        middles: ``(window,)`` of the windows, in seconds.
        lags: ``(lag,)`` in seconds, growing; positive: the second person follows.
        values: ``(window, lag)`` Pearson's r, NaN where too little is known.
        peaks: ``(window,)`` lag of the highest, of either sign; NaN where there is none.
        heights: ``(window,)`` r there.
        q: ``(window,)`` smallest false-discovery rate at which the window would be named.
        named: ``(window,)`` whether it is.
    """

    middles: Array
    lags: Array
    values: Array
    peaks: Array
    heights: Array
    q: Array
    named: NDArray[np.bool_]


@dataclass(frozen=True)
class Dyad:
    """Two people and what was found of them by one signal.

    Args:
        people: names of the first and the second.
        signal: what was compared.
        start, end: of what was tested, in seconds.
        facts: heading, figure and a line below it, of the cards of the first screen.
        claims: what kind, whether it may be made (None: not tested), and what may be said or why not.
        lags, correlations: ``(lag,)`` correlation of the whole by lag, in seconds.
        lag: the lag found and the ends of its 90% interval, in seconds; None where none was.
        observed, p: the pair's statistic and its permutation p; NaN where no test was made.
        surrogates: ``(surrogate,)`` the same statistic.
        statistic, made_of: what both axes of that figure are called.
        over_time: the lag over time; None where no window fits or no test was made.
        measures: the statistic and further ones; empty where there is only the statistic.
        clocks: how streams were brought together: offset, drift, rates, gaps; one sentence each.
        methods: the text for a methods section.
    """

    people: tuple[str, str]
    signal: str
    start: float
    end: float
    facts: Sequence[tuple[str, str, str]]
    claims: Sequence[tuple[str, bool | None, str]]
    lags: Array
    correlations: Array
    observed: float
    p: float
    surrogates: Array
    statistic: str
    made_of: str
    methods: str
    lag: tuple[float, float, float] | None = None
    over_time: LagOverTime | None = None
    clocks: Sequence[str] = field(default_factory=tuple)
    measures: Sequence[Measured] = field(default_factory=tuple)


def write_dyads(
    title: str,
    dyads: Sequence[Dyad],
    notes: Sequence[str],
    limits: str,
    reading: str,
    path: Path,
    crowds: Sequence[Crowd] = (),
) -> Path:
    """Write what was found of people as one HTML file that needs no other file and no network.

    Args:
        title: heading.
        dyads: one section each, after those of groups.
        notes: what the user should know about the files.
        limits: what may not be concluded.
        reading: how the figures are to be read.
        path: the file; folders are made.
        crowds: groups of three or more, one section each.

    Raises:
        InputError: there is nothing to show, or the file cannot be written.
    """
    if not dyads:
        raise InputError(f"Writing the report {path}: no two people were compared")
    figures: list[Mapping[str, Any]] = []
    groups = [_section_of_crowd(crowd, figures) for crowd in crowds]
    sections = [_section(dyad, figures) for dyad in dyads]
    page = render(
        "dyad.html.j2", title=title, sections=sections, groups=groups, figures=for_script(figures), notes=list(notes),
        limits=limits, reading=reading,
    )  # fmt: skip
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    return path


Drawn: TypeAlias = tuple[int, int] | None
"""Place of a figure in the list and its height in pixels; None where there is none."""


def _drawn(figure: Mapping[str, Any] | None, figures: list[Mapping[str, Any]]) -> Drawn:
    if figure is None:
        return None
    figures.append(figure)
    return len(figures) - 1, figure["layout"]["height"]


def _section_of_crowd(crowd: Crowd, figures: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows of a group."""
    from empdetect.report.dyad_group import figure_of_order, figure_of_ties

    return {
        "people": crowd.people,
        "signal": crowd.signal,
        "measures": rows_of_measures(crowd.measures),
        "untested": crowd.untested,
        "ties": _drawn(figure_of_ties(crowd), figures) if crowd.ties else None,
        "order": None if crowd.order is None else _drawn(figure_of_order(crowd, crowd.order), figures),
        "methods": crowd.methods,
        "clocks": crowd.clocks,
    }


def _section(dyad: Dyad, figures: list[Mapping[str, Any]]) -> dict[str, Any]:
    """What the template shows of a dyad; its figures go to the end of the list."""
    from empdetect.report.dyad_figures import figure_of_lags, figure_of_surrogates, figure_of_time

    def drawn(figure: Mapping[str, Any] | None) -> Drawn:
        return _drawn(figure, figures)

    return {
        "people": dyad.people,
        "signal": dyad.signal,
        "facts": dyad.facts,
        "claims": [(kind, {True: "yes", False: "no", None: "open"}[made], text) for kind, made, text in dyad.claims],
        "clocks": dyad.clocks,
        "methods": dyad.methods,
        "measures": rows_of_measures(dyad.measures),
        "compared": drawn(figure_of_measures(dyad.measures)),
        "time": None if dyad.over_time is None else drawn(figure_of_time(dyad, dyad.over_time)),
        "lag": drawn(figure_of_lags(dyad)) if np.isfinite(dyad.correlations).any() else None,
        "beside": drawn(figure_of_surrogates(dyad)) if np.isfinite(dyad.surrogates).any() else None,
    }
