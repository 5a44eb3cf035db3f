"""What other programs read: every file is read back with a library that did not write it."""

import json
import math
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
import textgrid
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st
from pympi.Elan import Eaf
from pympi.Praat import TextGrid as PympiTextGrid

from empdetect.errors import InputError
from empdetect.scores import Scores
from empdetect.writers.bids import events_paths, write_description, write_events
from empdetect.writers.eaf import write_eaf
from empdetect.writers.textgrid import write_textgrid
from empdetect.writers.tiers import tiers_of
from empdetect.writers.vtt import write_vtt

NASTY = 'Zoë <b>"O\'Neil" & söhne --> '


def row(start: float, end: float, **others: Any) -> dict[str, Any]:
    return {
        "recording": "s1/talk",
        "participant": "Ann",
        "start": start,
        "end": end,
        "measure": "empathy",
        "score": 0.25,
        "low": 0.1,
        "high": 0.4,
        "quality": 0.9,
        "modalities": "audio:0.90",
        **others,
    }


LOST = {"score": math.nan, "low": math.nan, "high": math.nan, "reason": "audio: <silence>"}
TALK = Scores.of(
    [
        row(0, 6),
        row(6, 12.5, score=0.75, low=math.nan, high=math.nan),
        row(12.5, 20, **LOST),
        row(0, 6, measure="distress", score=3.5, low=2, high=5),
        row(3, 9, participant=NASTY),
        row(3, 9, participant=NASTY, measure="distress"),
        row(math.nan, math.nan, participant="no clock"),
    ],
    {"detector": "tiny"},
)


def test_captions(tmp_path: Path) -> None:
    captions = webvtt.read(write_vtt(TALK, tmp_path / "deep" / "a.vtt"))
    assert [(c.start, c.end, c.voice) for c in captions] == [
        ("00:00:00.000", "00:00:06.000", "Ann"),
        ("00:00:03.000", "00:00:09.000", captions[1].voice),
        ("00:00:06.000", "00:00:12.500", "Ann"),
        ("00:00:12.500", "00:00:20.000", "Ann"),
    ]
    assert captions[0].text == "empathy 0.250 [0.100, 0.400]\ndistress 3.500 [2.000, 5.000]"
    assert captions[2].text == "empathy 0.750"
    assert "audio: " in captions[3].text
    assert captions[1].voice is not None
    assert captions[1].voice.startswith("Zoë")


def test_elan(tmp_path: Path) -> None:
    film = tmp_path / "a film.mp4"
    path = write_eaf(TALK, tmp_path / "a.eaf", film)
    write_eaf(TALK, path, film)
    assert not list(tmp_path.glob("*.bak"))
    eaf = Eaf(str(path))
    assert eaf.get_annotation_data_for_tier("Ann empathy") == [
        (0, 6000, "0.250 [0.100, 0.400]"),
        (6000, 12500, "0.750"),
        (12500, 20000, "n/a: audio: <silence>"),
    ]
    assert eaf.get_parameters_for_tier("Ann distress")["PARTICIPANT"] == "Ann"
    assert f"{NASTY} empathy" in eaf.get_tier_names()
    assert eaf.get_linked_files()[0]["MEDIA_URL"] == film.as_uri()
    slots = [int(slot.attrib["TIME_VALUE"]) for slot in ET.parse(path).getroot().iter("TIME_SLOT")]
    assert set(slots) == {0, 3000, 6000, 9000, 12500, 20000}


def test_praat(tmp_path: Path) -> None:
    path = write_textgrid(TALK, tmp_path / "a.TextGrid")
    for tier in textgrid.TextGrid.fromFile(str(path)).tiers:
        assert (tier.minTime, tier.maxTime) == (0, 20)
        assert all(one.maxTime == other.minTime for one, other in pairwise(tier))
    read = PympiTextGrid(str(path))
    assert read.get_tier("Ann empathy").get_all_intervals()[0] == (0.0, 6.0, "0.250 [0.100, 0.400]")
    assert [text for *_, text in read.get_tier("Ann distress").get_all_intervals()] == ["3.500 [2.000, 5.000]", ""]


def test_windows_that_overlap_are_all_there(tmp_path: Path) -> None:
    scores = Scores.of([row(start, start + 6, score=start / 100) for start in range(0, 20, 2)])
    tiers = tiers_of(scores)
    assert [tier.name for tier in tiers] == ["Ann empathy", "Ann empathy (2)", "Ann empathy (3)"]
    eaf = Eaf(str(write_eaf(scores, tmp_path / "a.eaf")))
    grid = textgrid.TextGrid.fromFile(str(write_textgrid(scores, tmp_path / "a.TextGrid")))
    wanted = sorted(f"{start / 100:.3f} [0.100, 0.400]" for start in range(0, 20, 2))
    assert sorted(v for n in eaf.get_tier_names() for *_, v in eaf.get_annotation_data_for_tier(n)) == wanted
    assert sorted(i.mark for tier in grid.tiers for i in tier if i.mark) == wanted


def test_recordings_without_a_clock_give_files_without_windows(tmp_path: Path) -> None:
    scores = Scores.of([row(math.nan, math.nan)])
    assert len(webvtt.read(write_vtt(scores, tmp_path / "a.vtt"))) == 0
    assert Eaf(str(write_eaf(scores, tmp_path / "a.eaf"))).get_annotation_data_for_tier("Ann empathy") == []
    assert len(textgrid.TextGrid.fromFile(str(write_textgrid(scores, tmp_path / "a.TextGrid"))).tiers) == 1
    assert write_events(scores, tmp_path / "a_events.tsv") is None


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12)
TIMES = st.floats(-5, 4000)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES, TIMES, st.floats(0, 20)), min_size=1, max_size=6))
def test_whatever_the_names_and_times_all_can_be_read(given_rows: list[tuple[str, str, float, float]]) -> None:
    scores = Scores.of([row(start, start + long, participant=p, measure=m) for p, m, start, long in given_rows])
    with TemporaryDirectory() as folder:
        captions = webvtt.read(write_vtt(scores, Path(folder, "a.vtt")))
        eaf = Eaf(str(write_eaf(scores, Path(folder, "a.eaf"))))
        grid = textgrid.TextGrid.fromFile(str(write_textgrid(scores, Path(folder, "a.TextGrid"))))
    assert len(eaf.get_tier_names()) == len(grid.tiers) == len(tiers_of(scores))
    assert sum(bool(i.mark) for tier in grid.tiers for i in tier) == len(given_rows)
    assert 1 <= len(captions) <= len(given_rows)


def test_events_are_valid_bids(tmp_path: Path) -> None:
    write_description(tmp_path)
    names = ["sub-01/beh/sub-01_task-talk", "sub-01/ses-a/beh/sub-01_ses-a_task-talk_run-2", "s1/Ünï talk", "s2/talk"]
    for name, path in events_paths(names).items():
        assert write_events(TALK, tmp_path / path) == tmp_path / path, name
    done = subprocess.run(
        [Path(sys.executable).with_name("bids-validator-deno"), tmp_path, "--format", "json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stdout
    assert not [issue for issue in found["issues"]["issues"] if issue["severity"] == "error"]
    assert found["summary"]["subjects"] and len(found["summary"]["subjects"]) == 3
    table = pd.read_csv(tmp_path / events_paths(names)["s2/talk"], sep="\t", na_values=["n/a"])
    assert list(table.columns[:2]) == ["onset", "duration"]
    assert list(table["onset"]) == sorted(table["onset"])
    assert table["score"].isna().sum() == 1
    assert "no clock" not in set(table["participant"])


def test_names_that_follow_bids_are_kept_and_others_stay_apart() -> None:
    names = ["sub-01_task-talk", "a/sub-01_task-talk", "a b", "a_b", "sub-01_task-talk_extra", "x", "sub-2_ses-b"]
    found = events_paths(names)
    assert found["sub-01_task-talk"] == Path("sub-01/beh/sub-01_task-talk_desc-empdetect_events.tsv")
    assert found["sub-2_ses-b"] == Path("sub-2/ses-b/beh/sub-2_ses-b_task-recorded_desc-empdetect_events.tsv")
    assert len({str(path).casefold() for path in found.values()}) == len(names)


@pytest.mark.parametrize("write", [write_vtt, write_eaf, write_textgrid, write_events])
def test_a_place_that_cannot_be_written(write: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="give an output folder that can be written"):
        write(TALK, tmp_path / "file" / "a.x")
