"""WebVTT and SubRip captions."""

from html import unescape
from pathlib import Path

from empdetect.streams.utterance import Utterance, one_line


def read_cues(path: Path) -> list[Utterance]:
    """Cues of a ``.vtt`` or ``.srt`` file; ``<v Name>`` names the speaker."""
    import webvtt

    cues = webvtt.from_srt(str(path)) if path.suffix.lower() == ".srt" else webvtt.read(str(path))
    return [
        Utterance(
            one_line(unescape(cue.text)),
            cue.voice or None,
            # The library's own seconds are cut to whole ones.
            cue.start_time.in_milliseconds() / 1000,
            cue.end_time.in_milliseconds() / 1000,
        )
        for cue in cues.captions
    ]
