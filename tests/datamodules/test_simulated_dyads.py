"""Simulated dyads as a data module: labels are the truth, splits are apart, and a fit leaves a detector."""

from pathlib import Path

import numpy as np
import pytest

from empdetect.conformance import check_datamodule
from empdetect.datamodules.simulated_dyads import (
    LEAST_LAG,
    SimulatedDyadsDataModule,
    disguised,
    draw_dyads,
    dyads_task,
)
from empdetect.detector import Detector
from empdetect.errors import InputError
from empdetect.features.steady import SteadyTableFeatures
from empdetect.training import run

CONFIG = Path(__file__).resolve().parents[2] / "configs" / "simulated_dyads.yaml"


def module(seed: int = 0) -> SimulatedDyadsDataModule:
    features = SteadyTableFeatures(["signal"])
    return SimulatedDyadsDataModule({"signal": features}, dyads=60, held_out=20, longest=25.0, batch_size=8, seed=seed)


def test_it_conforms() -> None:
    check_datamodule(module())


def test_labels_are_the_truth() -> None:
    data = module()
    assert {segment.labels["coupling"] for segment in data.segments()} == {0, 1}
    assert {segment.labels["direction"] for segment in data.segments()} >= {0, 1}
    for segment in data.segments():
        labels = segment.labels
        coupled = labels["coupling"] == 1
        assert labels["synchrony"] >= labels["coupling"]
        assert np.isfinite(labels["direction"]) == coupled
        assert np.isfinite(labels["lag"]) == (labels["direction"] in (0, 1))
        if labels["direction"] in (0, 1):
            assert np.sign(labels["lag"]) == (1 if labels["direction"] == 0 else -1)
            assert LEAST_LAG <= abs(labels["lag"]) <= data.max_lag


def test_the_seed_tells_the_dyads_and_no_dyad_is_in_two_splits() -> None:
    assert module().fingerprint() == module().fingerprint()
    assert module().fingerprint() != module(seed=1).fingerprint()
    data = module()
    data.setup("fit")
    signals = [segment.people()[0].tables["features"].read().values for segment in data.segments()]
    assert len({signal.tobytes() for signal in signals}) == len(signals) == 100
    assert data.summary() == "60 train, 20 val, 20 test segments, split by group"


def test_every_dyad_is_a_recording_and_a_group_of_its_own() -> None:
    segments = module().segments()
    assert len({segment.recording.id for segment in segments}) == len({s.group for s in segments}) == len(segments)


def test_all_kinds_of_dyads_are_drawn() -> None:
    drawn = draw_dyads(np.random.default_rng(0), 400, 20.0, 10.0, 5.0)
    truth = drawn.simulated.truth
    assert set(truth.direction) == {"a_to_b", "b_to_a", "both", "none"}
    assert (~truth.present & (truth.stimulus > 0)).any()
    assert (~truth.present & (truth.stimulus == 0)).any()
    assert (drawn.coupling[~truth.present] == 0).all()


def test_a_disguise_keeps_what_is_missing_and_the_order_of_values() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((30, 2, 50))
    values[:, :, 3] = np.nan
    found = disguised(values, rng)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    order = np.argsort(values[..., 4:], axis=-1)
    assert (np.diff(np.take_along_axis(found[..., 4:], order, axis=-1), axis=-1) >= -1e-9).all()


@pytest.mark.parametrize("arguments", [{"max_lag": 0.2}, {"shortest": 5.0}, {"longest": 10.0}, {"dyads": 0}])
def test_lengths_and_lags_that_do_not_go_together_are_refused(arguments: dict[str, float]) -> None:
    with pytest.raises(InputError, match="lags reach from"):
        SimulatedDyadsDataModule({}, **arguments)  # type: ignore[arg-type]


def test_a_fit_leaves_a_detector_of_two_people(tmp_path: Path) -> None:
    few = ("dyads", "40"), ("held_out", "30"), ("longest", "22"), ("batch_size", "20")
    arguments = ["fit", "--config", str(CONFIG), "--trainer.max_epochs", "1", "--trainer.accelerator", "cpu"]
    arguments += [f"--data.init_args.{name}={value}" for name, value in few]
    run([*arguments, "--trainer.logger.init_args.save_dir", str(tmp_path)])
    detector = Detector.from_pretrained(next(tmp_path.rglob("detector")), device="cpu")
    assert detector.task == dyads_task()
    assert detector.calibration is not None
    assert set(detector.calibration.targets) == {"synchrony", "coupling", "direction", "lag"}
