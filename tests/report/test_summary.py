"""The numbers of a report."""

import math

import pytest

from empdetect.report.clock import moment, spoken
from empdetect.report.summary import Measure, Window, modalities_of, people_of, reasons, seconds_of, thinned
from empdetect.scores import Scores
from empdetect.task import Target, Task


def window(start: float, end: float, score: float = 0.5, reason: str = "", **quality: float) -> Window:
    return Window(start, end, score, score - 0.1, score + 0.1, quality, reason)


def lost(start: float, end: float, reason: str = "silence") -> Window:
    return Window(start, end, math.nan, math.nan, math.nan, {}, reason)


def row(participant: str, start: float, measure: str, score: float, reason: str = "") -> dict[str, object]:
    there = not math.isnan(score)
    return {
        "recording": "r", "participant": participant, "start": start, "end": start + 10, "measure": measure,
        "score": score, "low": score, "high": score, "quality": 0.5,
        "modalities": "audio:0.50 text:1.00" if there else "", "reason": reason,
    }  # fmt: skip


def test_means_weigh_windows_by_their_length() -> None:
    measure = Measure("empathy", (window(0, 10, 0.2), window(10, 40, 0.6), lost(40, 1000)))
    assert measure.mean() == pytest.approx((0.2 * 10 + 0.6 * 30) / 40)
    assert measure.interval() == pytest.approx((measure.mean() - 0.1, measure.mean() + 0.1))
    assert math.isnan(Measure("empathy", (lost(0, 10),)).mean())


def test_windows_without_clock_weigh_the_same() -> None:
    nowhere = [Window(math.nan, math.nan, score, math.nan, math.nan, {}) for score in (0.0, 1.0)]
    assert Measure("empathy", tuple(nowhere)).mean() == 0.5
    assert math.isnan(Measure("empathy", tuple(nowhere)).interval()[0])


def test_few_windows_with_an_interval_do_not_speak_for_the_mean() -> None:
    known, unknown = window(0, 10, 0.4), Window(10, 20, 0.6, math.nan, math.nan, {})
    assert all(math.isnan(end) for end in Measure("empathy", (known, unknown)).interval())
    nearly_all = Measure("empathy", (*(window(10 * i, 10 * i + 10, 0.4) for i in range(9)), unknown))
    assert nearly_all.interval() == pytest.approx((0.42 - 0.1, 0.42 + 0.1))


def test_seconds_count_overlaps_once() -> None:
    assert seconds_of([window(0, 10), window(5, 15), window(20, 30)]) == 25
    assert seconds_of([]) == 0
    assert seconds_of([Window(math.nan, math.nan, 0.5, 0, 1, {})]) == 0


def test_people_panels_and_modalities_of_a_table() -> None:
    task = Task((Target("mood", "nominal", classes=("calm", "sad")), Target("level", "regression", range=(1, 7))))
    rows = [
        row(person, start, measure, 0.5)
        for person in ("Ben", "Ann")
        for start in (10.0, 0.0)
        for measure in ("mood=calm", "mood=sad", "level")
    ]
    scores = Scores.of(rows, {"task": task.to_dict()})
    people = people_of(scores, "r")
    assert [person.name for person in people] == ["Ben", "Ann"]
    assert [(panel.name, len(panel.measures), panel.limits) for panel in people[0].panels] == [
        ("mood", 2, (0.0, 1.0)),
        ("level", 1, (1.0, 7.0)),
    ]
    assert [w.start for w in people[0].windows] == [0, 10]
    assert people[0].quality("audio") == 0.5
    assert people[0].quality("video") == 0
    assert modalities_of(scores) == ["audio", "text"]
    assert modalities_of(Scores.of(rows, {"modalities": ["audio", "video"]})) == ["audio", "video"]


def test_reasons_are_counted_most_first() -> None:
    rows = [row("Ann", 0, "level", math.nan, "silence"), row("Ann", 10, "level", math.nan, "no face")]
    rows += [row("Ann", 20, "level", math.nan, "no face"), row("Ann", 30, "level", 0.5)]
    assert reasons(people_of(Scores.of(rows), "r")) == [("no face", 2), ("silence", 1)]


def test_many_windows_are_drawn_as_means() -> None:
    many = [window(i, i + 1, score=i % 2, audio=1.0) for i in range(1000)]
    few = thinned(many, most=100)
    assert len(few) == 100
    assert (few[0].start, few[-1].end) == (0, 1000)
    assert all(w.score == 0.5 and w.quality == {"audio": 1.0} for w in few)
    assert thinned(many[:5], most=100) == many[:5]
    assert math.isnan(thinned([lost(i, i + 1) for i in range(10)], most=5)[0].score)


@pytest.mark.parametrize(
    ("seconds", "clock", "length"),
    [
        (0, "0:00.0", "0.0 s"),
        (7.44, "0:07.4", "7.4 s"),
        (119.96, "2:00.0", "2 min 0 s"),
        (3725, "1:02:05", "1 h 2 min"),
    ],
)
def test_times_as_people_read_them(seconds: float, clock: str, length: str) -> None:
    assert moment(seconds) == clock
    assert spoken(seconds) == length
