"""Lin's concordance against its own formula elsewhere, and its bounds."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.regression import concordance_corrcoef

from empdetect.contagion.measures.concordance import concordance


def test_golden_against_torchmetrics() -> None:
    """torchmetrics divides variances and covariance by n - 1, so the difference of means weighs a little less there:
    the values agree where the means are equal, and else once that is accounted for.
    """
    x, y = np.random.default_rng(0).normal(size=(2, 400)).cumsum(axis=1)
    level = y - y.mean() + x.mean()
    wanted = concordance_corrcoef(torch.tensor(level), torch.tensor(x)).item()
    assert abs(float(concordance(x, level, 1.0).values) - wanted) < 1e-6
    wanted = concordance_corrcoef(torch.tensor(y), torch.tensor(x)).item()
    more = (x.mean() - y.mean()) ** 2 / (2 * np.cov(x, y)[0, 1] * (len(x) - 1))
    assert abs(float(concordance(x, y, 1.0).values) - 1 / (1 / wanted + more)) < 1e-6


def test_lins_formula_by_hand() -> None:
    x, y = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 2.0, 5.0, 5.0])
    wanted = 2 * 1.5 / (1.25 + 2.25 + 1.0)
    assert float(concordance(x, y, 1.0).values) == wanted


@given(st.integers(0, 500), st.floats(0.1, 5), st.floats(-5, 5))
def test_it_is_symmetric_below_r_and_moves_with_both(seed: int, scale: float, shift: float) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 60))
    found = float(concordance(x, y, 1.0).values)
    np.testing.assert_allclose(found, concordance(y, x, 1.0).values, atol=1e-12)
    np.testing.assert_allclose(found, concordance(scale * x + shift, scale * y + shift, 1.0).values, atol=1e-9)
    assert abs(found) <= abs(np.corrcoef(x, y)[0, 1]) + 1e-12
    np.testing.assert_allclose(concordance(x, x, 1.0).values, 1.0)
