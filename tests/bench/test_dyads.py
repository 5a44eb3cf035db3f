"""The study of the detector of two people: systems on dyads of a known truth, and the command's errors."""

from pathlib import Path

import numpy as np
import pytest
import torch

from empdetect.bench import dyad_levels, dyads
from empdetect.bench.dyad_systems import Said, at_once, highest, learned, systems
from empdetect.contagion.simulation import Conditions, simulate_dyads
from empdetect.datamodules.repaired import Pair
from empdetect.datamodules.simulated_dyads import dyads_task
from empdetect.detector import Detector
from empdetect.features.steady import SteadyTableFeatures
from empdetect.models.cross_person import CrossPersonAttention
from empdetect.models.detector_module import DetectorModule
from empdetect.models.encoders.signal import SignalEncoder

RATE = 10.0


@pytest.fixture(scope="module")
def detector() -> Detector:
    """An untrained one."""
    torch.manual_seed(0)
    cross = CrossPersonAttention(4, heads=2, width=8, layers=1)
    module = DetectorModule(dyads_task(), {"signal": SignalEncoder(width=4)}, cross=cross)
    return Detector(module, {"signal": SteadyTableFeatures(["signal"])}, device="cpu")


def test_the_highest_correlation_finds_who_leads_and_how_late() -> None:
    ways = ["a_to_b"] * 10 + ["b_to_a"] * 10
    made = simulate_dyads(20, 0.6, 1.2, ways, Conditions(seconds=100, autocorrelation=0.5))  # type: ignore[arg-type]
    said = systems_without_detector()["prewhitened peak"](made.values, RATE)
    np.testing.assert_allclose(said.lag, made.truth.signed_lag)
    none = simulate_dyads(20, direction="none", conditions=Conditions(seconds=100, autocorrelation=0.5))
    other = systems_without_detector()["prewhitened peak"](none.values, RATE)
    assert said.synchrony.min() > other.synchrony.max()


def systems_without_detector() -> dict[str, dyads.System]:
    return systems(None, 5.0)  # type: ignore[arg-type]


def test_what_is_near_lag_zero_is_no_coupling() -> None:
    seen = simulate_dyads(5, direction="none", conditions=Conditions(seconds=100, autocorrelation=0.0, stimulus=0.6))
    said = highest(seen.values, RATE, 5.0)
    assert (said.synchrony > 3 * said.coupling).all()
    assert (at_once(seen.values).synchrony > 0.4).all()


def test_the_detector_judges_samples_of_any_rate_alike(detector: Detector) -> None:
    values = simulate_dyads(6, 0.6, 1.2, conditions=Conditions(seconds=60)).values
    values[0, 1, 100:200] = np.nan
    at_ten, at_half = learned(detector, values, 10.0), learned(detector, values, 0.5)
    np.testing.assert_array_equal(at_ten.synchrony, at_half.synchrony)
    np.testing.assert_allclose(at_half.lag, 20 * at_ten.lag)
    back = learned(detector, values[:, ::-1].copy(), 10.0)
    np.testing.assert_allclose(back.coupling, at_ten.coupling, atol=1e-3)
    np.testing.assert_allclose(back.leads, -at_ten.leads, atol=1e-3)


def test_parts_are_joined_and_picked() -> None:
    one = Said(*(np.arange(3.0) for _ in range(4)), {"coupling": np.arange(3.0)})
    both = Said.joined([one, one])
    assert len(both.lag) == len(both.probability["coupling"]) == 6
    assert both.at(both.lag > 1).probability["coupling"].tolist() == [2, 2]


def test_five_percent_of_independent_dyads_pass_the_level() -> None:
    judges = systems_without_detector()
    judges = {name: judges[name] for name in ("correlation at lag 0",)}
    level = dyads.levels(judges, 200, 0)
    found = dyads.alarms(judges, level, 100, 0)
    shares = [found[f"memory {value:g}"]["correlation at lag 0"]["synchrony"] for value in (0.0, 0.5, 0.9, 0.99)]
    assert 0 < np.mean(shares) < 0.12
    assert found["common stimulus"]["correlation at lag 0"]["synchrony"] > 0.2


def test_a_level_is_passed_by_the_share_it_is_for() -> None:
    rng = np.random.default_rng(0)
    passed = [float(np.mean(rng.random(50) > dyad_levels.conformal_level(rng.random(99), 0.05))) for _ in range(400)]
    assert np.mean(passed) == pytest.approx(0.05, abs=0.01)
    assert dyad_levels.conformal_level(np.arange(10.0), 0.01) == 9.0


def test_levels_are_kept_in_the_folder(
    detector: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    independent = {"calm": Conditions(20.0, autocorrelation=0.5)}
    monkeypatch.setattr(dyad_levels, "INDEPENDENT", independent)
    monkeypatch.setattr(dyad_levels, "SAME_STIMULUS", {"film": Conditions(20.0, stimulus=0.5)})
    folder = detector.save_pretrained(tmp_path / "detector")
    assert dyad_levels.main([str(folder), "--dyads", "30"]) == 0
    kept = Detector.from_pretrained(folder, device="cpu").facts["levels"]
    assert 0 < kept["synchrony"] < 1
    assert kept["worst"]["synchrony"] == "calm"
    assert (kept["dyads_of_a_kind"], kept["seed"]) == (30, 77)
    judges = {"learned detector": systems(detector, 5.0)["learned detector"]}
    level = dyads.levels(judges, 20, 0, kept)["learned detector"]
    assert level.kept == {"synchrony": kept["synchrony"], "coupling": kept["coupling"]}
    assert dyad_levels.main(["text-empathy"]) == 2
    assert "looks at one" in capsys.readouterr().err


def test_those_who_sat_together_are_told_from_strangers() -> None:
    made = simulate_dyads(8, 0.9, 0.0, conditions=Conditions(seconds=40, rate=20.0, autocorrelation=0.9)).values
    kinds = ["normal"] * 4 + ["dropout"] * 4
    pairs = [Pair(str(place), *made[place, :, : 800 - place], 20.0, kinds[place]) for place in range(8)]
    judges = {"correlation at lag 0": systems_without_detector()["correlation at lag 0"]}
    found = dyads.on_real(pairs, judges, RATE, 0)["correlation at lag 0"]["synchrony"]
    assert found["AUC"] == 1.0
    assert found["d"] > 2
    assert 0 <= found["p, dropout or normal"] <= 1


def test_all_of_a_study_is_there(detector: Detector) -> None:
    judges = {name: judge for name, judge in systems(detector, 5.0).items() if name != "prewhitened peak"}
    found = dyads.on_simulated(judges, 50, 0)
    assert set(found["learned detector"]) >= {"synchrony AUC", "coupling AUC", "direction right", "median lag error"}
    assert np.isnan(found["correlation at lag 0"]["median lag error"])
    assert set(found["learned detector"]["coupling calibration"]) == {"ece", "nll", "brier"}


def test_the_command_refuses_what_is_no_such_detector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dyads.main(["text-empathy", "-o", str(tmp_path / "x.json")]) == 2
    assert "looks at one" in capsys.readouterr().err
    assert dyads.main([str(tmp_path), "-o", str(tmp_path / "x.json")]) == 2
    assert not (tmp_path / "x.json").exists()


def test_the_detector_in_the_box_finds_who_leads_and_how_late() -> None:
    ways = ["a_to_b", "b_to_a"] * 5
    made = simulate_dyads(10, 0.5, 1.7, ways, Conditions(seconds=300))  # type: ignore[arg-type]
    none = simulate_dyads(10, direction="none", conditions=Conditions(seconds=300))
    shipped = Detector.from_pretrained("dyads", device="cpu")
    said, other = learned(shipped, made.values, RATE), learned(shipped, none.values, RATE)
    np.testing.assert_allclose(said.lag, made.truth.signed_lag, atol=0.2)
    np.testing.assert_array_equal(np.sign(said.leads), np.sign(made.truth.signed_lag))
    assert said.probability["coupling"].min() > other.probability["coupling"].max()


def test_beyond_its_levels_the_detector_in_the_box_claims_nothing_of_those_who_only_saw_the_same() -> None:
    shipped = Detector.from_pretrained("dyads", device="cpu")
    levels = shipped.facts["levels"]
    seen = simulate_dyads(60, direction="none", conditions=Conditions(120, stimulus=0.4)).values
    said = learned(shipped, seen, RATE).probability
    assert np.mean(said["coupling"] > levels["coupling"]) < 0.1
    assert np.mean(said["synchrony"] > levels["synchrony"]) > 0.9
