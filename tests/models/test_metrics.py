"""Metrics against scikit-learn and SciPy; undefined ones are NaN."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn import metrics as sk

from empdetect.models.metrics import TargetMetrics
from empdetect.task import Target

NAN = float("nan")


def compute(target: Target, scores: torch.Tensor, labels: torch.Tensor) -> dict[str, float]:
    metric = TargetMetrics(target)
    for part in range(0, len(labels), 7):
        metric.update(scores[part : part + 7], labels[part : part + 7])
    return {name: float(value) for name, value in metric.compute().items()}


@pytest.mark.parametrize("kind", ["ordinal", "nominal"])
def test_categorical_metrics_agree_with_scikit_learn(kind: str) -> None:
    target = Target("t", kind, ("a", "b", "c"))  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(60, 3, generator=generator).softmax(dim=1)
    labels = torch.randint(0, 3, (60,), generator=generator).float()
    found = compute(target, scores, labels)
    truth, chosen = labels.int().numpy(), scores.argmax(1).numpy()
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, chosen))
    assert found["macro_f1"] == pytest.approx(sk.f1_score(truth, chosen, average="macro"), abs=1e-6)
    assert found["uar"] == pytest.approx(sk.balanced_accuracy_score(truth, chosen), abs=1e-6)
    assert found["auroc"] == pytest.approx(sk.roc_auc_score(truth, scores.numpy(), multi_class="ovr"), abs=1e-6)
    if kind == "ordinal":
        assert found["qwk"] == pytest.approx(sk.cohen_kappa_score(truth, chosen, weights="quadratic"), abs=1e-6)


def test_binary_metrics_agree_with_scikit_learn() -> None:
    generator = torch.Generator().manual_seed(1)
    chance = torch.rand(50, generator=generator)
    labels = (torch.rand(50, generator=generator) < 0.4).float()
    found = compute(Target("t", "binary"), torch.stack([1 - chance, chance], dim=1), labels)
    assert found["auroc"] == pytest.approx(sk.roc_auc_score(labels, chance), abs=1e-6)
    assert found["macro_f1"] == pytest.approx(sk.f1_score(labels, chance > 0.5, average="macro"), abs=1e-6)


def test_number_metrics_agree_with_scipy() -> None:
    generator = np.random.default_rng(0)
    labels = generator.uniform(1, 7, 40)
    scores = 0.5 * labels + generator.normal(0, 1, 40)
    found = compute(Target("t", "regression", range=(1, 7)), torch.tensor(scores).view(-1, 1), torch.tensor(labels))
    covariance = np.cov(scores, labels, ddof=1)
    ccc = 2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + (scores.mean() - labels.mean()) ** 2)
    assert found["pearson"] == pytest.approx(stats.pearsonr(scores, labels)[0], abs=1e-5)
    assert found["ccc"] == pytest.approx(ccc, abs=0.02)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((scores - labels) ** 2)), abs=1e-5)


def test_unknown_labels_are_left_out() -> None:
    target = Target("t", "binary")
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])
    assert compute(target, scores, torch.tensor([0.0, 1.0, NAN]))["accuracy"] == 1.0


def test_one_class_leaves_auroc_undefined() -> None:
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8]])
    assert math.isnan(compute(Target("t", "binary"), scores, torch.zeros(2))["auroc"])


def test_constant_scores_leave_correlations_undefined() -> None:
    target = Target("t", "regression", range=(0, 1))
    found = compute(target, torch.full((3, 1), 0.5), torch.tensor([0.1, 0.5, 0.9]))
    assert math.isnan(found["pearson"])
    assert math.isnan(found["ccc"])


def test_no_label_at_all_is_undefined() -> None:
    assert math.isnan(compute(Target("t", "binary"), torch.rand(2, 2), torch.full((2,), NAN))["macro_f1"])
