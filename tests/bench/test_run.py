"""Running a benchmark: what is reported, in which order, and that a second run says the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from empdetect.bench import command, intervals
from empdetect.bench.checks import ProtocolError
from empdetect.bench.command import run_benchmarks
from empdetect.bench.report import median_place, verdict
from empdetect.bench.results import Results, read_results
from empdetect.bench.run import run_benchmark
from empdetect.bench.system import Fold, NotAvailable
from empdetect.cli import main
from empdetect.errors import InputError
from tests.bench.tiny import TINY, Scripted, TinyDataModule, changed


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rough intervals are enough here."""
    monkeypatch.setattr(intervals, "RESAMPLES", 40)


def last(**arguments: Any) -> dict[str, Any]:
    return list(run_benchmark(TINY, **arguments))[-1]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Benchmarks by name that the command finds instead of its own."""
    there: dict[str, Any] = {"tiny": TINY}
    monkeypatch.setattr(command, "load_benchmark", lambda name: there[name])
    monkeypatch.setattr(command, "check_names", lambda names: list(names) or sorted(there))
    return there


def test_a_report_tells_all_that_the_figures_hang_on() -> None:
    report = last()
    line = report["lines"][0]
    assert line["low"] <= line["value"] <= line["high"]
    assert len(line["per_fold"]) == report["folds"] == report["folds_done"] == 3
    assert set(line["baselines"]) == {"majority", "TF-IDF"}
    assert line["ahead_of_best_baseline"]["baseline"] == "TF-IDF"
    assert line["floor"] == {"value": 0.5, "source": "a coin"}
    assert report["seeds"] == [0]
    assert {"torch", "empdetect"} <= set(report["versions"])
    assert {"cpus", "gpu", "python"} <= set(report["machine"])
    assert report["checks"]["shuffled_labels"]["measured"] <= report["checks"]["shuffled_labels"]["limit"]
    json.dumps(report, allow_nan=False)


def test_a_second_run_gives_the_same_figures() -> None:
    one, other = last(seeds=3), last(seeds=3)
    for report in (one, other):
        report.pop("minutes")
    assert one == other


def test_the_median_seed_is_shown() -> None:
    line = last(seeds=3)["lines"][0]
    assert line["value"] == sorted(line["per_seed"])[1]
    assert len(set(line["per_seed"])) > 1
    assert median_place([0.9, 0.5, 0.7, 0.6]) == 3, "of four, the lower of the two in the middle"
    assert median_place([float("nan"), 0.2, 0.1]) == 2, "an undefined figure counts as the lowest"


def test_fast_runs_one_fold_and_judges_nothing() -> None:
    report = last(fast=True, seeds=5)
    assert (report["folds_done"], report["seeds"], report["fast"]) == (1, [0], True)
    assert {line["verdict"] for line in report["lines"]} == {"not judged"}


def test_what_must_be_reached_can_hang_on_a_baseline() -> None:
    line = last()["lines"][1]
    assert line["must"] == pytest.approx(line["baselines"]["TF-IDF"]["value"] + 0.1, abs=1e-4)
    assert line["must_is"] == "TF-IDF + 0.1"
    assert line["verdict"].startswith("not reached (-")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.7, "aim reached"), (0.6, "reached"), (0.5996, "not reached (-0.0004)"), (float("nan"), "not reached")],
)
def test_verdicts(value: float, expected: str) -> None:
    assert verdict(value, 0.6, 0.7).startswith(expected)
    assert verdict(value, None, None) == ""


class Absent(Scripted):
    """Needs what is not installed."""

    def fit(self, fold: Fold, seed: int) -> None:
        raise NotAvailable("its package is not installed")


def test_a_baseline_that_cannot_run_has_a_reason_and_stops_nothing() -> None:
    told: list[str] = []
    benchmark = changed(baselines=(Absent("openTiny"), *TINY.baselines))
    report = list(run_benchmark(benchmark, tell=told.append))[-1]
    assert report["missing"] == {"openTiny": "its package is not installed"}
    assert "openTiny" not in report["lines"][0]["baselines"]
    assert len([line for line in told if "openTiny" in line]) == 1


class Leaking(TinyDataModule):
    """Every fold tests what it trained on."""

    def _split(self) -> None:
        super()._split()
        self.parts["test"] = [*self.parts["test"], self.parts["train"][0]]


def test_a_leak_stops_the_benchmark_before_anything_is_trained() -> None:
    with pytest.raises(ProtocolError, match="tiny, fold 0: the group"):
        next(run_benchmark(changed(data=Leaking)))


def test_results_are_on_disk_after_each_fold(offered: dict[str, Any], tmp_path: Path) -> None:
    class Killed(Scripted):
        def fit(self, fold: Fold, seed: int) -> None:
            if fold.number == 2:
                raise KeyboardInterrupt

    offered["tiny"], out = changed(ours=Killed()), tmp_path / "new" / "results.json"
    with pytest.raises(KeyboardInterrupt):
        run_benchmarks(["tiny"], out)
    assert read_results(out)["tiny"]["folds_done"] == 2
    assert [path.name for path in out.parent.iterdir()] == ["results.json"]


def test_one_that_fails_does_not_stop_the_others(
    offered: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(**_: object) -> TinyDataModule:
        raise InputError("Finding the data: nothing at nowhere")

    offered |= {"absent": changed(name="absent", data=gone), "leak": changed(name="leak", data=Leaking)}
    monkeypatch.setattr("empdetect.bench.catalogue.check_names", lambda names: list(names) or sorted(offered))
    assert main(["bench", "-o", str(tmp_path / "results.json")]) == 1
    shown = capsys.readouterr()
    assert "nothing at nowhere" in shown.out.replace("\n", " ")
    assert "broken protocol: leak, fold 0: the group" in shown.err
    assert set(read_results(tmp_path / "results.json")) == {"tiny"}
    assert main(["bench", "tiny", "-o", str(tmp_path / "results.json")]) == 0


def test_results_of_other_benchmarks_stay_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    report = {"fast": False, "folds": 5, "folds_done": 5}
    Results(path).keep("one", report)
    Results(path).keep("two", {"title": "a study, written at its end"})
    assert set(read_results(path)) == {"one", "two"}


def test_a_part_replaces_no_whole_and_a_failure_is_kept_until_a_whole_one_comes(tmp_path: Path) -> None:
    path, whole = tmp_path / "results.json", {"fast": False, "folds": 5, "folds_done": 5}
    for number, report in enumerate(
        [whole | {"folds_done": 2}, whole, whole | {"folds_done": 1}, whole | {"fast": True}]
    ):
        Results(path).keep("one", report | {"number": number})
        assert read_results(path)["one"]["number"] == min(number, 1)
    Results(path).fail("one", "broken protocol: a group is in two parts")
    assert Results(path).failures == {"one": "broken protocol: a group is in two parts"}
    assert read_results(path)["one"]["number"] == 1
    Results(path).keep("one", whole | {"number": 9})
    assert Results(path).failures == {} and read_results(path)["one"]["number"] == 9


@pytest.mark.parametrize("content", ["not JSON", '{"name": "other"}', "[]"])
def test_another_file_is_not_overwritten(content: str, tmp_path: Path) -> None:
    path = tmp_path / "precious.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="name another file"):
        run_benchmarks(["epitome"], path)
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"seeds": 0}, "'seeds' must be 1 or more"), ({"fast": True, "save": Path("x")}, "--fast")],
)
def test_settings_that_do_not_go_together_are_refused(arguments: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        run_benchmarks(["epitome"], tmp_path / "results.json", **arguments)
