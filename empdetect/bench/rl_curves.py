"""The curves of the table of learning as one SVG: a panel an algorithm and form, a line a row, all seeds' mean."""

import math
from collections.abc import Mapping, Sequence
from html import escape

from empdetect.bench.rl_table import Row

COLOURS = {False: "#0072B2", True: "#D55E00"}
"""Without and with the detector head: blue and vermilion of Okabe and Ito, which all eyes tell apart."""
DASHES = {"vanilla": "", "challenging": "6 4"}
WIDTH, HEIGHT, MARGIN = 380, 240, 44
LOW, HIGH, TICK = 0.0, 1.0, 0.2


def draw(rows: Mapping[str, Row], column: str = "emotion.mean") -> str:
    """The picture.

    Args:
        rows: of the table, as the file of results has them.
        column: of the log; values from 0 to 1.
    """
    panels: dict[tuple[str, bool], list[tuple[Row, list[float]]]] = {}
    for row in rows.values():
        curve = mean_curve([curves[column] for curves in row["curves"]])
        panels.setdefault((row["algorithm"], row["think"]), []).append((row, curve))
    drawn = "".join(_panel(place, key, lines) for place, (key, lines) in enumerate(sorted(panels.items())))
    width, height = 2 * WIDTH, HEIGHT * ((len(panels) + 1) // 2) + MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="{width}" height="{height}" fill="#fff"/>{drawn}{_legend(height)}</svg>\n'
    )


def mean_curve(curves: Sequence[Sequence[float | None]]) -> list[float]:
    """Mean over seeds at each step that all of them reached, of those that are known; NaN if none is."""
    known = ([value for value in step if value is not None] for step in zip(*curves))
    return [sum(values) / len(values) if values else math.nan for values in known]


def _panel(place: int, key: tuple[str, bool], lines: Sequence[tuple[Row, list[float]]]) -> str:
    left, top = place % 2 * WIDTH, place // 2 * HEIGHT
    longest = max(len(curve) for _, curve in lines)
    title = f"{key[0].upper()}, {'think, then say' if key[1] else 'say'}"
    parts = [f'<text x="{MARGIN}" y="24" font-weight="bold">{escape(title)}</text>', _axes(longest)]
    for row, curve in lines:
        known = [(step, value) for step, value in enumerate(curve, start=1) if not math.isnan(value)]
        points = " ".join(f"{_x(step, longest):.1f},{_y(value):.1f}" for step, value in known)
        colour, dash = COLOURS[row["detector"]], DASHES[row["difficulty"]]
        style = f'stroke="{colour}" stroke-dasharray="{dash}"'
        parts.append(f'<polyline points="{points}" fill="none" stroke-width="2" {style}/>')
    return f'<g transform="translate({left},{top})">{"".join(parts)}</g>'


def _axes(longest: int) -> str:
    parts = []
    for number in range(round((HIGH - LOW) / TICK) + 1):
        value = LOW + number * TICK
        parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - 12}" y1="{_y(value):.1f}" y2="{_y(value):.1f}" stroke="#ddd"/>'
            f'<text x="{MARGIN - 6}" y="{_y(value) + 4:.1f}" text-anchor="end">{100 * value:.0f}</text>'
        )
    label = f'<text x="{WIDTH - 12}" y="{HEIGHT - 8}" text-anchor="end">step {longest}</text>'
    return "".join(parts) + f'<text x="{MARGIN}" y="{HEIGHT - 8}">final emotion in training, by step</text>' + label


def _legend(height: int) -> str:
    told = [
        (f"{'with' if head else 'without'} detector head, {user}", COLOURS[head], DASHES[user])
        for head in COLOURS
        for user in DASHES
    ]
    parts = []
    for place, (name, colour, dash) in enumerate(told):
        x, y = MARGIN + place % 2 * WIDTH, height - 26 + place // 2 * 16
        line = f'<line x1="{x}" x2="{x + 28}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2" '
        parts.append(f'{line}stroke-dasharray="{dash}"/><text x="{x + 36}" y="{y}">{escape(name)}</text>')
    return "".join(parts)


def _x(step: int, longest: int) -> float:
    return MARGIN + (step - 1) * (WIDTH - 12 - MARGIN) / max(longest - 1, 1)


def _y(value: float) -> float:
    return HEIGHT - 28 - (min(max(value, LOW), HIGH) - LOW) / (HIGH - LOW) * (HEIGHT - 68)
