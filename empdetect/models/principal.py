"""Principal components: many features that vary together as few that do not."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FLOOR = 1e-6
"""Share of the first component's variance below which a component is noise of the arithmetic, and is left out."""


class PrincipalComponents(nn.Module):
    """The directions of most variance.

    Of a text's n-gram weights they are its topics (latent semantic analysis: Deerwester et al., JASIS 1990).
    Fitting costs the width times the number of vectors times the smaller of both.

    Args:
        width: features of a vector.
        components: how many directions; no more than vectors and features allow are used, the others stay 0.
        whiten: scale each direction to variance 1; else all of them by one factor, so that their mean variance is 1
            and the vectors stay as far from each other as these directions tell.
        limit: values beyond so many standard deviations of their direction are cut; None cuts none.
        unit_length: bring every vector to one length, such that the mean square of its values is 1; a vector of zeros
            stays as it is.
    """

    mean: Tensor
    axes: Tensor
    lengths: Tensor

    def __init__(
        self, width: int, components: int, whiten: bool = True, limit: float | None = None, unit_length: bool = False
    ) -> None:
        super().__init__()
        self.components = components
        self.whiten = whiten
        self.limit = limit
        self.unit_length = unit_length
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("axes", torch.zeros(width, components))
        self.register_buffer("lengths", torch.ones(components))

    @torch.no_grad()
    def fit(self, x: Tensor) -> None:
        """Learn the directions from vectors ``(n, width)``."""
        self.mean.copy_(x.mean(dim=0) if len(x) else self.mean)
        self.axes.zero_()
        self.lengths.fill_(1.0)
        if len(x) < 2:
            return
        values, axes = _principal(x - self.mean, min(self.components, len(x) - 1, x.shape[1]))
        kept = values > FLOOR * values.max()
        count = int(kept.sum())
        self.axes[:, :count] = axes[:, kept] / values[kept].sqrt()
        if not self.whiten:
            self.lengths[:count] = (values[kept] / values[kept].mean()).sqrt()

    def forward(self, x: Tensor) -> Tensor:
        """``(n, width)`` to ``(n, components)``."""
        found = (x - self.mean) @ self.axes
        if self.limit is not None:
            found = found.clamp(-self.limit, self.limit)
        found = found * self.lengths
        return of_one_length(found) if self.unit_length else found


def of_one_length(x: Tensor) -> Tensor:
    """Vectors ``(n, width)`` by their direction alone, with values of mean square 1; zeros stay zeros."""
    return F.normalize(x, dim=1) * x.shape[1] ** 0.5


def _principal(centred: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Variances ``(count,)``, falling, and directions ``(width, count)``, by covariance or Gram matrix, the smaller."""
    rows, width = centred.shape
    if width <= rows:
        values, axes = _largest(centred.T @ centred / rows, count)
        return values, axes
    values, places = _largest(centred @ centred.T / rows, count)
    return values, centred.T @ places / (rows * values.clamp(min=1e-12)).sqrt()


def _largest(matrix: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The largest eigenvalues of a symmetric matrix, falling, and their vectors as columns."""
    from scipy.linalg import eigh

    size = len(matrix)
    values, vectors = eigh(matrix.double().cpu().numpy(), subset_by_index=(size - count, size - 1))
    found = (torch.from_numpy(each[..., ::-1].copy()).to(matrix) for each in (values, vectors))
    return next(found), next(found)
