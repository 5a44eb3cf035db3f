"""Kernel machine: heads that are solved instead of trained, for a few hundred examples with thousands of features.

Kernel ridge regression on the labels, which is the least-squares support vector machine (Suykens and Vandewalle,
1999; Rifkin and Klautau, JMLR 2004). It chooses nothing on the data: the answers of several settings are averaged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from empdetect.errors import InputError
from empdetect.models.heads import level_probabilities
from empdetect.task import Target

ANSWERS = "answers"
"""What ``KernelMachine`` calls the answers to its ``first`` targets, where it names modalities."""
SHARPNESS = tuple(10 ** (step / 20) for step in range(41))
"""By how much scores may be multiplied to become the outputs of a softmax or sigmoid: 1 to 100."""


class KernelMachine:
    """Settings of the heads of a detector that is solved (``models.kernel_heads``).

    Two segments are as alike as ``exp(-narrowness * sum over modalities of share * mean squared difference)`` of
    their standardised vectors says. A modality that stands apart has such a Gaussian of its own, and the mean of all
    Gaussians says how alike two segments are: alike in some, not in all at once. A narrow one beside a wide one learns
    what words tell by themselves and what only certain words together tell.

    Targets may be answered one after the other: what is answered about the ``first`` ones is one more modality,
    ``answers``, to the heads of the others (stacked single targets by cross-validation: Spyromitros-Xioufis et al.,
    Machine Learning 2016). They learn from answers by heads that had not learned from the segment's group.

    Args:
        narrowness: of the Gaussian.
        relevance: each feature is weighted by this power of the share of its variance that the labels explain; 0
            counts all alike. The answers for all powers are averaged.
        noise: strengths of the ridge. The answers for all strengths are averaged.
        shares: weight of a modality in the sum; one that is not named counts 1.
        evenness: where levels are balanced, each segment weighs this power of the inverse of its level's share: 1 lets
            all levels count alike, however rare.
        additive: all modalities stand apart.
        apart: those that do, if not all.
        components: a modality's vectors become so many principal components first, ``models.principal``; one that is
            not named stays as it is.
        whiten: let all components of a modality count alike; else by their variance, so that a few components stand
            for the vectors themselves and a detector gets smaller.
        unit_length: modalities whose components tell by their direction alone, as in the cosine of two texts.
        leading: of a modality that stands apart, so many leading components or features stand together with the other
            modalities as well, as the topics of words do; of one length if all are. Their share is 1.
        first: targets that are answered before the others.

    Raises:
        InputError: a setting is out of its range.
    """

    def __init__(
        self,
        narrowness: float = 0.2,
        relevance: Sequence[float] = (0.0, 0.5, 1.0),
        noise: Sequence[float] = (0.03, 0.1, 0.3),
        shares: Mapping[str, float] | None = None,
        evenness: float = 1.0,
        additive: bool = False,
        components: Mapping[str, int] | None = None,
        whiten: bool = True,
        apart: Sequence[str] = (),
        unit_length: Sequence[str] = (),
        leading: Mapping[str, int] | None = None,
        first: Sequence[str] = (),
    ) -> None:
        self.narrowness = narrowness
        self.relevance = tuple(relevance)
        self.noise = tuple(noise)
        self.shares = dict(shares or {})
        self.evenness = evenness
        self.additive = additive
        self.components = dict(components or {})
        self.whiten = whiten
        self.apart = tuple(apart)
        self.unit_length = tuple(unit_length)
        self.leading = dict(leading or {})
        self.first = tuple(first)
        self._check_numbers()
        self._check_names()

    def stands_apart(self, modality: str) -> bool:
        """Whether a modality has a Gaussian of its own."""
        return self.additive or modality in self.apart

    def _check_numbers(self) -> None:
        if self.narrowness <= 0 or not self.relevance or not self.noise or min(self.noise) <= 0:
            raise InputError(
                "Kernel machine: 'narrowness' and 'noise' must be above 0, and 'relevance' and 'noise' not empty; "
                f"got {self.narrowness:g}, {list(self.noise)} and {list(self.relevance)}"
            )
        if any(share <= 0 for share in self.shares.values()):
            raise InputError(
                f"Kernel machine: 'shares' must be above 0, got {self.shares}; leave a modality out instead"
            )
        if not 0 <= self.evenness <= 1:
            raise InputError(f"Kernel machine: 'evenness' must be 0 to 1, got {self.evenness:g}")
        if any(count < 1 for count in self.components.values()):
            raise InputError(f"Kernel machine: 'components' must be 1 or more, got {self.components}")

    def _check_names(self) -> None:
        if not set(self.unit_length) <= set(self.components):
            raise InputError(
                f"Kernel machine: 'unit_length' is for modalities that have 'components', {sorted(self.components)}; "
                f"got {list(self.unit_length)}"
            )
        for name, count in self.leading.items():
            if count < 1 or not self.stands_apart(name):
                raise InputError(
                    f"Kernel machine: 'leading' takes 1 or more of a modality that stands 'apart'; got {count} of "
                    f"'{name}', which stands {'apart' if self.stands_apart(name) else 'together with others'}"
                )


@dataclass(frozen=True)
class Rows:
    """Segments as vectors.

    Args:
        blocks: one for each modality and person, ``(n, width)``, standardised.
        present: ``(n, block)``
    """

    blocks: tuple[Tensor, ...]
    present: Tensor

    def take(self, places: Tensor, blocks: Sequence[int] | None = None) -> "Rows":
        """Some of the segments, and some of the blocks."""
        chosen = range(len(self.blocks)) if blocks is None else blocks
        return Rows(tuple(self.blocks[b][places] for b in chosen), self.present[places][:, list(chosen)])

    def weighted(self, weights: Sequence[Tensor]) -> "Rows":
        """Each feature times its weight."""
        return Rows(tuple(block * weight for block, weight in zip(self.blocks, weights, strict=True)), self.present)

    def beside(self, block: Tensor, present: Tensor) -> "Rows":
        """With one more block ``(n, width)``, there where ``present`` ``(n,)`` says so."""
        return Rows((*self.blocks, block), torch.cat([self.present, present.unsqueeze(1)], dim=1))

    def patterns(self) -> list[tuple[tuple[int, ...], Tensor]]:
        """Which blocks are there together, and the places of the segments where it is so."""
        kinds, kind_of = torch.unique(self.present, dim=0, return_inverse=True)
        return [
            (tuple(kind.nonzero().flatten().tolist()), (kind_of == number).nonzero().flatten())
            for number, kind in enumerate(kinds)
        ]

    def holding(self, blocks: Sequence[int]) -> Tensor:
        """Places of the segments that have all of these blocks."""
        return self.present[:, list(blocks)].all(dim=1).nonzero().flatten()

    def having(self, blocks: Sequence[int]) -> "Rows":
        """The segments that have all of these blocks, and these blocks only; where all have them, without a copy."""
        places = self.holding(blocks)
        if len(places) < len(self.present):
            return self.take(places, blocks)
        return Rows(tuple(self.blocks[block] for block in blocks), self.present[:, list(blocks)])


def likeness(one: Rows, other: Rows, shares: Sequence[float], apart: Sequence[bool], narrowness: float) -> Tensor:
    """Kernel ``(one, other)`` of segments that have all blocks; see ``KernelMachine``.

    Args:
        one, other: the segments.
        shares: weight of each block in the distance.
        apart: whether each block has a Gaussian of its own.
        narrowness: of the Gaussians.
    """
    distances = [
        narrowness * share * squared_distance(a, b) / a.shape[1]
        for share, a, b in zip(shares, one.blocks, other.blocks, strict=True)
    ]
    alone = [distance for distance, own in zip(distances, apart, strict=True) if own]
    together = [distance for distance, own in zip(distances, apart, strict=True) if not own]
    sums = [*alone, torch.stack(together).sum(dim=0)] if together else alone
    return torch.stack([total.neg().exp().double() for total in sums]).mean(dim=0)


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """``(n, width)`` and ``(m, width)`` to ``(n, m)``."""
    squares = a.square().sum(dim=1).unsqueeze(1) + b.square().sum(dim=1).unsqueeze(0)
    return (squares - 2 * a @ b.T).clamp(min=0)


def coefficients(kernel: Tensor, answers: Tensor, weights: Tensor, noise: float) -> Tensor:
    """Solution ``(n, outputs)`` of weighted kernel ridge regression.

    Args:
        kernel: ``(n, n)``
        answers: ``(n, outputs)`` without their mean.
        weights: ``(n,)``; a segment of weight 2 counts as two.
        noise: of the ridge.
    """
    factor = torch.linalg.cholesky(kernel + torch.diag(noise / weights))
    return torch.cholesky_solve(answers, factor)


def coded(target: Target, labels: Tensor) -> Tensor:
    """Labels ``(n,)`` as numbers to regress on ``(n, outputs)``: 0 and 1, or numbers in the unit range."""
    if not target.is_categorical:
        low, high = target.limits
        return ((labels - low) / (high - low)).double().unsqueeze(1)
    levels = labels.long().unsqueeze(1)
    if target.kind == "nominal":
        return (levels == torch.arange(target.levels, device=labels.device)).double()
    return (levels > torch.arange(target.outputs, device=labels.device)).double()


def as_outputs(target: Target, scores: Tensor, sharpness: float) -> Tensor:
    """Scores ``(n, outputs)`` as the outputs of a head."""
    if not target.is_categorical:
        return scores
    return (scores if target.kind == "nominal" else scores - 0.5) * sharpness


def best_sharpness(target: Target, scores: Tensor, labels: Tensor) -> float:
    """The sharpness with the least negative log-likelihood of labels ``(n,)``; 1 for numbers."""
    if not target.is_categorical:
        return 1.0
    levels = labels.long().unsqueeze(1)

    def loss(sharpness: float) -> float:
        chances = level_probabilities(target, as_outputs(target, scores, sharpness)).gather(1, levels)
        return -float(chances.clamp(min=1e-12).log().mean())

    return min(SHARPNESS, key=loss)


def row_weights(target: Target, labels: Tensor, evenness: float) -> Tensor:
    """Weight of each segment ``(n,)``: the inverse of its level's share to the power of ``evenness``."""
    if evenness == 0 or not target.is_categorical:
        return torch.ones_like(labels, dtype=torch.double)
    counts = torch.bincount(labels.long(), minlength=target.levels).double()
    return (len(labels) / ((counts > 0).sum() * counts.clamp(min=1)))[labels.long()] ** evenness


def feature_weights(target: Target, block: Tensor, labels: Tensor, power: float) -> Tensor:
    """Weight of each feature ``(width,)``, of mean square 1: a power of the share of variance that labels explain.

    Args:
        target: what the labels are of.
        block: ``(n, width)``
        labels: ``(n,)``
        power: 0 gives 1 to all.
    """
    weights = explained(target, block, labels) ** power
    size = float(weights.square().mean().sqrt())
    return weights / size if size > 0 else torch.ones_like(weights)


def explained(target: Target, block: Tensor, labels: Tensor) -> Tensor:
    """Share of the variance of each feature between the levels, or shared with the numbers, 0 to 1: ``(width,)``."""
    centred = block - block.mean(dim=0)
    total = centred.square().sum(dim=0).clamp(min=1e-9)
    if not target.is_categorical:
        numbers = (labels - labels.mean()).to(block.dtype)
        return (numbers @ centred).square() / (numbers.square().sum().clamp(min=1e-9) * total)
    member = torch.nn.functional.one_hot(labels.long(), target.levels).to(block.dtype)
    sums = member.T @ centred
    return (sums.square() / member.sum(dim=0).clamp(min=1).unsqueeze(1)).sum(dim=0) / total
