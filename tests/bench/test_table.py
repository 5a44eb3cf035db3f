"""The table of results, on a terminal and on a page."""

from pathlib import Path

import pytest
from rich.console import Console

from empdetect.bench import intervals
from empdetect.bench.benchmark import Figure
from empdetect.bench.catalogue import benchmark_names, load_benchmark
from empdetect.bench.results import Results, read_results
from empdetect.bench.run import run_benchmark
from empdetect.bench.table import (
    headlines_table,
    protocols_table,
    results_table,
    terminal_table,
    update_page,
    with_interval,
)
from empdetect.bench.trained import TrainedDetector
from empdetect.errors import InputError
from tests.bench.tiny import TINY

RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the results of one benchmark."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "RESAMPLES", 40)
        report = list(run_benchmark(TINY, seeds=3))[-1]
    report["missing"] = {"openTiny": "not installed"}
    Results(folder / "tiny.json").keep("tiny", report)
    return folder


def test_the_terminal_shows_every_column(results: Path) -> None:
    console = Console(width=180, record=True, file=(results / "out.txt").open("w", encoding="utf-8"))
    console.print(terminal_table(Results(results / "tiny.json").benchmarks, {"other": "not run: no data"}))
    shown = console.export_text()
    for text in ("tiny", "3 of 3 folds", "median of 3 seeds", "majority", ".800", ".60 / .90", "not run: no data"):
        assert text in shown


def test_the_page_shows_intervals_sources_machine_and_date(results: Path) -> None:
    table = results_table(results)
    head, _, first, second = table.splitlines()
    assert head.count("|") == first.count("|") == second.count("|")
    report = Results(results / "tiny.json").benchmarks["tiny"]
    for text in (
        "[Tiny](results/tiny.json)",
        f"**{with_interval(report['lines'][0])}**",
        ".500 (a coin)",
        ".800 (nobody, 1999)",
        "openTiny: not installed",
        report["date"],
        "median of 3 seeds",
    ):
        assert text in first
    assert "r of warmth" in second


def test_the_first_page_shows_the_headline_beside_the_best_baseline(results: Path) -> None:
    head, _, first = headlines_table(results).splitlines()[:3]
    assert head.count("|") == first.count("|")
    report = Results(results / "tiny.json").benchmarks["tiny"]
    line = report["lines"][0]
    best = max(found["value"] for found in line["baselines"].values())
    for text in ("Tiny (`tiny`)", f"**{with_interval(line)}**", f"{best:.3f}"[1:], ".60 / .90"):
        assert text in first
    assert head.endswith("| must / aim | verdict | measured |")
    there = report["machine"]
    where = there["gpu"] or f"{there['cpus']} CPU cores"
    assert first.endswith(f"| {line['verdict']} | {report['date']}, {where}, median of 3 seeds |")


def test_a_figure_without_an_interval_stands_alone() -> None:
    assert with_interval({"value": 0.5, "low": None, "high": None}) == ".500"
    assert with_interval({"value": None, "low": None, "high": None}) == "n/a"
    assert with_interval({"value": -0.1234, "low": -1.0, "high": 1.0}) == "-.123 [-1.000, 1.000]"


def test_a_page_is_brought_up_to_date(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n", encoding="utf-8")
    update_page(page, "results", "| new |\n")
    assert page.read_text(encoding="utf-8") == ("before\n<!-- results -->\n| new |\n<!-- end of results -->\nafter\n")
    with pytest.raises(InputError, match="it lacks the lines <!-- protocols -->"):
        update_page(page, "protocols", "")


def test_the_page_of_the_benchmarks_tells_every_protocol() -> None:
    text = (RESULTS.parent / "bench.md").read_text(encoding="utf-8")
    assert text.partition("<!-- results -->\n")[2].partition("<!-- end of results -->")[0] == results_table(RESULTS)
    assert text.partition("<!-- protocols -->\n")[2].partition("<!-- end of protocols -->")[0] == protocols_table()


@pytest.mark.parametrize("name", benchmark_names())
def test_a_kept_result_is_of_the_benchmark_as_it_is_today(name: str) -> None:
    path = RESULTS / f"{name.replace('-', '_')}.json"
    if not path.is_file():
        pytest.skip(f"{name} was not measured")
    kept, benchmark = read_results(path)[name], load_benchmark(name)
    assert (kept["title"], kept["protocol"]) == (benchmark.title, benchmark.protocol)
    for shown, line in zip(kept["lines"], benchmark.lines, strict=True):
        told = (shown["metric"], shown["aim"], shown["floor"], shown["published"])
        assert told == (line.shown, line.aim, _told(line.floor), _told(line.published))
    if isinstance(benchmark.ours, TrainedDetector):
        assert kept["settings"] == benchmark.ours.settings(), "measure it again: its configuration is another now"


def _told(figure: Figure | None) -> dict[str, object] | None:
    return None if figure is None else {"value": figure.value, "source": figure.source}
