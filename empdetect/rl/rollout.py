"""Rollouts: the policy talks to all users at once, and every token of it is kept."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from empdetect.rl.dialogue import Dialogue
from empdetect.rl.environment import EmpathyEnvironment
from empdetect.rl.policy import Policy
from empdetect.rl.profiles import Profile
from empdetect.rl.users.base import User

if TYPE_CHECKING:
    from lightning.fabric import Fabric


@dataclass(frozen=True)
class Row:
    """A sequence of tokens to learn from.

    A dialogue is one row as long as each prompt goes on where the row ended. Where it does not,
    because a thought was dropped from the history or its beginning was cut, a new row begins.

    Args:
        owner: place of its dialogue among the rollouts.
        ids: token ids; the last one is the policy's.
        own: whether the policy sampled the token, as the user's words are not to be learned.
    """

    owner: int
    ids: tuple[int, ...]
    own: tuple[bool, ...]

    def extended(self, prompt: Sequence[int], completion: Sequence[int]) -> "Row | None":
        """The row with one more exchange; None if the prompt does not go on where the row ends."""
        if tuple(prompt[: len(self.ids)]) != self.ids:
            return None
        return replace(
            self,
            ids=(*prompt, *completion),
            own=(*self.own, *(False for _ in prompt[len(self.ids) :]), *(True for _ in completion)),
        )


def roll_out(
    policy: Policy,
    environment: EmpathyEnvironment,
    profiles: Sequence[Profile],
    seed: int,
    max_new_tokens: int = 48,
    temperature: float = 1.0,
) -> tuple[list[Dialogue], list[Row]]:
    """One dialogue a profile, all of them side by side.

    Args:
        policy: who speaks.
        environment: who answers.
        profiles: one a dialogue; repeat a profile to get a group.
        seed: of the users; the policy's chance is torch's global one.
        max_new_tokens: tokens a reply at most.
        temperature: of the sampling.

    Returns:
        The dialogues in the order of the profiles, and their rows.
    """
    environment.reset(profiles, seed)
    rows: dict[int, list[Row]] = {place: [] for place in range(len(profiles))}
    while environment.live:
        live = environment.live
        prompts = [policy.prompt(environment.dialogues[place]) for place in live]
        completions = policy.generate(prompts, max_new_tokens, temperature)
        for place, prompt, completion in zip(live, prompts, completions):
            _keep(rows[place], place, prompt, completion)
        environment.step([policy.text(completion) for completion in completions])
    return list(environment.dialogues), [row for found in rows.values() for row in found]


def sample_dialogues(
    policy: Policy,
    profiles: Sequence[Profile],
    user: User,
    samples: int,
    max_turns: int,
    max_new_tokens: int,
    temperature: float,
    seed: int,
    fabric: "Fabric | None" = None,
) -> list[Dialogue]:
    """Dialogues of a policy with every profile, ``samples`` each. Leaves torch's random state as it was.

    With a fabric it speaks in that precision, and only while it speaks: heads have a precision of their own.
    """
    found: list[Dialogue] = []
    with torch.random.fork_rng(), fabric.autocast() if fabric else nullcontext():
        for sample in range(samples):
            torch.manual_seed(seed + sample)
            environment = EmpathyEnvironment(user, max_turns)
            found += roll_out(policy, environment, profiles, seed + sample, max_new_tokens, temperature)[0]
    return found


def supervised_rows(policy: Policy, dialogues: Sequence[Dialogue]) -> list[Row]:
    """Rows of dialogues that others led, to learn their replies from."""
    found: list[Row] = []
    for owner, dialogue in enumerate(dialogues):
        rows: list[Row] = []
        for place, turn in enumerate(dialogue.turns):
            if turn.role == "assistant":
                before = replace(dialogue, turns=dialogue.turns[:place])
                _keep(rows, owner, policy.prompt(before), policy.completion(turn.text))
        found += rows
    return found


def _keep(rows: list[Row], owner: int, prompt: Sequence[int], completion: Sequence[int]) -> None:
    longer = rows[-1].extended(prompt, completion) if rows else None
    if longer is not None:
        rows[-1] = longer
        return
    own = (*(False for _ in prompt), *(True for _ in completion))
    rows.append(Row(owner, (*prompt, *completion), own))
