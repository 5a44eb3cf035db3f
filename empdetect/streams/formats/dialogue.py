"""Dialogues in JSON: turns with their text, from data sets, recognisers and chats."""

import json
from pathlib import Path
from typing import Any

from empdetect.errors import InputError
from empdetect.streams.utterance import Utterance, from_mapping

LISTS = ("dialogue", "segments", "messages")
"""Keys under which a list of turns can stand: of dialogues, of Whisper and WhisperX, and of chats."""


def turns_of(content: Any) -> list[Any] | None:
    """The list of turns in a JSON document; None if it holds none."""
    if isinstance(content, dict):
        content = next((content[key] for key in LISTS if isinstance(content.get(key), list)), None)
    return content if isinstance(content, list) else None


def read_dialogue(path: Path) -> list[Utterance]:
    """Turns of a ``.json`` file: a list of objects, or one under a key of ``LISTS``.

    Raises:
        InputError: there is no list of turns.
    """
    turns = turns_of(json.loads(path.read_text(encoding="utf-8-sig")))
    if turns is None:
        raise InputError(
            f'Reading the transcript {path}: a list of turns is needed, or {{"dialogue": [...]}}, each with a "text"'
        )
    return [from_mapping(turn) for turn in turns]
