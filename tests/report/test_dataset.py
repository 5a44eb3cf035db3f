"""The page of many recordings: what was scored, what was not, what to check, sorted as the reader likes."""

import math
from pathlib import Path
from typing import Any

import pytest

from empdetect.errors import InputError
from empdetect.report import Overview
from empdetect.report.dataset import BINS
from empdetect.scores import Scores
from empdetect.task import Target, Task
from tests.browser import LEGIBLE, act, needs_browser
from tests.report.test_page import ABOUT, NAME, own_part, rows

SILENT = ("/in/empty.wav", "empty", "Reading empty.wav: the file is empty (0 bytes)")


def shifted(recording: str, by: float, **change: Any) -> Scores:
    """Scores of a recording of one person, other than those of the next by ``by``."""
    table = [
        {**row, "recording": recording, **{name: row[name] + by for name in ("score", "low", "high")}, **change}
        for row in rows(4, ("Ann",))[2:]
        if row["start"] != 10
    ]
    return Scores.of(table, ABOUT)


def page(folder: Path, recordings: int = 12) -> Path:
    overview = Overview(ABOUT)
    for number in range(recordings):
        name = f"talk {number + 1}"
        overview.add(shifted(name, 0.04 * number), folder / "reports" / f"{name}#.html", 2.0)
    overview.add(shifted("odd", 0.1, modalities="audio:0.20 text:1.00", reason="doubtful: audio unlike"))
    lost = dict.fromkeys(("score", "low", "high"), math.nan)
    overview.add(Scores.of([{**row, **lost, "recording": NAME, "reason": "silence"} for row in rows(2)], ABOUT))
    return overview.write(folder / "report.html", [SILENT], [("a.mp4", "talk 1", "a.wav is given to nobody")])


def test_it_tells_what_was_scored_what_failed_and_what_to_check(tmp_path: Path) -> None:
    text = own_part(page(tmp_path))
    for said in (
        "<h1>14 recordings</h1>",
        "15 participants in them",
        "26 of 30 windows",
        "the file is empty (0 bytes)",
        "a.wav is given to nobody",
        "2 of 2 windows not scored, mostly: silence",
        "2 of 2 windows doubtful, mostly: doubtful: audio unlike; low signal quality: audio 0.20",
        "13 of 15 participants, mean 0.51",
        'href="reports/talk%201%23.html"',
        "14 recordings were scored for empathy, distress",
        "4 of 30 windows could not be scored",
        "It is not a diagnosis.",
        "References: Somebody et al., 2001 (ears).",
        "24.0 s",
    ):
        assert said in text, said
    assert NAME not in text
    assert text.index("silence") < text.index("audio unlike"), "what is worst stands first"
    assert "http" not in text.replace("http-equiv", "")


def test_the_bars_hold_every_participant(tmp_path: Path) -> None:
    text = own_part(page(tmp_path))
    counts = [int(part.split(" ", 1)[0]) for part in text.split('title="') if " participant" in part[:16]]
    assert len(counts) == 2 * BINS
    assert sum(counts) == 2 * 13


def test_a_hundred_recordings_of_many_classes_stay_small(tmp_path: Path) -> None:
    classes = tuple(f"feeling {number}" for number in range(32))
    about = {**ABOUT, "task": Task((Target("mood", "nominal", classes=classes),), window=10.0).to_dict()}
    overview = Overview(about)
    for number in range(100):
        table = [
            {**rows(1)[0], "recording": f"{number}", "measure": f"mood={name}", "score": 1 / 32} for name in classes
        ]
        overview.add(Scores.of(table, about))
    path = overview.write(tmp_path / "report.html")
    assert path.stat().st_size < 1_000_000
    assert "16 further measures stand in overall.tsv" in own_part(path)


def test_recordings_without_clock_and_failures_alone(tmp_path: Path) -> None:
    overview = Overview({})
    overview.add(Scores.of(rows(2, clock=False)))
    assert "n/a" in own_part(overview.write(tmp_path / "a.html"))
    assert "<h1>0 recordings</h1>" in own_part(Overview({}).write(tmp_path / "b.html", [SILENT]))
    with pytest.raises(InputError, match="no recording was scored"):
        Overview({}).write(tmp_path / "c.html")


@needs_browser
def test_a_click_sorts_and_names_are_found(tmp_path: Path) -> None:
    seen = act(
        page(tmp_path),
        """
        const table = document.getElementById("participants");
        const rows = () => Array.from(table.tBodies[0].rows).filter((row) => !row.hidden);
        const names = () => rows().map((row) => row.cells[0].textContent);
        const click = (name) => Array.from(table.querySelectorAll("th button"), (b) => b)
          .find((b) => b.textContent === name).click();
        click("Recording"); const byName = names();
        click("empathy"); const byScore = names();
        click("empathy"); const turned = names();
        const order = table.querySelector("[aria-sort=ascending]").textContent;
        const only = document.getElementById("only");
        only.value = "Talk 1"; only.dispatchEvent(new Event("input"));
        return { byName, byScore, turned, order, found: names(), told: document.getElementById("shown").textContent,
                 asked: performance.getEntriesByType("resource").length };
        """,
    )
    assert seen["byName"].index("talk 2") < seen["byName"].index("talk 10")
    assert seen["byScore"][0] == "talk 12"
    assert seen["byScore"][-1] == NAME
    assert seen["turned"][0] == "talk 1"
    assert seen["turned"][-1] == NAME, "what has no score stands last, whichever way"
    assert seen["order"] == "empathy"
    assert sorted(seen["found"]) == ["talk 1", "talk 10", "talk 11", "talk 12"]
    assert seen["told"] == "4 of 15"
    assert seen["asked"] == 0


@needs_browser
@pytest.mark.parametrize("width", [500, 1280])
def test_all_text_is_dark_enough_and_nothing_is_cut_off(width: int, tmp_path: Path) -> None:
    seen = act(page(tmp_path), LEGIBLE, width)
    assert seen["pale"] == []
    assert seen["small"] == []
    assert seen["wide"] <= width
