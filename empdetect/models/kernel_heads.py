"""The heads of a detector that is solved: they keep the training segments' vectors and compare new ones with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from empdetect.models.kernel import KernelMachine, Rows, as_outputs, best_sharpness
from empdetect.models.kernel_solver import AveragedSolver
from empdetect.models.principal import PrincipalComponents
from empdetect.task import Target, Task

LIMIT = 4.0
"""Standardised values beyond it are cut: one strange value must not make a segment unlike all others."""
INNER_FOLDS = 5
UNKNOWN_SHARPNESS = 5.0
"""Of scores that could not be held against labels, as all training segments are of one group."""


@dataclass(frozen=True)
class CrossFitted:
    """Answers about the training segments, each of heads that did not learn from its group.

    Args:
        outputs: by target, ``(n, outputs)``; 0 where the label is unknown.
        labels: by target, ``(n,)``, NaN where unknown.
        groups: ``(n,)``
    """

    outputs: Mapping[str, Tensor]
    labels: Mapping[str, Tensor]
    groups: NDArray[np.str_]


class KernelHeads(nn.Module):
    """Answers of a ``KernelMachine`` to every target.

    Where a modality is missing, the machine is solved anew without it: the answer is that of a machine that never
    had it. A segment of which nothing is there gets the mean answer.

    Args:
        machine: its settings.
        task: what to answer.
        widths: length of the vector of each modality.
    """

    vectors: Tensor
    present: Tensor
    labels: Tensor
    sharpness: Tensor
    balance: Tensor

    def __init__(self, machine: KernelMachine, task: Task, widths: Mapping[str, int]) -> None:
        super().__init__()
        self.machine = machine
        self.task = task
        self.modalities = sorted(widths)
        blocks = [name for name in self.modalities for _ in range(task.persons)]
        self.given = [widths[name] for name in blocks]
        self.widths = [machine.components.get(name, widths[name]) for name in blocks]
        self.shares = [machine.shares.get(name, 1.0) for name in blocks]
        self.apart = [machine.stands_apart(name) for name in blocks]
        self.reductions = nn.ModuleList(
            PrincipalComponents(given, width, machine.whiten, LIMIT, name in machine.unit_length)
            if name in machine.components
            else nn.Identity()
            for name, given, width in zip(blocks, self.given, self.widths, strict=True)
        )
        self.register_buffer("vectors", torch.zeros(0, sum(self.widths)))
        self.register_buffer("present", torch.zeros(0, len(self.widths), dtype=torch.bool))
        self.register_buffer("labels", torch.zeros(0, len(task.targets)))
        self.register_buffer("sharpness", torch.ones(len(task.targets)))
        self.register_buffer("balance", torch.ones((), dtype=torch.bool))
        self._solvers: dict[int, AveragedSolver] = {}
        self._groups: list[str] = []
        self._held_out: dict[int, Tensor] = {}

    @torch.no_grad()
    def forward(self, vectors: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Outputs.

        Args:
            vectors: by modality, ``(batch, person, width)``, standardised.
            present: by modality, ``(batch, person)``.

        Returns:
            By target, ``(batch, outputs)``.
        """
        flat, there = self._flat(vectors, present)
        asked = self._rows(self._reduced(flat), there)
        return {target.name: self._outputs(number, target, asked) for number, target in enumerate(self.task.targets)}

    @torch.no_grad()
    def fit(
        self,
        vectors: Mapping[str, Tensor],
        present: Mapping[str, Tensor],
        labels: Mapping[str, Tensor],
        groups: Sequence[str],
        balance: bool,
    ) -> None:
        """Keep the training segments, and find by cross-validation over their groups how sure the answers may be.

        Args:
            vectors, present: as for ``forward``, of all training segments.
            labels: by target, ``(n,)``, NaN where unknown.
            groups: of each segment.
            balance: count each level of a target alike, however rare.
        """
        self._solvers, self._held_out, self._groups = {}, {}, list(groups)
        self.balance.fill_(balance)
        flat, self.present = self._flat(vectors, present)
        self._fit_reductions(flat)
        self.vectors = self._reduced(flat)
        self.labels = torch.stack([labels[target.name].float() for target in self.task.targets], dim=1)
        for number, target in enumerate(self.task.targets):
            self.sharpness[number] = self._fitting_sharpness(number, target)

    @torch.no_grad()
    def cross_fitted(self) -> CrossFitted | None:
        """Answers about the training segments by heads that did not learn from their groups.

        Principal components are those of all training segments: they know no labels. None right after loading, when
        the groups are not known, and where a target's segments are of one group.
        """
        outputs, labels = {}, {}
        for number, target in enumerate(self.task.targets):
            scores = self._held_out_scores(number, target) if self._groups else None
            if scores is None:
                return None
            known = torch.isfinite(self.labels[:, number])
            outputs[target.name] = self.labels.new_zeros(len(known), target.outputs)
            outputs[target.name][known] = as_outputs(target, scores, float(self.sharpness[number])).float()
            labels[target.name] = self.labels[:, number]
        return CrossFitted(outputs, labels, np.array(self._groups, dtype=np.str_))

    def _fitting_sharpness(self, number: int, target: Target) -> float:
        """The sharpness that makes probabilities of scores about groups that were held out."""
        if not target.is_categorical:
            return 1.0
        scores = self._held_out_scores(number, target)
        return UNKNOWN_SHARPNESS if scores is None else best_sharpness(target, scores, self._known(number)[1])

    def _held_out_scores(self, number: int, target: Target) -> Tensor | None:
        """Scores ``(n, outputs)`` of segments whose label is known, by heads that did not learn from their group."""
        if number not in self._held_out:
            rows, labels, places = self._known(number)
            splits = _group_folds(labels, [self._groups[place] for place in places.tolist()])
            if not splits:
                return None
            scores = labels.new_zeros(len(labels), target.outputs, dtype=torch.double)
            for train, held_out in splits:
                scores[held_out] = self._solver(target, rows.take(train), labels[train]).scores(rows.take(held_out))
            self._held_out[number] = scores
        return self._held_out[number]

    def _outputs(self, number: int, target: Target, asked: Rows) -> Tensor:
        if number not in self._solvers:
            rows, labels, _ = self._known(number)
            self._solvers[number] = self._solver(target, rows, labels)
        scores = self._solvers[number].scores(asked)
        return as_outputs(target, scores, float(self.sharpness[number])).float()

    def _solver(self, target: Target, rows: Rows, labels: Tensor) -> AveragedSolver:
        return AveragedSolver(self.machine, target, rows, labels, self.shares, self.apart, bool(self.balance))

    def _known(self, number: int) -> tuple[Rows, Tensor, Tensor]:
        """Training segments with a label of a target, these labels, and their places."""
        places = torch.isfinite(self.labels[:, number]).nonzero().flatten()
        return self._rows(self.vectors, self.present).take(places), self.labels[places, number], places

    def _flat(self, vectors: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Vectors ``(batch, widths of all blocks)`` and which blocks are there ``(batch, block)``."""
        flat = torch.cat([vectors[name].flatten(1) for name in self.modalities], dim=1)
        there = torch.cat([present[name] for name in self.modalities], dim=1)
        return flat.detach().float().nan_to_num(0.0).clamp(-LIMIT, LIMIT), there

    def _fit_reductions(self, flat: Tensor) -> None:
        for number, (block, reduction) in enumerate(zip(flat.split(self.given, dim=1), self.reductions, strict=True)):
            if isinstance(reduction, PrincipalComponents):
                reduction.fit(block[self.present[:, number]])

    def _reduced(self, flat: Tensor) -> Tensor:
        """Vectors with their principal components in place of those blocks that have them."""
        blocks = zip(flat.split(self.given, dim=1), self.reductions, strict=True)
        return torch.cat([reduction(block) for block, reduction in blocks], dim=1)

    def _rows(self, flat: Tensor, present: Tensor) -> Rows:
        return Rows(torch.split(flat, self.widths, dim=1), present)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Make room for as many training segments as were kept, and forget what was solved for others."""
        for name in ("vectors", "present", "labels"):
            kept = state_dict.get(prefix + name)
            if kept is not None:
                own = getattr(self, name)
                setattr(self, name, own.new_zeros(len(kept), own.shape[1]))
        self._solvers, self._held_out, self._groups = {}, {}, []
        super()._load_from_state_dict(state_dict, prefix, *others)


def _group_folds(labels: Tensor, groups: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
    """Places to learn from and to hold out; no group is in both. None if there is one group only."""
    from sklearn.model_selection import GroupKFold

    folds = min(INNER_FOLDS, len(set(groups)))
    if folds < 2:
        return []
    splits = GroupKFold(folds).split(labels.cpu().numpy(), groups=list(groups))
    device = labels.device
    return [(torch.from_numpy(train).to(device), torch.from_numpy(held).to(device)) for train, held in splits]
