"""The page on people who were compared: one section a group and one a dyad."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from empdetect.errors import InputError
from empdetect.report.dyad import Dyad
from empdetect.report.dyad_figures import figure_of_lags, figure_of_surrogates, figure_of_time
from empdetect.report.dyad_group import Crowd, figure_of_order, figure_of_ties
from empdetect.report.dyad_measures import figure_of_measures, rows_of_measures
from empdetect.report.html import for_script, render
from empdetect.scores import writing


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
