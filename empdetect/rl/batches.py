"""Rows of tokens as tensors, and where in them rewards stand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from empdetect.rl.algorithms.tokens import token_weights
from empdetect.rl.policy import pad
from empdetect.rl.rollout import Row


@dataclass(frozen=True)
class Rollouts:
    """The rows of one step.

    Args:
        ids: ``(row, time)`` token ids.
        mask: ``(row, time)`` True where a token stands.
        own: ``(row, time)`` True for the policy's own tokens.
        owner: ``(row,)`` number of each row's dialogue; the rows of a dialogue stand in their order.
        weights: ``(row, time)`` weight of each token, 0 on those that are not the policy's.
        dialogues: how many there are.
    """

    ids: Tensor
    mask: Tensor
    own: Tensor
    owner: Tensor
    weights: Tensor
    dialogues: int

    @classmethod
    def of(cls, rows: Sequence[Row], dialogues: int, padding: int) -> "Rollouts":
        """Tensors of rows."""
        ids, mask = pad([row.ids for row in rows], padding)
        own = pad([row.own for row in rows], 0)[0].bool()
        owner = torch.tensor([row.owner for row in rows])
        return cls(ids, mask, own, owner, token_weights(own, owner, dialogues), dialogues)

    def batches(self, size: int) -> Iterator[tuple[Tensor, int]]:
        """Places of at most ``size`` rows of similar length at a time, and the longest of them.

        Weights are those of the whole, so losses and gradients of the pieces just add up.
        """
        lengths = self.mask.sum(1)
        for places in lengths.argsort(stable=True).split(size):
            yield places, int(lengths[places].max())

    def token_rewards(self, rewards: Sequence[Sequence[float]]) -> Tensor:
        """Rewards of each dialogue's replies, each on the last token of its reply.

        Args:
            rewards: one a reply, by dialogue; an empty list leaves a dialogue at NaN.

        Returns:
            ``(row, time)``
        """
        found = torch.zeros(self.ids.shape)
        left = {number: list(given) for number, given in enumerate(rewards)}
        ends = self.own & ~torch.nn.functional.pad(self.own[:, 1:], (0, 1))
        for row, time in ends.nonzero().tolist():
            given = left[int(self.owner[row])]
            found[row, time] = given.pop(0) if given else torch.nan
        return found

    def by_reply(self, values: Tensor) -> Tensor:
        """A value of each reply on all of its tokens.

        Args:
            values: ``(dialogue, reply)``

        Returns:
            ``(row, time)``, 0 on tokens that are not the policy's.
        """
        begins = self.own & ~torch.nn.functional.pad(self.own[:, :-1], (1, 0))
        counts, before = begins.sum(1), torch.zeros(self.dialogues, dtype=torch.long)
        number = begins.cumsum(1) - 1
        for row, owner in enumerate(self.owner.tolist()):
            number[row] += before[owner]
            before[owner] += counts[row]
        found = values[self.owner[:, None], number.clamp(0, values.shape[1] - 1)]
        return found.where(self.own, 0)

    def chained(self, values: Tensor) -> Tensor:
        """The own tokens of each dialogue in one line, row after row: ``(dialogue, own tokens)``, padded by 0."""
        lines = [values[self.owner == number][self.own[self.owner == number]] for number in range(self.dialogues)]
        return torch.nn.utils.rnn.pad_sequence(lines, batch_first=True)

    def unchained(self, lines: Tensor) -> Tensor:
        """The inverse of ``chained``: ``(row, time)``, 0 on tokens that are not the policy's."""
        found = torch.zeros(self.ids.shape, dtype=lines.dtype)
        for number in range(self.dialogues):
            mine = self.own & (self.owner == number)[:, None]
            found[mine] = lines[number, : int(mine.sum())]
        return found
