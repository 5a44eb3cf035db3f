"""Metrics by kind of target, from torchmetrics; undefined ones are NaN, never 0."""

import torch
import torchmetrics.functional as M
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from empdetect.task import Target

MAIN_METRIC = {
    "binary": "macro_f1",
    "ordinal": "macro_f1",
    "nominal": "macro_f1",
    "regression": "ccc",
    "continuous": "ccc",
}
"""The metric by which a model is chosen, by kind of target."""


class TargetMetrics(Metric):
    """All metrics of one target over all known labels of an epoch.

    Binary, ordinal, nominal: accuracy, macro-F1, UAR (unweighted average recall, which is balanced
    accuracy), AUROC (one against the rest, macro), and for ordinal targets QWK (Cohen's kappa with
    quadratic weights). Numbers: Pearson's r, CCC (Lin, Biometrics 1989), RMSE.

    Args:
        target: the target.
    """

    full_state_update = False
    scores: list[Tensor]
    labels: list[Tensor]

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target
        self.add_state("scores", [], dist_reduce_fx="cat")
        self.add_state("labels", [], dist_reduce_fx="cat")

    def update(self, scores: Tensor, labels: Tensor) -> None:
        """Add a batch.

        Args:
            scores: ``(batch, levels)`` probabilities, or ``(batch, 1)`` numbers.
            labels: ``(batch,)``, NaN where unknown.
        """
        known = torch.isfinite(labels)
        self.scores.append(scores.detach()[known].float())
        self.labels.append(labels[known].float())

    def compute(self) -> dict[str, Tensor]:
        """By name of the metric, a number; NaN where it is not defined."""
        if not self.labels or not sum(len(part) for part in self.labels):
            return {MAIN_METRIC[self.target.kind]: torch.tensor(float("nan"))}
        scores, labels = dim_zero_cat(self.scores), dim_zero_cat(self.labels)
        if self.target.is_categorical:
            return categorical_metrics(self.target, scores, labels.long())
        return number_metrics(scores.squeeze(-1), labels)


def categorical_metrics(target: Target, probabilities: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Metrics of probabilities ``(n, levels)`` against labels ``(n,)``."""
    levels = target.levels
    chosen = probabilities.argmax(dim=1)
    every_level = len(labels.unique()) == levels
    nan = torch.tensor(float("nan"))
    metrics = {
        "accuracy": (chosen == labels).float().mean(),
        # Levels that occur in neither labels nor answers are left out, as in scikit-learn.
        "macro_f1": M.classification.multiclass_f1_score(chosen, labels, levels, average="macro"),
        "uar": M.classification.multiclass_recall(chosen, labels, levels, average="macro"),
        "auroc": M.classification.multiclass_auroc(probabilities, labels, levels) if every_level else nan,
    }
    if target.kind == "ordinal":
        metrics["qwk"] = M.classification.multiclass_cohen_kappa(chosen, labels, levels, weights="quadratic")
    return metrics


def number_metrics(scores: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Metrics of numbers ``(n,)`` against labels ``(n,)``."""
    varied = len(labels) > 1 and min(labels.std(), scores.std()) > 1e-6
    nan = torch.tensor(float("nan"))
    return {
        "pearson": M.pearson_corrcoef(scores, labels) if varied else nan,
        "ccc": M.concordance_corrcoef(scores, labels) if varied else nan,
        "rmse": (scores - labels).square().mean().sqrt(),
    }
