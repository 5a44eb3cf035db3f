"""What the Plotly figures share: colours, the time axis, the layout."""

from typing import Any

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1D2330", "#999999")
"""Okabe and Ito's colours, which people with any kind of colour vision tell apart; grey for the pale yellow."""

INK, MUTED, GRID = "#1D2330", "#5B6372", "#E9E6DF"
CLOCK_FROM = 120.0
"""Longer recordings get minutes and hours on their axis."""


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


def plain_text(text: str) -> str:
    """Text without the tags that Plotly would read in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
