"""Recurrence quantification against multiSyncPy's, and what lines and lags mean."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from empdetect.contagion.gaps import standardised
from empdetect.contagion.measures.recurrence import States, cross_recurrence, group_recurrence, line_lengths
from empdetect.errors import InputError

peer = pytest.importorskip("multiSyncPy.synchrony_metrics")


@pytest.mark.parametrize(("persons", "radius"), [(2, 0.5), (3, 0.9), (5, 1.5)])
def test_golden_of_groups_against_multisyncpy(persons: int, radius: float) -> None:
    """Rate, determinism and longest line agree. multiSyncPy's mean line takes single points in, ours only lines that
    count, so that one is held against its table of lengths.
    """
    values = np.random.default_rng(0).normal(size=(persons, 150))
    matrix = peer.recurrence_matrix(values, radius)
    rate, determinism, _, longest = peer.rqa_metrics(matrix, min_length=2)
    lengths = {length: count for length, count in peer.get_diagonal_lengths(matrix).items() if length >= 2}
    found = group_recurrence(values, 4.0, 150.0, States(radius))
    np.testing.assert_allclose(found.values, rate, atol=1e-12)
    np.testing.assert_allclose(found.determinism, determinism, atol=1e-12)
    np.testing.assert_allclose(found.longest_line, longest / 4, atol=1e-12)
    mean = sum(length * count for length, count in lengths.items()) / sum(lengths.values()) / 4
    np.testing.assert_allclose(found.mean_line, mean, atol=1e-12)


@pytest.mark.parametrize("embedding", [1, 3])
def test_golden_of_pairs_against_multisyncpy(embedding: int) -> None:
    """multiSyncPy knows only one signal's own plot, of which it reads the half above the diagonal. A cross plot is the
    half above, that below (turned over) and the diagonal between them, so its counts are put together from these.
    """
    x, y = np.random.default_rng(1).normal(size=(2, 90))
    state = [
        np.stack([z[n * 2 : 90 - (embedding - 1 - n) * 2] for n in range(embedding)])
        for z in standardised(np.stack([x, y]))
    ]
    matrix = np.linalg.norm(state[0][:, :, None] - state[1][:, None, :], axis=0) < 0.8
    middle = np.zeros((len(matrix) + 1,) * 2, bool)
    np.fill_diagonal(middle[:-1, 1:], np.diag(matrix))
    tables = [peer.get_diagonal_lengths(part) for part in (matrix, matrix.T, middle)]
    lengths = [length for table in tables for length, count in table.items() for _ in range(count)]
    long = [length for length in lengths if length >= 3]
    found = cross_recurrence(x, y, 10.0, 100.0, States(0.8, embedding, 0.2, 3))
    np.testing.assert_allclose(found.values, matrix.mean(), atol=1e-12)
    np.testing.assert_allclose(found.determinism, sum(long) / sum(lengths), atol=1e-12)
    np.testing.assert_allclose(found.mean_line, np.mean(long) / 10, atol=1e-12)
    np.testing.assert_allclose(found.longest_line, max(lengths) / 10, atol=1e-12)


@given(arrays(np.bool_, (4, 30)), st.integers(2, 6))
def test_lines_are_counted_as_by_hand(hits: np.ndarray, least: int) -> None:
    runs = [[len(run) for run in "".join("x" if hit else " " for hit in row).split()] for row in hits]
    points, lines, longest = line_lengths(hits, least)
    assert points.tolist() == [sum(n for n in row if n >= least) for row in runs]
    assert lines.tolist() == [sum(n >= least for n in row) for row in runs]
    assert longest.tolist() == [max(row, default=0) for row in runs]


def test_the_profile_peaks_where_the_second_follows() -> None:
    x = np.random.default_rng(2).normal(size=3000)
    found = cross_recurrence(np.stack([x, np.roll(x, 7)]), np.stack([np.roll(x, 7), x]), 10.0, 2.0, States(0.3))
    np.testing.assert_allclose(found.lags[found.profile.argmax(axis=-1)], [0.7, -0.7])


@given(st.integers(0, 200), st.floats(0.1, 9), st.floats(-9, 9))
def test_units_do_not_count_and_swapping_turns_the_profile(seed: int, scale: float, shift: float) -> None:
    x, y = np.random.default_rng(seed).normal(size=(2, 50)).round(3)
    found, swapped = cross_recurrence(x, y, 2.0, 5.0), cross_recurrence(scale * y + shift, x, 2.0, 5.0)
    # A distance that equals the radius but for rounding may fall on either side.
    np.testing.assert_allclose(found.profile, swapped.profile[::-1], atol=0.021)
    assert 0 <= found.values <= 1


def test_unknown_moments_are_compared_with_none_and_end_lines() -> None:
    x = np.arange(40.0)
    lost = x.copy()
    lost[20] = np.nan
    found = cross_recurrence(lost, lost, 1.0, 0.0, States(0.01))
    assert (float(found.values), float(found.longest_line)) == (1.0, 20.0)
    assert float(found.quality) == 39 / 40


@pytest.mark.parametrize(
    "settings",
    [
        {"radius": 0.0},
        {"least_line": 1},
        {"embedding": 0},
        {"embedding": 2, "delay": 0.0},
        {"embedding": 50, "delay": 1.0},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="Recurrence: "):
        cross_recurrence(np.arange(9.0), np.arange(9.0), 1.0, 3.0, States(**settings))
    with pytest.raises(InputError, match="one sample or more"):
        group_recurrence(np.random.default_rng(0).normal(size=(3, 9)), 1.0, 0.2)
