"""Statistics encoder: against numpy, and what it must not depend on."""

import numpy as np
import pytest
import torch

from empdetect.models.encoders.statistics import PER_FEATURE, RunningScale, StatisticsEncoder, statistics


def test_statistics_are_those_of_numpy() -> None:
    x = torch.randn(2, 30, 3)
    x[0, 5, 1] = float("nan")
    mask = torch.ones(2, 30, dtype=torch.bool)
    mask[0, 20:] = False
    found = statistics(x, mask, mask)[0].view(-1)[:-1].view(PER_FEATURE, 3)
    kept = x[0, :20].numpy()
    change = np.diff(kept, axis=0)
    expected = [np.nanmean(kept, 0), np.nanstd(kept, 0), *np.nanquantile(kept, (0.1, 0.5, 0.9), axis=0)]
    expected += [np.nanstd(change, 0), np.nanmean(np.abs(change), 0), np.isfinite(kept).mean(0)]
    np.testing.assert_allclose(found.numpy(), np.stack(expected), atol=1e-5)


def test_the_scale_is_that_of_all_rows_whatever_the_batches() -> None:
    rows = torch.randn(50, 4) * 3 + 7
    scale = RunningScale(4)
    for batch in rows.split([1, 9, 40]):
        scale(batch)
    torch.testing.assert_close(scale.mean, rows.mean(0))
    torch.testing.assert_close(scale.variance, rows.var(0, correction=0))
    scale.eval()
    torch.testing.assert_close(scale(rows).std(0, correction=0), torch.ones(4))


def test_pauses_are_left_out() -> None:
    encoder = StatisticsEncoder(features=2, level=1)
    x = torch.zeros(1, 6, 2)
    x[0, :, 1] = torch.tensor([-10.0, -12.0, -44.0, -46.0, float("nan"), 0.0])
    mask = torch.tensor([[True, True, True, True, True, False]])
    assert encoder._sounding(x, mask).tolist() == [[True, True, True, False, False, False]]


def test_centred_it_does_not_see_the_level() -> None:
    encoder = StatisticsEncoder(features=3, centred=True, width=8).eval()
    x, mask = torch.randn(2, 20, 3), torch.ones(2, 20, dtype=torch.bool)
    torch.testing.assert_close(encoder(x, mask), encoder(x + 5.0, mask))


@pytest.mark.parametrize("frames", [0, 1])
def test_rows_with_hardly_a_frame_are_finite(frames: int) -> None:
    x, mask = torch.full((2, 4, 3), float("nan")), torch.zeros(2, 4, dtype=torch.bool)
    x[:, :frames], mask[:, :frames] = 1.0, True
    encoder = StatisticsEncoder(features=3, level=0, centred=True)
    assert torch.isfinite(encoder(x, mask)).all()
