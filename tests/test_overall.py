"""Overall rows: one a participant and measure, out of the windows."""

import math
from pathlib import Path
from typing import Any

import pytest

from empdetect.overall import overall
from empdetect.scores import Scores


def row(start: float, end: float, score: float, **others: Any) -> dict[str, Any]:
    return {
        "recording": "r",
        "participant": "Ann",
        "start": start,
        "end": end,
        "measure": "empathy",
        "score": score,
        "low": score - 0.1,
        "high": score + 0.2,
        "quality": 0.5,
        "modalities": "audio:0.50",
        "carried": "audio:+0.100 text:-0.050",
        **others,
    }


def one(rows: list[dict[str, Any]]) -> dict[str, Any]:
    [found] = overall(Scores.of(rows)).rows()
    return found


def test_windows_weigh_by_their_length() -> None:
    found = one([row(0, 10, 0.2), row(10, 40, 0.6, modalities="text:1.00", quality=1.0, carried="")])
    assert (found["start"], found["end"]) == (0, 40)
    assert found["score"] == pytest.approx(0.5)
    assert (found["low"], found["high"]) == (pytest.approx(0.4), pytest.approx(0.7))
    assert found["quality"] == pytest.approx(0.875)
    assert found["modalities"] == "audio:0.12 text:0.75"
    assert found["carried"] == "audio:+0.100 text:-0.050"
    assert found["reason"] == ""


def test_what_was_not_scored_is_told_and_is_no_zero() -> None:
    lost = {"low": math.nan, "high": math.nan, "modalities": "", "carried": "", "quality": 0.0, "reason": "silence"}
    found = one([row(0, 10, 0.4), row(10, 20, math.nan, **lost), row(20, 30, 0.4, reason="doubtful: audio")])
    assert found["score"] == pytest.approx(0.4)
    assert found["modalities"] == "audio:0.33"
    assert (
        found["reason"]
        == "1 of 3 windows not scored, mostly: silence; 1 of 3 windows doubtful, mostly: doubtful: audio"
    )
    nothing = one([row(0, 10, math.nan, **lost)])
    assert math.isnan(nothing["score"])
    assert nothing["reason"].startswith("1 of 1 windows not scored")


def test_the_interval_is_left_out_where_it_would_not_speak_for_the_mean() -> None:
    bare = {"low": math.nan, "high": math.nan}
    assert math.isnan(one([row(0, 10, 0.4), row(10, 15, 0.4, **bare)])["low"])
    assert not math.isnan(one([row(0, 95, 0.4), row(95, 100, 0.4, **bare)])["low"])


def test_rows_come_in_the_order_of_the_table_and_can_be_read_back(tmp_path: Path) -> None:
    plain = [row(0, 1, 0.1), row(0, 1, 0.2, participant="Ben"), row(1, 2, 0.3), row(0, 1, 0.4, recording="q")]
    means = overall(Scores.of(plain, {"detector": "d"}))
    assert [(r["recording"], r["participant"]) for r in means.rows()] == [("r", "Ann"), ("r", "Ben"), ("q", "Ann")]
    read = Scores.read(means.write(tmp_path / "overall.tsv"))
    assert read.rows()[0]["score"] == pytest.approx(0.2)
    assert "over all windows" in read.about["meaning"]


def test_recordings_without_a_clock() -> None:
    found = one([row(math.nan, math.nan, 0.2), row(math.nan, math.nan, 0.4)])
    assert found["score"] == pytest.approx(0.3)
    assert math.isnan(found["start"])
