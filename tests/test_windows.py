"""The stretches of a recording that a task asks about."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empdetect.recording import Participant, Recording
from empdetect.streams.audio import AudioStream
from empdetect.streams.transcript import Transcript, TranscriptFile, Utterance
from empdetect.task import Target, Task
from empdetect.windows import end_of, segments

TASK = Task((Target("empathy", "binary"),), window=10.0)


def recording(seconds: float, *roles: str | None) -> Recording:
    words = Transcript((Utterance("hello", None, 0.0, seconds),))
    return Recording("r", tuple(Participant(f"p{i}", role, transcript=words) for i, role in enumerate(roles or [None])))


def spans(seconds: float, task: Task) -> list[tuple[float | None, float | None]]:
    return [(segment.start, segment.end) for segment in segments(recording(seconds), task)]


@pytest.mark.parametrize(
    ("seconds", "window", "hop", "expected"),
    [
        (30.0, 10.0, None, [(0, 10), (10, 20), (20, 30)]),
        (25.0, 10.0, None, [(0, 10), (10, 20), (20, 25)]),
        (24.0, 10.0, None, [(0, 10), (10, 24)]),
        (4.0, 10.0, None, [(0, 4)]),
        (20.0, 10.0, 5.0, [(0, 10), (5, 15), (10, 20), (15, 20)]),
        (20.0, 4.0, 8.0, [(0, 4), (8, 12), (16, 20)]),
        (12.0, None, None, [(0, 12)]),
        (0.3, 0.1, None, [(0, 0.1), (0.1, 0.2), (0.2, 0.3)]),
    ],
)
def test_windows(seconds: float, window: float | None, hop: float | None, expected: list[tuple[float, float]]) -> None:
    assert spans(seconds, replace(TASK, window=window, hop=hop)) == expected


@given(st.floats(0.05, 500), st.floats(0.5, 60), st.floats(0.1, 1.0))
def test_no_moment_is_lost_and_windows_grow_in_order(seconds: float, window: float, share: float) -> None:
    found = spans(seconds, replace(TASK, window=window, hop=max(window * share, 0.2)))
    assert found[0][0] == 0
    assert found[-1][1] == pytest.approx(seconds, abs=1e-6)
    for (start, end), (following, _) in pairwise(found):
        assert start is not None
        assert end is not None
        assert following is not None
        assert start < following <= end + 1e-6
    assert all(end - start <= 1.5 * window + 1e-5 for start, end in found if start is not None and end is not None)


def test_a_recording_without_clock_is_one_piece() -> None:
    silent = Recording("r", (Participant("p", transcript=Transcript((Utterance("hello"),))),))
    [segment] = segments(silent, TASK)
    assert (segment.start, segment.end) == (None, None)
    assert end_of(silent) == 0


def test_utterance_tasks_take_a_persons_own_utterances() -> None:
    words = Transcript((Utterance("a", "Ann", 0, 1), Utterance("b", "Ben", 1, 2), Utterance("c", "Ann", 2, 3)))
    both = Recording("r", (Participant("Ann", transcript=words), Participant("Ben", transcript=words)))
    task = replace(TASK, unit="utterance", window=None)
    found = [(s.participant, s.start, s.end) for s in segments(both, task)]
    assert found == [("Ann", 0, 1), ("Ann", 2, 3), ("Ben", 1, 2)]


def test_an_utterance_without_an_end_lasts_until_the_next_one_of_anybody() -> None:
    said = (("Ann", 0), ("Ben", 4), ("Ann", 9), ("Ben", 9))
    words = Transcript(tuple(Utterance("words", who, start) for who, start in said))
    both = Recording("r", (Participant("Ann", transcript=words), Participant("Ben", transcript=words)))
    task = replace(TASK, unit="utterance", window=None)
    found = [(s.participant, s.start, s.end) for s in segments(both, task)]
    assert found == [("Ann", 0, 4), ("Ann", 9, None), ("Ben", 4, 9), ("Ben", 9, None)]


def test_only_the_roles_asked_for_and_people_without_one() -> None:
    listeners = replace(TASK, roles=("listener",), window=None)
    found = [s.participant for s in segments(recording(5, "listener", "speaker", None), listeners)]
    assert found == ["p0", "p2"]


@pytest.mark.parametrize("unit", ["utterance", "segment"])
def test_a_broken_stream_does_not_hide_the_others(unit: str, tmp_path: Path) -> None:
    broken = TranscriptFile(tmp_path / "none.vtt")
    person = Participant("p", transcript=broken, audio=AudioStream(tmp_path / "none.wav"))
    other = recording(20.0).participants[0]
    task = replace(TASK, unit=unit)
    found = segments(Recording("r", (person, replace(other, name="q"))), task)
    assert {segment.participant for segment in found} == {"p", "q"}
    assert max(segment.end or 0 for segment in found) == 20
