"""The figures of two people: lag over time, who leads when, correlation by lag, and the pair beside its surrogates."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from empdetect.report.clock import moment
from empdetect.report.dyad import Dyad, LagOverTime
from empdetect.report.figures import COLOURS, GRID, INK, TimeAxis, base_layout, plain_text

Array = NDArray[np.float64]

CORRELATION = (
    (0.0, "#543005"), (0.25, "#BF812D"), (0.45, "#F0E4CC"), (0.5, "#FFFFFF"),
    (0.55, "#D3E9E5"), (0.75, "#35978F"), (1.0, "#003C30"),
)  # fmt: skip
"""Brown to white to teal (ColorBrewer's BrBG): told apart with any kind of colour vision, and unlike the people's."""

MOST_COLUMNS, MOST_ROWS = 600, 301
"""Windows and lags that are drawn; of more, means of neighbours."""
FIRST, SECOND, QUIET = COLOURS[0], COLOURS[1], "#B9BDC5"


def figure_of_time(dyad: Dyad, found: LagOverTime) -> dict[str, Any]:
    """Correlation by window and lag above, and below it where each window peaks and who leads there."""
    from plotly.graph_objects import Figure, Heatmap

    axis = TimeAxis(dyad.end, dyad.start)
    times, lags, values = _thinned(found.middles, found.lags, found.values)
    strongest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    figure = Figure()
    figure.update_layout(base_layout(560))
    figure.add_trace(
        Heatmap(
            x=[axis.at(time) for time in times], y=np.round(lags, 4).tolist(), z=_numbers(values.T),
            zmin=-strongest, zmax=strongest, colorscale=CORRELATION, hoverongaps=False, yaxis="y",
            text=[[moment(time) for time in times]] * len(lags),
            hovertemplate="%{text}, lag %{y:.2f} s: r = %{z:.2f}<extra></extra>",
            colorbar={
                "title": {"text": "r", "side": "top"}, "thickness": 12, "len": 0.56, "y": 1, "yanchor": "top",
                "outlinewidth": 0, "tickformat": ".1f", "nticks": 5,
            },
        )
    )  # fmt: skip
    _add_leaders(figure, dyad, found, axis)
    reach = float(found.lags[-1])
    lag_axis = {"range": [-reach, reach], "gridcolor": GRID, "zeroline": True, "zerolinecolor": "#9AA0AA",
                "fixedrange": True, "ticksuffix": " s", "nticks": 5, "anchor": "x"}  # fmt: skip
    figure.update_layout(
        margin={"l": 76, "r": 26, "t": 30, "b": 40},
        xaxis={**axis.axis(labelled=True), "anchor": "y2"},
        yaxis={**lag_axis, "domain": [0.44, 1.0], "title": {"text": "lag"}},
        yaxis2={**lag_axis, "domain": [0.0, 0.33], "title": {"text": "lag of the peak"}},
    )
    follows = f"positive: {plain_text(dyad.people[1])} follows"
    _add_title(figure, f"<b>Correlation</b> of each window at each lag ({follows})", 1.0)
    _add_title(figure, "<b>Who leads when</b>: the peak of each window", 0.33)
    return _as_json(figure, axis)


def figure_of_lags(dyad: Dyad) -> dict[str, Any]:
    """Correlation of the whole recording by lag, with the lag found and its interval."""
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    figure.update_layout(base_layout(300))
    figure.add_trace(
        Scatter(
            x=np.round(dyad.lags, 4).tolist(), y=_numbers(dyad.correlations), mode="lines",
            line={"color": INK, "width": 1.8}, hovertemplate="lag %{x:.2f} s: r = %{y:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": "#9AA0AA", "width": 1})
    if dyad.lag is not None:
        at, low, high = dyad.lag
        colour = FIRST if at > 0 else SECOND if at < 0 else INK
        if high > low:
            figure.add_vrect(x0=low, x1=high, fillcolor=colour, opacity=0.18, line_width=0)
        figure.add_vline(x=at, line={"color": colour, "width": 2, "dash": "dash"})
        _add_mark(figure, f"<b>{at:+.2f} s</b>", at, at > 0.4 * float(dyad.lags[-1]), colour)
    first, second = map(plain_text, dyad.people)
    figure.update_layout(
        margin={"l": 60, "r": 20, "t": 36, "b": 46},
        xaxis={"title": {"text": f"{first} follows  ◂  lag  ▸  {second} follows"},
               "ticksuffix": " s", "gridcolor": GRID, "zeroline": False},
        yaxis={"title": {"text": "r"}, "gridcolor": GRID, "zeroline": True, "zerolinecolor": "#9AA0AA"},
    )  # fmt: skip
    return _as_json(figure, TimeAxis(1.0))


def figure_of_surrogates(dyad: Dyad) -> dict[str, Any]:
    """How the statistic is spread over the surrogates, and where the pair lies."""
    from plotly.graph_objects import Bar, Figure

    known = dyad.surrogates[np.isfinite(dyad.surrogates)]
    counts, edges = np.histogram(known, bins=min(40, max(8, round(math.sqrt(len(known))))))
    middles = (edges[:-1] + edges[1:]) / 2
    figure = Figure()
    figure.update_layout(base_layout(300))
    figure.add_trace(
        Bar(
            x=np.round(middles, 6).tolist(), y=counts.tolist(), width=float(edges[1] - edges[0]) * 0.94,
            marker={"color": QUIET, "line": {"width": 0}}, hovertemplate="%{x:.3f}: %{y} surrogates<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=dyad.observed, line={"color": COLOURS[2], "width": 2.5})
    right = dyad.observed > (edges[0] + edges[-1]) / 2
    _add_mark(figure, f"<b>the pair</b> {dyad.observed:.3f}<br>p = {dyad.p:.3g}", dyad.observed, right, "#00694C")
    figure.update_layout(
        margin={"l": 60, "r": 20, "t": 36, "b": 46},
        bargap=0,
        xaxis={"title": {"text": plain_text(dyad.statistic)}, "gridcolor": GRID, "zeroline": False},
        yaxis={"title": {"text": plain_text(dyad.made_of)}, "gridcolor": GRID, "zeroline": False},
    )
    return _as_json(figure, TimeAxis(1.0))


def _add_leaders(figure: Any, dyad: Dyad, found: LagOverTime, axis: TimeAxis) -> None:
    """Peaks of windows: triangles in the colour of who leads where a window stands out, else pale dots."""
    from plotly.graph_objects import Scatter

    first, second = map(plain_text, dyad.people)
    leads = np.where(found.peaks > 0, 1, np.where(found.peaks < 0, -1, 0))
    kinds = (
        (~found.named, QUIET, "circle", "not told from chance"),
        (found.named & (leads > 0), FIRST, "triangle-up", f"{first} leads"),
        (found.named & (leads < 0), SECOND, "triangle-down", f"{second} leads"),
        (found.named & (leads == 0), INK, "diamond", "together"),
    )
    for flags, colour, symbol, text in kinds:
        chosen = flags & np.isfinite(found.peaks)
        figure.add_trace(
            Scatter(
                x=[axis.at(time) for time in found.middles[chosen]], y=np.round(found.peaks[chosen], 4).tolist(),
                mode="markers", yaxis="y2", name=text,
                marker={"color": colour, "symbol": symbol, "size": 6 if colour == QUIET else 10},
                text=[f"{text}<br>{moment(t)}: r = {r:.2f}, q = {q:.2g}" for t, r, q in
                      zip(found.middles[chosen], found.heights[chosen], found.q[chosen])],
                hovertemplate="%{text}<br>lag %{y:.2f} s<extra></extra>",
            )
        )  # fmt: skip


def _add_title(figure: Any, text: str, y: float) -> None:
    figure.add_annotation(
        text=text, x=0, y=y, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False, yshift=6,
        font={"size": 13, "color": INK},
    )  # fmt: skip


def _add_mark(figure: Any, text: str, x: float, left: bool, colour: str) -> None:
    """Text beside a line, on its left or its right."""
    side = "right" if left else "left"
    figure.add_annotation(
        text=text, x=x, y=1, yref="paper", showarrow=False, xanchor=side, yanchor="top", align=side,
        xshift=-7 if left else 7, font={"color": colour, "size": 13}, bgcolor="rgba(255, 255, 255, 0.8)",
    )  # fmt: skip


def _thinned(times: Array, lags: Array, values: Array) -> tuple[Array, Array, Array]:
    """At most so many columns and rows: means of neighbours."""
    wide, tall = -(-len(times) // MOST_COLUMNS), -(-len(lags) // MOST_ROWS)
    if wide == 1 and tall == 1:
        return times, lags, values
    columns, rows = len(times) // wide * wide, len(lags) // tall * tall
    cells = values[:columns, :rows].reshape(columns // wide, wide, rows // tall, tall)
    known = np.isfinite(cells)
    count = known.sum(axis=(1, 3))
    total = np.where(known, cells, 0.0).sum(axis=(1, 3))
    means = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    return times[:columns].reshape(-1, wide).mean(axis=1), lags[:rows].reshape(-1, tall).mean(axis=1), means


def _numbers(values: Array) -> Any:
    """Lists for JSON, None for NaN, three decimals."""
    rounded = np.round(values, 3).astype(object)
    rounded[~np.isfinite(values)] = None
    return rounded.tolist()


def _as_json(figure: Any, axis: TimeAxis) -> dict[str, Any]:
    plain: dict[str, Any] = figure.to_plotly_json()
    return {"data": plain["data"], "layout": plain["layout"], "scale": axis.scale, "zero": axis.zero}
