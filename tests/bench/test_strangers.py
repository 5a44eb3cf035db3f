"""Strangers: made inputs of at least five kinds, the same for the same seed, that a person could tell at once."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.bench.strangers import BODIES, FILMS, LANGUAGES, RATE, SOUNDS, TEXTS, foreign_speech, strange_segments
from empdetect.recording import Segment


def fingerprints(made: dict[str, list[Segment]], stream: str) -> list[str]:
    streams = {"audio": "audio", "text": "transcript", "video": "video", "physiology": "physiology"}[stream]
    return [getattr(p, streams).fingerprint() for segments in made.values() for s in segments for p in s.people()]


@pytest.mark.parametrize("stream", ["audio", "text", "physiology"])
def test_a_seed_gives_the_same_strangers_and_another_others(stream: str, tmp_path: Path) -> None:
    first, again, other = (
        fingerprints(strange_segments(stream, tmp_path / str(number), 2, 1.0, persons=2, seed=seed), stream)
        for number, seed in enumerate((0, 0, 1))
    )
    assert first == again
    assert len(set(first)) == len(first)
    assert set(first) != set(other)


def test_there_are_five_kinds_and_more() -> None:
    kinds = [*SOUNDS, *TEXTS, *BODIES, *FILMS]
    assert len(set(kinds)) == len(kinds) >= 12
    for wanted in ("another language", "music", "white noise", "near silence", "comic face"):
        assert wanted in kinds
    assert len(LANGUAGES) >= 8
    assert "English" not in LANGUAGES


@pytest.mark.parametrize("kind", list(SOUNDS))
def test_sounds_are_sound_and_not_digital_silence(kind: str, tmp_path: Path) -> None:
    [segment] = strange_segments("audio", tmp_path, 1, 1.5)[kind]
    audio = segment.people()[0].audio
    assert audio is not None
    samples = audio.read(RATE).samples
    assert len(samples) == pytest.approx(1.5 * RATE, abs=2)
    assert 0 < np.abs(samples).max() <= 1


def test_films_show_faces(tmp_path: Path) -> None:
    for segments in strange_segments("video", tmp_path, 1, 0.5).values():
        video = segments[0].people()[0].video
        assert video is not None
        pictures = [picture for _, picture in video.frames()]
        assert len(pictures) >= 5
        assert pictures[0].std() > 10


def test_without_data_there_is_no_foreign_speech(tmp_path: Path) -> None:
    assert foreign_speech(str(tmp_path), 5) == []


@pytest.mark.data
def test_foreign_speech(data_root: Path) -> None:
    assert len(foreign_speech(str(data_root), 5)) == 5
