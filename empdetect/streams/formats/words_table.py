"""Transcripts as a table: a row an utterance."""

from pathlib import Path

from empdetect.errors import InputError
from empdetect.streams.utterance import Utterance, from_mapping


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
    return [from_mapping(row) for row in table.to_dict("records")]
