"""The heads of a detector that is solved: they keep the training segments' vectors and compare new ones with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from empdetect.errors import InputError
from empdetect.models.kernel import ANSWERS, KernelMachine, Rows, as_outputs, best_sharpness
from empdetect.models.kernel_solver import AveragedSolver
from empdetect.models.principal import PrincipalComponents, of_one_length
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
    had it. A segment of which nothing is there gets the mean answer. The answers to the machine's ``first`` targets
    are given on for segments of which all is there: of others they would be made of less than those learned from.

    Args:
        machine: its settings.
        task: what to answer.
        widths: length of the vector of each modality.

    Raises:
        InputError: the machine is to answer targets first that the task lacks, or all of them, or to take more leading
            features of a modality than there are.
    """

    vectors: Tensor
    present: Tensor
    labels: Tensor
    answers: Tensor
    sharpness: Tensor
    balance: Tensor

    def __init__(self, machine: KernelMachine, task: Task, widths: Mapping[str, int]) -> None:
        super().__init__()
        self.machine = machine
        self.task = task
        self.modalities = sorted(widths)
        self.blocks = blocks = [name for name in self.modalities for _ in range(task.persons)]
        self.given = [widths[name] for name in blocks]
        self.widths = [machine.components.get(name, widths[name]) for name in blocks]
        self.shares = [machine.shares.get(name, 1.0) for name in blocks]
        self.apart = [machine.stands_apart(name) for name in blocks]
        self.first = _places_of(machine.first, task)
        leading = [name for name in blocks if name in machine.leading]
        self.shares += [1.0] * len(leading) + [machine.shares.get(ANSWERS, 1.0), 1.0]
        self.apart += [False] * len(leading) + [machine.stands_apart(ANSWERS), False]
        self.answered = sum(task.targets[number].outputs for number in self.first)
        _check_leading(machine.leading, dict(zip(blocks, self.widths, strict=True)) | {ANSWERS: self.answered})
        self.reductions = nn.ModuleList(
            PrincipalComponents(given, width, machine.whiten, LIMIT, name in machine.unit_length)
            if name in machine.components
            else nn.Identity()
            for name, given, width in zip(blocks, self.given, self.widths, strict=True)
        )
        self.register_buffer("vectors", torch.zeros(0, sum(self.widths)))
        self.register_buffer("present", torch.zeros(0, len(self.widths), dtype=torch.bool))
        self.register_buffer("labels", torch.zeros(0, len(task.targets)))
        self.register_buffer("answers", torch.zeros(0, self.answered), persistent=bool(self.first))
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
        scores = {number: self._scores(number, asked) for number in self.first}
        if scores:
            asked = self._with_answers(asked, torch.cat(list(scores.values()), dim=1))
        others = (number for number in range(len(self.task.targets)) if number not in scores)
        scores |= {number: self._scores(number, asked) for number in others}
        return {target.name: self._outputs(number, scores[number]) for number, target in enumerate(self.task.targets)}

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
        self.answers = self._answer_first()
        for number, target in enumerate(self.task.targets):
            self.sharpness[number] = self._fitting_sharpness(number, target)

    @torch.no_grad()
    def cross_fitted(self) -> CrossFitted | None:
        """Answers about the training segments by heads that did not learn from their groups.

        Principal components are those of all training segments: they know no labels. Answers to the first targets,
        where they are an input, are by heads that did not learn from the segment's own group, but did from others
        held out with it. None right after loading, when the groups are not known, and where a target's segments are
        of one group.
        """
        outputs, labels = {}, {}
        for number, target in enumerate(self.task.targets):
            scores = self._held_out_scores(number, target) if self._groups else None
            if scores is None:
                return None
            known = torch.isfinite(self.labels[:, number])
            outputs[target.name] = self.labels.new_zeros(len(known), target.outputs)
            outputs[target.name][known] = self._outputs(number, scores)
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
            scores = self._cross_fitted_scores(target, rows, labels, [self._groups[place] for place in places.tolist()])
            if scores is None:
                return None
            self._held_out[number] = scores
        return self._held_out[number]

    def _answer_first(self) -> Tensor:
        """Scores of the first targets ``(n, outputs of all)`` by heads that did not learn from the segment's group.

        NaN where there are no such heads: all segments, or nearly all with a known label, are of one group.
        """
        answers = self.labels.new_full((len(self.labels), self.answered), float("nan"))
        rows, start = self._rows(self.vectors, self.present), 0
        for number in self.first:
            target, labels = self.task.targets[number], self.labels[:, number]
            scores = self._cross_fitted_scores(target, rows, labels, self._groups)
            if scores is not None:
                answers[:, start : start + target.outputs] = scores
                self._held_out[number] = scores[torch.isfinite(labels)]
            start += target.outputs
        return answers

    def _cross_fitted_scores(self, target: Target, rows: Rows, labels: Tensor, groups: Sequence[str]) -> Tensor | None:
        """Scores ``(n, outputs)`` of segments by heads that did not learn from their group.

        None if there is but one group, or if without one group no label is known.

        Args:
            target: the target.
            rows: the segments.
            labels: ``(n,)``, NaN where unknown.
            groups: of the segments.
        """
        splits = _group_folds(labels, groups)
        if not splits or any(not torch.isfinite(labels[train]).any() for train, _ in splits):
            return None
        scores = labels.new_zeros(len(labels), target.outputs, dtype=torch.double)
        for train, held_out in splits:
            known = train[torch.isfinite(labels[train])]
            solver = self._solver(target, rows.take(known), labels[known])
            scores[held_out] = solver.scores(rows.take(held_out))
        return scores

    def _with_answers(self, rows: Rows, answers: Tensor) -> Rows:
        """Segments with answers to the first targets ``(n, outputs of all)`` as one more block, standardised."""
        mean = self.answers.mean(dim=0)
        spread = (self.answers - mean).square().mean(dim=0).sqrt().clamp(min=1e-6)
        block = ((answers.float() - mean) / spread).clamp(-LIMIT, LIMIT)
        there = rows.present.all(dim=1) & torch.isfinite(block).all(dim=1)
        return self._beside_leading(rows.beside(block.nan_to_num(0.0), there), ANSWERS, -1)

    def _scores(self, number: int, asked: Rows) -> Tensor:
        """Scores ``(n, outputs)`` of a target, about 0 to 1."""
        if number not in self._solvers:
            rows, labels, _ = self._known(number)
            self._solvers[number] = self._solver(self.task.targets[number], rows, labels)
        return self._solvers[number].scores(asked)

    def _outputs(self, number: int, scores: Tensor) -> Tensor:
        """Scores of a target as the outputs of a head."""
        return as_outputs(self.task.targets[number], scores, float(self.sharpness[number])).float()

    def _solver(self, target: Target, rows: Rows, labels: Tensor) -> AveragedSolver:
        return AveragedSolver(self.machine, target, rows, labels, self.shares, self.apart, bool(self.balance))

    def _known(self, number: int) -> tuple[Rows, Tensor, Tensor]:
        """Training segments with a label of a target, these labels, and their places."""
        places = torch.isfinite(self.labels[:, number]).nonzero().flatten()
        rows = self._rows(self.vectors, self.present)
        if self.first and number not in self.first:
            rows = self._with_answers(rows, self.answers)
        return rows.take(places), self.labels[places, number], places

    def _flat(self, vectors: Mapping[str, Tensor], present: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Vectors ``(batch, widths of all blocks)`` and which blocks are there ``(batch, block)``."""
        flat = torch.cat([vectors[name].flatten(1) for name in self.modalities], dim=1)
        there = torch.cat([present[name] for name in self.modalities], dim=1)
        # In place: the n-grams of some thousand texts are gigabytes.
        return flat.detach().float().nan_to_num_(0.0).clamp_(-LIMIT, LIMIT), there

    def _fit_reductions(self, flat: Tensor) -> None:
        for number, (block, reduction) in enumerate(zip(flat.split(self.given, dim=1), self.reductions, strict=True)):
            if isinstance(reduction, PrincipalComponents):
                reduction.fit(block[self.present[:, number]])

    def _reduced(self, flat: Tensor) -> Tensor:
        """Vectors with their principal components in place of those blocks that have them."""
        blocks = zip(flat.split(self.given, dim=1), self.reductions, strict=True)
        return torch.cat([reduction(block) for block, reduction in blocks], dim=1)

    def _rows(self, flat: Tensor, present: Tensor) -> Rows:
        rows = Rows(torch.split(flat, self.widths, dim=1), present)
        for number, name in enumerate(self.blocks):
            rows = self._beside_leading(rows, name, number)
        return rows

    def _beside_leading(self, rows: Rows, name: str, number: int) -> Rows:
        """With the leading features of a modality's block once more, if they are to stand together with others."""
        if name not in self.machine.leading:
            return rows
        block = rows.blocks[number][:, : self.machine.leading[name]]
        return rows.beside(of_one_length(block) if name in self.machine.unit_length else block, rows.present[:, number])

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Make room for as many training segments as were kept, and forget what was solved for others."""
        for name in ("vectors", "present", "labels", "answers"):
            kept = state_dict.get(prefix + name)
            if kept is not None:
                own = getattr(self, name)
                setattr(self, name, own.new_zeros(len(kept), own.shape[1]))
        self._solvers, self._held_out, self._groups = {}, {}, []
        super()._load_from_state_dict(state_dict, prefix, *others)


def _places_of(first: Sequence[str], task: Task) -> tuple[int, ...]:
    """Places of the targets that are answered before the others."""
    names = [target.name for target in task.targets]
    if not set(first) < set(names) or len(set(first)) < len(first):
        raise InputError(
            f"Kernel machine: 'first' must be some of the targets {', '.join(names)}, not all, each once; "
            f"got {list(first)}"
        )
    return tuple(names.index(name) for name in first)


def _check_leading(leading: Mapping[str, int], widths: Mapping[str, int]) -> None:
    for name, count in leading.items():
        if count > widths.get(name, 0):
            raise InputError(
                f"Kernel machine: 'leading' asks for {count} features of '{name}', which has {widths.get(name, 0)}"
            )


def _group_folds(labels: Tensor, groups: Sequence[str]) -> list[tuple[Tensor, Tensor]]:
    """Places to learn from and to hold out; no group is in both. Empty if there is one group only."""
    from sklearn.model_selection import GroupKFold

    folds = min(INNER_FOLDS, len(set(groups)))
    if folds < 2:
        return []
    splits = GroupKFold(folds).split(labels.cpu().numpy(), groups=list(groups))
    device = labels.device
    return [(torch.from_numpy(train).to(device), torch.from_numpy(held).to(device)) for train, held in splits]
