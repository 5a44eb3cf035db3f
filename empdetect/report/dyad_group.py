"""What a page on people shows of three or more at once: who is tied to whom, and when all move as one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.report.clock import moment
from empdetect.report.dyad_measures import Measured
from empdetect.report.figures import COLOURS, GRID, INK, MUTED, TimeAxis, base_layout, plain_text

Array = NDArray[np.float64]

QUIET = "#B9BDC5"


@dataclass(frozen=True)
class Tie:
    """What lies between two members of a group.

    Args:
        first, second: their names.
        strength: the statistic of the pair; NaN where it was not tested.
        q: smallest false-discovery rate at which it would be named.
        named: whether it is.
        leader: who comes first, if that may be claimed.
        lag: how much later the other comes, in seconds, if it may.
    """

    first: str
    second: str
    strength: float
    q: float
    named: bool
    leader: str | None = None
    lag: float | None = None


@dataclass(frozen=True)
class OrderOverTime:
    """How much a group moves as one.

    Args:
        middles: ``(window,)`` in seconds.
        values: ``(window,)`` mean order parameter, 0 to 1; NaN where too little is known.
        named: ``(window,)`` whether it stands out from surrogates.
        level: what 95% of the surrogates' windows stay below.
    """

    middles: Array
    values: Array
    named: NDArray[np.bool_]
    level: float


@dataclass(frozen=True)
class Crowd:
    """Three people or more and what was found of them by one signal.

    Args:
        people: their names.
        signal: what was compared.
        start, end: of what was tested, in seconds.
        ties: of all pairs that could be compared.
        members: name, mean tie, number of those who follow, number of those who are followed; NaN where not tested.
        measures: of the group.
        methods: the text for a methods section.
        untested: why no test was made; empty if one was.
        order: over time; None where no test was made or no window fits.
        clocks: how streams were brought together, one sentence each.
    """

    people: tuple[str, ...]
    signal: str
    start: float
    end: float
    ties: Sequence[Tie]
    members: Sequence[tuple[str, float, float, float]]
    measures: Sequence[Measured]
    methods: str
    untested: str = ""
    order: OrderOverTime | None = None
    clocks: Sequence[str] = field(default_factory=tuple)


def figure_of_ties(crowd: Crowd) -> dict[str, Any]:
    """The group on a circle: a line for each pair, as wide as its tie is strong, with an arrow to who follows."""
    from plotly.graph_objects import Figure, Scatter

    places = _circle(crowd.people)
    strongest = max((tie.strength for tie in crowd.ties if math.isfinite(tie.strength)), default=1.0) or 1.0
    figure = Figure()
    figure.update_layout(base_layout(420))
    for tie in sorted(crowd.ties, key=lambda tie: tie.named):
        _add_tie(figure, tie, places, strongest)
    names = [plain_text(name) for name in crowd.people]
    x, y = ([places[name][axis] for name in crowd.people] for axis in (0, 1))
    figure.add_trace(
        Scatter(
            x=x, y=y, mode="markers", hoverinfo="text",
            hovertext=[f"{name}<br>{_said(*own[1:])}" for name, own in zip(names, crowd.members, strict=True)],
            marker={"size": 26, "color": [COLOURS[n % len(COLOURS)] for n in range(len(x))],
                    "line": {"width": 2, "color": "#FFFFFF"}},
        )
    )  # fmt: skip
    for name, across, up in zip(names, x, y, strict=True):
        figure.add_annotation(
            text=f"<b>{name}</b>", x=across, y=up, showarrow=False, yshift=26 if up >= 0 else -26,
            font={"size": 13, "color": INK},
        )  # fmt: skip
    plain = {"visible": False, "fixedrange": True, "range": [-1.5, 1.5]}
    figure.update_layout(
        margin={"l": 10, "r": 10, "t": 10, "b": 10}, xaxis=plain, yaxis={**plain, "scaleanchor": "x"}, dragmode=False
    )
    return _as_json(figure, TimeAxis(1.0))


def figure_of_order(crowd: Crowd, order: OrderOverTime) -> dict[str, Any]:
    """The order parameter of each window, with what surrogates stay below."""
    from plotly.graph_objects import Figure, Scatter

    axis = TimeAxis(crowd.end, crowd.start)
    figure = Figure()
    figure.update_layout(base_layout(420))
    figure.add_hrect(y0=0, y1=order.level, fillcolor=QUIET, opacity=0.28, line_width=0, layer="below")
    figure.add_annotation(
        text="95% of windows of surrogates lie in the grey", x=1, xref="paper", y=order.level, xanchor="right",
        yanchor="top", showarrow=False, font={"color": MUTED, "size": 12},
    )  # fmt: skip
    times = [axis.at(time) for time in order.middles]
    values = [None if math.isnan(value) else round(value, 4) for value in order.values.tolist()]
    figure.add_trace(
        Scatter(
            x=times, y=values, mode="lines+markers", line={"color": INK, "width": 1.6},
            marker={"size": [10 if named else 5 for named in order.named],
                    "symbol": ["diamond" if named else "circle" for named in order.named],
                    "color": [COLOURS[2] if named else QUIET for named in order.named]},
            text=[f"{moment(at)}{', stands out' if named else ''}" for at, named in zip(order.middles, order.named)],
            hovertemplate="%{text}: order %{y:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(
        margin={"l": 60, "r": 20, "t": 20, "b": 40},
        xaxis=axis.axis(labelled=True),
        yaxis={"title": {"text": "order"}, "range": [0, 1], "gridcolor": GRID, "fixedrange": True},
    )
    return _as_json(figure, axis)


def _circle(people: Sequence[str]) -> Mapping[str, tuple[float, float]]:
    """Places around a circle, the first at the top."""
    turns = [2 * math.pi * n / len(people) for n in range(len(people))]
    return {
        name: (round(math.sin(turn), 4), round(math.cos(turn), 4)) for name, turn in zip(people, turns, strict=True)
    }


def _add_tie(figure: Any, tie: Tie, places: Mapping[str, tuple[float, float]], strongest: float) -> None:
    from plotly.graph_objects import Scatter

    known = math.isfinite(tie.strength)
    colour = COLOURS[2] if tie.named else QUIET
    width = 1.0 + (7.0 * tie.strength / strongest if known and tie.named else 0.5)
    (x0, y0), (x1, y1) = places[tie.first], places[tie.second]
    words = f"{plain_text(tie.first)} and {plain_text(tie.second)}<br>" + (
        f"{tie.strength:.3f}, q = {tie.q:.3g}" if known else "not tested"
    )
    figure.add_trace(
        Scatter(
            x=[x0, (x0 + x1) / 2, x1], y=[y0, (y0 + y1) / 2, y1], mode="lines", hoverinfo="text", hovertext=words,
            line={"color": colour, "width": round(width, 2), "dash": "solid" if tie.named else "dot"},
        )
    )  # fmt: skip
    if not tie.named:
        return
    if tie.leader is not None:
        (x0, y0), (x1, y1) = ((x0, y0), (x1, y1)) if tie.leader == tie.first else ((x1, y1), (x0, y0))
        figure.add_annotation(
            ax=x0 + 0.40 * (x1 - x0), ay=y0 + 0.40 * (y1 - y0), x=x0 + 0.80 * (x1 - x0), y=y0 + 0.80 * (y1 - y0),
            xref="x", yref="y", axref="x", ayref="y", text="", showarrow=True, arrowhead=2, arrowsize=1.3,
            arrowwidth=2.4, arrowcolor="#00694C",
        )  # fmt: skip
    lag = f"<br>{tie.lag:.2f} s" if tie.lag is not None else ""
    figure.add_annotation(
        text=f"{tie.strength:.2f}{lag}", x=x0 + 0.5 * (x1 - x0), y=y0 + 0.5 * (y1 - y0), showarrow=False,
        font={"color": "#00694C", "size": 12}, bgcolor="rgba(255, 255, 255, 0.9)",
    )  # fmt: skip


def _said(tie: float, leads: float, follows: float) -> str:
    if math.isnan(tie):
        return "not tested"
    return f"mean tie {tie:.3f}<br>leads {leads:.0f}, follows {follows:.0f}"


def _as_json(figure: Any, axis: TimeAxis) -> dict[str, Any]:
    plain: dict[str, Any] = figure.to_plotly_json()
    return {"data": plain["data"], "layout": plain["layout"], "scale": axis.scale, "zero": axis.zero}
