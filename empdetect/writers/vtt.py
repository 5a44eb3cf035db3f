"""WebVTT: scores as captions that any player shows beside the film; ``<v Name>`` says whom they are about."""

import math
from pathlib import Path
from typing import Any

from empdetect.scores import Scores, writing
from empdetect.writers.tiers import value_text


def write_vtt(scores: Scores, path: Path) -> Path:
    """Write the scores of one recording as WebVTT: one cue a window and participant, one line a measure.

    Windows without times are left out.

    Raises:
        InputError: the file cannot be written.
    """
    windows: dict[tuple[float, float, str], list[dict[str, Any]]] = {}
    for row in scores.rows():
        if not math.isnan(row["start"]) and not math.isnan(row["end"]):
            windows.setdefault((row["start"], row["end"], row["participant"]), []).append(row)
    # The standard wants cues in the order of their starts; participants keep theirs.
    cues = [_cue(*window, windows[window]) for window in sorted(windows, key=lambda window: window[:2])]
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")
    return path


def _cue(start: float, end: float, participant: str, rows: list[dict[str, Any]]) -> str:
    lines = [f"{_escaped(row['measure'])} {_escaped(value_text(row))}" for row in rows]
    first, last = max(round(1000 * start), 0), max(round(1000 * end), 0)
    return f"{_stamp(first)} --> {_stamp(max(last, first + 1))}\n<v {_escaped(participant)}>" + "\n".join(lines) + "\n"


def _stamp(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _escaped(text: str) -> str:
    """Text in which nothing is a tag; the arrow would end the cue."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
