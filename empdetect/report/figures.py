"""The figure of a recording: a timeline for each participant, and under it how well each signal could be read."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from empdetect.report.clock import moment
from empdetect.report.summary import Measure, Panel, Person, Window, thinned

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1D2330", "#999999")
"""Okabe and Ito's colours, which people with any kind of colour vision tell apart; grey for the pale yellow."""

QUALITY_SCALE = ((0.0, "#F3F1EC"), (0.01, "#DDE7EA"), (0.5, "#7FA8B5"), (1.0, "#134B5F"))
"""Light to dark in one hue, so that it also reads in grey."""

INK, MUTED, GRID, GAP = "#1D2330", "#5B6372", "#E9E6DF", "rgba(120, 114, 100, 0.13)"
PANEL, STRIP = 150, 21
TITLE, BELOW_PANEL, BELOW_STRIP = 30, 6, 40
"""Pixels: of a panel, of a strip's row, above each for its title, and below each."""
CLOCK_FROM = 120.0
"""Longer recordings get minutes and hours on their axis."""


def recording_figure(people: Sequence[Person], modalities: Sequence[str], end: float) -> dict[str, Any]:
    """Plotly figure of a recording, as data for JSON.

    Args:
        people: the participants.
        modalities: those the detector reads.
        end: end of the recording, in seconds.
    """
    from plotly.graph_objects import Figure

    clock = TimeAxis(end)
    rows = _rows(people, modalities)
    height = sum(TITLE + pixels + _below(panel) for _, panel, pixels in rows)
    figure = Figure()
    figure.update_layout(base_layout(height))
    top = 0.0
    for index, (person, panel, pixels) in enumerate(rows):
        axis = "" if index == 0 else str(index + 1)
        domain = [max(1 - (top + TITLE + pixels) / height, 0.0), 1 - (top + TITLE) / height]
        top += TITLE + pixels + _below(panel)
        colour = COLOURS[people.index(person) % len(COLOURS)]
        if panel is None:
            _add_strip(figure, person, modalities, axis, domain, clock)
        else:
            _add_panel(figure, panel, colour, axis, domain, clock)
        figure.add_annotation(
            text=_title(person, panel),
            x=0,
            y=domain[1],
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            font={"size": 13, "color": INK},
            yshift=5,
        )
    plain: dict[str, Any] = figure.to_plotly_json()
    return {"data": plain["data"], "layout": plain["layout"], "scale": clock.scale, "zero": clock.zero}


def _title(person: Person, panel: Panel | None) -> str:
    if panel is None:
        return f"<b>{plain_text(person.name)}</b>  signal quality"
    unit = f"<span style='color:{MUTED}'>({plain_text(panel.unit)})</span>"
    return f"<b>{plain_text(person.name)}</b>  {plain_text(panel.name)} {unit}"


class TimeAxis:
    """Seconds as the axis shows them: plain for short recordings, else as minutes and hours."""

    def __init__(self, end: float, start: float = 0.0) -> None:
        self.start, self.end = start, end
        self.as_date = end > CLOCK_FROM
        # Plotly reads numbers on a date axis as milliseconds since 1970, in UTC, but small ones as
        # years: the clock starts at a midnight whose number is large.
        self.scale = 1000 if self.as_date else 1
        self.zero = 100 * 24 * 3600 * 1000 if self.as_date else 0

    def at(self, seconds: float) -> float:
        """Number of a moment on the axis."""
        return round(self.zero + seconds * self.scale, 3)

    def axis(self, labelled: bool) -> dict[str, Any]:
        """The axis, for a layout."""
        shared = {
            "range": [self.at(self.start), self.at(self.end)],
            "minallowed": self.at(self.start),
            "maxallowed": self.at(self.end),
            "gridcolor": GRID,
            "zeroline": False,
            "showticklabels": labelled,
            "ticks": "outside" if labelled else "",
            "tickcolor": GRID,
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "cursor",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": "#9AA0AA",
        }
        if not self.as_date:
            return {**shared, "ticksuffix": " s", "hoverformat": ".2f"}
        form = "%H:%M:%S" if self.end >= 3600 else "%M:%S"
        return {**shared, "type": "date", "tickformat": form, "hoverformat": form}


def _rows(people: Sequence[Person], modalities: Sequence[str]) -> list[tuple[Person, Panel | None, int]]:
    """What stands below each other, each with its height in pixels; None is the strip of a participant."""
    rows: list[tuple[Person, Panel | None, int]] = []
    for person in people:
        rows += [(person, panel, PANEL) for panel in person.panels]
        rows.append((person, None, STRIP * max(len(modalities), 1)))
    return rows


def _below(panel: Panel | None) -> int:
    """Pixels below a row: the time axis is written out below the strip of each participant."""
    return BELOW_STRIP if panel is None else BELOW_PANEL


def base_layout(height: int) -> dict[str, Any]:
    """What all figures share."""
    return {
        "height": height,
        "margin": {"l": 84, "r": 26, "t": 0, "b": 0},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#A9ADB5", "activecolor": "#0072B2"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "#FFFFFF",
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif", "size": 12, "color": MUTED},
        "showlegend": False,
        "hovermode": "closest",
        "hoverlabel": {"bgcolor": "#FFFFFF", "bordercolor": "#C9C4B8", "font": {"color": INK, "size": 12}},
        "dragmode": "zoom",
        "shapes": [],
        "annotations": [],
    }


def _axes(figure: Any, axis: str, domain: list[float], clock: TimeAxis, vertical: dict[str, Any]) -> None:
    horizontal = (
        clock.axis(labelled="categoryarray" in vertical) | {"anchor": f"y{axis}"} | ({"matches": "x"} if axis else {})
    )
    base = {"domain": domain, "anchor": f"x{axis}", "zeroline": False, "fixedrange": True, "automargin": False}
    figure.update_layout({f"xaxis{axis}": horizontal, f"yaxis{axis}": base | vertical})


def _add_panel(figure: Any, panel: Panel, colour: str, axis: str, domain: list[float], clock: TimeAxis) -> None:
    low, high = panel.limits
    several = len(panel.measures) > 1
    if several:
        # Many classes share the probability among them: the axis ends above the highest.
        high = min(high, 1.2 * max((w.score for m in panel.measures for w in m.windows if w.scored), default=high))
    room = 0.06 * (high - low)
    _axes(figure, axis, domain, clock, {"range": [low - room, high + room], "gridcolor": GRID, "nticks": 5})
    _add_gaps(figure, thinned(panel.measures[0].windows), (low - room, high + room), axis, clock)
    for place, measure in enumerate(panel.measures):
        shade = COLOURS[place % len(COLOURS)] if several else colour
        # Bands of many classes cover each other: their intervals are told on hovering.
        _add_measure(figure, measure, shade, axis, clock, band=not several, name=measure.name.split("=", 1)[-1])


def _add_measure(figure: Any, measure: Measure, colour: str, axis: str, clock: TimeAxis, band: bool, name: str) -> None:
    from plotly.graph_objects import Scatter

    runs = list(_runs(thinned(measure.windows)))
    where: dict[str, Any] = {"xaxis": f"x{axis}", "yaxis": f"y{axis}"}
    if band:
        edge = [_band(part, clock) for run in runs for part in _with_interval(run)]
        x, y = _joined([points[0] for points in edge]), _joined([points[1] for points in edge])
        figure.add_trace(
            Scatter(x=x, y=y, fill="toself", fillcolor=_faint(colour), mode="none", hoverinfo="skip", **where)
        )
    lines = [_steps(run, clock) for run in runs]
    figure.add_trace(
        Scatter(
            x=_joined([line[0] for line in lines]), y=_joined([line[1] for line in lines]), mode="lines",
            line={"color": colour, "width": 2.2}, hoverinfo="skip", **where,
        )
    )  # fmt: skip
    _add_hover(figure, [w for run in runs for w in run], colour, name, clock, where)


def _add_hover(
    figure: Any, windows: Sequence[Window], colour: str, name: str, clock: TimeAxis, where: dict[str, Any]
) -> None:
    """A dot in the middle of each window that tells its numbers; dots vanish where they would crowd."""
    from plotly.graph_objects import Scatter

    text = [
        f"<b>{plain_text(name)}</b> {w.score:.3f}{_interval_text(w)}<br>{moment(w.start)} to {moment(w.end)}<br>"
        + ("  ".join(f"{modality} {value:.2f}" for modality, value in sorted(w.quality.items())))
        for w in windows
    ]
    figure.add_trace(
        Scatter(
            x=[clock.at((w.start + w.end) / 2) for w in windows], y=[round(w.score, 4) for w in windows],
            mode="markers", marker={"color": colour, "size": 5 if len(windows) <= 150 else 3},
            text=text, hovertemplate="%{text}<extra></extra>", **where,
        )
    )  # fmt: skip


def _add_gaps(figure: Any, windows: Sequence[Window], span: tuple[float, float], axis: str, clock: TimeAxis) -> None:
    """Grey areas where there is no score; neighbours of one reason together."""
    from plotly.graph_objects import Scatter

    lost = [w for w in windows if not w.scored and not math.isnan(w.start) and not math.isnan(w.end)]
    groups: list[list[Window]] = []
    for window in lost:
        if groups and groups[-1][-1].reason == window.reason and window.start - groups[-1][-1].end < 1e-3:
            groups[-1].append(window)
        else:
            groups.append([window])
    for group in groups:
        start, end = clock.at(group[0].start), clock.at(group[-1].end)
        figure.add_trace(
            Scatter(
                x=[start, end, end, start], y=[span[0], span[0], span[1], span[1]], fill="toself", mode="none",
                fillcolor=GAP, hoveron="fills", hoverinfo="text",
                text=f"not scored: {plain_text(_wrapped(group[0].reason))}",
                xaxis=f"x{axis}", yaxis=f"y{axis}",
            )
        )  # fmt: skip


def _add_strip(
    figure: Any, person: Person, modalities: Sequence[str], axis: str, domain: list[float], clock: TimeAxis
) -> None:
    """One row a modality; the darker, the better the signal."""
    from plotly.graph_objects import Heatmap

    edges, columns = _columns([w for w in thinned(person.windows) if not math.isnan(w.start + w.end)])
    order = list(reversed(modalities))
    _axes(figure, axis, domain, clock, {"type": "category", "categoryarray": order, "showgrid": False, "ticks": ""})
    quality = [[None if w is None else w.quality.get(name, 0.0) for w in columns] for name in order]
    figure.add_trace(
        Heatmap(
            x=[clock.at(edge) for edge in edges], y=order, z=quality, zmin=0, zmax=1, colorscale=QUALITY_SCALE,
            showscale=False, ygap=4, hoverongaps=False,
            text=[[_quality_text(name, w) for w in columns] for name in order],
            hovertemplate="%{text}<extra></extra>", xaxis=f"x{axis}", yaxis=f"y{axis}",
        )
    )  # fmt: skip


def _columns(windows: Sequence[Window]) -> tuple[list[float], list[Window | None]]:
    """Edges and windows of the columns of a strip, None between windows that do not touch.

    Of windows that overlap, each is shown until the next one starts.
    """
    edges: list[float] = []
    columns: list[Window | None] = []
    for place, window in enumerate(windows):
        if not edges:
            edges.append(window.start)
        elif window.start - edges[-1] > 1e-3:
            columns.append(None)
            edges.append(window.start)
        following = windows[place + 1].start if place + 1 < len(windows) else window.end
        columns.append(window)
        edges.append(min(window.end, following) if following > window.start else window.end)
    return edges, columns


def _quality_text(name: str, window: Window | None) -> str:
    if window is None:
        return ""
    quality = window.quality.get(name, 0.0)
    said = f"quality {quality:.2f}" if quality else "missing"
    return f"<b>{plain_text(name)}</b> {said}<br>{moment(window.start)} to {moment(window.end)}"


def _runs(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Stretches of scored windows that touch or overlap."""
    run: list[Window] = []
    for window in windows:
        if math.isnan(window.start) or math.isnan(window.end):
            continue
        if run and (not window.scored or window.start - run[-1].end > 1e-3):
            yield run
            run = []
        if window.scored:
            run.append(window)
    if run:
        yield run


def _steps(run: Sequence[Window], clock: TimeAxis) -> tuple[list[float], list[float]]:
    return _outline(run, [w.score for w in run], clock)


def _band(run: Sequence[Window], clock: TimeAxis) -> tuple[list[float], list[float]]:
    """Outline of the intervals: along the upper ends and back along the lower ones."""
    x, upper = _outline(run, [w.high for w in run], clock)
    _, lower = _outline(run, [w.low for w in run], clock)
    return x + x[::-1], upper + lower[::-1]


def _with_interval(run: Sequence[Window]) -> list[list[Window]]:
    """Stretches of a run in which every window has an interval."""
    parts = [(known, list(part)) for known, part in groupby(run, key=lambda w: not math.isnan(w.low))]
    return [part for known, part in parts if known]


def _outline(run: Sequence[Window], values: Sequence[float], clock: TimeAxis) -> tuple[list[float], list[float]]:
    """A score holds for its whole window: steps, or a line through the middles where windows overlap."""
    overlapping = any(one.end - other.start > 1e-3 for one, other in pairwise(run))
    x, y = [], []
    for window, value in zip(run, values):
        middle = (window.start + window.end) / 2
        times = [middle] if overlapping else [window.start, window.end]
        x += [clock.at(time) for time in times]
        y += [round(value, 4)] * len(times)
    if overlapping:
        x = [clock.at(run[0].start), *x, clock.at(run[-1].end)]
        y = [y[0], *y, y[-1]]
    return x, y


def _joined(parts: Sequence[Sequence[float]]) -> list[float | None]:
    """Parts one after the other with a gap between."""
    joined: list[float | None] = []
    for part in parts:
        joined += [*([None] if joined else []), *part]
    return joined


def _interval_text(window: Window) -> str:
    return "" if math.isnan(window.low) else f" (90% interval {window.low:.3f} to {window.high:.3f})"


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.17)"


def plain_text(text: str) -> str:
    """Text without the tags that Plotly would read in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wrapped(text: str, width: int = 200) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."
