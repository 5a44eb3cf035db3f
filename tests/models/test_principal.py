"""Principal components against scikit-learn's."""

import numpy as np
import pytest
import torch

from empdetect.models.principal import PrincipalComponents


def correlated(rows: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(3, width, generator=generator)
    return torch.randn(rows, 3, generator=generator) @ mixing + 0.1 * torch.randn(rows, width, generator=generator) + 5


def test_they_are_those_of_scikit_learn_but_for_the_sign() -> None:
    from sklearn.decomposition import PCA

    x = correlated(80, 12)
    ours = PrincipalComponents(12, 3)
    ours.fit(x)
    peer = PCA(3, whiten=True, svd_solver="full").fit(x.numpy()).transform(x.numpy()) * np.sqrt(80 / 79)
    np.testing.assert_allclose(np.abs(ours(x).numpy()), np.abs(peer), atol=1e-3)


@pytest.mark.parametrize(("rows", "width"), [(4, 12), (40, 2), (1, 3), (0, 3)])
def test_components_that_cannot_be_are_zero(rows: int, width: int) -> None:
    ours = PrincipalComponents(width, 8)
    ours.fit(torch.randn(rows, width))
    found = ours(torch.randn(5, width))
    assert found.shape == (5, 8)
    assert found.isfinite().all()
    assert int((ours.axes.abs().sum(dim=0) > 0).sum()) == min(8, max(rows - 1, 0), width)


def test_constant_features_do_not_matter() -> None:
    x = torch.cat([correlated(50, 4), torch.ones(50, 2)], dim=1)
    ours = PrincipalComponents(6, 6)
    ours.fit(x)
    moved = x.clone()
    moved[:, 4:] += 3
    torch.testing.assert_close(ours(x), ours(moved), atol=1e-3, rtol=0)


def test_components_that_are_not_whitened_stand_for_the_vectors() -> None:
    x = correlated(80, 12)
    ours = PrincipalComponents(12, 12, whiten=False)
    ours.fit(x)
    # All directions are kept, so distances are those of the vectors but for one factor.
    ratio = torch.pdist(ours(x)) / torch.pdist(x)
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio), rtol=1e-3, atol=0)
    assert float(ours(x).var(dim=0, correction=0).mean()) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("whiten", [True, False])
def test_values_far_out_are_cut_in_units_of_their_direction(whiten: bool) -> None:
    x = correlated(80, 12)
    ours = PrincipalComponents(12, 3, whiten, limit=4.0)
    ours.fit(x)
    torch.testing.assert_close(ours(x + 1e6 * ours.axes[:, 0])[:, 0], 4 * ours.lengths[0].expand(80))


def test_of_unit_length_only_the_direction_is_left() -> None:
    x = correlated(80, 12)
    plain, ours = PrincipalComponents(12, 3, whiten=False), PrincipalComponents(12, 3, whiten=False, unit_length=True)
    plain.fit(x)
    ours.fit(x)
    torch.testing.assert_close(ours(x).square().mean(dim=1), torch.ones(80))
    torch.testing.assert_close(torch.cosine_similarity(ours(x), plain(x)), torch.ones(80))
    assert not ours(ours.mean.unsqueeze(0)).any()
