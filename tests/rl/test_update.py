"""The learning rates of an update."""

import pytest
import torch

from empdetect.rl.update import _set_rate


@pytest.mark.parametrize(
    ("rise", "fall", "expected"),
    [
        (0, 0, [1.0, 1.0, 1.0, 1.0]),
        (2, 0, [0.5, 1.0, 1.0, 1.0]),
        (0, 4, [1.0, 0.75, 0.5, 0.25]),
        (2, 2, [0.5, 0.5, 0, 0]),
    ],
)
def test_the_learning_rate_rises_and_falls(rise: int, fall: int, expected: list[float]) -> None:
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=9.0)
    found = []
    for step in range(4):
        _set_rate(optimizer, 0.1, step, rise, fall)
        found.append(optimizer.param_groups[0]["lr"])
    assert found == pytest.approx([0.1 * share for share in expected])
