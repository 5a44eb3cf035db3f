"""Warm-up: supervised learning of replies, so that the policy can speak before it is rewarded."""

import random
from collections.abc import Sequence

import torch
from lightning.fabric import Fabric

from empdetect.progress import track
from empdetect.rl.dialogue import Dialogue
from empdetect.rl.policy import Policy, pad
from empdetect.rl.rollout import supervised_rows


def warm_up(
    policy: Policy,
    dialogues: Sequence[Dialogue],
    fabric: Fabric | None = None,
    steps: int = 220,
    rows: int = 16,
    learning_rate: float = 6e-3,
    seed: int = 0,
) -> list[float]:
    """Learn the replies of dialogues: cross-entropy on the tokens of the replies only.

    Words that the tokenizer does not know are read, not learned, as nobody can say them.

    Args:
        policy: who learns.
        dialogues: what it learns from.
        fabric: device and precision; one CPU or GPU process if None.
        steps: updates; the learning rate rises over the first tenth and falls to 0 over the rest.
        rows: rows an update: dialogues, or single replies where thoughts are dropped.
        learning_rate: the highest, of AdamW.
        seed: fixes the order.

    Returns:
        The loss of each step, in nats a token.
    """
    fabric = fabric or Fabric(devices=1)
    examples = supervised_rows(policy, dialogues)
    optimizer = torch.optim.AdamW(policy.model.parameters(), lr=learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=max(steps, 20), pct_start=0.1)
    model, optimizer = fabric.setup(policy.model.train(), optimizer)
    choice, losses, unknown = random.Random(seed), [], _unknown(policy)
    for _ in track(range(steps), "Warm-up"):
        batch = choice.sample(examples, min(rows, len(examples)))
        ids, mask = pad([row.ids for row in batch], policy.tokenizer.pad_token_id)
        own, _ = pad([row.own for row in batch], 0)
        own = own.bool() & (ids != unknown)
        ids, mask, own = (tensor.to(fabric.device) for tensor in (ids, mask, own))
        loss = -policy.logprobs(ids, mask, model=model, at=own)[own].mean()
        fabric.backward(loss)
        fabric.clip_gradients(model, optimizer, max_norm=1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    policy.model.eval()
    return losses


def _unknown(policy: Policy) -> int:
    """The token that stands for unknown words alone; -1 if there is none, as where it also ends a reply."""
    token = policy.tokenizer.unk_token_id
    return -1 if token is None or token in policy.ends else int(token)
