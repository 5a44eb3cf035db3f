"""Transcripts as a table: a row an utterance."""

from collections.abc import Sequence
from pathlib import Path

from empdetect.errors import InputError
from empdetect.streams.utterance import Utterance, from_mapping

WHISPER = ["start", "end", "text"]
"""Columns of the table that Whisper writes, in whole milliseconds."""
LONGEST_WORD = 60.0
"""Seconds that a word takes on average in no recording."""


def read_words_table(path: Path) -> list[Utterance]:
    """Rows of a ``.tsv`` with a column ``text``; ``start``, ``end`` and ``speaker`` may be absent.

    Raises:
        InputError: there is no column ``text``.
    """
    import pandas as pd

    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    if "text" not in table.columns:
        raise InputError(
            f"Reading the transcript {path}: no column 'text', got {', '.join(map(str, table.columns))}; "
            "name the columns start, end, speaker, text and separate them by tabs; a manifest has 'recording'"
        )
    found = [from_mapping(row) for row in table.to_dict("records")]
    if list(table.columns) == WHISPER and (table["start"] + table["end"]).str.isdigit().all():
        _refuse_milliseconds(found)
    return found


def _refuse_milliseconds(utterances: Sequence[Utterance]) -> None:
    """Raise a ValueError where nobody could speak so slowly."""
    timed = [(u, u.end - u.start) for u in utterances if u.start is not None and u.end is not None]
    words, seconds = sum(len(u.text.split()) for u, _ in timed), sum(length for _, length in timed)
    if words and seconds > LONGEST_WORD * words:
        raise ValueError(f"{words} words in {seconds:g} s: the times look like milliseconds; write seconds, as 1.80")
