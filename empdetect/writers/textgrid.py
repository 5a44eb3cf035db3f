"""Praat: scores as a ``.TextGrid``, one interval tier a participant and measure."""

import io
from pathlib import Path
from typing import Any

from empdetect.scores import Scores, writing
from empdetect.writers.tiers import Tier, tiers_of


def write_textgrid(scores: Scores, path: Path) -> Path:
    """Write the scores of one recording for Praat. Tiers cover all of it; where there is no window they are empty.

    Raises:
        InputError: the file cannot be written.
    """
    from textgrid import TextGrid

    tiers = tiers_of(scores)
    marks = [mark for tier in tiers for mark in tier.marks]
    start = min([0, *(mark.start for mark in marks)]) / 1000
    end = max([1, *(mark.end for mark in marks)]) / 1000
    grid = TextGrid(minTime=start, maxTime=end)
    for tier in tiers:
        grid.append(_interval_tier(tier, start, end))
    text = _Kept()
    grid.write(text)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _interval_tier(tier: Tier, start: float, end: float) -> Any:
    from textgrid import IntervalTier

    # The library doubles quotation marks in texts, as Praat wants them, but not in names.
    found = IntervalTier(tier.name.replace('"', '""'), start, end)
    for mark in tier.marks:
        found.add(mark.start / 1000, mark.end / 1000, mark.text)
    return found


class _Kept(io.StringIO):
    """Text that can still be read when its writer has closed it."""

    def close(self) -> None:
        """Stay open."""
