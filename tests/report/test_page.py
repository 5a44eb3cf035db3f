"""The report: one file that says all, opens offline, and lets nothing leave the machine."""

import json
import math
import re
import shutil
import subprocess
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from plotly.graph_objects import Figure

from empdetect.errors import InputError
from empdetect.report import Extras, write_report
from empdetect.report.figures import COLOURS
from empdetect.scores import Scores
from empdetect.streams.transcript import Transcript, Utterance
from empdetect.task import Target, Task

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NAME = "</script><img src=x onerror=alert(1)>"
"""A participant's name that would break a page that trusts it."""

TASK = Task((Target("empathy", "binary"), Target("distress", "regression", range=(1, 7))), window=10.0)
ABOUT = {
    "detector": "tiny <b>",
    "fingerprint": "00ff",
    "task": TASK.to_dict(),
    "modalities": ["audio", "text", "video"],
    "calibrated": True,
    "device": "cpu",
    "started": "2026-01-02T03:04:05+00:00",
    "versions": {"empdetect": "0.1.0"},
    "limits": "It is not a diagnosis.",
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


def figures(path: Path) -> list[dict[str, Any]]:
    found = re.search(r'id="figures">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    loaded: list[dict[str, Any]] = json.loads(found[1])
    return loaded


def own_part(path: Path) -> str:
    """The page without Plotly's own code."""
    return re.sub(r"<script>.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_first_screen_says_all(tmp_path: Path) -> None:
    page = own_part(report(tmp_path))
    for said in (
        "<h1>s1/talk</h1>",
        "40.0 s",
        "1 min 10 s",
        "7 of 8 windows",
        "audio: silence; text: no words",
        "tiny &lt;b&gt;",
        "calibrated on held-out segments, with 90% intervals",
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
    assert figures(path), "the data are still whole"
    assert all("<img" not in a["text"] for a in figures(path)[0]["layout"]["annotations"])


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


def test_the_figure_is_valid_and_shows_every_window(tmp_path: Path) -> None:
    [figure] = figures(report(tmp_path))
    drawn = Figure({"data": figure["data"], "layout": figure["layout"]})
    dots = [trace for trace in drawn.data if trace.type == "scatter" and trace.mode == "markers"]
    assert [len(trace.x) for trace in dots] == [3, 3, 4, 4]
    gaps = [trace for trace in drawn.data if trace.type == "scatter" and "not scored" in str(trace.text)]
    assert [(min(trace.x), max(trace.x)) for trace in gaps] == [(10, 20)] * 2
    strips = [trace for trace in drawn.data if trace.type == "heatmap"]
    assert [list(trace.y) for trace in strips] == [["video", "text", "audio"]] * 2
    assert [row[1] for row in strips[0].z] == [0, 0, 0]
    assert [row[0] for row in strips[0].z] == [0, 1.0, 0.8]
    lines = [trace for trace in drawn.data if trace.type == "scatter" and trace.mode == "lines"]
    assert lines[0].line.color == COLOURS[0]
    assert lines[-1].line.color == COLOURS[1]
    assert None in lines[0].x, "the line breaks where there is no score"


def test_the_band_breaks_only_where_an_interval_is_missing(tmp_path: Path) -> None:
    table = rows(4, ("Ann", "Ben"))
    for row in table:
        if row["participant"] == "Ben" and row["start"] == 10:
            row["low"] = row["high"] = math.nan
    [figure] = figures(write_report(Scores.of(table, ABOUT), tmp_path / "r.html"))
    bands = [t for t in figure["data"] if t.get("fill") == "toself" and t.get("hoverinfo") == "skip"]
    assert bands[2]["x"] == [0, 10, 10, 0, None, 20, 30, 30, 40, 40, 30, 30, 20]


def test_long_recordings_stay_small_and_get_a_clock(tmp_path: Path) -> None:
    path = write_report(Scores.of(rows(3000, ("Ann",)), ABOUT), tmp_path / "r.html")
    [figure] = figures(path)
    assert figure["layout"]["xaxis"]["type"] == "date"
    assert all(len(trace["x"]) < 6000 for trace in figure["data"])
    # Plotly takes small numbers on a date axis for years.
    assert all(x is None or x >= figure["zero"] > 1e9 for trace in figure["data"] for x in trace["x"])
    assert path.stat().st_size < 8_000_000


def test_a_recording_without_clock_has_no_timeline(tmp_path: Path) -> None:
    scores = Scores.of(rows(2, clock=False), {**ABOUT, "calibrated": False})
    transcript = Transcript((Utterance("hello", "Ann"),))
    page = own_part(write_report(scores, tmp_path / "r.html", extras={"s1/talk": Extras(transcript=transcript)}))
    assert 'class="plot"' not in page
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
    assert len(figures(path)) == 2
    assert "<h1>2 recordings</h1>" in own_part(path)
    assert "2 recordings were scored" in own_part(path)


def test_what_cannot_be_reported(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the table has no rows"):
        write_report(Scores.of([]), tmp_path / "r.html")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="give an output folder"):
        write_report(Scores.of(rows(1)), tmp_path / "file" / "r.html")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("windows", [4, 40])
def test_it_renders_in_a_browser_and_asks_nothing_of_the_network(windows: int, tmp_path: Path) -> None:
    path = report(tmp_path, windows)
    # What a reader does: click the last line of the transcript, then a moment of the timeline.
    page = path.read_text(encoding="utf-8").replace(
        "</body>",
        """<script>
        window.onerror = (message) => { document.body.dataset.error = message; };
        document.addEventListener("securitypolicyviolation", (event) => {
          document.body.dataset.error = event.blockedURI; });
        setTimeout(() => {
          const plot = document.querySelector(".plot"), lines = document.querySelectorAll(".words li");
          lines[lines.length - 1].click();
          document.body.dataset.marked = JSON.stringify(plot.layout.shapes);
          plot.emit("plotly_click", { points: [{ x: plot._fullLayout.xaxis.type === "date"
            ? "1970-04-11 00:00:01" : 1 }] });
          document.body.dataset.line = document.querySelector(".words li.now").dataset.start;
          document.body.dataset.asked = performance.getEntriesByType("resource").length;
          document.body.dataset.drawn = document.querySelectorAll(".plot .main-svg .scatterlayer .trace").length;
        }, 1500);
        </script></body>""",
    )
    (tmp_path / "clicked.html").write_text(page, encoding="utf-8")
    body = browse(tmp_path / "clicked.html")
    assert "data-error" not in body, body
    assert 'data-line="0.5"' in body
    assert int(re.findall(r'data-drawn="(\d+)"', body)[0]) >= 8
    [shape] = json.loads(re.findall(r'data-marked="([^"]*)"', body)[0].replace("&quot;", '"'))
    [figure] = figures(path)
    assert (shape["x1"] - figure["zero"]) / figure["scale"] == pytest.approx(10 * windows - 1)
    assert 'data-asked="0"' in body


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
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
      for (const kind of ["fetch", "image", "beacon", "style"]) {{
        const url = "http://127.0.0.1:{server.server_port}/" + kind;
        try {{
          if (kind === "fetch") fetch(url, {{ mode: "no-cors" }}).catch(() => 0);
          if (kind === "image") new Image().src = url;
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
        assert "/image" in asked, "without the policy the listener hears it"
        asked.clear()
        (tmp_path / "shut.html").write_text(text.replace("<body>", leak), encoding="utf-8")
        browse(tmp_path / "shut.html")
        assert asked == []
    finally:
        server.shutdown()
        server.server_close()


def browse(page: Path) -> str:
    """Attributes of the body after the page has run for some seconds."""
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={page.with_suffix('.profile')}", "--virtual-time-budget=5000", "--window-size=1280,1200",
            "--dump-dom", str(page),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    body = re.search(r"<body([^>]*)>", done.stdout)
    assert body is not None
    return body[1]
