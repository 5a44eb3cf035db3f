"""The LightningModule: how the network of a detector is trained and evaluated."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from empdetect.batch import Batch
from empdetect.models.encoders.base import RunningStatistics
from empdetect.models.heads import decode, level_probabilities, target_loss
from empdetect.models.metrics import MAIN_METRIC, TargetMetrics
from empdetect.models.mixup import Mixture
from empdetect.models.network import DetectorNetwork
from empdetect.models.standardize import Standardize
from empdetect.task import Target


class DetectorModule(DetectorNetwork, LightningModule):
    """A detector to be trained; its arguments are those of ``DetectorNetwork``."""

    _level_weights: Mapping[str, Tensor] = MappingProxyType({})

    def setup(self, stage: str) -> None:
        """Make the metrics. Heads that are solved leave nothing to optimise."""
        self.automatic_optimization = self.kernel is None
        names = [(f"{split}_{target.name}", target) for split in ("val", "test") for target in self.task.targets]
        self.metrics = nn.ModuleDict({name: TargetMetrics(target) for name, target in names})

    def training_step(self, batch: Batch, batch_index: int) -> Tensor | None:
        """Mean loss over the targets; nothing where the heads are solved."""
        if self.kernel is not None:
            return None
        tokens, present = self._tokens(batch.inputs, batch.masks)
        if self.mixup > 0:
            mixture = Mixture.draw(self.mixup, len(batch), self.device)
            outputs = self._answer(mixture.tokens(tokens, present), present)
            own, other = self._loss(outputs, batch.labels), self._loss(outputs, mixture.labels(batch.labels))
            loss = mixture.share * own + (1 - mixture.share) * other
        else:
            loss = self._loss(self._answer(tokens, present), batch.labels)
        self.log("train/loss", loss, batch_size=len(batch), prog_bar=True)
        return loss

    def validation_step(self, batch: Batch, batch_index: int) -> None:
        """Loss and metrics of the validation split."""
        self._evaluate("val", batch)

    def test_step(self, batch: Batch, batch_index: int) -> None:
        """Loss and metrics of the test split."""
        self._evaluate("test", batch)

    def predict_step(self, batch: Batch, batch_index: int) -> dict[str, Tensor]:
        """Scores by target, ``(batch, measures)``, not calibrated."""
        outputs = self(batch.inputs, batch.masks)
        return {target.name: decode(target, outputs[target.name]) for target in self.task.targets}

    def on_validation_epoch_end(self) -> None:
        """Log the metrics, and ``val/main``: the mean of each target's main metric."""
        self._log_metrics("val")

    def on_test_epoch_end(self) -> None:
        """Log the metrics."""
        self._log_metrics("test")

    def on_train_start(self) -> None:
        """Learn the standardisation and the weights of the levels from the training set alone."""
        loader = self.trainer.train_dataloader or []
        needed = bool(self.scales) or self.balance or self.kernel is not None
        batches = [batch.to(self.device) for batch in loader] if needed else []
        if self.kernel is not None:
            self.solve(batches)
        elif not all(bool(scale.fitted) for scale in self.scales.values()):
            self._fit_scales(batches)
        if self.balance:
            self._level_weights = self._inverse_shares(batches)

    @torch.no_grad()
    def solve(self, batches: list[Batch]) -> None:
        """Learn the heads that are solved, and the standardisation, from all of these segments and no others."""
        batches = [batch.to(self.device) for batch in batches]
        self._fit_scales(batches)
        for module in self.encoders.modules():  # heads are solved of the training set first, then with validation, too
            if isinstance(module, RunningStatistics):
                module.reset_running_stats()
        self.encoders.train()
        for batch in batches:  # an encoder may have to see all segments once to learn its scale
            self._tokens(batch.inputs, batch.masks)
        self.encoders.eval()
        self.kernel_heads.fit(*self._known(batches), self.balance)

    def _fit_scales(self, batches: list[Batch]) -> None:
        for name, scale in self.scales.items():
            cast(Standardize, scale).fit((batch.inputs[name], batch.masks[name]) for batch in batches)

    def _known(self, batches: list[Batch]) -> tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor], list[str]]:
        """Vectors and presence by modality, labels by target, and groups of all segments of some batches."""
        pairs = [self._tokens(batch.inputs, batch.masks) for batch in batches]
        vectors = {name: torch.cat([tokens[name] for tokens, _ in pairs]) for name in self.modalities}
        present = {name: torch.cat([there[name] for _, there in pairs]) for name in self.modalities}
        labels = {
            target.name: torch.cat([batch.labels[target.name] for batch in batches]) for target in self.task.targets
        }
        groups = [segment.group or segment.recording.id for batch in batches for segment in batch.segments]
        return vectors, present, labels, groups

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """AdamW with a one-cycle schedule; each encoder at its own learning rate. None where heads are solved."""
        if self.kernel is not None:
            return None
        groups = self._parameter_groups()
        optimizer = torch.optim.AdamW(groups, weight_decay=self.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=[group["lr"] for group in groups], total_steps=max(steps, 2), pct_start=0.1
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _parameter_groups(self) -> list[dict[str, Any]]:
        own = {name: e for name, e in self.encoders.items() if e.learning_rate is not None}
        taken = {id(p) for encoder in own.values() for p in encoder.parameters()}
        rest = [p for p in self.parameters() if p.requires_grad and id(p) not in taken]
        groups: list[dict[str, Any]] = [{"params": rest, "lr": self.learning_rate}]
        for encoder in own.values():
            trained = [p for p in encoder.parameters() if p.requires_grad]
            if trained:
                groups.append({"params": trained, "lr": encoder.learning_rate})
        return groups

    def _loss(self, outputs: Mapping[str, Tensor], labels: Mapping[str, Tensor]) -> Tensor:
        losses = [
            self.loss_weights.get(target.name, 1.0)
            * target_loss(target, outputs[target.name], labels[target.name], self._level_weights.get(target.name))
            for target in self.task.targets
        ]
        return torch.stack(losses).mean()

    def _evaluate(self, split: str, batch: Batch) -> None:
        outputs = self(batch.inputs, batch.masks)
        self.log(f"{split}/loss", self._loss(outputs, batch.labels), batch_size=len(batch), on_epoch=True)
        for target in self.task.targets:
            answer = outputs[target.name]
            scores = level_probabilities(target, answer) if target.is_categorical else decode(target, answer)
            self._metric(split, target).update(scores, batch.labels[target.name])

    def _log_metrics(self, split: str) -> None:
        main = []
        for target in self.task.targets:
            metric = self._metric(split, target)
            values = metric.compute()
            metric.reset()
            self.log_dict({f"{split}/{target.name}/{name}": value for name, value in values.items()})
            main.append(values[MAIN_METRIC[target.kind]].float().cpu())
        # A metric that is not defined must not become the best one seen.
        self.log(f"{split}/main", torch.stack(main).nan_to_num(-1.0).mean(), prog_bar=True)

    def _metric(self, split: str, target: Target) -> TargetMetrics:
        return cast(TargetMetrics, self.metrics[f"{split}_{target.name}"])

    def _inverse_shares(self, batches: list[Batch]) -> dict[str, Tensor]:
        """By categorical target, ``(levels,)`` weights whose mean over the training set is 1."""
        weights = {}
        for target in self.task.targets:
            if target.is_categorical:
                labels = torch.cat([batch.labels[target.name] for batch in batches])
                counts = torch.bincount(labels[torch.isfinite(labels)].long(), minlength=target.levels)
                weights[target.name] = counts.sum() / (target.levels * counts.clamp(min=1)).float()
        return weights
