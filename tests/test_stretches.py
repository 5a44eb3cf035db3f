"""A long recording piece by piece: the same windows, nearly the same features, each frame decoded once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect import stretches as module
from empdetect.features.audio import LogMel
from empdetect.features.base import Features
from empdetect.features.physiology import PhysiologyFeatures
from empdetect.features.relative import RelativeFeatures
from empdetect.recording import Participant, Recording, Segment
from empdetect.streams.audio import AudioStream
from empdetect.streams.physiology import Physiology, Signal
from empdetect.streams.video import VideoStream
from empdetect.stretches import MARGIN, planned, stretches
from empdetect.task import Target, Task
from empdetect.windows import segments
from tests.media import write_media

SECONDS = 60


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    """A minute of picture, sound and body, which is scored in stretches of 16 seconds at most."""
    monkeypatch.setattr(module, "STRETCH", 16.0)
    monkeypatch.setattr(module, "BODY_MARGIN", 5.0)
    generator = np.random.default_rng(0)
    pictures = [np.full((48, 64), i % 250, np.uint8) for i in range(5 * SECONDS)]
    sound = 0.2 * generator.standard_normal(8000 * SECONDS)
    film = write_media(tmp_path / "a.mkv", pictures, sound, fps=5, rate=8000)
    body = Physiology({"EDA": Signal(5 + np.cumsum(0.01 * generator.standard_normal(16 * SECONDS)), 16.0)})
    ann = Participant("Ann", None, VideoStream(film), AudioStream(film), None, body)
    return Recording("talk", (ann, replace(ann, name="Ben")))


def windows(talk: Recording, window: float = 5.0, hop: float | None = None) -> list[Segment]:
    return segments(talk, Task((Target("empathy", "binary"),), window=window, hop=hop))


def test_every_window_is_in_one_stretch_and_in_order(talk: Recording) -> None:
    whole = windows(talk)
    parts = list(stretches(whole))
    assert [len(part) for part in parts] == [6, 6, 6, 6]
    named = [(s.participant, s.start) for part in parts for s in part]
    assert sorted(named) == sorted((s.participant, s.start) for s in whole)
    assert named[:6] == [("Ann", 0), ("Ann", 5), ("Ann", 10), ("Ben", 0), ("Ben", 5), ("Ben", 10)]


def test_sound_is_the_same_sample_for_sample(talk: Recording) -> None:
    whole = talk.participants[0].audio
    assert whole is not None
    samples = whole.read(8000).samples
    for part in stretches(windows(talk)):
        for person in part[0].recording.participants:
            assert person.audio is not None
            for _ in range(2):  # two extractors share a stretch
                audio = person.audio.read(8000)
                first = round(audio.start * 8000)
                assert np.array_equal(audio.samples, samples[first : first + len(audio.samples)])
            assert abs(audio.start - max(0, min(s.start or 0 for s in part) - MARGIN)) < 0.01


def test_pictures_are_decoded_once_and_none_is_lost(talk: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    frames = VideoStream.frames_at
    monkeypatch.setattr(VideoStream, "frames_at", lambda *a, **k: (opened.append(1), frames(*a, **k))[1])
    video = talk.participants[0].video
    assert video is not None
    times = [time for time, _, _ in frames(video, (5,))]
    for part in stretches(windows(talk)):
        seen = part[0].recording.participants[0].video
        assert seen is not None
        start, stop = min(s.start or 0 for s in part) - MARGIN, max(s.end or 0 for s in part) + MARGIN
        assert [time for time, _ in seen.frames(5)] == [time for time in times if start <= time < stop]
    assert len(opened) == 1


def test_a_consumer_that_stops_halfway_costs_the_next_one_nothing(talk: Recording) -> None:
    for part in stretches(windows(talk)):
        seen = part[0].recording.participants[0].video
        assert seen is not None
        next(iter(seen.frames(5)))
        whole = [time for time, _ in seen.frames(5)]
        assert whole == sorted(whole)
        assert whole[-1] - whole[0] >= 15


def test_a_stretch_that_is_skipped_is_not_missed(talk: Recording) -> None:
    """A resumed run begins in the middle."""
    *_, last = stretches(windows(talk))
    seen = last[0].recording.participants[0]
    assert seen.audio is not None
    assert seen.video is not None
    assert seen.audio.read(8000).start == pytest.approx(45 - MARGIN, abs=0.01)
    assert next(time for time, _ in seen.video.frames(5)) == pytest.approx(45 - MARGIN, abs=0.21)


def test_features_of_windows_are_those_of_the_whole(talk: Recording) -> None:
    for extractor in (LogMel(rate=8000, mels=20, hop=0.02, prosody=False), PhysiologyFeatures(["EDA"])):
        whole = extractor(talk.participants[0])
        for part in stretches(windows(talk)):
            cut = extractor(part[0].recording.participants[0])
            for segment in part[:3]:
                one, other = whole.window(segment.start, segment.end), cut.window(segment.start, segment.end)
                assert abs(len(one.times) - len(other.times)) <= 1
                assert near(one, other)


def near(one: Features, other: Features) -> bool:
    count = min(len(one.values), len(other.values))
    difference = np.abs(one.values[:count] - other.values[:count])
    return bool(np.nanmedian(difference) < 0.05 * np.nanstd(one.values))


def test_what_depends_on_the_whole_recording_sees_it(talk: Recording) -> None:
    relative = RelativeFeatures(PhysiologyFeatures(["EDA"]))
    for part in stretches(windows(talk), [relative]):
        person = part[0].recording.participants[0]
        assert person.physiology is talk.participants[0].physiology
        assert person.audio != talk.participants[0].audio


def test_short_or_untimed_recordings_are_not_cut(talk: Recording) -> None:
    short = [segment for segment in windows(talk) if (segment.end or 0) <= 15]
    assert list(stretches(short)) == [short]
    untimed = [Segment(talk, "Ann")]
    assert next(stretches(untimed))[0].recording is talk


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(0.1, 400)), max_size=30))
def test_stretches_hold_every_segment_once(spans: list[tuple[float, float]]) -> None:
    recording = Recording("r", (Participant("Ann"),))
    given_segments = [Segment(recording, "Ann", start, start + length) for start, length in spans]
    groups = planned(given_segments)
    assert sorted(id(s) for group in groups for s in group) == sorted(id(s) for s in given_segments)
    begins = [min(s.start or 0 for s in group) for group in groups if group]
    assert begins == sorted(begins)
    for group in groups:
        if all((s.end or 0) - (s.start or 0) <= module.STRETCH for s in group):
            assert max(s.end or 0 for s in group) - min(s.start or 0 for s in group) <= module.STRETCH
