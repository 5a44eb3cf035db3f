"""The update: from rows of tokens and their advantages to a step of the optimisers."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor

from empdetect.rl.algorithms.kl import kl_estimate
from empdetect.rl.algorithms.ppo import clipped_share, policy_loss, value_loss
from empdetect.rl.algorithms.tokens import weighted
from empdetect.rl.batches import Rollouts
from empdetect.rl.policy import Policy


@dataclass(frozen=True)
class UpdateSettings:
    """How the policy, and with PPO the critic, learn from one step's rollouts.

    Args:
        learning_rate: of AdamW. The default fits the small policy; a large language model needs about 1e-6.
        learning_rate_steps: steps over which the learning rate rises from 0.
        learning_rate_decay: steps over which the learning rates fall evenly to 0; 0 keeps them. What was learned with
            few dialogues a step is noisy, and the last, small steps average it out.
        clip: how far the probability ratio may leave 1.
        kl_weight: weight of the KL divergence from the policy at the start; 0 keeps no reference.
        entropy_weight: weight of the entropy, which keeps the policy from settling too soon.
        max_grad_norm: gradients are clipped to this norm.
        rows_per_batch: rows a forward pass; gradients add up over them, so it changes memory, not results.
        passes: passes over the rollouts of a step, one step of the optimiser each.
        value_learning_rate: of the critic's AdamW (PPO only).
        value_learning_rate_steps: steps over which that rises from 0 (PPO only).
        value_clip: how far a value may move in one update (PPO only).
    """

    learning_rate: float = 1e-3
    learning_rate_steps: int = 0
    learning_rate_decay: int = 0
    clip: float = 0.2
    kl_weight: float = 0.02
    entropy_weight: float = 0.0
    max_grad_norm: float = 1.0
    rows_per_batch: int = 32
    passes: int = 1
    value_learning_rate: float = 3e-3
    value_learning_rate_steps: int = 0
    value_clip: float = 0.5


@dataclass(frozen=True)
class Lesson:
    """What an update learns from.

    Args:
        rollouts: the rows.
        advantages: ``(row, time)``
        values: ``(row, time)`` of the critic before the update; None without one.
        returns: ``(row, time)`` that the critic learns; None without one.
    """

    rollouts: Rollouts
    advantages: Tensor
    values: Tensor | None = None
    returns: Tensor | None = None


class Updater:
    """Holds the optimisers and makes updates.

    Args:
        policy: who learns.
        reference: the policy at the start; None for no divergence, or if its adapter can be switched off instead.
        critic: None for the algorithms without one.
        fabric: device and precision.
        settings: see there.
        temperature: of the sampling.
    """

    def __init__(
        self,
        policy: Policy,
        reference: Any,
        critic: Any,
        fabric: Fabric,
        settings: UpdateSettings,
        temperature: float,
    ) -> None:
        self.policy = policy
        self.reference = reference
        self.fabric = fabric
        self.settings = settings
        self.temperature = temperature
        # Evaluation mode: with dropout the update would see other probabilities than the sampling did.
        self.model, self.optimizer = self._set_up(policy.model.eval(), settings.learning_rate)
        self.critic: Any = None
        self.critic_optimizer: Any = None
        if critic is not None:
            self.critic, self.critic_optimizer = self._set_up(critic.eval(), settings.value_learning_rate)

    def _set_up(self, model: Any, rate: float) -> tuple[Any, Any]:
        learning = [weight for weight in model.parameters() if weight.requires_grad]
        return self.fabric.setup(model, torch.optim.AdamW(learning, lr=rate, weight_decay=0.0))

    @torch.no_grad()
    def values(self, rollouts: Rollouts) -> Tensor:
        """The critic's values ``(row, time)``."""
        return self._gathered(rollouts, lambda ids, mask, _: self.critic(ids, mask))

    @torch.no_grad()
    def logprobs(self, rollouts: Rollouts, model: Any) -> Tensor:
        """Log-probabilities ``(row, time)`` under a model."""
        return self._gathered(
            rollouts, lambda ids, mask, own: self.policy.logprobs(ids, mask, self.temperature, model, own)
        )

    def update(self, lesson: Lesson, step: int) -> dict[str, float]:
        """One or more passes over the rollouts; the figures of the last one.

        Args:
            lesson: what to learn from.
            step: number of the step, from 0, for the learning rates.
        """
        given, fall = self.settings, self.settings.learning_rate_decay
        _set_rate(self.optimizer, given.learning_rate, step, given.learning_rate_steps, fall)
        if self.critic_optimizer is not None:
            _set_rate(self.critic_optimizer, given.value_learning_rate, step, given.value_learning_rate_steps, fall)
        old = self.logprobs(lesson.rollouts, self.policy.model) if self.settings.passes > 1 else None
        anchor = self._anchor(lesson.rollouts) if self.settings.kl_weight else None
        figures: dict[str, float] = {}
        for _ in range(self.settings.passes):
            figures = self._pass(lesson, old, anchor)
        return figures

    def _pass(self, lesson: Lesson, old: Tensor | None, anchor: Tensor | None) -> dict[str, float]:
        figures: dict[str, float] = {}
        for places, width in lesson.rollouts.batches(self.settings.rows_per_batch):
            for name, value in self._policy_part(lesson, places, width, old, anchor).items():
                figures[name] = figures.get(name, 0.0) + value
            if self.critic is not None:
                figures["value_loss"] = figures.get("value_loss", 0.0) + self._value_part(lesson, places, width)
        figures["grad_norm"] = self._stepped(self.model, self.optimizer)
        if self.critic is not None:
            figures["value_grad_norm"] = self._stepped(self.critic, self.critic_optimizer)
        return figures

    def _policy_part(
        self, lesson: Lesson, places: Tensor, width: int, old: Tensor | None, anchor: Tensor | None
    ) -> dict[str, float]:
        """Gradients of one batch, and its part of each figure."""
        rows, clip = lesson.rollouts, self.settings.clip
        kept = (rows.ids, rows.mask, rows.own, rows.weights, lesson.advantages)
        ids, mask, own, weights, gain = self._cut(places, width, *kept)
        new, entropies = self.policy.logprobs_and_entropy(ids, mask, self.temperature, self.model, own)
        before = new.detach() if old is None else self._cut(places, width, old)[0]
        entropy = weighted(entropies, weights)
        loss = policy_loss(new, before, gain, weights, clip) - self.settings.entropy_weight * entropy
        figures = {"entropy": entropy, "clipped": clipped_share(new, before, weights, clip)}
        if anchor is not None:
            reference = self._cut(places, width, anchor)[0]
            loss = loss + self.settings.kl_weight * kl_estimate(new, reference, weights, before)
            figures["kl"] = kl_estimate(new, reference, weights)
        self.fabric.backward(loss)
        return {name: float(value.detach()) for name, value in {"loss": loss, **figures}.items()}

    def _value_part(self, lesson: Lesson, places: Tensor, width: int) -> float:
        assert lesson.values is not None and lesson.returns is not None and self.critic is not None
        rows = lesson.rollouts
        ids, mask, weights, before, returns = self._cut(
            places, width, rows.ids, rows.mask, rows.weights, lesson.values, lesson.returns
        )
        # A dialogue that could not be scored has no return to learn.
        loss = value_loss(
            self.critic(ids, mask),
            before,
            returns.nan_to_num(),
            weights.where(~returns.isnan(), 0),
            self.settings.value_clip,
        )
        self.fabric.backward(loss)
        return float(loss.detach())

    def _stepped(self, model: Any, optimizer: Any) -> float:
        """The norm of the gradients, after a step along them."""
        norm = self.fabric.clip_gradients(model, optimizer, max_norm=self.settings.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad()
        return float(norm) if norm is not None else float("nan")

    def _anchor(self, rollouts: Rollouts) -> Tensor:
        """Log-probabilities under the policy at the start."""
        with self._without_adapter():
            return self.logprobs(rollouts, self.policy.model if self.policy.adapted else self.reference)

    def _without_adapter(self) -> AbstractContextManager[Any]:
        return self.policy.model.disable_adapter() if self.policy.adapted else nullcontext()

    def _gathered(self, rollouts: Rollouts, ask: Any) -> Tensor:
        """Answers of a network about all rows ``(row, time)``, batch by batch."""
        found = torch.zeros(rollouts.ids.shape)
        for places, width in rollouts.batches(self.settings.rows_per_batch):
            ids, mask, own = self._cut(places, width, rollouts.ids, rollouts.mask, rollouts.own)
            with self.fabric.autocast():
                found[places, :width] = ask(ids, mask, own).float().cpu()
        return found

    def _cut(self, places: Tensor, width: int, *tensors: Tensor) -> list[Tensor]:
        return [tensor[places, :width].to(self.fabric.device) for tensor in tensors]


def _set_rate(optimizer: Any, rate: float, step: int, rise: int, fall: int) -> None:
    """The learning rate of a step: it rises over the first ones and falls over all, each evenly."""
    share = min((step + 1) / max(rise, 1), 1.0)
    share *= max(1.0 - step / fall, 0.0) if fall else 1.0
    for group in optimizer.param_groups:
        group["lr"] = rate * share
