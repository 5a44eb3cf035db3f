"""Calibration: the temperature is found again, the intervals hold what they promise."""

import math
from statistics import NormalDist

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from empdetect.models.calibration import (
    BINS,
    Calibration,
    TargetCalibration,
    best_temperature,
    calibrate,
    conformal_radius,
    wilson,
)
from empdetect.task import Target, Task

BINARY = Target("empathy", "binary")
NUMBER = Target("distress", "regression", range=(1, 7))


def overconfident(size: int, factor: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs whose true log-odds are ``1 / factor`` of what they say."""
    generator = torch.Generator().manual_seed(0)
    honest = 2 * torch.randn(size, 1, generator=generator)
    labels = (torch.rand(size, generator=generator) < honest[:, 0].sigmoid()).float()
    return factor * honest, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_is_found_again(factor: float) -> None:
    outputs, labels = overconfident(4000, factor)
    assert best_temperature(BINARY, outputs, labels) == pytest.approx(factor, rel=0.15)


def test_conformal_intervals_hold_nine_in_ten() -> None:
    generator = torch.Generator().manual_seed(0)
    held = []
    for _ in range(200):
        errors = torch.randn(101, generator=generator).abs().numpy()
        radius = conformal_radius(errors[:100])
        assert radius is not None
        held.append(errors[100] <= radius)
    assert 0.84 <= sum(held) / len(held) <= 0.96


def test_too_few_cases_give_no_interval() -> None:
    assert conformal_radius(torch.rand(8).numpy()) is None
    low, high = TargetCalibration(8).interval(NUMBER, 0, 3.0)
    assert math.isnan(low)
    assert math.isnan(high)


def test_intervals_stay_within_the_target() -> None:
    fitted = TargetCalibration(50, radius=2.0)
    assert fitted.interval(NUMBER, 0, 6.5) == (4.5, 7.0)
    assert fitted.interval(NUMBER, 0, 1.5) == (1.0, 3.5)


@given(share=st.floats(0, 1), cases=st.integers(1, 10_000))
def test_wilson_holds_its_share_and_stays_in_the_unit_range(share: float, cases: int) -> None:
    low, high = wilson(share, cases)
    assert 0 <= low <= share <= high <= 1


def test_wilson_narrows_with_cases_and_is_undefined_without() -> None:
    wide, narrow = wilson(0.3, 10), wilson(0.3, 1000)
    assert narrow[1] - narrow[0] < wide[1] - wide[0]
    assert math.isnan(wilson(0.3, 0)[0])


def test_wilson_z_is_that_of_ninety_percent() -> None:
    assert NormalDist().inv_cdf(0.95) == pytest.approx(1.6449, abs=1e-4)


def test_a_calibration_survives_json() -> None:
    task = Task((BINARY, NUMBER))
    outputs, labels = overconfident(100, 2.0)
    fitted = calibrate(
        task,
        {"empathy": outputs, "distress": torch.rand(100, 1)},
        {"empathy": labels, "distress": torch.randint(1, 8, (100,)).float()},
    )
    assert Calibration.from_dict(fitted.to_dict()) == fitted
    assert sum(fitted.targets["empathy"].density[0]) == 100
    assert len(fitted.targets["empathy"].density[0]) == BINS


def test_unknown_labels_are_left_out() -> None:
    outputs, labels = overconfident(100, 2.0)
    labels[50:] = float("nan")
    fitted = calibrate(Task((BINARY,)), {"empathy": outputs}, {"empathy": labels})
    assert fitted.targets["empathy"].cases == 50


def test_no_label_at_all_gives_an_undefined_interval() -> None:
    fitted = calibrate(Task((BINARY,)), {"empathy": torch.zeros(3, 1)}, {"empathy": torch.full((3,), float("nan"))})
    assert math.isnan(fitted.targets["empathy"].interval(BINARY, 0, 0.5)[0])
