"""Kernel ridge regression of one target, solved for whichever modalities are there."""

from collections.abc import Sequence

import torch
from torch import Tensor

from empdetect.models.kernel import KernelMachine, Rows, coded, coefficients, feature_weights, likeness, row_weights
from empdetect.task import Target

Pattern = tuple[int, ...]
"""Places of the blocks that are there."""


class AveragedSolver:
    """Mean of the answers of all settings of a machine.

    With few groups to choose by, the choice of one setting is chance; their mean is as good as the better ones.

    Args:
        machine: the settings.
        target, rows, labels, shares, apart: as for ``KernelSolver``.
        balance: whether rare levels weigh more.
    """

    def __init__(
        self,
        machine: KernelMachine,
        target: Target,
        rows: Rows,
        labels: Tensor,
        shares: Sequence[float],
        apart: Sequence[bool],
        balance: bool,
    ) -> None:
        self.noise = machine.noise
        evenness = machine.evenness if balance else 0.0
        self.solvers = [
            KernelSolver(target, rows, labels, shares, apart, machine.narrowness, relevance, evenness)
            for relevance in machine.relevance
        ]

    def scores(self, asked: Rows) -> Tensor:
        """Scores ``(n, outputs)``, about 0 to 1."""
        return torch.cat([solver.scores(asked, self.noise) for solver in self.solvers]).mean(dim=0)


class KernelSolver:
    """Answers about one target from segments whose labels are known.

    Args:
        target: the target.
        rows: the segments.
        labels: ``(n,)``, all known.
        shares: weight of each block in the distance.
        apart: whether each block has a Gaussian of its own.
        narrowness: of the Gaussians.
        relevance: power of the features' weights.
        evenness: how much more rare levels weigh, 0 to 1.
    """

    def __init__(
        self,
        target: Target,
        rows: Rows,
        labels: Tensor,
        shares: Sequence[float],
        apart: Sequence[bool],
        narrowness: float,
        relevance: float,
        evenness: float,
    ) -> None:
        self.target = target
        self.labels = labels
        self.shares = shares
        self.apart = apart
        self.narrowness = narrowness
        self.evenness = evenness
        self.weights = [self._feature_weights(rows, block, relevance) for block in range(len(rows.blocks))]
        self.rows = rows.weighted(self.weights)
        self._kernels: dict[Pattern, Tensor] = {}
        self._solutions: dict[tuple[Pattern, float], tuple[Tensor, Tensor]] = {}

    def scores(self, asked: Rows, noises: Sequence[float]) -> Tensor:
        """Scores ``(noise, n, outputs)``, about 0 to 1."""
        asked = asked.weighted(self.weights)
        scores = self.labels.new_zeros(len(noises), len(asked.present), self.target.outputs, dtype=torch.double)
        for blocks, places in asked.patterns():
            known = self.rows.having(blocks)
            if not blocks or not len(known.present):
                scores[:, places] = self._answers(self.labels)[2]
                continue
            like = self._likeness(asked.take(places, blocks), known, blocks)
            for number, noise in enumerate(noises):
                solution, mean = self._solution(blocks, noise)
                scores[number, places] = like @ solution + mean
        return scores

    def _solution(self, blocks: Pattern, noise: float) -> tuple[Tensor, Tensor]:
        """Coefficients ``(n, outputs)`` of the segments that have these blocks, and their mean answer."""
        if (blocks, noise) not in self._solutions:
            answers, weights, mean = self._answers(self.labels[self.rows.holding(blocks)])
            self._solutions[blocks, noise] = coefficients(self._kernel(blocks), answers - mean, weights, noise), mean
        return self._solutions[blocks, noise]

    def _answers(self, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Labels as numbers ``(n, outputs)``, weights ``(n,)`` and weighted mean ``(outputs,)``."""
        answers, weights = coded(self.target, labels), row_weights(self.target, labels, self.evenness)
        return answers, weights, (weights.unsqueeze(1) * answers).sum(dim=0) / weights.sum()

    def _kernel(self, blocks: Pattern) -> Tensor:
        if blocks not in self._kernels:
            known = self.rows.having(blocks)
            self._kernels[blocks] = self._likeness(known, known, blocks)
        return self._kernels[blocks]

    def _likeness(self, one: Rows, other: Rows, blocks: Pattern) -> Tensor:
        shares, apart = [self.shares[block] for block in blocks], [self.apart[block] for block in blocks]
        return likeness(one, other, shares, apart, self.narrowness)

    def _feature_weights(self, rows: Rows, block: int, relevance: float) -> Tensor:
        there = rows.holding([block])
        if not len(there):
            return torch.ones(rows.blocks[block].shape[1], device=self.labels.device)
        return feature_weights(self.target, rows.blocks[block][there], self.labels[there], relevance)
