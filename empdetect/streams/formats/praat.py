"""Praat TextGrids, read with the package ``textgrid``."""

from pathlib import Path

from empdetect.streams.formats.tiers import Tier, utterances_of
from empdetect.streams.utterance import Utterance


def read_textgrid(path: Path) -> list[Utterance]:
    """Marked intervals of the tiers that hold words; a tier's name is the speaker. Points hold no words."""
    import textgrid

    # Intervals of one tier never overlap in Praat, but rounding by other tools makes them touch.
    grid = textgrid.TextGrid(strict=False)
    grid.read(str(path))
    tiers = [
        Tier(tier.name, [(i.minTime, i.maxTime, i.mark) for i in tier if i.mark.strip()])
        for tier in grid
        if isinstance(tier, textgrid.IntervalTier)
    ]
    return utterances_of(tiers)
