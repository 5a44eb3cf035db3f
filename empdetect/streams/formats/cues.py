"""WebVTT and SubRip captions."""

import re
from collections.abc import Iterable
from dataclasses import replace
from html import unescape
from pathlib import Path

from empdetect.streams.utterance import Utterance, one_line

TIMES = {
    ".vtt": re.compile(r"\s*(?:\d{1,10}:)?\d{1,2}:\d{1,2}\.\d{1,3}\s*-->\s*(?:\d{1,10}:)?\d{1,2}:\d{1,2}\.\d{1,3}"),
    ".srt": re.compile(r"\s*\d+:\d{1,2}:\d{1,2}[,.]\d{1,3}\s*-->\s*\d+:\d{1,2}:\d{1,2}[,.]\d{1,3}"),
}
EXAMPLE = {".vtt": "00:01:02.500 --> 00:01:04.000", ".srt": "00:01:02,500 --> 00:01:04,000"}
MEANT = re.compile(r"\s*(?:\d[\d:.,]*\s*-->\s*\d|\d+:[\d:.,]+\s*[-→]+>?\s*\d+:)")
"""How a line begins that tells from when to when, well written or not."""
NAMED = re.compile(r"(?P<name>[^\s:<>][^:<>]{0,39}): (?P<words>\S.*)")
"""Words after the name of who says them."""


def read_cues(path: Path) -> list[Utterance]:
    """Cues of a ``.vtt`` or ``.srt`` file.

    ``<v Name>`` names the speaker. Where no cue does so and most begin with ``Name: ``, as Zoom writes it, that does; a
    cue without a name is then by the one before.

    Raises:
        ValueError: a line of times is not written as the format wants it.
    """
    import webvtt

    ending = path.suffix.lower()
    _refuse_odd_times(path.read_text(encoding="utf-8-sig").splitlines(), ending)
    cues = webvtt.from_srt(str(path)) if ending == ".srt" else webvtt.read(str(path))
    found = [
        Utterance(
            one_line(unescape(cue.text)),
            cue.voice or None,
            # The library's own seconds are cut to whole ones.
            cue.start_time.in_milliseconds() / 1000,
            cue.end_time.in_milliseconds() / 1000,
        )
        for cue in cues.captions
    ]
    return found if any(utterance.speaker for utterance in found) else _named(found)


def _refuse_odd_times(lines: Iterable[str], ending: str) -> None:
    """Raise a ValueError where the library would pass over a cue without a word."""
    for number, line in enumerate(lines, 1):
        if MEANT.match(line) and not TIMES[ending].match(line):
            raise ValueError(f"line {number}, '{line.strip()[:40]}': write times as in {EXAMPLE[ending]}")


def _named(utterances: list[Utterance]) -> list[Utterance]:
    """The utterances with the names that stand before their words, if most have one."""
    parts = [NAMED.fullmatch(utterance.text) for utterance in utterances]
    if 2 * sum(part is not None for part in parts) <= len(parts):
        return utterances
    found, name = [], None
    for utterance, part in zip(utterances, parts, strict=True):
        name = part["name"] if part else name
        found.append(replace(utterance, text=part["words"] if part else utterance.text, speaker=name))
    return found
