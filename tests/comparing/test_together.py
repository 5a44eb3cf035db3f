"""Three people and more: whether the group goes together, who is tied to whom, and the page's part on it."""

import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from empdetect.cli import main
from empdetect.contagion.simulation import Conditions, simulate_groups
from empdetect.report.dyad_group import Crowd, OrderOverTime, Tie, figure_of_order, figure_of_ties
from empdetect.scores import Scores
from tests.browser import act, needs_browser

NAMES = ("ann", "ben", "cem")
RATE = 4.0


def write(folder: Path, people: np.ndarray) -> list[str]:
    """A table for each person."""
    for name, values in zip(NAMES, people, strict=True):
        times = np.arange(len(values)) / RATE
        pd.DataFrame({"time": times, "joy": values}).round(5).to_csv(folder / f"{name}.csv", index=False)
    return [str(folder / f"{name}.csv") for name in NAMES]


def run(folder: Path, people: np.ndarray, *options: str) -> tuple[int, pd.DataFrame]:
    """Exit code and rows."""
    files = write(folder, people)
    few = ("--count", "199", "--max-lag", "3", "--window", "20", "--report")
    code = main(["contagion", *files, "-o", str(folder / "out"), *few, *options])
    return code, Scores.read(folder / "out" / "scores.tsv").table


def score(rows: pd.DataFrame, who: str, measure: str) -> float:
    """Score of the first such row."""
    return float(rows[(rows["participant"] == who) & (rows["measure"] == measure)]["score"].iloc[0])


@pytest.fixture(scope="module")
def led(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, pd.DataFrame]]:
    """A group of whom Ben and Cem follow Ann."""
    folder = tmp_path_factory.mktemp("led")
    network = np.array([[0, 0.7, 0.7], [0, 0, 0], [0, 0, 0]])
    _, rows = run(folder, simulate_groups(1, network, 1.0, Conditions(seconds=240, rate=RATE), seed=1).values[0])
    yield folder, rows


def test_a_group_has_measures_beside_surrogates(led: tuple[Path, pd.DataFrame]) -> None:
    _, rows = led
    all_of_them = "ann+ben+cem"
    for name in ("order", "recurrence", "network"):
        for part in ("statistic", "p", "q", "effect"):
            assert math.isfinite(score(rows, all_of_them, f"joy.{name}.{part}")), (name, part)
        assert score(rows, all_of_them, f"joy.{name}.q") >= score(rows, all_of_them, f"joy.{name}.p")
    assert score(rows, all_of_them, "joy.network.p") == pytest.approx(1 / 200)
    assert 0 <= score(rows, all_of_them, "joy.order.statistic") <= 1


def test_who_leads_and_who_follows(led: tuple[Path, pd.DataFrame]) -> None:
    _, rows = led
    assert [score(rows, name, "joy.leads") for name in NAMES] == [2, 0, 0]
    assert score(rows, "ben", "joy.follows") == 1
    ties = [score(rows, f"ann+{name}", "joy.statistic") for name in ("ben", "cem")]
    assert score(rows, "ann", "joy.tie") == pytest.approx(np.mean(ties), abs=1e-5)


def test_a_group_in_one_rhythm_is_found_and_its_windows_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    time = np.arange(240 * RATE) / RATE
    rhythm = np.sin(2 * np.pi * 0.3 * time + np.cumsum(rng.normal(0, 0.1, len(time))))
    _, rows = run(tmp_path, rhythm + 0.3 * rng.normal(size=(3, len(time))), "--band", "0.2", "0.4", "--count", "399")
    assert score(rows, "ann+ben+cem", "joy.order.p") == pytest.approx(1 / 400)
    windows = rows[rows["measure"] == "joy.order.window_q"]
    assert (windows["score"] <= 0.05).any()
    assert rows[rows["measure"] == "joy.order.window_order"]["score"].between(0, 1).all()


def test_independent_people_are_no_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, rows = run(tmp_path, np.random.default_rng(3).normal(size=(3, 800)))
    assert all(score(rows, "ann+ben+cem", f"joy.{name}.q") > 0.05 for name in ("order", "recurrence", "network"))
    assert rows[rows["measure"] == "joy.order.window_q"]["score"].isna().all()
    assert "ann+ben+cem, joy: order: no" in capsys.readouterr().out


def test_one_person_without_a_usable_signal_leaves_the_others(tmp_path: Path) -> None:
    people = np.random.default_rng(3).normal(size=(3, 800))
    people[2] = 1.0
    code, rows = run(tmp_path, people, "--signal", "joy")
    assert code == 1
    assert math.isfinite(score(rows, "ann+ben", "joy.p"))
    reasons = rows[rows["participant"] == "ann+ben+cem"]["reason"]
    assert reasons.str.contains("all known samples are 1").all()


def test_the_page_shows_the_group(led: tuple[Path, pd.DataFrame]) -> None:
    page = (led[0] / "out" / "reports" / "ann+ben+cem.html").read_text(encoding="utf-8")
    for said in ("All together: ann, ben, cem, joy", "Who is tied to whom", "Order over time", "tests of the run"):
        assert said in page, said


def crowd(strength: float = 0.5) -> Crowd:
    """Three people, one tie of whom stands out."""
    ties = [Tie("a<b>", "ben", strength, 0.01, True, "ben", 1.0), Tie("a<b>", "cem", 0.1, 0.8, False),
            Tie("ben", "cem", math.nan, math.nan, False)]  # fmt: skip
    members = [("a<b>", 0.3, 0.0, 1.0), ("ben", 0.5, 1.0, 0.0), ("cem", math.nan, math.nan, math.nan)]
    return Crowd(("a<b>", "ben", "cem"), "joy", 0.0, 300.0, ties, members, [], "methods")


def test_the_figures_of_a_group() -> None:
    network = figure_of_ties(crowd())
    dashes = [trace["line"]["dash"] for trace in network["data"] if "line" in trace]
    assert sorted(dashes) == ["dot", "dot", "solid"]
    arrows = [note for note in network["layout"]["annotations"] if note.get("showarrow")]
    assert len(arrows) == 1
    assert "a<b>" not in json.dumps(network)
    over_time = OrderOverTime(np.arange(3.0), np.array([0.4, math.nan, 0.9]), np.array([False, False, True]), 0.6)
    order = figure_of_order(crowd(), over_time)
    assert order["data"][0]["y"] == [0.4, None, 0.9]
    assert order["data"][0]["marker"]["symbol"] == ["circle", "circle", "diamond"]


@needs_browser
def test_it_renders_in_a_browser(led: tuple[Path, pd.DataFrame]) -> None:
    seen = act(
        led[0] / "out" / "reports" / "ann+ben+cem.html",
        """
        await pause(2000);
        const count = (choice) => document.querySelectorAll(choice).length;
        return { asked: performance.getEntriesByType("resource").length, plots: count(".plot .main-svg"),
                 tables: count(".measures tbody tr"), wide: document.documentElement.scrollWidth };
        """,
    )
    assert seen["asked"] == 0
    assert seen["plots"] >= 8
    assert seen["tables"] == 3
    assert seen["wide"] <= 1280
