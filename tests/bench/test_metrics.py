"""The metrics of benchmarks agree with those that training logs."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from empdetect.bench.metrics import (
    accuracy,
    auroc,
    auroc_within,
    ccc,
    macro_f1,
    only,
    pearson,
    positive_f1,
    sign_auroc,
    uar,
)
from empdetect.models.metrics import TargetMetrics
from empdetect.task import Target, Task

KINDS = {
    "binary": Target("x", "binary"),
    "ordinal": Target("x", "ordinal", ("low", "mid", "high")),
    "nominal": Target("x", "nominal", ("a", "b", "c", "d")),
}
CATEGORICAL = {"accuracy": accuracy, "macro_f1": macro_f1, "uar": uar, "auroc": auroc}


@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 10_000), count=st.integers(12, 60))
def test_they_agree_with_torchmetrics(kind: str, seed: int, count: int) -> None:
    target, rng = KINDS[kind], np.random.default_rng(seed)
    labels = np.concatenate([np.arange(target.levels), rng.integers(0, target.levels, count)]).astype(float)
    answers = rng.dirichlet(np.ones(target.levels), len(labels))
    labels[-1] = np.nan
    known = TargetMetrics(target)
    known.update(torch.from_numpy(answers), torch.from_numpy(labels))
    expected = known.compute()
    for name, metric in CATEGORICAL.items():
        found = metric({"x": labels}, {"x": answers}, Task((target,)))
        assert found == pytest.approx(float(expected[name]), abs=1e-5), name


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(3, 60))
def test_numbers_agree_too(seed: int, count: int) -> None:
    target, rng = Target("x", "regression", range=(0, 1)), np.random.default_rng(seed)
    labels, answers = rng.random(count), rng.random((count, 1))
    known = TargetMetrics(target)
    known.update(torch.from_numpy(answers), torch.from_numpy(labels))
    for name, metric in {"pearson": pearson, "ccc": ccc}.items():
        found = metric({"x": labels}, {"x": answers}, Task((target,)))
        assert found == pytest.approx(float(known.compute()[name]), abs=1e-4), name


def test_several_targets_are_averaged_and_one_can_be_taken() -> None:
    task = Task((Target("a", "binary"), Target("b", "binary")))
    labels = {"a": np.array([0.0, 1.0]), "b": np.array([0.0, 1.0])}
    answers = {"a": np.array([[1.0, 0.0], [0.0, 1.0]]), "b": np.array([[0.0, 1.0], [0.0, 1.0]])}
    assert accuracy(labels, answers, task) == 0.75
    assert only("b", accuracy)(labels, answers, task) == 0.5


def test_the_f1_of_labels_that_go_together_is_that_of_their_positives() -> None:
    labels, answers = np.array([1.0, 1.0, 0.0, 0.0]), np.array([[0.2, 0.8], [0.9, 0.1], [0.1, 0.9], [0.8, 0.2]])
    task = Task((Target("x", "binary"),))
    assert positive_f1({"x": labels}, {"x": answers}, task) == 0.5
    assert positive_f1({"x": np.zeros(4)}, {"x": np.tile([1.0, 0.0], (4, 1))}, task) == 0.0


def test_what_is_not_defined_is_nan() -> None:
    task = Task((Target("x", "binary"),))
    same = np.tile([0.5, 0.5], (3, 1))
    assert math.isnan(auroc({"x": np.ones(3)}, {"x": same}, task))
    assert math.isnan(accuracy({"x": np.full(3, np.nan)}, {"x": same}, task))
    assert math.isnan(pearson({"x": np.array([0.0, 1.0, 1.0])}, {"x": same}, task))


def test_the_sign_of_a_number_is_ranked_by_the_number_and_zeros_are_left_out() -> None:
    task = Task((Target("change", "regression", range=(-10, 10)),))
    labels = {"change": np.array([5.0, -5.0, 0.0, 10.0])}
    answers = {"change": np.array([[0.2], [0.3], [9.0], [4.0]])}
    assert sign_auroc(labels, answers, task) == 0.5


def test_within_strata_every_pair_counts_alike() -> None:
    # Of the first stratum one pair of one is right, of the second one of four; the third has nothing to compare.
    labels = np.array([0, 1, 0, 0, 1, 1, 1], float)
    scores = np.array([0.1, 0.2, 0.3, 0.8, 0.2, 0.4, 0.9])
    truth = {"x": labels, "moment": np.array([0, 0, 1, 1, 1, 1, 2], float)}
    answers = {"x": np.stack([1 - scores, scores], axis=1)}
    task = Task((Target("x", "binary"),))
    assert auroc_within("moment")(truth, answers, task) == pytest.approx((1 + 1) / (1 + 4))
    assert math.isnan(auroc_within("moment")({"x": np.ones(7), "moment": np.arange(7.0)}, answers, task))
