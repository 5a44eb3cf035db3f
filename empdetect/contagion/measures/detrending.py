"""Slow drift taken out of signals, so that two people who both tire do not count as one following the other."""

import numpy as np
from numpy.typing import ArrayLike

from empdetect.contagion.gaps import Array, Flags
from empdetect.errors import InputError


def detrend(x: ArrayLike, degree: int = 1) -> Array:
    """What is left of signals ``(..., time)`` when the polynomial that fits them best is taken away.

    Least squares over the known samples on Legendre polynomials; without gaps and at degree 1 this is
    ``scipy.signal.detrend``. Cost is linear in length.

    Args:
        x: ``(..., time)``, NaN for missing.
        degree: of the polynomial; 0 takes the mean away, 1 a straight line.

    Returns:
        ``(..., time)``; NaN where ``x`` is NaN, and all NaN where fewer samples are known than the polynomial needs.

    Raises:
        InputError: the degree is negative.
    """
    if degree < 0:
        raise InputError(f"Detrending: 'degree' must be 0 or more, got {degree}")
    values = np.asarray(x, np.float64)
    basis: Array = np.polynomial.legendre.legvander(np.linspace(-1, 1, values.shape[-1]), degree).astype(np.float64)
    known = np.isfinite(values)
    if known.all():
        q = np.linalg.qr(basis)[0]
        return np.asarray(values - (values @ q) @ q.T)
    flat, there = values.reshape(-1, values.shape[-1]), known.reshape(-1, values.shape[-1])
    return np.stack([_residual(row, basis, at) for row, at in zip(flat, there)]).reshape(values.shape)


def _residual(row: Array, basis: Array, known: Flags) -> Array:
    left = np.full(row.shape, np.nan)
    if known.sum() > basis.shape[1]:
        q = np.linalg.qr(basis[known])[0]
        left[known] = row[known] - q @ (q.T @ row[known])
    return left
