"""Training on Lightning Fabric: roll out, reward, update, watch, log, keep."""

import copy
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.fabric import Fabric
from torch import Tensor

from empdetect.errors import InputError
from empdetect.rl.algorithms.gae import gae
from empdetect.rl.algorithms.gdpo import decoupled_advantages
from empdetect.rl.algorithms.grpo import group_advantages
from empdetect.rl.algorithms.rloo import leave_one_out_advantages
from empdetect.rl.algorithms.tokens import whitened
from empdetect.rl.batches import Rollouts
from empdetect.rl.cassette import Cassette
from empdetect.rl.checkpoint import Progress, load_checkpoint, save_checkpoint
from empdetect.rl.checks import check_parts
from empdetect.rl.credit import credits_of_replies, shares_of_replies, to_go
from empdetect.rl.critic import Critic, learning_state, restore
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.log import LogRow, counted, open_board, write_csv
from empdetect.rl.monitor import Monitor, RewardHacked, most_risen, word_shares
from empdetect.rl.policy import Policy
from empdetect.rl.profiles import Profile
from empdetect.rl.rewards.base import Reward
from empdetect.rl.rewards.combine import Combined, Given, combine, score_heads
from empdetect.rl.rewards.emotion import EmotionReward
from empdetect.rl.rewards.format import format_share
from empdetect.rl.rollout import Row, roll_out
from empdetect.rl.speech import distinct, language_of, replies_of, tactic_reuse
from empdetect.rl.update import Lesson, Updater, UpdateSettings
from empdetect.rl.users.base import User

Algorithm = Literal["grpo", "rloo", "gdpo", "ppo"]


class PolicyTrainer:
    """Trains a policy on what its users feel and other heads say.

    Args:
        policy: who learns.
        user: who it talks to.
        rewards: the heads, by name.
        weights: the weight of each head; learned heads may weigh 0.3 of the emotion's at most.
        gates: factors from 0 to 1 that multiply every head, such as the think format.
        witnesses: heads that are not trained on and should not fall, such as a held-out detector.
        fabric: device and precision; one CPU or GPU process if None.
        algorithm: ``grpo``, ``rloo`` and ``gdpo`` compare the dialogues of a group, ``ppo`` asks a critic.
        update: how an update is made.
        steps: updates of the policy.
        profiles_per_step: how many situations a step.
        group_size: dialogues a situation; the group that an advantage is relative to. PPO can do with 1.
        max_turns: replies after which a dialogue ends.
        max_new_tokens: tokens a reply at most.
        temperature: of the sampling; the policy that is trained is the one at this temperature.
        std_floor: least standard deviation of a group's rewards to divide by (GRPO, GDPO).
        gamma: discount a token (PPO).
        lam: 1 takes the whole return, less trusts the critic (PPO).
        credit: what an advantage is of: a whole ``dialogue``, as in the papers, or a ``reply``, of which only what
            it and the later ones earned counts (see ``credit``). Not for GDPO.
        think: form that replies should have, for the log's ``format``.
        watched: dialogues a step that the witnesses look at, spread over the groups; 0 shows them all.
        monitor: stops the run if a head is gamed; None trusts all heads.
        checkpoint_every: steps between checkpoints; 0 keeps none.
        tensorboard: also log for TensorBoard; None does so where it is installed.
        seed: fixes everything; on a CPU the same seed gives the same log, also after a stop.
        cassette: keeps every dialogue and reward for ``empdetect rl replay``; None keeps none.
    """

    def __init__(
        self,
        policy: Policy,
        user: User,
        rewards: Mapping[str, Reward],
        weights: Mapping[str, float],
        gates: Mapping[str, Reward] | None = None,
        witnesses: Mapping[str, Reward] | None = None,
        fabric: Fabric | None = None,
        algorithm: Algorithm = "grpo",
        update: UpdateSettings = UpdateSettings(),  # noqa: B008 - frozen
        steps: int = 10,
        profiles_per_step: int = 6,
        group_size: int = 12,
        max_turns: int = 4,
        max_new_tokens: int = 40,
        temperature: float = 0.7,
        std_floor: float = 0.05,
        gamma: float = 1.0,
        lam: float = 1.0,
        credit: Literal["dialogue", "reply"] = "dialogue",
        think: bool = False,
        watched: int = 0,
        monitor: Monitor | None = Monitor(),  # noqa: B008 - frozen
        checkpoint_every: int = 10,
        tensorboard: bool | None = None,
        seed: int = 0,
        cassette: Cassette | None = None,
    ) -> None:
        check_parts(rewards, weights, gates or {}, witnesses or {}, algorithm, group_size, credit, think)
        self.policy = policy
        self.environment = EmpathyEnvironment(user, max_turns)
        self.rewards = rewards
        self.weights = weights
        self.gates = gates or {}
        self.witnesses = witnesses or {}
        self.fabric = fabric or Fabric(devices=1)
        self.algorithm = algorithm
        self.settings = update
        self.steps = steps
        self.profiles_per_step = profiles_per_step
        self.group_size = group_size
        self.max_new_tokens = max_new_tokens
        self.temperature = temperature
        self.std_floor = std_floor
        self.gamma = gamma
        self.lam = lam
        self.credit = credit
        self.think = think
        self.watched = watched
        self.monitor = monitor
        self.checkpoint_every = checkpoint_every
        self.tensorboard = tensorboard
        self.seed = seed
        self.cassette = cassette

    def fit(self, profiles: Sequence[Profile], folder: Path, identity: str = "") -> list[LogRow]:
        """Train, and write ``log.csv`` and checkpoints into a folder. Goes on from the checkpoint there, if any.

        Args:
            profiles: whom the policy talks to.
            folder: of the run.
            identity: what the run is, as text; a checkpoint of another is refused.

        Returns:
            The rows of the log.

        Raises:
            InputError: the checkpoint is of another run.
            RewardHacked: the monitor has seen a head being gamed.
        """
        updater = self._updater()
        progress = self._resumed(updater, folder, identity)
        if progress.stopped:
            raise RewardHacked(progress.stopped)
        board = open_board(folder / "tensorboard", self.tensorboard, len(progress.rows) + 1)
        rows = progress.rows
        for step in counted(len(rows), self.steps, rows, self.algorithm.upper()):
            row, dialogues = self._step(updater, self._situations(profiles, step), step)
            rows.append({"step": step + 1, **row})
            progress.words = progress.words or _words(dialogues)
            write_csv(rows, folder / "log.csv")
            if board:
                board.write(rows[-1])
            progress.stopped = self._verdict(progress, dialogues)
            last = bool(progress.stopped) or step + 1 == self.steps
            if self.checkpoint_every and (last or (step + 1) % self.checkpoint_every == 0):
                save_checkpoint(folder, identity, progress, _states(updater))
            if progress.stopped:
                raise RewardHacked(progress.stopped)
        return rows

    def _updater(self) -> Updater:
        torch.manual_seed(self.seed)
        adapted, policy = self.policy.adapted, self.policy
        anchored = bool(self.settings.kl_weight) and not adapted
        reference = copy.deepcopy(policy.model).eval().requires_grad_(False) if anchored else None
        if reference is not None:
            reference = reference.to(self.fabric.device)
        critic = Critic(policy) if self.algorithm == "ppo" else None
        return Updater(policy, reference, critic, self.fabric, self.settings, self.temperature)

    def _resumed(self, updater: Updater, folder: Path, identity: str) -> Progress:
        found = load_checkpoint(folder, identity, self.fabric.device) if self.checkpoint_every else None
        if found is None:
            return Progress()
        progress, states = found
        for name, part in _parts(updater).items():
            if isinstance(part, torch.nn.Module):
                restore(part, states[name])
            else:
                part.load_state_dict(states[name])
        return progress

    def _situations(self, profiles: Sequence[Profile], step: int) -> list[Profile]:
        """The profiles of a step: in shuffled order, each once before any comes again."""
        count, first = self.profiles_per_step, step * self.profiles_per_step
        return [
            _shuffled(profiles, self.seed, place // len(profiles))[place % len(profiles)]
            for place in range(first, first + count)
        ]

    def _step(
        self, updater: Updater, situations: Sequence[Profile], step: int
    ) -> tuple[dict[str, float], list[Dialogue]]:
        began = time.perf_counter()
        # The chance of a step hangs on its number alone, so that a run can go on from any.
        seed = seed_of_step(self.seed, step)
        torch.manual_seed(seed)
        group = [profile for profile in situations for _ in range(self.group_size)]
        with self.fabric.autocast():
            dialogues, rows = roll_out(
                self.policy,
                self.environment,
                group,
                seed,
                self.max_new_tokens,
                self.temperature,
            )
        talked = time.perf_counter() - began
        combined, gates = self._rewarded(dialogues, rows, step)
        earned = self._credits(dialogues, combined)
        lesson = self._lesson(updater, rows, combined, earned)
        row = {
            "reward": float(torch.tensor(combined.totals).nanmean()),
            **self._figures(combined, gates, earned, dialogues, rows),
            **updater.update(lesson, step),
            **_value_figures(lesson),
            "rollout_seconds": talked,
            "seconds": time.perf_counter() - began,
        }
        return row, dialogues

    def _rewarded(
        self, dialogues: Sequence[Dialogue], rows: Sequence[Row], step: int
    ) -> tuple[Combined, Mapping[str, Given]]:
        """What the heads and gates say, and the gates by themselves."""
        heads, gates = score_heads(self.rewards, dialogues), score_heads(self.gates, dialogues)
        if self.cassette:
            self.cassette.scored(dialogues, {**heads, **gates}, f"step {step + 1}")
        order: Literal["sum", "decoupled"] = "decoupled" if self.algorithm == "gdpo" else "sum"
        combined = combine(heads, self.weights, self._compared, gates, order, self.std_floor)
        if not rows or torch.tensor(combined.totals).isnan().all():
            raise InputError(
                f"Training, step {step + 1}: no dialogue could be scored; the first ended with "
                f"'{dialogues[0].reason}'. Mend the user and give the same command: the run goes on where it was kept"
            )
        return combined, gates

    @property
    def _compared(self) -> int:
        """Dialogues that are compared with each other: a group, or with PPO all of them."""
        return self.profiles_per_step * self.group_size if self.algorithm == "ppo" else self.group_size

    def _lesson(
        self, updater: Updater, rows: Sequence[Row], combined: Combined, earned: Sequence[Sequence[float]]
    ) -> Lesson:
        rollouts = Rollouts.of(rows, len(earned), self.policy.tokenizer.pad_token_id)
        if self.algorithm == "ppo":
            return self._estimated(updater, rollouts, earned)
        if self.credit == "reply":
            # All replies that are the first, the second and so on in their dialogue are compared with each other.
            later = to_go(earned)
            groups = later.view(-1, self.group_size, later.shape[1]).transpose(1, 2)
            compared = self._compare(groups.reshape(-1, self.group_size)).view(groups.shape).transpose(1, 2)
            return Lesson(rollouts, rollouts.by_reply(compared.reshape(later.shape)))
        totals = torch.tensor(combined.totals).view(-1, self.group_size)
        advantages = self._decoupled(combined) if self.algorithm == "gdpo" else self._compare(totals)
        return Lesson(rollouts, advantages.flatten()[rollouts.owner][:, None].expand(rollouts.ids.shape))

    def _compare(self, totals: Tensor) -> Tensor:
        """Advantages of ``(group, rollout)``."""
        if self.algorithm == "rloo":
            return leave_one_out_advantages(totals)
        return group_advantages(totals, self.std_floor)

    def _decoupled(self, combined: Combined) -> Tensor:
        """Advantages ``(group, rollout)``, each head's by itself."""
        heads = [[_known(reward) for reward in combined.gated[name]] for name in self.rewards]
        weights = torch.tensor([self.weights[name] for name in self.rewards])
        return decoupled_advantages(torch.tensor(heads).view(len(heads), -1, self.group_size), weights, self.std_floor)

    def _credits(self, dialogues: Sequence[Dialogue], combined: Combined) -> list[list[float]]:
        """Reward of each reply, by dialogue; empty for a dialogue that could not be scored."""
        if self.credit == "reply":
            return credits_of_replies(dialogues, combined, self.rewards, self.weights, self.gates)
        found: list[list[float]] = []
        for place, dialogue in enumerate(dialogues):
            credit = [0.0 for _ in dialogue.replies]
            known = [name for name in self.rewards if combined.gated[name][place] is not None]
            for name in known:
                reward = combined.gated[name][place] or 0.0
                # What is below 0 was not gated.
                passed = 1.0 if reward < 0 else combined.passed[place] or 0.0
                turns = self.rewards[name].per_turn(dialogue, reward / passed if passed else 0.0)
                credit = [sum(pair) for pair in zip(credit, (self.weights[name] * passed * t for t in turns))]
            if known and len(known) < len(self.rewards):
                # A head that does not know counts as its group's mean: it must not pay, nor cost, to be unscorable.
                credit[-1] += combined.totals[place] - sum(credit)
            found.append(credit if known else [])
        return found

    def _estimated(self, updater: Updater, rollouts: Rollouts, earned: Sequence[Sequence[float]]) -> Lesson:
        """Advantages by the critic, over each dialogue from end to end although thoughts cut it into rows."""
        values = updater.values(rollouts)
        chains = (rollouts.chained(tensor) for tensor in (rollouts.token_rewards(earned), values, rollouts.own))
        rewards, before, own = chains
        advantages, returns = map(rollouts.unchained, gae(rewards, before, own, self.gamma, self.lam))
        scored = rollouts.own & ~advantages.isnan()
        return Lesson(rollouts, whitened(advantages.nan_to_num(), scored), values, returns)

    def _figures(
        self,
        combined: Combined,
        gates: Mapping[str, Given],
        earned: Sequence[Sequence[float]],
        dialogues: Sequence[Dialogue],
        rows: Sequence[Row],
    ) -> dict[str, float]:
        """What is logged of rewards and replies."""
        replies = replies_of(dialogues)
        reuse = tactic_reuse(dialogues)
        found = {
            f"{name}.{figure}": float(getattr(summary, figure))
            for name, summary in combined.heads.items()
            for figure in ("mean", "spread", "none", "share")
        }
        if self.credit == "reply":
            shares = shares_of_replies(earned, combined, self.rewards, self.weights, self._compared)
            found |= {f"{name}.share": share for name, share in shares.items()}
        others = {**gates, **score_heads(self.witnesses, _spread(dialogues, self.watched))}
        found.update({f"{name}.mean": _mean(rewards) for name, rewards in others.items()})
        return {
            **found,
            "format": format_share(dialogues, self.think),
            "turns": len(replies) / max(len(dialogues), 1),
            "length": sum(sum(row.own) for row in rows) / max(len(replies), 1),
            "distinct2": distinct(replies, 2, language_of(dialogues)),
            "tactic_reuse": torch.nan if reuse is None else reuse,
        }

    def _verdict(self, progress: Progress, dialogues: Sequence[Dialogue]) -> str:
        """Why the monitor stops the run, in words; empty if it does not."""
        if self.monitor is None:
            return ""
        heads = [f"{name}.mean" for name in self.rewards]
        emotions = [name for name, head in self.rewards.items() if isinstance(head, EmotionReward)]
        witnesses = [f"{name}.mean" for name in (*emotions, *self.witnesses)]
        verdict = self.monitor.verdict(progress.rows, heads, witnesses)
        if verdict:
            words = most_risen(progress.words, _words(dialogues))
            return (
                f"Stopped after step {len(progress.rows)}: {verdict}, so the head is probably being gamed; {words}. "
                "Read the replies, then lower the head's weight, mend it or drop it"
            )
        escape = self.monitor.escape(progress.rows, emotions)
        if escape:
            failed = next((dialogue.reason for dialogue in dialogues if dialogue.failed), "none failed in this step")
            return (
                f"Stopped after step {len(progress.rows)}: {escape}, so the policy may be making its users fail; the "
                f"last step has '{failed}'. Read the cassette, then mend the user or its endpoint"
            )
        return ""


def seed_of_step(seed: int, step: int) -> int:
    """What fixes the chance of policy and users in one step of a run with this seed, counted from 0."""
    return seed * 1_000_003 + step


def _shuffled(profiles: Sequence[Profile], seed: int, round_: int) -> list[Profile]:
    return random.Random(f"{seed}/{round_}").sample(list(profiles), len(profiles))


def _spread(dialogues: Sequence[Dialogue], count: int) -> Sequence[Dialogue]:
    """So many of them at even distances; all of them if the count is 0 or more than there are."""
    if not 0 < count < len(dialogues):
        return dialogues
    return [dialogues[place * len(dialogues) // count] for place in range(count)]


def _words(dialogues: Sequence[Dialogue]) -> dict[str, float]:
    return word_shares(replies_of(dialogues), language_of(dialogues))


def _states(updater: Updater) -> dict[str, Any]:
    return {
        name: learning_state(part) if isinstance(part, torch.nn.Module) else part.state_dict()
        for name, part in _parts(updater).items()
    }


def _parts(updater: Updater) -> dict[str, Any]:
    """All that learns, by name."""
    found = {"policy": updater.policy.model, "optimizer": updater.optimizer}
    if updater.critic is not None:
        found |= {"critic": updater.critic.module, "critic_optimizer": updater.critic_optimizer}
    return found


def _value_figures(lesson: Lesson) -> dict[str, float]:
    """How much of the returns' variance the critic explained before the update; 1 is all, below 0 worse than none."""
    if lesson.values is None or lesson.returns is None:
        return {}
    scored = lesson.rollouts.own & ~lesson.returns.isnan()
    returns, left = lesson.returns[scored], (lesson.returns - lesson.values)[scored]
    spread = returns.var() if returns.numel() > 1 else torch.tensor(0.0)
    return {"value_explained": float(1 - left.var() / spread) if float(spread) > 1e-12 else torch.nan}


def _known(reward: float | None) -> float:
    return torch.nan if reward is None else reward


def _mean(rewards: Sequence[float | None]) -> float:
    known = [reward for reward in rewards if reward is not None]
    return sum(known) / len(known) if known else torch.nan
