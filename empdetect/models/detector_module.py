"""The LightningModule: encoders of each modality, fused, to a head for each target."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from empdetect.batch import Batch
from empdetect.errors import InputError
from empdetect.features.base import Extractor
from empdetect.models.cross_person import CrossPersonAttention
from empdetect.models.encoded import Encoded
from empdetect.models.encoders.base import Encoder
from empdetect.models.encoders.signal import FrameEncoder
from empdetect.models.fusion import Fusion
from empdetect.models.heads import Heads, decode, level_probabilities, target_loss
from empdetect.models.kernel import KernelMachine
from empdetect.models.kernel_heads import KernelHeads
from empdetect.models.metrics import MAIN_METRIC, TargetMetrics
from empdetect.models.mixup import Mixture
from empdetect.models.standardize import Standardize
from empdetect.task import Target, Task


class DetectorModule(LightningModule):
    """A detector to be trained.

    Single-modality training is this module with one encoder; late fusion is ``fusion_layers=0``.

    Args:
        task: what to answer; sizes the heads.
        encoders: one for each modality.
        width: of the fused tokens.
        fusion_layers: transformer layers over the modality tokens; 0 is late fusion.
        fusion_heads: attention heads a layer.
        dropout: share of activations dropped in fusion and heads.
        modality_dropout: chance that a modality is dropped from a training example.
        learning_rate: highest rate of the one-cycle schedule, for weights whose encoder sets none.
        weight_decay: of AdamW.
        balance: weigh classes by the inverse of their share in the training set.
        mixup: strength of manifold mixup on the tokens (``models.mixup``), such as 0.4; 0 is none.
        kernel: heads that are solved in one epoch instead of trained, on the encoders' vectors; these must have
            nothing to learn, and fusion, dropout and the rest of the training's settings have no part in it.
        cross: attention between the frames of two people, in place of fusion and heads; needs one encoder that gives
            frames.
        loss_weights: how much the loss of a target counts, by name; 1 for those that are not named.

    Raises:
        InputError: there is no encoder, one that would have to be trained although ``kernel`` is given, or one that
            gives no frames although ``cross`` is.
    """

    def __init__(
        self,
        task: Task,
        encoders: dict[str, Encoder],
        width: int = 64,
        fusion_layers: int = 2,
        fusion_heads: int = 4,
        dropout: float = 0.2,
        modality_dropout: float = 0.2,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        balance: bool = True,
        mixup: float = 0.0,
        kernel: KernelMachine | None = None,
        cross: CrossPersonAttention | None = None,
        loss_weights: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        if not encoders:
            raise InputError("Building a detector: at least one modality with its encoder is needed")
        self.task = task
        self.width = width
        self.fusion_layers = fusion_layers
        self.fusion_heads = fusion_heads
        self.dropout = dropout
        self.modality_dropout = modality_dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.balance = balance
        self.mixup = mixup
        self.kernel = kernel
        self.cross = cross
        self.loss_weights = dict(loss_weights or {})
        self.encoders = nn.ModuleDict(encoders)
        self.scales = nn.ModuleDict({name: Standardize(e.features) for name, e in encoders.items() if e.standardize})
        if cross is not None:
            cross.check(task)
            _refuse_vectors(encoders, kernel, mixup)
        elif kernel is None:
            self.projections = nn.ModuleDict({name: nn.Linear(e.width, width) for name, e in encoders.items()})
            self.fusion = Fusion(
                list(encoders), task.persons, width, fusion_layers, fusion_heads, dropout, modality_dropout
            )
            self.heads = Heads(task, width, dropout)
        else:
            _refuse_trainable(encoders)
            self.kernel_heads = KernelHeads(kernel, task, {name: e.width for name, e in encoders.items()})
            self.automatic_optimization = False
        self.metrics = nn.ModuleDict(
            {f"{split}_{target.name}": TargetMetrics(target) for split in ("val", "test") for target in task.targets}
        )
        self._level_weights: dict[str, Tensor] = {}

    @property
    def modalities(self) -> list[str]:
        """Names of the modalities, sorted."""
        return sorted(self.encoders)

    @property
    def compares(self) -> bool:
        """Whether it compares people, so that there is nothing to say of one alone."""
        return self.cross is not None

    def rebuilt(self) -> set[str]:
        """Names in the ``state_dict`` that building the module again restores bit for bit."""
        return {f"encoders.{name}.{key}" for name in self.modalities for key in self._encoder(name).rebuilt()}

    def check_features(self, features: Mapping[str, Extractor]) -> None:
        """Make sure that there is an extractor for each encoder, and that it gives what the encoder takes.

        Raises:
            InputError: one is missing or of another width.
        """
        missing = sorted(set(self.modalities) - set(features))
        if missing:
            raise InputError(f"Building a detector: no features for {', '.join(missing)}, which the model reads")
        for name in self.modalities:
            want, give = self.encoders[name].features, features[name].width
            if want != give:
                raise InputError(
                    f"Building a detector: the {name} encoder takes {want} features a frame, its extractor gives "
                    f"{give}; set the encoder's 'features' to {give}"
                )
            if self.cross is not None and getattr(features[name], "rate", self.cross.rate) != self.cross.rate:
                raise InputError(
                    f"Building a detector: its lags are counted at {self.cross.rate:g} frames per second; set the "
                    f"'rate' of the {name} features to it"
                )

    def forward(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Outputs of every head.

        Args:
            inputs: by modality, ``(batch, person, time, feature)``.
            masks: by modality, ``(batch, person, time)``.

        Returns:
            By target, ``(batch, outputs)``.
        """
        return self.answer(self.encode(inputs, masks))

    def encode(self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Encoded:
        """What the encoders make of the inputs, which are those of ``forward``."""
        return Encoded(*self._tokens(inputs, masks))

    def answer(self, encoded: Encoded) -> dict[str, Tensor]:
        """Outputs of every head, as of ``forward``."""
        return self._answer(encoded.tokens, encoded.present)

    def _tokens(
        self, inputs: Mapping[str, Tensor], masks: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """By modality, tokens ``(batch, person, width)`` and who is there ``(batch, person)``.

        With attention between people, their frames ``(batch, person, time, width)`` and masks instead.
        """
        tokens = {name: self._encode(name, inputs[name], masks[name]) for name in self.modalities}
        if self.cross is not None:
            return tokens, {name: masks[name] for name in self.modalities}
        return tokens, {name: masks[name].any(dim=-1) for name in self.modalities}

    def _answer(self, tokens: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        if self.kernel is not None:
            solved: dict[str, Tensor] = self.kernel_heads(tokens, present)
            return solved
        if self.cross is not None:
            compared: dict[str, Tensor] = self.cross(tokens[self.modalities[0]], present[self.modalities[0]])
            return compared
        outputs: dict[str, Tensor] = self.heads(self.fusion(tokens, present))
        return outputs

    def _encode(self, name: str, x: Tensor, mask: Tensor) -> Tensor:
        """One token a person, ``(batch, person, width)``; people who are missing are not encoded."""
        batch, person = mask.shape[:2]
        if self.cross is not None:
            frames: Tensor = cast(FrameEncoder, self._encoder(name)).frames(x.flatten(0, 1), mask.flatten(0, 1))
            return frames.unflatten(0, (batch, person))
        x, mask = x.flatten(0, 1), mask.flatten(0, 1)
        there = mask.any(dim=1)
        tokens = x.new_zeros(batch * person, self.width if self.kernel is None else self._encoder(name).width)
        if there.any():
            x, mask = x[there], mask[there]
            if name in self.scales:
                x = self.scales[name](x)
            vectors = self.encoders[name](x, mask)
            tokens[there] = (vectors if self.kernel is not None else self.projections[name](vectors)).to(tokens.dtype)
        return tokens.view(batch, person, -1)

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

    def _encoder(self, name: str) -> Encoder:
        return cast(Encoder, self.encoders[name])

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


def _refuse_vectors(encoders: Mapping[str, Encoder], kernel: KernelMachine | None, mixup: float) -> None:
    """People are compared frame by frame: of one modality, without what is made for vectors."""
    if kernel is not None or mixup > 0:
        raise InputError(
            "Building a detector: 'cross' compares frames, 'kernel' and 'mixup' mix vectors: leave one out"
        )
    vectors = [name for name, encoder in encoders.items() if not isinstance(encoder, FrameEncoder)]
    if len(encoders) != 1 or vectors:
        raise InputError(
            f"Building a detector: 'cross' needs one modality whose encoder gives frames, such as SignalEncoder; got "
            f"{', '.join(f'{name} ({type(encoder).__name__})' for name, encoder in encoders.items())}"
        )


def _refuse_trainable(encoders: Mapping[str, Encoder]) -> None:
    """Solved heads see each vector once: an encoder before them would never learn."""
    for name, encoder in encoders.items():
        if any(parameter.requires_grad for parameter in encoder.parameters()):
            raise InputError(
                f"Building a detector: its heads are solved, but the {name} encoder must be trained; take one without "
                "weights, such as MeanEncoder, or leave 'kernel' out"
            )
