"""The report: one file that says all, opens offline, and lets nothing leave the machine."""

import json
import math
import re
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from empdetect.errors import InputError
from empdetect.report import Extras, Medium, write_report
from empdetect.report.summary import MOST_WINDOWS
from empdetect.scores import Scores
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task
from tests.browser import LEGIBLE, act, browse, needs_browser
from tests.scoring.light import write_sound

NAME = "</script><img src=x onerror=alert(1)>"
"""A participant's name that would break a page that trusts it."""

TASK = Task((Target("empathy", "binary"), Target("distress", "regression", range=(1, 7))), window=10.0)
ABOUT = {
    "detector": "tiny <b>",
    "fingerprint": "00ff",
    "task": TASK.to_dict(),
    "modalities": ["audio", "text", "video"],
    "calibrated": True,
    "version": "0a1b2c3d4e5f",
    "calibration": "f5e4d3c2b1a0",
    "device": "cpu",
    "started": "2026-01-02T03:04:05+00:00",
    "versions": {"empdetect": "0.1.0"},
    "limits": "It is not a diagnosis.",
    "references": ["Somebody et al., 2001 (ears)"],
}


def rows(windows: int, people: tuple[str, ...] = ("Ann", NAME), clock: bool = True) -> list[dict[str, Any]]:
    """Scores of a recording in which the second window of the first person is lost."""
    found = []
    for person in people:
        for index in range(windows):
            lost = index == 1 and person == people[0]
            for measure, low, high in (("empathy", 0.2, 0.4), ("distress", 2.0, 4.0)):
                found.append(
                    {
                        "recording": "s1/talk",
                        "participant": person,
                        "start": 10.0 * index if clock else math.nan,
                        "end": 10.0 * index + 10 if clock else math.nan,
                        "measure": measure,
                        "score": math.nan if lost else (low + high) / 2,
                        "low": math.nan if lost else low,
                        "high": math.nan if lost else high,
                        "quality": 0.0 if lost else 0.6,
                        "modalities": "" if lost else "audio:0.80 text:1.00",
                        "reason": "audio: silence; text: no words" if lost else "",
                    }
                )
    return found


def words(seconds: float) -> Transcript:
    return Transcript(
        (Utterance("hello <i>there</i>", "Ann", 0.5, 3.0), Utterance("hi", NAME, seconds - 4, seconds - 1))
    )


def report(folder: Path, windows: int = 4) -> Path:
    extras = Extras(10.0 * windows, 2.0, words(10.0 * windows), ("a.wav is given to nobody",))
    return write_report(Scores.of(rows(windows), ABOUT), folder / "r.html", extras={"s1/talk": extras})


def numbers(path: Path) -> list[dict[str, Any]]:
    found = re.search(r'id="numbers">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    loaded: list[dict[str, Any]] = json.loads(found[1])
    return loaded


def own_part(path: Path) -> str:
    """The page without its scripts."""
    return re.sub(r"<script>.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_first_screen_says_all(tmp_path: Path) -> None:
    page = own_part(report(tmp_path))
    for said in (
        "<h1>s1/talk</h1>",
        "40.0 s",
        "1 min 10 s",
        "7 of 8 windows",
        "audio: silence; text: no words",
        "tiny &lt;b&gt;, version 0a1b2c3d4e5f",
        "calibrated on held-out segments, with 90% intervals, version f5e4d3c2b1a0",
        "2026-01-02 03:04:05 UTC",
        "20.0 × real time",
        "a.wav is given to nobody",
        "<b>0.30</b>",
        "0.20 to 0.40",
        "It is not a diagnosis.",
        "1 recording was scored for empathy, distress in windows of 10 s with empdetect 0.1.0",
        "1 of 8 windows could not be scored and were left out",
        "hello &lt;i&gt;there&lt;/i&gt;",
    ):
        assert said in page, said


def test_no_name_or_word_becomes_code(tmp_path: Path) -> None:
    path = report(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert NAME not in text
    assert "<img src=x" not in text
    assert numbers(path)[0]["people"][1]["name"] == NAME, "the data are still whole"


def test_nothing_is_loaded_from_anywhere(tmp_path: Path) -> None:
    path = report(tmp_path)
    page = own_part(path)
    tags: list[tuple[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in ("img", "iframe", "object", "embed", "video", "audio")
            tags.extend(attrs)

    Reader().feed(page)
    assert {value for name, value in tags if name in ("src", "href", "action", "srcset", "data")} == {"data:,"}
    assert not [name for name, _ in tags if name.startswith("on")]
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


def test_a_page_is_small(tmp_path: Path) -> None:
    assert report(tmp_path).stat().st_size < 80_000
    path = write_report(Scores.of(rows(5000, ("Ann",)), ABOUT), tmp_path / "long.html")
    assert len(numbers(path)[0]["people"][0]["times"]) <= MOST_WINDOWS
    assert path.stat().st_size < 1_000_000


def test_a_recording_without_clock_has_no_timeline(tmp_path: Path) -> None:
    scores = Scores.of(rows(2, clock=False), {**ABOUT, "calibrated": False})
    transcript = Transcript((Utterance("hello", "Ann"),))
    page = own_part(write_report(scores, tmp_path / "r.html", extras={"s1/talk": Extras(transcript=transcript)}))
    assert 'class="timeline"' not in page
    assert "the recording has no clock" in page
    assert "hello" in page
    assert "not calibrated" in page


def test_nothing_but_lost_windows(tmp_path: Path) -> None:
    scores = Scores.of(rows(2)[2:4], ABOUT)
    page = own_part(write_report(scores, tmp_path / "r.html"))
    assert "no score" in page
    assert "0 of 1 window" in page


def test_scores_of_unknown_origin(tmp_path: Path) -> None:
    page = own_part(write_report(Scores.of(rows(2)), tmp_path / "deep" / "r.html", title="Mine"))
    assert "<h1>Mine</h1>" in page
    assert "not stated" in page
    assert "not a diagnosis" in page, "the limits are always told"


def test_several_recordings_share_a_page(tmp_path: Path) -> None:
    both = rows(2) + [{**row, "recording": "s2/talk"} for row in rows(3)]
    path = write_report(Scores.of(both, ABOUT), tmp_path / "r.html")
    assert len(numbers(path)) == 2
    assert "<h1>2 recordings</h1>" in own_part(path)
    assert "2 recordings were scored" in own_part(path)


def test_what_cannot_be_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the table has no rows"):
        write_report(Scores.of([]), tmp_path / "r.html")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="give an output folder"):
        write_report(Scores.of(rows(1)), tmp_path / "file" / "r.html")


@needs_browser
@pytest.mark.parametrize("windows", [4, 40])
def test_a_click_goes_to_the_moment_and_asks_nothing_of_the_network(windows: int, tmp_path: Path) -> None:
    seen = act(
        report(tmp_path, windows),
        """
        const root = document.querySelector(".timeline"), panel = root.querySelector(".panel .view");
        click(panel, 0.02 * 4 / WINDOWS);
        const first = document.querySelector(".words li.now").dataset.start;
        const lines = document.querySelectorAll(".words li");
        lines[lines.length - 1].click();
        const at = Number(root.dataset.now);
        point("pointermove", panel, 0.9);
        const told = document.querySelector(".told").textContent;
        point("pointermove", panel, 0.375 * 4 / WINDOWS);
        const why = document.querySelector(".told").textContent;
        const ticks = () => Array.from(root.querySelector(".axis .canvas").children, (tick) => tick.textContent);
        const whole = ticks();
        drag(panel, 0.5, 0.75);
        const zoomed = root.style.getPropertyValue("--width");
        const closer = ticks();
        root.dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
        root.dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));
        root.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
        return { first, at, told, why, whole, zoomed, closer, all: root.style.getPropertyValue("--width"),
                 next: root.dataset.now, said: document.querySelector(".status").textContent,
                 scores: document.querySelectorAll("path.score").length,
                 asked: performance.getEntriesByType("resource").length };
        """.replace("WINDOWS", str(windows)),
    )
    length = 10 * windows
    assert seen["first"] == "0.5"
    assert seen["at"] == length - 4
    assert "empathy 0.300 (90% interval 0.200 to 0.400)" in seen["told"]
    assert "signal quality: audio 0.80, text 1.00, video missing" in seen["told"]
    assert "not scored: audio: silence; text: no words" in seen["why"]
    assert seen["whole"][0] == "0:00"
    assert float(seen["zoomed"].rstrip("%")) == pytest.approx(400, rel=0.01)
    assert seen["closer"] != seen["whole"]
    assert seen["all"] == "100%"
    assert seen["next"] == "10.00"
    assert seen["said"].startswith("0:10.0 to 0:20.0")
    assert seen["scores"] == 4
    assert seen["asked"] == 0


@needs_browser
def test_a_click_goes_there_in_the_linked_sound(tmp_path: Path) -> None:
    sounds = [write_sound(tmp_path / "in" / f"{name} ü#1.wav", 40) for name in ("a", "b")]
    media = (Medium(sounds[0], "audio"), Medium(sounds[1], "audio", offset=-1.5), Medium(tmp_path / "no.mp4", "video"))
    path = write_report(
        Scores.of(rows(4), ABOUT), tmp_path / "out" / "deep" / "r.html", extras={"s1/talk": Extras(40.0, media=media)}
    )
    seen = act(
        path,
        """
        const players = Array.from(document.querySelectorAll("audio, video"));
        await pause(1500);
        click(document.querySelector(".panel .view"), 0.75);
        await pause(500);
        players[0].muted = true;
        await players[0].play().catch(() => 0);
        await pause(1500);
        return { links: players.map((p) => p.getAttribute("src")), times: players.map((p) => p.currentTime),
                 shown: Array.from(document.querySelectorAll(".choose"), (c) => !c.hidden),
                 now: Number(document.querySelector(".timeline").dataset.now),
                 from: Array.from(new Set(performance.getEntriesByType("resource").map((e) => e.name.split(":")[0]))) };
        """,
    )
    assert seen["links"] == ["../../in/a%20%C3%BC%231.wav", "../../in/b%20%C3%BC%231.wav", "../../no.mp4"]
    assert seen["times"][0] >= 30
    assert seen["times"][1] == pytest.approx(31.5, abs=0.1)
    assert seen["shown"] == [False, False, True], "what cannot be played can be chosen by hand"
    assert seen["now"] >= 30, "the cursor follows the sound"
    assert set(seen["from"]) <= {"file"}


@needs_browser
def test_the_first_screen_of_a_laptop_holds_what_users_ask_for(tmp_path: Path) -> None:
    seen = act(
        report(tmp_path),
        """
        const top = (choice) => Math.max(...Array.from(document.querySelectorAll(choice),
          (e) => e.getBoundingClientRect().bottom));
        return { bottom: ["h1", ".first", ".cards", ".people", ".about", ".limits", ".methods"].map(top),
                 score: document.querySelector("path.score").getBoundingClientRect().bottom,
                 wide: document.documentElement.scrollWidth };
        """,
    )
    assert max(seen["bottom"]) < 600
    assert seen["score"] < 800, "the timeline begins on it"
    assert seen["wide"] <= 1280


@needs_browser
def test_many_measures_stand_side_by_side_and_still_fit(tmp_path: Path) -> None:
    names = [f"a_long_name_of_measure_{number}" for number in range(13)]
    single = [row for row in rows(4) if row["measure"] == "empathy"]
    table = [{**row, "measure": name, "carried": "text:-0.125"} for name in names for row in single]
    about = {**ABOUT, "task": Task(tuple(Target(name, "binary") for name in names), window=10.0).to_dict()}
    path = write_report(Scores.of(table, about), tmp_path / "r.html")
    assert own_part(path).count("text −0.125") == 2 * 2 * 13, "in the table of what carried them, and on pointing"
    seen = act(
        path,
        """
        const bottom = (element) => element.getBoundingClientRect().bottom;
        return { rows: document.querySelectorAll(".people .matrix tbody tr").length,
                 first: bottom(document.querySelector(".first")), score: bottom(document.querySelector("path.score")),
                 wide: document.documentElement.scrollWidth };
        """,
    )
    assert seen["rows"] == 14
    assert seen["first"] < 720
    assert seen["score"] < 900
    assert seen["wide"] <= 1280


@needs_browser
@pytest.mark.parametrize("width", [500, 900, 1280])
def test_all_text_is_dark_enough_and_nothing_is_cut_off(width: int, tmp_path: Path) -> None:
    seen = act(report(tmp_path), LEGIBLE, width)
    assert seen["pale"] == [], "text needs a contrast of 4.5 (WCAG 2.2, 1.4.3)"
    assert seen["small"] == []
    assert seen["wide"] <= width


@needs_browser
def test_the_browser_keeps_even_a_broken_in_script_from_sending(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    leak = f"""<body data-start="1"><script>
      for (const kind of ["fetch", "image", "beacon", "style", "sound"]) {{
        const url = "http://127.0.0.1:{server.server_port}/" + kind;
        try {{
          if (kind === "fetch") fetch(url, {{ mode: "no-cors" }}).catch(() => 0);
          if (kind === "image") new Image().src = url;
          if (kind === "sound") new Audio(url).load();
          if (kind === "beacon") navigator.sendBeacon(url);
          if (kind === "style") document.head.insertAdjacentHTML("beforeend", `<link rel=stylesheet href=${{url}}>`);
        }} catch (error) {{}}
      }}</script>"""
    try:
        text = report(tmp_path).read_text(encoding="utf-8")
        policy = re.search(r'<meta http-equiv="Content-Security-Policy"[^>]*>', text)
        assert policy is not None
        (tmp_path / "open.html").write_text(text.replace(policy[0], "").replace("<body>", leak), encoding="utf-8")
        browse(tmp_path / "open.html")
        assert {"/image", "/sound"} <= set(asked), "without the policy the listener hears it"
        asked.clear()
        (tmp_path / "shut.html").write_text(text.replace("<body>", leak), encoding="utf-8")
        browse(tmp_path / "shut.html")
        assert asked == []
    finally:
        server.shutdown()
        server.server_close()
