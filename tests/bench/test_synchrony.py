"""The commands that measure contagion: small runs, and what their figures mean."""

import json
from pathlib import Path

import numpy as np
import pytest

from empdetect.bench import (
    contagion_tests,
    couples,
    false_positives,
    measure_tests,
    synchrony_power,
    synchrony_speed,
    therapy,
)
from empdetect.bench.study import write_study
from empdetect.contagion.group_inference import compare_group
from empdetect.contagion.inference import compare_pair
from empdetect.contagion.preparation import Preparation
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.datamodules.repaired import Pair
from tests.datamodules.test_rmea import write as write_dyads
from tests.datamodules.test_rties import write as write_couples


def made_pairs(pairs: int, samples: int, rate: float) -> list[Pair]:
    """People of whom the second goes along with the first."""
    rng = np.random.default_rng(0)
    first = np.abs(rng.normal(size=(pairs, samples)).cumsum(axis=-1))
    second = first + 0.5 * rng.normal(size=(pairs, samples)).cumsum(axis=-1)
    return [
        Pair(str(n), a, np.abs(b), rate, ("normal", "dropout")[n % 2]) for n, (a, b) in enumerate(zip(first, second))
    ]


def test_a_study_says_how_to_make_it_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "study.json"
    write_study(path, "python -m x", 7, {"a": {1: np.float64(0.123456)}, "b": [np.nan, np.int64(3), np.bool_(True)]})
    found = json.loads(path.read_text())
    assert found["a"] == {"1": 0.1235}
    assert found["b"] == [None, 3, True]
    assert (found["command"], found["seed"]) == ("python -m x", 7)
    assert {"date", "commit", "machine"} <= set(found)


def test_false_positives_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(false_positives, "MEMORIES", (0.99,))
    out = tmp_path / "found.json"
    assert false_positives.main(["-o", str(out), "--pairs", "2"]) == 0
    tests = json.loads(out.read_text())["tests"]
    assert set(tests) == set(false_positives.shipped_tests())
    assert tests["correlation, prewhitened"]["trend"]["0.99"]["pairs"] == 4
    refused = tests["coupling, nothing given"]["stimulus"]["0.99"]
    assert refused["refused"] == 2
    assert refused["reason"] == "a shared stimulus could have done it"
    assert tests["peak, phase"]["none"]["0.99"]["reason"] == "too short for signals as slow as these"
    before = json.loads(out.read_text())
    before["tests"]["peak, phase"]["none"]["0.99"]["pairs"] = 77
    out.write_text(json.dumps(before))
    assert false_positives.main(["-o", str(out), "--pairs", "2", "--resume"]) == 0
    assert json.loads(out.read_text())["tests"]["peak, phase"]["none"]["0.99"]["pairs"] == 77
    assert false_positives.main(["-o", str(out), "--pairs", "2", "--only", "network, prewhitened"]) == 0
    after = json.loads(out.read_text())["tests"]
    assert set(after) == set(tests)
    assert after["peak, phase"]["none"]["0.99"]["pairs"] == 77
    assert after["network, prewhitened"] == tests["network, prewhitened"]
    capsys.readouterr()
    assert false_positives.main(["-o", str(out), "--pairs", "2", "--table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(tests) + 2
    assert "refused" in next(line for line in lines if line.startswith("| peak, phase |"))


def test_pairs_that_saw_the_same_correlate_but_are_not_coupled() -> None:
    pairs = contagion_tests.draw_pairs(50, "stimulus", 0.5, np.random.default_rng(0), strangers=True)
    late = round(contagion_tests.STIMULUS_LAG * contagion_tests.RATE)
    r = [np.corrcoef(x[:-late], y[late:])[0, 1] for x, y in pairs.values]
    assert np.mean(r) == pytest.approx(contagion_tests.STIMULUS, abs=0.05)
    assert pairs.strangers is not None
    strangers = [np.corrcoef(x[:-late], s[0, late:])[0, 1] for (x, _), s in zip(pairs.values, pairs.strangers)]
    assert np.mean(strangers) == pytest.approx(contagion_tests.STIMULUS, abs=0.05)


@pytest.mark.parametrize("trap", ["none", "stimulus"])
def test_measures_are_held_against_the_surrogates_of_users(trap: contagion_tests.Trap) -> None:
    """The study makes surrogates once for all measures; p is that of ``compare_pair`` and ``compare_group``."""
    drawn = contagion_tests.draw_pairs(3, trap, 0.5, np.random.default_rng(0), strangers=True, seconds=120.0)
    assert drawn.strangers is not None
    tests = measure_tests.measure_tests()
    preparation = Preparation(stimulus=None if drawn.stimulus is None else drawn.stimulus[1])
    for name in ("transfer entropy", "coherence"):
        statistic = measure_tests.STATISTICS[name]
        wanted = compare_pair(*drawn.values[1], 1.0, statistic, preparation=preparation, count=39, seed=1)
        assert tests[f"{name}, prewhitened"].claims(drawn)[1].p == pytest.approx(wanted.p)
    group = np.concatenate([drawn.values[1], drawn.strangers[1, :1]])
    for name in ("group recurrence", "network"):
        wanted = compare_group(
            group, 1.0, measure_tests.GROUP_STATISTICS[name], preparation=preparation, max_lag=3.0, count=39, seed=1
        )
        assert tests[f"{name}, prewhitened"].claims(drawn)[1].p == pytest.approx(wanted.p)


def test_measures_find_those_who_follow() -> None:
    """A test that claims nothing of anybody would have no false positives either."""
    made = simulate_dyads(4, 0.8, 0.0, conditions=Conditions(600.0, 1.0, 0.5)).values
    pairs = contagion_tests.Pairs(made, None, np.repeat(made[:, :1], 8, axis=1))
    found = {name: test.claims(pairs) for name, test in measure_tests.measure_tests().items()}
    for name in [*measure_tests.STATISTICS, *measure_tests.GROUP_STATISTICS]:
        if name not in ("transfer entropy", "Granger"):  # these look at the past alone
            assert all(outcome.made for outcome in found[f"{name}, prewhitened"]), name


def test_power_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synchrony_power, "MEMORIES", (0.9,))
    monkeypatch.setattr(synchrony_power, "LAGS", (0.0, 2.0))
    monkeypatch.setattr(synchrony_power, "CHECKED", ((0.5, 1.0),))
    out = tmp_path / "found.json"
    assert synchrony_power.main(["-o", str(out), "--dyads", "3"]) == 0
    found = json.loads(out.read_text())
    assert found["power"]["0.9"]["2"]["found"] == 1.0
    assert found["power"]["0.9"]["2"]["direction"] == 1.0
    assert found["minutes_to_record"]["0.3"]["1.0"] > 1


def test_speed_command(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    assert synchrony_speed.main(["-o", str(out), "--seconds", "120"]) == 0
    found = json.loads(out.read_text())
    for peer in found["peers"].values():
        assert peer["largest_difference"] < 1e-9
        assert peer["one_pass_processor_seconds"] > found["one_pass_processor_seconds"]


def test_auc_is_the_share_of_right_orders() -> None:
    scores = np.array([[3.0, 1.0, 3.0], [0.0, 2.0, 5.0], [np.nan, 1.0, 1.0]])
    # Real ones 3, 2 and 1 against 1, 3, 0, 5 and 1.
    assert couples.auc(scores) == pytest.approx((3.5 + 3 + 2) / 15)
    assert couples.auc(scores, np.ones(3)) == couples.auc(scores)
    assert couples.auc(np.eye(4)) == 1.0


def test_couples_are_told_from_strangers_and_nobodies_are_not() -> None:
    found = couples.measure(made_pairs(16, 260, 0.5), 3, 0)
    assert found["auc"]["value"] > 0.9
    assert found["controls"]["couples who are none"]["value"] == pytest.approx(0.5, abs=0.12)


def test_couples_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "found.json"
    assert couples.main(["-o", str(out), "--data-root", str(tmp_path)]) == 2
    assert "rties" in capsys.readouterr().err
    root = write_couples(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(couples, "WINDOW", 20.0)
        patch.setattr(couples, "MAX_LAG", 6.0)
        assert couples.main(["-o", str(out), "--data-root", str(root), "--halvings", "2"]) == 0
    assert 0 <= json.loads(out.read_text())["auc"]["value"] <= 1


def test_dyads_that_go_along_have_an_effect_and_nobodies_have_none() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(therapy, "WINDOW", 10.0)
        patch.setattr(therapy, "HOP", 5.0)
        patch.setattr(therapy, "MAX_LAG", 1.0)
        found = therapy.measure(made_pairs(8, 900, 25.0), 0, 2)
    assert found["all lags"]["d"] > 0.76
    whole = found["all lags"]["d of all dyads"]["square root"]
    assert whole["low"] < whole["d"]
    assert abs(whole["dyads who are none"]) < 0.15


def test_therapy_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "found.json"
    assert therapy.main(["-o", str(out), "--data-root", str(tmp_path)]) == 2
    assert "rmea" in capsys.readouterr().err
    root = write_dyads(tmp_path, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(therapy, "WINDOW", 1.0)
        patch.setattr(therapy, "HOP", 0.5)
        patch.setattr(therapy, "MAX_LAG", 0.4)
        assert therapy.main(["-o", str(out), "--data-root", str(root)]) == 0
    assert json.loads(out.read_text())["dyads"] == 6
