"""N-gram encoders: tf-idf weights to a vector, by a learned map or by a fixed one."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from empdetect.models.encoders.base import Encoder, RunningStatistics

MIXER, PRIME = 2_654_435_761, 4_294_967_291
"""Multiplicative hashing (Knuth, 1998, section 6.4) of an n-gram's number."""


class TfidfEncoder(Encoder, RunningStatistics):
    """The tf-idf weights of a text's n-grams, as ``TextNgrams`` numbers them.

    An n-gram that occurs ``count`` times in a text and in ``df`` of ``n`` texts weighs ``(1 + log count) *
    (1 + log((1 + n) / (1 + df)))``; a text's weights are of length 1 (Salton & Buckley, 1988; smoothed as in
    scikit-learn). ``df`` counts the texts seen in training and is kept with the weights. An n-gram that training
    never showed counts for nothing.

    Args:
        buckets: how many n-grams there are, as ``TextNgrams`` says.
        rarest: n-grams in a smaller share of the texts count for nothing. Those of one text alone are most of a
            text's n-grams, weigh most, and tell nothing about another.
    """

    features = 2
    standardize = False
    documents: Tensor
    holding: Tensor

    def __init__(self, buckets: int, rarest: float = 0.0) -> None:
        super().__init__()
        self.buckets = buckets
        self.rarest = rarest
        self.register_buffer("documents", torch.zeros(()))
        self.register_buffer("holding", torch.zeros(buckets))

    def reset_running_stats(self) -> None:
        """No text was counted."""
        self.documents.zero_()
        self.holding.zero_()

    def weigh(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Row, number and weight of every n-gram, each ``(n-gram,)``; while training it counts texts, too."""
        row, place = (mask & x.isfinite().all(dim=-1)).nonzero(as_tuple=True)
        numbers = x[row, place, 0].long() % self.buckets
        counts = x[row, place, 1].float()
        if self.training:
            self._learn(row, numbers, len(x))
        return row, numbers, self._weights(row, numbers, counts, len(x))

    def _weights(self, row: Tensor, numbers: Tensor, counts: Tensor, rows: int) -> Tensor:
        """Weight ``(n-gram,)`` of each n-gram of ``rows`` texts."""
        rare = ((1 + self.documents) / (1 + self.holding[numbers])).log() + 1
        weights = (1 + counts.clamp(min=1).log()) * rare * self._counted(numbers)
        squares = weights.new_zeros(rows).index_add(0, row, weights.square())
        return weights / squares.clamp(min=1e-12).sqrt()[row]

    def _counted(self, numbers: Tensor) -> Tensor:
        """Whether each n-gram counts for anything."""
        holding = self.holding[numbers]
        return (holding > 0) & (holding >= self.rarest * self.documents)

    @torch.no_grad()
    def _learn(self, row: Tensor, numbers: Tensor, rows: int) -> None:
        """Count the texts that hold each n-gram; in which epoch makes no difference, as all is relative."""
        unique = torch.unique(row * self.buckets + numbers)
        self.holding.index_add_(0, unique % self.buckets, torch.ones_like(unique, dtype=self.holding.dtype))
        self.documents += rows


class NgramEncoder(TfidfEncoder):
    """Sum of one learned vector for each n-gram, by tf-idf: fastText (Joulin et al., EACL 2017) with weights.

    Args:
        buckets: how many n-grams there are, as ``TextNgrams`` says.
        width: of the vector.
        drop: share of a text's n-grams dropped in training.
        learning_rate: of this encoder's weights; None takes the detector's.
    """

    def __init__(
        self, buckets: int = 2**18, width: int = 16, drop: float = 0.3, learning_rate: float | None = None
    ) -> None:
        super().__init__(buckets)
        self.width = width
        self.drop = drop
        self.learning_rate = learning_rate
        self.table = nn.EmbeddingBag(buckets, width, mode="sum")
        # All vectors start at zero but for what breaks the symmetry: an n-gram that was not seen then adds nothing.
        nn.init.normal_(self.table.weight, std=1e-3)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        row, numbers, weights = self.weigh(x, mask)
        if self.training:
            weights = F.dropout(weights, self.drop)
        starts = torch.searchsorted(row, torch.arange(len(x), device=row.device))
        vectors: Tensor = self.table(numbers, starts, per_sample_weights=weights)
        return vectors


class NgramSketch(TfidfEncoder):
    """A text's tf-idf weights folded into a short vector, nothing learned: for heads that are solved.

    Each n-gram is added to one place or taken from it, both by hashing its number, so that products of two texts'
    vectors are those of their weights on average (Weinberger et al., ICML 2009). Vectors are of length 1 or nearly
    so: a ``KernelMachine`` wants a ``narrowness`` of about half the width.

    Args:
        buckets, rarest: as for ``TfidfEncoder``.
        width: of the vector.
    """

    def __init__(self, buckets: int = 2**18, width: int = 4096, rarest: float = 0.0) -> None:
        super().__init__(buckets, rarest)
        self.width = width

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        row, numbers, weights = self.weigh(x, mask)
        mixed = (numbers + 1) * MIXER % PRIME
        sign = 1.0 - 2.0 * (mixed // self.width % 2)
        vectors = weights.new_zeros(len(x), self.width)
        return vectors.index_put((row, mixed % self.width), weights * sign, accumulate=True)


class FrequentNgrams(TfidfEncoder):
    """The tf-idf weights of those n-grams that the most texts hold, nothing learned: for heads that are solved.

    Each has a place of its own, unlike in an ``NgramSketch``; of equally frequent ones the lower number counts. What
    several utterances hold adds up.
    Which they are is known when all texts were counted: while training, vectors are zeros.

    Args:
        buckets: as for ``TfidfEncoder``.
        width: of the vector, so many n-grams; with fewer in the texts, the other places stay 0.
    """

    def __init__(self, buckets: int = 2**18, width: int = 4096) -> None:
        super().__init__(buckets)
        self.width = width
        self._kept: Tensor | None = None

    def reset_running_stats(self) -> None:
        """No text was counted."""
        super().reset_running_stats()
        self._kept = None

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        row, numbers, weights = self.weigh(x, mask)
        vectors = weights.new_zeros(len(x), self.width)
        if self.training:
            return vectors
        place = self._places()[numbers]
        kept = place >= 0
        return vectors.index_put((row[kept], place[kept]), weights[kept], accumulate=True)

    def _counted(self, numbers: Tensor) -> Tensor:
        return torch.zeros_like(numbers, dtype=torch.bool) if self.training else self._places()[numbers] >= 0

    def _learn(self, row: Tensor, numbers: Tensor, rows: int) -> None:
        super()._learn(row, numbers, rows)
        self._kept = None

    def _load_from_state_dict(self, *given: Any) -> None:
        super()._load_from_state_dict(*given)
        self._kept = None

    @torch.no_grad()
    def _places(self) -> Tensor:
        """Place of each n-gram ``(bucket,)``, -1 for those that have none."""
        if self._kept is None or self._kept.device != self.holding.device:
            seen = self.holding.nonzero().flatten()
            most = seen[self.holding[seen].sort(descending=True, stable=True).indices[: self.width]]
            self._kept = torch.full((self.buckets,), -1, device=most.device)
            self._kept[most] = torch.arange(len(most), device=most.device)
        return self._kept
