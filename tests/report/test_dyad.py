"""The page of two people: one file that says what may be claimed, opens offline, and lets nothing leave the machine."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plotly.graph_objects import Figure

from empdetect.errors import InputError
from empdetect.report.dyad import Dyad, LagOverTime
from empdetect.report.dyad_page import write_dyads
from tests.browser import act, needs_browser
from tests.report.test_page import NAME, own_part


def figures(path: Path) -> list[dict[str, Any]]:
    """The figures that a page holds."""
    found = re.search(r'id="figures">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    loaded: list[dict[str, Any]] = json.loads(found[1])
    return loaded


def dyad(windows: int = 40, lags: int = 101) -> Dyad:
    """A pair of whom the second follows by 1 s in every second window; some windows are not known."""
    rng = np.random.default_rng(0)
    values = rng.uniform(-0.2, 0.2, (windows, lags))
    values[3] = math.nan
    named = np.arange(windows) % 2 == 0
    over_time = LagOverTime(
        middles=20.0 + 15 * np.arange(windows),
        lags=np.linspace(-5, 5, lags),
        values=values,
        peaks=np.where(named, 1.0, rng.uniform(-5, 5, windows)),
        heights=np.full(windows, 0.4),
        q=np.where(named, 0.01, 0.7),
        named=named,
    )
    return Dyad(
        people=("Ann", NAME),
        signal="motion",
        start=5.0,
        end=35.0 + 15 * windows,
        facts=[("p", "0.001", "999 phase-randomised surrogates"), ("Lag", "+1.00 s", "0.90 to 1.10 s")],
        claims=[("association", True, "they go together"), ("lead", False, "no"), ("coupling", None, "not tested")],
        lags=np.linspace(-5, 5, lags),
        correlations=rng.uniform(-0.1, 0.2, lags),
        observed=0.19,
        p=0.001,
        surrogates=rng.uniform(0.02, 0.08, 999),
        statistic="largest |r|",
        made_of="phase-randomised surrogates",
        methods="It was compared <b>so</b>.",
        lag=(1.0, 0.9, 1.1),
        over_time=over_time,
        clocks=["The other clock is 2.000 ± 0.001 s ahead"],
    )


def test_the_page_says_what_may_be_claimed_and_what_not(tmp_path: Path) -> None:
    page = own_part(
        write_dyads("A talk", [dyad()], ["a note"], "Synchrony is not empathy.", "how", tmp_path / "d" / "r.html")
    )
    for said in (
        "<h1>A talk</h1>", "may be claimed", "may not be claimed", "not tested", "they go together",
        "The other clock is 2.000 ± 0.001 s ahead", "It was compared &lt;b&gt;so&lt;/b&gt;", "a note",
        "Synchrony is not empathy.", "Ann leads", "how",
    ):  # fmt: skip
        assert said in page, said
    assert NAME not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_figures_are_valid_and_show_what_was_found(tmp_path: Path) -> None:
    time, beside_or_lag, other = figures(write_dyads("A talk", [dyad()], [], "", "", tmp_path / "r.html"))
    drawn = Figure({"data": time["data"], "layout": time["layout"]})
    [heat] = [trace for trace in drawn.data if trace.type == "heatmap"]
    assert len(heat.x) == 40
    assert len(heat.y) == len(heat.z) == 101
    assert all(row[3] is None for row in heat.z), "what is not known is no colour"
    points = {trace.name: len(trace.x) for trace in drawn.data if trace.type == "scatter"}
    assert points["Ann leads"] == 20
    assert points["not told from chance"] == 20
    kinds = {trace["type"] for figure in (beside_or_lag, other) for trace in figure["data"]}
    assert kinds == {"bar", "scatter"}
    assert not any("<img" in str(trace.get("name")) for trace in time["data"])


def test_long_recordings_stay_small(tmp_path: Path) -> None:
    path = write_dyads("A day", [dyad(windows=5000, lags=1001)], [], "", "", tmp_path / "r.html")
    assert path.stat().st_size < 8_000_000
    assert len(figures(path)[0]["data"][0]["x"]) <= 600


def test_a_pair_without_a_test_has_no_figures_of_one(tmp_path: Path) -> None:
    untested = replace(dyad(), observed=math.nan, p=math.nan, surrogates=np.zeros(0), lag=None, over_time=None)
    path = write_dyads("A talk", [untested], [], "", "", tmp_path / "r.html")
    assert len(figures(path)) == 1
    page = own_part(path)
    assert "Lag over time" not in page
    assert "beside its surrogates" not in page


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no two people were compared"):
        write_dyads("A talk", [], [], "", "", tmp_path / "r.html")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="give an output folder"):
        write_dyads("A talk", [dyad()], [], "", "", tmp_path / "file" / "r.html")


@needs_browser
def test_it_renders_in_a_browser_and_asks_nothing_of_the_network(tmp_path: Path) -> None:
    path = write_dyads("Talks", [dyad(), replace(dyad(), lag=(-1.0, -1.1, -0.9))], [], "", "", tmp_path / "r.html")
    seen = act(
        path,
        """
        await pause(2000);
        const count = (choice) => document.querySelectorAll(choice).length;
        return { asked: performance.getEntriesByType("resource").length, plots: count(".plot .main-svg"),
                 maps: count(".plot .heatmaplayer .hm"), bars: count(".plot .barlayer .point") };
        """,
    )
    assert seen["asked"] == 0
    assert seen["maps"] == 2
    assert seen["plots"] >= 6
    assert seen["bars"] >= 16
