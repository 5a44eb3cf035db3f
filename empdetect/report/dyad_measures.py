"""Several measures of the same people side by side: each as far from its surrogates as it lies."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.report.figures import COLOURS, GRID, INK, base_layout, plain_text

Array = NDArray[np.float64]

QUIET = "#8A909B"


@dataclass(frozen=True)
class Measured:
    """A measure of people beside its surrogates.

    Args:
        name: of the measure.
        says: what its number is, in words.
        value: of the people; NaN where no test was made.
        p, q: of its test, alone and among all of the run.
        effect: standard deviations of the surrogates above their mean.
        found: whether it may be named.
        surrogates: ``(surrogate,)`` the same of each.
        untested: why no test was made; empty if one was.
    """

    name: str
    says: str
    value: float
    p: float
    q: float
    effect: float
    found: bool
    surrogates: Array
    untested: str = ""


def rows_of_measures(measures: Sequence[Measured]) -> list[dict[str, str]]:
    """Lines of a table, as texts."""
    return [
        {"name": one.name, "says": one.says, "why": one.untested, "found": "yes" if one.found else "no",
         **{name: _number(getattr(one, name), places) for name, places in
            (("value", ".3g"), ("p", ".3g"), ("q", ".3g"), ("effect", "+.1f"))}}
        for one in measures
    ]  # fmt: skip


def figure_of_measures(measures: Sequence[Measured]) -> dict[str, Any] | None:
    """Each measure of the people, and where 95% of its surrogates lie, in their standard deviations."""
    from plotly.graph_objects import Figure, Scatter

    shown = [one for one in measures if math.isfinite(one.effect)][::-1]
    if not shown:
        return None
    figure = Figure()
    figure.update_layout(base_layout(76 + 34 * len(shown)))
    for row, one in enumerate(shown):
        low, high = (np.quantile(one.surrogates, [0.0, 0.95]) - np.mean(one.surrogates)) / np.std(one.surrogates)
        figure.add_shape(
            type="rect", x0=float(low), x1=float(high), y0=row - 0.26, y1=row + 0.26, line={"width": 0},
            fillcolor="#B9BDC5", opacity=0.45, layer="below",
        )  # fmt: skip
    colours = [COLOURS[2] if one.found else QUIET for one in shown]
    figure.add_trace(
        Scatter(
            x=[round(one.effect, 3) for one in shown], y=list(range(len(shown))), mode="markers",
            marker={"size": 13, "color": colours, "line": {"width": 1.5, "color": "#FFFFFF"},
                    "symbol": ["diamond" if one.found else "circle" for one in shown]},
            text=[f"{plain_text(one.says)}<br>{one.value:.3g}, p = {one.p:.3g}, q = {one.q:.3g}" for one in shown],
            hovertemplate="%{text}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        margin={"l": 180, "r": 20, "t": 8, "b": 46},
        xaxis={"title": {"text": "standard deviations of the surrogates above their mean"}, "gridcolor": GRID,
               "zeroline": True, "zerolinecolor": "#9AA0AA"},
        yaxis={"tickvals": list(range(len(shown))), "ticktext": [plain_text(one.name) for one in shown],
               "tickfont": {"size": 13, "color": INK}, "range": [-0.6, len(shown) - 0.4], "fixedrange": True,
               "showgrid": False, "zeroline": False},
    )  # fmt: skip
    plain: dict[str, Any] = figure.to_plotly_json()
    return {"data": plain["data"], "layout": plain["layout"], "scale": 1, "zero": 0}


def _number(value: float, form: str) -> str:
    return format(value, form) if math.isfinite(value) else "–"
