"""GRPO on Lightning Fabric: roll out, reward, update, log."""

import copy
import csv
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor

from empdetect.rl.algorithms.grpo import group_advantages, kl_estimate, policy_loss, token_weights
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.policy import Policy, pad
from empdetect.rl.profiles import Profile
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import Combined, combine, score_heads
from empdetect.rl.rollout import Row, roll_out
from empdetect.rl.users.base import User

LogRow = dict[str, float]


@dataclass(frozen=True)
class Rollouts:
    """What one update learns from.

    Args:
        ids: ``(row, time)`` token ids, rows sorted by length.
        mask: ``(row, time)`` True where a token stands.
        weights: ``(row, time)`` weight of each token, 0 on those that are not the policy's.
        advantages: ``(row,)`` of the row's dialogue.
    """

    ids: Tensor
    mask: Tensor
    weights: Tensor
    advantages: Tensor

    @classmethod
    def of(cls, rows: Sequence[Row], advantages: Tensor, padding: int) -> "Rollouts":
        """Tensors of rows; ``advantages`` is ``(dialogue,)``."""
        rows = sorted(rows, key=lambda row: len(row.ids))
        ids, mask = pad([row.ids for row in rows], padding)
        own, _ = pad([row.own for row in rows], 0)
        owner = torch.tensor([row.owner for row in rows])
        return cls(ids, mask, token_weights(own.bool(), owner, len(advantages)), advantages[owner])

    def batches(self, size: int, device: torch.device) -> Iterator["Rollouts"]:
        """Pieces of at most ``size`` rows, cut to their longest. Weights stay, so gradients just add up."""
        for start in range(0, len(self.ids), size):
            width = int(self.mask[start : start + size].sum(1).max())
            parts = (tensor[start : start + size, :width] for tensor in (self.ids, self.mask, self.weights))
            ids, mask, weights = (part.to(device) for part in parts)
            yield Rollouts(ids, mask, weights, self.advantages[start : start + size].to(device))


class GRPOTrainer:
    """Trains a policy on what its users feel and other heads say.

    Args:
        policy: who learns.
        user: who it talks to.
        rewards: the heads, by name.
        weights: the weight of each head; that of a detector should stay under 0.3 of the emotion's.
        fabric: device and precision; one CPU or GPU process if None.
        steps: updates of the policy.
        profiles_per_step: how many situations a step.
        group_size: dialogues a situation; the group that an advantage is relative to.
        max_turns: replies after which a dialogue ends.
        max_new_tokens: tokens a reply at most.
        temperature: of the sampling; the policy that is trained is the one at this temperature.
        learning_rate: of AdamW. The default fits the small policy; a large language model needs about 1e-6.
        clip: how far the probability ratio may leave 1.
        kl_weight: weight of the KL divergence from the policy at the start; 0 keeps no reference.
        max_grad_norm: gradients are clipped to this norm.
        std_floor: least standard deviation of a group's rewards to divide by.
        rows_per_batch: rows a forward pass; changes memory, not results.
        updates: passes over the rollouts of a step.
        seed: fixes everything; on a CPU the same seed gives the same log.
    """

    def __init__(
        self,
        policy: Policy,
        user: User,
        rewards: Mapping[str, Reward],
        weights: Mapping[str, float],
        fabric: Fabric | None = None,
        steps: int = 10,
        profiles_per_step: int = 6,
        group_size: int = 12,
        max_turns: int = 4,
        max_new_tokens: int = 40,
        temperature: float = 0.7,
        learning_rate: float = 1e-3,
        clip: float = 0.2,
        kl_weight: float = 0.02,
        max_grad_norm: float = 1.0,
        std_floor: float = 0.05,
        rows_per_batch: int = 32,
        updates: int = 1,
        seed: int = 0,
    ) -> None:
        self.policy = policy
        self.environment = EmpathyEnvironment(user, max_turns)
        self.rewards = rewards
        self.weights = weights
        self.fabric = fabric or Fabric(devices=1)
        self.steps = steps
        self.profiles_per_step = profiles_per_step
        self.group_size = group_size
        self.max_new_tokens = max_new_tokens
        self.temperature = temperature
        self.learning_rate = learning_rate
        self.clip = clip
        self.kl_weight = kl_weight
        self.max_grad_norm = max_grad_norm
        self.std_floor = std_floor
        self.rows_per_batch = rows_per_batch
        self.updates = updates
        self.seed = seed

    def fit(self, profiles: Sequence[Profile], log: Path) -> list[LogRow]:
        """Train, and write one row a step to ``log``, a CSV file.

        Returns:
            The rows of the log.
        """
        torch.manual_seed(self.seed)
        model, optimizer = self._set_up()
        reference = copy.deepcopy(self.policy.model).requires_grad_(False) if self.kl_weight else None
        rows: list[LogRow] = []
        batches = _situations(profiles, self.profiles_per_step, self.seed)
        for step in _progress(self.steps, rows):
            rows.append({"step": step + 1, **self._step(model, reference, optimizer, next(batches), step)})
            _write(rows, log)
        return rows

    def _set_up(self) -> tuple[Any, Any]:
        # Evaluation mode: with dropout the update would see other probabilities than the sampling did.
        self.policy.model.eval()
        optimizer = torch.optim.AdamW(self.policy.model.parameters(), lr=self.learning_rate, weight_decay=0.0)
        model, optimizer = self.fabric.setup(self.policy.model, optimizer)
        return model, optimizer

    def _step(
        self, model: Any, reference: Any, optimizer: Any, situations: Sequence[Profile], step: int
    ) -> dict[str, float]:
        began = time.perf_counter()
        group = [profile for profile in situations for _ in range(self.group_size)]
        with self.fabric.autocast():
            dialogues, rows = roll_out(
                self.policy, self.environment, group, self.seed + step, self.max_new_tokens, self.temperature
            )
        combined = combine(score_heads(self.rewards, dialogues), self.weights, self.group_size)
        totals = torch.tensor(combined.totals)
        if not rows or totals.isnan().all():
            raise RuntimeError(
                f"Step {step + 1}: no dialogue could be scored; the first ended with '{dialogues[0].reason}'"
            )
        advantages = group_advantages(totals.view(-1, self.group_size), self.std_floor).flatten()
        rollouts = Rollouts.of(rows, advantages, self.policy.tokenizer.pad_token_id)
        learned = self._update(model, reference, optimizer, rollouts)
        return {
            "reward": float(totals.nanmean()),
            **_head_columns(combined),
            **learned,
            **_speech(dialogues, rows),
            "seconds": time.perf_counter() - began,
        }

    def _update(self, model: Any, reference: Any, optimizer: Any, rollouts: Rollouts) -> dict[str, float]:
        """One or more passes over the rollouts, one optimiser step each."""
        batches = list(rollouts.batches(self.rows_per_batch, self.fabric.device))
        old = [self._frozen(batch, self.policy.model) for batch in batches] if self.updates > 1 else None
        anchors = [self._frozen(batch, reference) for batch in batches] if reference is not None else None
        figures: dict[str, float] = {}
        for _ in range(self.updates):
            figures = {"loss": 0.0, "kl": 0.0 if anchors else float("nan")}
            for place, batch in enumerate(batches):
                new = self.policy.logprobs(batch.ids, batch.mask, self.temperature, model)
                before = old[place] if old else new.detach()
                loss = policy_loss(new, before, batch.advantages, batch.weights, self.clip)
                if anchors:
                    divergence = kl_estimate(new, anchors[place], batch.weights)
                    loss = loss + self.kl_weight * divergence
                    figures["kl"] += float(divergence.detach())
                figures["loss"] += float(loss.detach())
                self.fabric.backward(loss)
            norm = self.fabric.clip_gradients(model, optimizer, max_norm=self.max_grad_norm)
            figures["grad_norm"] = float(norm) if norm is not None else float("nan")
            optimizer.step()
            optimizer.zero_grad()
        return figures

    @torch.no_grad()
    def _frozen(self, batch: Rollouts, model: Any) -> Tensor:
        with self.fabric.autocast():
            return self.policy.logprobs(batch.ids, batch.mask, self.temperature, model)


def _situations(profiles: Sequence[Profile], count: int, seed: int) -> Iterator[list[Profile]]:
    """``count`` profiles at a time, in shuffled order, each once before any comes again."""
    choice = random.Random(seed)
    queue: list[Profile] = []
    while True:
        while len(queue) < count:
            queue += choice.sample(list(profiles), len(profiles))
        yield queue[:count]
        queue = queue[count:]


def _head_columns(combined: Combined) -> dict[str, float]:
    return {
        f"{name}.{figure}": getattr(summary, figure)
        for name, summary in combined.heads.items()
        for figure in ("mean", "spread", "none", "share")
    }


def _speech(dialogues: Sequence[Dialogue], rows: Sequence[Row]) -> dict[str, float]:
    """Replies a dialogue, tokens a reply, and share of different word pairs among all replies."""
    replies = [turn.visible for dialogue in dialogues for turn in dialogue.replies]
    return {
        "turns": len(replies) / max(len(dialogues), 1),
        "length": sum(sum(row.own) for row in rows) / max(len(replies), 1),
        "distinct2": distinct(replies, 2),
    }


def distinct(texts: Sequence[str], size: int) -> float:
    """Share of different runs of ``size`` words among all of them (Li et al., NAACL 2016)."""
    runs = [run for words in map(str.split, texts) for run in zip(*(words[shift:] for shift in range(size)))]
    return len(set(runs)) / len(runs) if runs else 0.0


def _write(rows: Sequence[LogRow], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows([{name: f"{value:.6g}" for name, value in row.items()} for row in rows])


def _progress(steps: int, rows: Sequence[LogRow]) -> Iterator[int]:
    """Count the steps, with a bar that tells the reward, if there is a terminal."""
    if not sys.stderr.isatty():
        yield from range(steps)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("GRPO", total=steps)
        for step in range(steps):
            yield step
            progress.update(bar, advance=1, description=f"GRPO, reward {rows[-1]['reward']:.3f}")
